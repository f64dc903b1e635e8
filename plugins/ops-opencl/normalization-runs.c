/* SPDX-License-Identifier: Apache-2.0 */
/* What a node normalises: groups of runs of memory, their factors, and what is wanted of it. */
#include "normalization.h"

static const NnValueInfo *data_of(const NnNode *node) { return node->inputs[norm_is_grad(node) ? 1 : 0]; }

/* The bits of a number in the program's `real`. */
static void put_real(uint32_t words[2], int32_t type, double value) {
    const float single = (float)value;
    if (type == NN_F64)
        memcpy(words, &value, sizeof value);
    else
        memcpy(words, &single, sizeof single);
}

static void runs_of(NormParams *p, int64_t groups, int64_t outer, int64_t run, int64_t plane,
                    int64_t channels) {
    p->groups = (uint32_t)groups;
    p->outer = (uint32_t)outer;
    p->run = (uint32_t)run;
    p->plane = plane > 0 ? (uint32_t)plane : 1;
    p->channels = channels > 0 ? (uint32_t)channels : 1;
}

static const char *batch(const NnNode *node, NormParams *p) {
    const NnValueInfo *x = data_of(node);
    const bool grad = norm_is_grad(node), trains = nn_attr_int(node, "training_mode", 0) != 0;
    if (x->rank < 2)
        return "X has no channels";
    const int64_t inner = nn_product(x->dims, 2, x->rank);
    runs_of(p, x->dims[1], x->dims[0], inner, inner, x->dims[1]);
    p->what = CENTRED | SCALE | BIAS;
    if (grad) {
        p->what |= (norm_wants(node, 0) ? DX : 0) | (norm_wants(node, 1) ? DSCALE : 0) |
                   (norm_wants(node, 2) ? DBIAS : 0);
        return NULL;
    }
    if (!trains)
        put_real(p->momentum, x->type, 1);
    p->what |= (norm_wants(node, 1) ? NEW_MEAN : 0) | (norm_wants(node, 2) ? NEW_VARIANCE : 0) |
               (trains ? 0 : GIVEN);
    if (!trains && !norm_wants(node, 1) && !norm_wants(node, 2) && inner > 1)
        runs_of(p, x->dims[0] * x->dims[1], 1, inner, inner, x->dims[1]); /* more to do side by side */
    return NULL;
}

/* Over planes of channels: `per` channels in a group. */
static const char *planes(const NnNode *node, NormParams *p, int64_t per) {
    const NnValueInfo *x = node->inputs[0];
    const int64_t inner = nn_product(x->dims, 2, x->rank), channels = x->dims[1];
    if (per == 0 || ocl_count(node->inputs[1]) != (uint64_t)channels ||
        ocl_count(node->inputs[2]) != (uint64_t)channels)
        return "the factors are not one for each channel";
    runs_of(p, x->dims[0] * (channels / per), 1, per * inner, inner, channels);
    p->what = CENTRED | SCALE | BIAS;
    return NULL;
}

static const char *group(const NnNode *node, NormParams *p) {
    return planes(node, p, node->inputs[0]->dims[1] / nn_attr_int(node, "num_groups", 1));
}

static const char *instance(const NnNode *node, NormParams *p) { return planes(node, p, 1); }

/* A factor is one number (0), one for each normalised element (1), or something else (-1). */
static int32_t factor_kind(const NnValueInfo *x, int32_t axis, const NnValueInfo *v) {
    bool along = true;
    for (int32_t d = x->rank - 1, k = v->rank - 1; d >= 0 || k >= 0; d--, k--)
        along = along && (k >= 0 ? v->dims[k] : 1) == (d >= axis ? x->dims[d] : 1);
    return along ? 1 : ocl_count(v) == 1 ? 0 : -1;
}

static const char *layer(const NnNode *node, NormParams *p) {
    const NnValueInfo *x = data_of(node);
    const bool grad = norm_is_grad(node), mean = strcmp(node->op, "RMSNormalization") != 0;
    const uint32_t scale = grad ? 2 : 1;
    int64_t axis = nn_attr_int(node, "axis", -1);
    axis += axis < 0 ? x->rank : 0;
    const int64_t n = nn_product(x->dims, (int32_t)axis, x->rank);
    runs_of(p, nn_product(x->dims, 0, (int32_t)axis), 1, n, n, 1);
    const int32_t kind = factor_kind(x, (int32_t)axis, node->inputs[scale]);
    const bool shifts = !grad && mean && norm_has(node, 2);
    if (kind < 0 || (shifts && factor_kind(x, (int32_t)axis, node->inputs[2]) != kind))
        return "the factors have neither one element nor the normalised shape";
    p->what = SCALE | (mean ? CENTRED : 0) | (kind ? ALONG : 0) | (shifts ? BIAS : 0);
    if (grad)
        p->what |= GIVEN | (norm_wants(node, 0) ? DX : 0);
    else
        p->what |= (norm_wants(node, 1) ? MEAN : 0) | (norm_wants(node, 2) ? INVERSE : 0);
    return NULL;
}

/* Over the last dimensions, or over all but the channels'. */
static const char *mean_variance(const NnNode *node, NormParams *p) {
    static const int64_t usual[] = {0, 2, 3};
    const NnValueInfo *x = node->inputs[0];
    uint32_t n = 0, mask = 0;
    const int64_t *axes = nn_attr_ints(node, "axes", &n);
    if (nn_attr(node, "axes") == NULL) {
        axes = usual;
        n = NN_COUNT(usual);
    }
    for (uint32_t i = 0; i < n; i++)
        mask |= 1u << (axes[i] < 0 ? axes[i] + x->rank : axes[i]);
    const uint32_t all = (1u << x->rank) - 1;
    int32_t axis = 0;
    while (axis < x->rank && !(mask >> axis & 1))
        axis++;
    p->what = CENTRED | DEVIATION;
    put_real(p->epsilon, x->type, 1e-9);
    const int64_t run = nn_product(x->dims, x->rank > 1 && mask == (all & ~2u) ? 2 : axis, x->rank);
    if (x->rank > 1 && mask == (all & ~2u))
        runs_of(p, x->dims[1], x->dims[0], run, run, 1);
    else if (n > 0 && mask == (all & ~((1u << axis) - 1)))
        runs_of(p, nn_product(x->dims, 0, axis), 1, run, run, 1);
    else
        return "the axes are neither the last ones nor all but the channels'";
    return NULL;
}

static const char *local_response(const NnNode *node, NormParams *p) {
    const NnValueInfo *x = node->inputs[0];
    const int64_t size = nn_attr_int(node, "size", 1), run = nn_product(x->dims, 2, x->rank),
                  most = 2 * (x->dims[1] + 1);
    runs_of(p, x->dims[0] * x->dims[1], 1, run, run, x->dims[1]);
    p->chunk = (uint32_t)(size < most ? size : most - (most - size) % 2); /* more reaches as far */
    put_real(p->epsilon, x->type, nn_attr_float(node, "bias", 1));
    put_real(p->momentum, x->type, nn_attr_float(node, "alpha", 1e-4) / (double)size);
    put_real(p->beta, x->type, nn_attr_float(node, "beta", .75));
    return NULL;
}

typedef struct Word {
    const char *op;
    const char *(*describe)(const NnNode *, NormParams *);
} Word;

static const Word words[] = {
    {"BatchNormalization", batch},
    {"BatchNormalizationGrad", batch},
    {"LayerNormalization", layer},
    {"LayerNormalizationGrad", layer},
    {"RMSNormalization", layer},
    {"GroupNormalization", group},
    {"InstanceNormalization", instance},
    {"MeanVarianceNormalization", mean_variance},
    {"LRN", local_response},
};

const char *norm_describe(const NnNode *node, NormParams *p) {
    const int32_t type = node->inputs[0]->type;
    const char *why = "it is not done here";
    *p = (NormParams){.chunk = 1};
    put_real(p->epsilon, type, nn_attr_float(node, "epsilon", 1e-5));
    put_real(p->momentum, type, nn_attr_float(node, "momentum", 0.9));
    for (uint32_t i = 0; i < NN_COUNT(words); i++)
        if (strcmp(words[i].op, node->op) == 0)
            why = words[i].describe(node, p);
    return why;
}
