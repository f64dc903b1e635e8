/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a loader, the sizes of what it reads, and the parts of its splits. */
#include "data.h"

#include "nn/plugin.h"

static int32_t check_info(const NnSourceData *s, NnStatus *status) {
    const NnDataInfo *info = s->info;
    if (info == NULL || info->n_fields == 0 || info->n_splits == 0)
        return nn_status_fail(status, NN_INVALID, "loader %s describes no fields or no splits",
                              s->loader->name);
    for (uint32_t f = 0; f < info->n_fields; f++) {
        const NnField *field = nn_data_field(info, f);
        uint64_t bytes = nn_type_size(field->type);
        bool fits = bytes > 0 && field->rank >= 0 && field->rank < NN_MAX_RANK && field->name;
        for (int32_t i = 0; fits && i < field->rank; i++)
            fits = field->dims[i] >= 0 && !__builtin_mul_overflow(bytes, (uint64_t)field->dims[i], &bytes);
        if (!fits)
            return nn_status_fail(status, NN_INVALID,
                                  "loader %s: field %u has no name, or a type or shape that is not possible",
                                  s->loader->name, f);
    }
    return NN_OK;
}

int32_t nn_source_open(NnSourceData *s, NnContext *context, const NnDataset *loader, const NnConfig *config,
                       NnStatus *status) {
    *s = (NnSourceData){.loader = loader, .host = nn_registry_host(context, loader)};
    if (!NN_HAS(loader, open) || !NN_HAS(loader, describe) || !NN_HAS(loader, read))
        return nn_status_fail(status, NN_UNSUPPORTED, "loader %s cannot open, describe or read data",
                              loader->name);
    const int32_t code = loader->open(s->host, config, &s->data, status);
    if (code != NN_OK || s->data == NULL)
        return nn_status_fail(status, code ? code : NN_ERROR, "loader %s could not open the data",
                              loader->name);
    s->info = loader->describe(s->data);
    return check_info(s, status);
}

void nn_source_close(NnSourceData *s) {
    if (s->data && NN_HAS(s->loader, close))
        s->loader->close(s->data);
    *s = (NnSourceData){0};
}

uint32_t nn_source_split(const NnSourceData *s, const char *name) {
    for (uint32_t i = 0; i < s->info->n_splits; i++)
        if (g_str_equal(nn_data_split(s->info, i)->name, name))
            return i;
    return NN_NO_SPLIT;
}

uint64_t nn_field_bytes(const NnField *field) {
    return nn_type_size(field->type) * (uint64_t)nn_product(field->dims, 0, field->rank);
}

int32_t nn_source_read(const NnSourceData *s, uint32_t split, uint64_t n, const uint64_t *indices,
                       void *const *buffers, NnStatus *status) {
    const int32_t code = s->loader->read(s->data, split, n, indices, buffers, status);
    if (code == NN_OK)
        return NN_OK;
    nn_status_fail(status, code, "samples could not be read");
    nn_status_where(status, "loader %s, split %s", s->loader->name, nn_data_split(s->info, split)->name);
    return code;
}

static int by_value(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

void nn_samples_part(const NnSourceData *s, uint32_t split, double holdout, uint64_t seed, NnSamples *kept,
                     NnSamples *held) {
    const uint64_t count = nn_data_split(s->info, split)->count;
    const uint64_t out = (uint64_t)((double)count * holdout);
    *kept = (NnSamples){.split = split, .count = count - out};
    *held = (NnSamples){.split = split, .first = count - out, .count = out};
    if (out == 0 || s->info->flags & NN_DATA_SEQUENCE)
        return;
    /* No epoch has this number, so what is held out does not follow any epoch's order. */
    const NnOrderPlan plan = nn_order_plan(NN_ORDER_SHUFFLED, true, false, seed, count, 1);
    uint64_t *all = g_new(uint64_t, count);
    nn_order_permute(&plan, UINT64_MAX, all);
    kept->subset = all;
    held->subset = g_memdup2(all + kept->count, out * sizeof *all);
    qsort(kept->subset, kept->count, sizeof *all, by_value);
    qsort(held->subset, held->count, sizeof *all, by_value);
    held->first = 0;
}

void nn_samples_clear(NnSamples *v) {
    g_free(v->subset);
    *v = (NnSamples){.split = NN_NO_SPLIT};
}
