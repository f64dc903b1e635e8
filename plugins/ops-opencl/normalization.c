/* SPDX-License-Identifier: Apache-2.0 */
/* Batch, layer, group, instance and root-mean-square normalization, and the gradients that they have. */
#include "normalization.h"

#include "plugins/ops-opencl/normalization.cl.h"
#include "plugins/ops-opencl/real.cl.h"

#define WORKERS 64u /* that share a group, but on processors */

/* Statistics of rows are kept in the type that is computed with. */
static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    NormParams p;
    if (ocl_match_real(nn, device, node, reason) != NN_OK)
        return NN_UNSUPPORTED;
    for (uint32_t i = 1; i < node->n_inputs; i++)
        if (norm_has(node, i) && i < (strcmp(node->op, "LayerNormalizationGrad") == 0 ? 3 : 5) &&
            !ocl_is(node, i, node->inputs[0]->type))
            return nn_fail(nn, reason, NN_UNSUPPORTED, "%s of several types is not done here", node->op);
    const char *why = norm_describe(node, &p);
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
                       const NormParams *p) {
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
static void by_group(const Make *m, OclStage *s, const NormParams *p) {
    if (s == NULL)
        return;
    const uint64_t local = p->groups < 512 ? 1 : 8;
    if (m->plan->ocl->cpu)
        ocl_groups(s, (p->groups + local - 1) / local, local);
    else
        ocl_groups(s, p->groups, WORKERS);
}

/* Columns by chunks of rows. */
static uint32_t by_column(const Make *m, OclStage *s, const NormParams *p) {
    const uint32_t width = s && m->plan->ocl->cpu ? 16 : 1, chunks = (p->outer + p->chunk - 1) / p->chunk;
    if (s == NULL)
        return 1;
    ocl_rows(s, chunks ? chunks : 1, (p->groups + width - 1) / width);
    if (width > 1)
        s->local[0] = 1, s->global[0] = (p->groups + width - 1) / width;
    return chunks ? chunks : 1;
}

static OclArg input(const NnNode *node, uint32_t i) {
    return (OclArg){.role = norm_has(node, i) ? OCL_INPUT : OCL_NOTHING, .index = i};
}

static OclArg output(const NnNode *node, uint32_t i) {
    return (OclArg){.role = norm_wants(node, i) ? OCL_OUTPUT : OCL_NOTHING, .index = i};
}

static int32_t plan_norm(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                         NnStatus *status) {
    NormParams p;
    const OclArg none = {.role = OCL_NOTHING};
    const bool channels = strcmp(node->op, "BatchNormalization") == 0;
    const OclArg x = input(node, 0), scale = input(node, 1), bias = input(node, 2), y = output(node, 0),
                 mean = channels ? input(node, 3) : none, variance = channels ? input(node, 4) : none,
                 first = output(node, 1), second = output(node, 2);
    const char *why = norm_describe(node, &p);
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
    NormParams p;
    const OclArg args[] = {input(node, 0), output(node, 0)};
    const char *why = norm_describe(node, &p);
    if (why)
        return nn_fail(nn, status, NN_UNSUPPORTED, "%s", why);
    const Make m = {nn, ocl_plan(nn, device, status), node->inputs[0]->type, status};
    by_group(&m, stage(&m, "lrn", NN_COUNT(args), args, &p), &p);
    return ocl_planned(nn, m.plan, out, status);
}

static int32_t plan_batch_grad(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                               NnStatus *status) {
    NormParams p;
    const OclArg none = {.role = OCL_NOTHING}, dy = input(node, 0), x = input(node, 1),
                 scale = input(node, 2), dx = output(node, 0), dscale = output(node, 1),
                 dbias = output(node, 2);
    const char *why = norm_describe(node, &p);
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
        const NormParams p = {.groups = columns, .outer = rows, .chunk = kind * rows};
        OclStage *s = norm_wants(node, 1 + kind) ? stage(m, "sum_rows", NN_COUNT(args), args, &p) : NULL;
        if (s)
            ocl_items(s, columns);
    }
}

/* The sums over rows come first, as dX may take the memory of dY. Workspace: parts of the sums of dY n, then
 * of dY. */
static int32_t plan_layer_grad(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                               NnStatus *status) {
    NormParams p;
    const OclArg none = {.role = OCL_NOTHING}, dy = input(node, 0), x = input(node, 1),
                 scale = input(node, 2), mean = input(node, 3), inverse = input(node, 4);
    const char *why = norm_describe(node, &p);
    if (why)
        return nn_fail(nn, status, NN_UNSUPPORTED, "%s", why);
    const Make m = {nn, ocl_plan(nn, device, status), node->inputs[0]->type, status};
    const bool summed = norm_wants(node, 1) || norm_wants(node, 2), along = p.what & ALONG;
    const uint32_t size = ocl_real_size(m.type);
    const OclArg sums = {.role = OCL_WORKSPACE, .size = size};
    if (summed && along) {
        const OclArg args[] = {dy, x, mean, inverse, sums};
        const NormParams by = {
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
