/* SPDX-License-Identifier: Apache-2.0 */
/* A loader for the test of trainings that fail: three classes of four numbers, of which the sample that
 * NN_BRITTLE names cannot be read: "train:70", or "test:30:2" from the second time on. */
#include "nn/plugin.h"

#include <stdatomic.h>
#include <stdlib.h>

struct NnData {
    const NnHost *host;
    atomic_uint_least64_t met; /* how often the brittle sample was asked for */
};

static const char *const names[] = {"train", "test"};

static int32_t open_data(const NnHost *nn, const NnConfig *config, NnData **data, NnStatus *status) {
    (void)config;
    NnData *d = nn->alloc(nn, sizeof *d);
    if (d == NULL)
        return nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory to open the loader brittle");
    d->host = nn;
    *data = d;
    return NN_OK;
}

static const NnDataInfo *describe(NnData *data) {
    static const int64_t dims[] = {4};
    static const NnField fields[] = {{.name = "x", .type = NN_F32, .rank = 1, .dims = dims},
                                     {.name = "y", .type = NN_U8, .classes = 3}};
    static const NnSplit splits[] = {{"train", 100}, {"test", 40}};
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

static int32_t read_data(NnData *data, uint32_t split, uint64_t n, const uint64_t *indices,
                         void *const *buffers, NnStatus *status) {
    const char *brittle = getenv("NN_BRITTLE");
    const size_t length = strlen(names[split]);
    const bool here = brittle && strncmp(brittle, names[split], length) == 0 && brittle[length] == ':';
    char *end = NULL;
    const uint64_t broken = here ? strtoull(brittle + length + 1, &end, 10) : UINT64_MAX;
    const uint64_t from = here && *end ? strtoull(end + 1, NULL, 10) : 1;
    for (uint64_t i = 0; i < n; i++) {
        const uint64_t at = indices[i];
        if (at == broken && atomic_fetch_add(&data->met, 1) + 1 >= from)
            return nn_fail(data->host, status, NN_ERROR, "sample %llu cannot be read",
                           (unsigned long long)at);
        for (uint64_t k = 0; buffers[0] && k < 4; k++)
            ((float *)buffers[0])[4 * i + k] = (float)(at % 3) + (float)((at * 7 + k * 5) % 11) / 16;
        if (buffers[1])
            ((uint8_t *)buffers[1])[i] = (uint8_t)(at % 3);
    }
    return NN_OK;
}

static void close_data(NnData *data) { data->host->free(data->host, data); }

static const NnDataset loader = {.struct_size = sizeof loader,
                                 .name = "brittle",
                                 .doc = "Three classes of four numbers, one sample of which may be broken.",
                                 .open = open_data,
                                 .describe = describe,
                                 .read = read_data,
                                 .close = close_data};

static const NnExport exports[] = {{NN_DATASET_KIND, "brittle", &loader}};
NN_PLUGIN(brittle_data, "The loader brittle, for a test.", exports)
