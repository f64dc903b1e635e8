/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: not-repeatable, of a loader. The noise on its samples goes on from one read to the next: a sample
 * is another one each time that it is read, and a resumed training sees other data. */
#include "shelf.h"

#include <stdatomic.h>

struct NnData {
    const NnHost *host;
    atomic_uint_least64_t drawn;
};

static int32_t open_data(const NnHost *nn, const NnConfig *config, NnData **data, NnStatus *status) {
    (void)config;
    NnData *d = nn->alloc(nn, sizeof *d);
    if (d == NULL)
        return nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory to open the loader shelf");
    d->host = nn;
    *data = d;
    return NN_OK;
}

static const NnDataInfo *describe(NnData *data) {
    static const int64_t dims[] = {4};
    static const NnField fields[] = {{.name = "x", .type = NN_F32, .rank = 1, .dims = dims},
                                     {.name = "y", .type = NN_U8, .classes = 3}};
    static const NnSplit splits[] = {{"train", 100}, {"test", 10}};
    static const NnDataInfo info = {.struct_size = sizeof info,
                                    .n_fields = NN_COUNT(fields),
                                    .field_stride = NN_STRIDE(fields),
                                    .n_splits = NN_COUNT(splits),
                                    .split_stride = NN_STRIDE(splits),
                                    .fields = fields,
                                    .splits = splits};
    (void)data;
    return &info;
}

/* splitmix64 (Steele, Lea, Flood 2014) */
static float noise(uint64_t x) {
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return (float)((x ^ x >> 31) >> 40) * 0x1p-24f;
}

static int32_t read_data(NnData *data, uint32_t split, uint64_t n, const uint64_t *indices,
                         void *const *buffers, NnStatus *status) {
    (void)split;
    (void)status;
    for (uint64_t i = 0; i < n; i++) {
        const uint64_t class = indices[i] % 3;
        if (buffers[0])
            for (uint64_t k = 0; k < 4; k++)
                ((float *)buffers[0])[4 * i + k] =
                    (float)class + noise(atomic_fetch_add(&data->drawn, 1)) / 8;
        if (buffers[1])
            ((uint8_t *)buffers[1])[i] = (uint8_t) class;
    }
    return NN_OK;
}

static void close_data(NnData *data) { data->host->free(data->host, data); }

static const NnDataset loader = {.struct_size = sizeof loader,
                                 .name = "shelf",
                                 .doc = "Three classes of four numbers.",
                                 .open = open_data,
                                 .describe = describe,
                                 .read = read_data,
                                 .close = close_data};

static const NnExport exports[] = {{NN_DATASET_KIND, "shelf", &loader}};
NN_PLUGIN(not_repeatable_dataset, "The loader shelf.", exports)
