/* SPDX-License-Identifier: Apache-2.0 */
/* Batch, layer, group, instance and root-mean-square normalization, and the gradients that they have. */
#include "ops-opencl/opencl.h"

#include "plugins/ops-opencl/normalization.cl.h"
#include "plugins/ops-opencl/real.cl.h"

#define WORKERS 64u /* that share a group, but on processors */

/* As normalization.cl has them. */
typedef struct Params {
    uint32_t groups, outer, run, plane, channels, chunk, what;
    uint32_t epsilon[2], momentum[2], beta[2];
} Params;
enum { CENTRED = 1, ALONG = 2, GIVEN = 4, DEVIATION = 8, SCALE = 16, BIAS = 32, MEAN = 64, INVERSE = 128 };
enum { NEW_MEAN = 256, NEW_VARIANCE = 512, DX = 1024, DSCALE = 2048, DBIAS = 4096, SUMS = 8192 };

static bool is_grad(const NnNode *node) { return strstr(node->op, "Grad") != NULL; }
static const NnValueInfo *data_of(const NnNode *node) { return node->inputs[is_grad(node) ? 1 : 0]; }
static bool wants(const NnNode *node, uint32_t i) { return node->n_outputs > i && node->outputs[i] != NULL; }
static bool has(const NnNode *node, uint32_t i) { return node->n_inputs > i && node->inputs[i] != NULL; }

/* The bits of a number in the program's `real`. */
static void put_real(uint32_t words[2], int32_t type, double value) {
    const float single = (float)value;
    if (type == NN_F64)
        memcpy(words, &value, sizeof value);
    else
        memcpy(words, &single, sizeof single);
}

/* ---- what is normalised: NULL, or why it is not done here ---- */

static void runs_of(Params *p, int64_t groups, int64_t outer, int64_t run, int64_t plane, int64_t channels) {
    p->groups = (uint32_t)groups;
    p->outer = (uint32_t)outer;
    p->run = (uint32_t)run;
    p->plane = plane > 0 ? (uint32_t)plane : 1;
    p->channels = channels > 0 ? (uint32_t)channels : 1;
}

static const char *batch(const NnNode *node, Params *p) {
    const NnValueInfo *x = data_of(node);
    const bool grad = is_grad(node), trains = nn_attr_int(node, "training_mode", 0) != 0;
    if (x->rank < 2)
        return "X has no channels";
    const int64_t inner = nn_product(x->dims, 2, x->rank);
    runs_of(p, x->dims[1], x->dims[0], inner, inner, x->dims[1]);
    p->what = CENTRED | SCALE | BIAS;
    if (grad) {
        p->what |= (wants(node, 0) ? DX : 0) | (wants(node, 1) ? DSCALE : 0) | (wants(node, 2) ? DBIAS : 0);
        return NULL;
    }
    if (!trains)
        put_real(p->momentum, x->type, 1);
    p->what |= (wants(node, 1) ? NEW_MEAN : 0) | (wants(node, 2) ? NEW_VARIANCE : 0) | (trains ? 0 : GIVEN);
    if (!trains && !wants(node, 1) && !wants(node, 2) && inner > 1)
        runs_of(p, x->dims[0] * x->dims[1], 1, inner, inner, x->dims[1]); /* more to do side by side */
    return NULL;
}

/* Over planes of channels: `per` channels in a group. */
static const char *planes(const NnNode *node, Params *p, int64_t per) {
    const NnValueInfo *x = node->inputs[0];
    const int64_t inner = nn_product(x->dims, 2, x->rank), channels = x->dims[1];
    if (per == 0 || ocl_count(node->inputs[1]) != (uint64_t)channels ||
        ocl_count(node->inputs[2]) != (uint64_t)channels)
        return "the factors are not one for each channel";
    runs_of(p, x->dims[0] * (channels / per), 1, per * inner, inner, channels);
    p->what = CENTRED | SCALE | BIAS;
    return NULL;
}

static const char *group(const NnNode *node, Params *p) {
    return planes(node, p, node->inputs[0]->dims[1] / nn_attr_int(node, "num_groups", 1));
}

static const char *instance(const NnNode *node, Params *p) { return planes(node, p, 1); }

/* A factor is one number (0), one for each normalised element (1), or something else (-1). */
static int32_t factor_kind(const NnValueInfo *x, int32_t axis, const NnValueInfo *v) {
    bool along = true;
    for (int32_t d = x->rank - 1, k = v->rank - 1; d >= 0 || k >= 0; d--, k--)
        along = along && (k >= 0 ? v->dims[k] : 1) == (d >= axis ? x->dims[d] : 1);
    return along ? 1 : ocl_count(v) == 1 ? 0 : -1;
}

static const char *layer(const NnNode *node, Params *p) {
    const NnValueInfo *x = data_of(node);
    const bool grad = is_grad(node), mean = strcmp(node->op, "RMSNormalization") != 0;
    const uint32_t scale = grad ? 2 : 1;
    int64_t axis = nn_attr_int(node, "axis", -1);
    axis += axis < 0 ? x->rank : 0;
    const int64_t n = nn_product(x->dims, (int32_t)axis, x->rank);
    runs_of(p, nn_product(x->dims, 0, (int32_t)axis), 1, n, n, 1);
    const int32_t kind = factor_kind(x, (int32_t)axis, node->inputs[scale]);
    const bool shifts = !grad && mean && has(node, 2);
    if (kind < 0 || (shifts && factor_kind(x, (int32_t)axis, node->inputs[2]) != kind))
        return "the factors have neither one element nor the normalised shape";
    p->what = SCALE | (mean ? CENTRED : 0) | (kind ? ALONG : 0) | (shifts ? BIAS : 0);
    if (grad)
        p->what |= GIVEN | (wants(node, 0) ? DX : 0);
    else
        p->what |= (wants(node, 1) ? MEAN : 0) | (wants(node, 2) ? INVERSE : 0);
    return NULL;
}

/* Over the last dimensions, or over all but the channels'. */
static const char *mean_variance(const NnNode *node, Params *p) {
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

static const char *local_response(const NnNode *node, Params *p) {
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
    const char *(*describe)(const NnNode *, Params *);
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

static const char *describe(const NnNode *node, Params *p) {
    const int32_t type = node->inputs[0]->type;
    const char *why = "it is not done here";
    *p = (Params){.chunk = 1};
    put_real(p->epsilon, type, nn_attr_float(node, "epsilon", 1e-5));
    put_real(p->momentum, type, nn_attr_float(node, "momentum", 0.9));
    for (uint32_t i = 0; i < NN_COUNT(words); i++)
        if (strcmp(words[i].op, node->op) == 0)
            why = words[i].describe(node, p);
    return why;
}

/* Statistics of rows are kept in the type that is computed with. */
static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    Params p;
    if (ocl_match_real(nn, device, node, reason) != NN_OK)
        return NN_UNSUPPORTED;
    for (uint32_t i = 1; i < node->n_inputs; i++)
        if (has(node, i) && i < (strcmp(node->op, "LayerNormalizationGrad") == 0 ? 3 : 5) &&
            !ocl_is(node, i, node->inputs[0]->type))
            return nn_fail(nn, reason, NN_UNSUPPORTED, "%s of several types is not done here", node->op);
    const char *why = describe(node, &p);
    return why ? nn_fail(nn, reason, NN_UNSUPPORTED, "%s: %s", node->op, why) : NN_OK;
}

/* ---- stages ---- */

typedef struct Make {
    const NnHost *nn;
    OclPlan *plan;
    int32_t type;
    NnStatus *status;
} Make;

static OclStage *stage(const Make *m, const char *kernel, uint32_t n_args, const OclArg *args,
                       const Params *p) {
    char options[64];
    (void)snprintf(options, sizeof options, "-DMAKE_%s %s", kernel, ocl_real(m->type));
    const OclSource source = {
        .name = "normalization", .parts = {real_cl, normalization_cl}, .options = options};
    OclStage *s = m->plan ? m->plan->ocl->stage(m->nn, m->plan, &source, kernel, n_args, m->status) : NULL;
    if (s) {
        memcpy(s->args, args, n_args * sizeof *args);
        (void)m->plan->ocl->params(m->nn, m->plan, s, p, sizeof *p, m->status);
    }
    return s;
}

/* One item, or one team, for each group. */
static void by_group(const Make *m, OclStage *s, const Params *p) {
    if (s == NULL)
        return;
    const uint64_t local = p->groups < 512 ? 1 : 8;
    if (m->plan->ocl->cpu)
        ocl_groups(s, (p->groups + local - 1) / local, local);
    else
        ocl_groups(s, p->groups, WORKERS);
}

/* Columns by chunks of rows. */
static uint32_t by_column(const Make *m, OclStage *s, const Params *p) {
    const uint32_t width = s && m->plan->ocl->cpu ? 16 : 1, chunks = (p->outer + p->chunk - 1) / p->chunk;
    if (s == NULL)
        return 1;
    ocl_rows(s, chunks ? chunks : 1, (p->groups + width - 1) / width);
    if (width > 1)
        s->local[0] = 1, s->global[0] = (p->groups + width - 1) / width;
    return chunks ? chunks : 1;
}

static OclArg input(const NnNode *node, uint32_t i) {
    return (OclArg){.role = has(node, i) ? OCL_INPUT : OCL_NOTHING, .index = i};
}

static OclArg output(const NnNode *node, uint32_t i) {
    return (OclArg){.role = wants(node, i) ? OCL_OUTPUT : OCL_NOTHING, .index = i};
}

static int32_t plan_norm(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                         NnStatus *status) {
    Params p;
    const OclArg none = {.role = OCL_NOTHING};
    const bool channels = strcmp(node->op, "BatchNormalization") == 0;
    const OclArg x = input(node, 0), scale = input(node, 1), bias = input(node, 2), y = output(node, 0),
                 mean = channels ? input(node, 3) : none, variance = channels ? input(node, 4) : none,
                 first = output(node, 1), second = output(node, 2);
    const char *why = describe(node, &p);
    if (why)
        return nn_fail(nn, status, NN_UNSUPPORTED, "%s", why);
    const Make m = {nn, ocl_plan(nn, device, status), node->inputs[0]->type, status};
    if (channels && p.run == 1) {
        const OclArg args[] = {x, scale, bias, mean, variance, y, first, second};
        p.chunk = p.what & GIVEN && !(p.what & (NEW_MEAN | NEW_VARIANCE)) ? 16 : p.outer ? p.outer : 1;
        (void)by_column(&m, stage(&m, "norm_columns", NN_COUNT(args), args, &p), &p);
    } else {
        const OclArg args[] = {x,
                               scale,
                               bias,
                               mean,
                               variance,
                               y,
                               channels ? none : first,
                               channels ? none : second,
                               channels ? first : none,
                               channels ? second : none};
        by_group(&m, stage(&m, "norm", NN_COUNT(args), args, &p), &p);
    }
    out->n_in_place = 1;
    out->in_place[0] = (NnInPlace){0, 0};
    return ocl_planned(nn, m.plan, out, status);
}

static int32_t plan_lrn(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                        NnStatus *status) {
    Params p;
    const OclArg args[] = {input(node, 0), output(node, 0)};
    const char *why = describe(node, &p);
    if (why)
        return nn_fail(nn, status, NN_UNSUPPORTED, "%s", why);
    const Make m = {nn, ocl_plan(nn, device, status), node->inputs[0]->type, status};
    by_group(&m, stage(&m, "lrn", NN_COUNT(args), args, &p), &p);
    return ocl_planned(nn, m.plan, out, status);
}

static int32_t plan_batch_grad(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                               NnStatus *status) {
    Params p;
    const OclArg none = {.role = OCL_NOTHING}, dy = input(node, 0), x = input(node, 1),
                 scale = input(node, 2), dx = output(node, 0), dscale = output(node, 1),
                 dbias = output(node, 2);
    const char *why = describe(node, &p);
    if (why)
        return nn_fail(nn, status, NN_UNSUPPORTED, "%s", why);
    const Make m = {nn, ocl_plan(nn, device, status), node->inputs[0]->type, status};
    if (p.run == 1) {
        const OclArg args[] = {dy, x, scale, dx, dscale, dbias};
        p.chunk = p.outer ? p.outer : 1;
        (void)by_column(&m, stage(&m, "norm_columns_grad", NN_COUNT(args), args, &p), &p);
    } else {
        const OclArg args[] = {dy, x, scale, none, none, dx, dscale, dbias, none};
        by_group(&m, stage(&m, "norm_grad", NN_COUNT(args), args, &p), &p);
    }
    out->n_in_place = 1;
    out->in_place[0] = (NnInPlace){0, 0};
    return ocl_planned(nn, m.plan, out, status);
}

/* The ends of the sums in the workspace: `rows` of each kind, which become outputs 1 and 2. */
static void add_ends(const Make *m, const NnNode *node, const OclArg *sums, uint32_t columns, uint32_t rows) {
    for (uint32_t kind = 0; kind < 2; kind++) {
        const OclArg args[] = {*sums, output(node, 1 + kind)};
        const Params p = {.groups = columns, .outer = rows, .chunk = kind * rows};
        OclStage *s = wants(node, 1 + kind) ? stage(m, "sum_rows", NN_COUNT(args), args, &p) : NULL;
        if (s)
            ocl_items(s, columns);
    }
}

/* The sums over rows come first, as dX may take the memory of dY. Workspace: parts of the sums of dY n, then
 * of dY. */
static int32_t plan_layer_grad(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                               NnStatus *status) {
    Params p;
    const OclArg none = {.role = OCL_NOTHING}, dy = input(node, 0), x = input(node, 1),
                 scale = input(node, 2), mean = input(node, 3), inverse = input(node, 4);
    const char *why = describe(node, &p);
    if (why)
        return nn_fail(nn, status, NN_UNSUPPORTED, "%s", why);
    const Make m = {nn, ocl_plan(nn, device, status), node->inputs[0]->type, status};
    const bool summed = wants(node, 1) || wants(node, 2), along = p.what & ALONG;
    const uint32_t size = ocl_real_size(m.type);
    const OclArg sums = {.role = OCL_WORKSPACE, .size = size};
    if (summed && along) {
        const OclArg args[] = {dy, x, mean, inverse, sums};
        const Params by = {
            .groups = p.run, .outer = p.groups, .chunk = p.groups <= 16 * 64 ? 16 : (p.groups + 63) / 64};
        const uint32_t chunks = by_column(&m, stage(&m, "sum_columns", NN_COUNT(args), args, &by), &by);
        add_ends(&m, node, &sums, p.run, chunks);
        out->workspace = UINT64_C(2) * chunks * p.run * size;
    } else if (summed) {
        p.what |= SUMS;
        out->workspace = UINT64_C(2) * p.groups * size;
    }
    const OclArg args[] = {
        dy, x, scale, mean, inverse, output(node, 0), none, none, summed && !along ? sums : none};
    if (p.what & (DX | SUMS))
        by_group(&m, stage(&m, "norm_grad", NN_COUNT(args), args, &p), &p);
    if (p.what & SUMS)
        add_ends(&m, node, &sums, 1, p.groups);
    out->n_in_place = 1;
    out->in_place[0] = (NnInPlace){0, 0};
    return ocl_planned(nn, m.plan, out, status);
}

#define FOR_ALL(X)                                                                                           \
    X("", BatchNormalization, plan_norm)                                                                     \
    X("nn", BatchNormalizationGrad, plan_batch_grad)                                                         \
    X("", LayerNormalization, plan_norm)                                                                     \
    X("nn", LayerNormalizationGrad, plan_layer_grad)                                                         \
    X("", GroupNormalization, plan_norm)                                                                     \
    X("", InstanceNormalization, plan_norm)                                                                  \
    X("", RMSNormalization, plan_norm)                                                                       \
    X("", MeanVarianceNormalization, plan_norm)                                                              \
    X("", LRN, plan_lrn)
#define DEFINE(dom, name, plan) OCL_KERNEL(kernel_##name, dom, #name, match, plan)
#define EXPORT(dom, name, plan) {NN_KERNEL_KIND, sizeof dom > 1 ? dom "/" #name : #name, &kernel_##name},
FOR_ALL(DEFINE)

static const NnExport exports[] = {FOR_ALL(EXPORT)};
NN_PLUGIN(normalization, "Normalization by OpenCL.", exports)
