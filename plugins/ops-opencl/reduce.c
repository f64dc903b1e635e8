/* SPDX-License-Identifier: Apache-2.0 */
/* Reductions in f32 over any axes, sums to a smaller shape, and whether everything is finite. */
#include "ops-opencl/opencl.h"

#include "plugins/ops-opencl/reduce.cl.h"

#define DIMS 6u
#define GROUP 64u

/* As reduce.cl has it; dimensions with the last one first. */
typedef struct Params {
    uint32_t count, kept, reduced, outer, inner, inner_stride;
    float scale;
    uint32_t kept_dims[DIMS], kept_strides[DIMS], outer_dims[DIMS], outer_strides[DIMS];
} Params;

typedef struct Word {
    const char *op, *options;
    bool mean;
} Word;

static const Word words[] = {
    {"ReduceSum", "-DSUM", false},
    {"SumTo", "-DSUM", false},
    {"ReduceMean", "-DSUM", true},
    {"ReduceSumSquare", "-DSUM -DSQUARES", false},
    {"ReduceL1", "-DSUM -DMAGNITUDES", false},
    {"ReduceL2", "-DSUM -DSQUARES -DROOT", false},
    {"ReduceMax", "-DMAX", false},
    {"ReduceMin", "-DMIN", false},
    {"ReduceProd", "-DPROD", false},
};

static const Word *find_word(const NnNode *node) {
    for (uint32_t i = 0; i < NN_COUNT(words); i++)
        if (strcmp(words[i].op, node->op) == 0)
            return &words[i];
    return NULL;
}

/* Which dimensions of X go; false when that is not known yet. */
static bool reduced_dims(const NnNode *node, uint32_t *mask) {
    const NnValueInfo *x = node->inputs[0], *more = node->n_inputs > 1 ? node->inputs[1] : NULL;
    *mask = 0;
    if (strcmp(node->op, "SumTo") == 0) {
        for (int32_t i = 0; i < x->rank; i++) {
            const int32_t k = i - (x->rank - more->rank);
            if (more->rank > x->rank || (k >= 0 && more->dims[k] != 1 && more->dims[k] != x->dims[i]))
                return false;
            *mask |= (uint32_t)(k < 0 || more->dims[k] != x->dims[i]) << i;
        }
        return true;
    }
    if (more && more->value == NULL && ocl_count(more) > 0)
        return false;
    const uint64_t n = more ? ocl_count(more) : 0;
    for (uint64_t i = 0; i < n; i++) {
        const int64_t axis = ((const int64_t *)nn_data(more->value))[i];
        *mask |= 1u << (axis < 0 ? axis + x->rank : axis);
    }
    if (n == 0 && !nn_attr_int(node, "noop_with_empty_axes", 0))
        *mask = (1u << x->rank) - 1;
    return true;
}

/* Adds a dimension in front, or makes the last one longer when they are one run of memory. */
static bool add_dim(uint32_t *n, uint32_t *dims, uint32_t *strides, uint32_t extent, uint32_t stride) {
    if (*n > 0 && stride == strides[*n - 1] * dims[*n - 1]) {
        dims[*n - 1] *= extent;
        return true;
    }
    if (*n == DIMS)
        return false;
    dims[*n] = extent;
    strides[(*n)++] = stride;
    return true;
}

static const char *describe(const NnNode *node, Params *p) {
    const NnValueInfo *x = node->inputs[0];
    uint32_t mask, dims[DIMS] = {0}, strides[DIMS] = {0}, n = 0, step = 1;
    *p = (Params){.count = (uint32_t)ocl_count(node->outputs[0]), .inner = 1, .outer = 1, .scale = 1};
    if (!reduced_dims(node, &mask))
        return "which axes is not known, or they are not those of this tensor";
    for (int32_t i = x->rank - 1; i >= 0; i--) {
        const uint32_t extent = (uint32_t)x->dims[i];
        const bool goes = mask >> i & 1;
        if (extent != 1 && !(goes ? add_dim(&n, dims, strides, extent, step)
                                  : add_dim(&p->kept, p->kept_dims, p->kept_strides, extent, step)))
            return "the axes alternate too often";
        step *= extent;
    }
    if (n > 0) {
        p->inner = dims[0];
        p->inner_stride = strides[0];
        p->reduced = n - 1;
        memcpy(p->outer_dims, dims + 1, (n - 1) * sizeof *dims);
        memcpy(p->outer_strides, strides + 1, (n - 1) * sizeof *strides);
        for (uint32_t d = 1; d < n; d++)
            p->outer *= dims[d];
    }
    if (find_word(node)->mean)
        p->scale = 1 / ((float)p->outer * (float)p->inner);
    return NULL;
}

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    Params p;
    if (ocl_match_f32(nn, device, node, reason) != NN_OK)
        return NN_UNSUPPORTED;
    const char *why = describe(node, &p);
    return why ? nn_fail(nn, reason, NN_UNSUPPORTED, "%s: %s", node->op, why) : NN_OK;
}

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    Params p;
    const OclSource source = {.name = "reduce", .parts = {reduce_cl}, .options = find_word(node)->options};
    OclPlan *plan = describe(node, &p) ? NULL : ocl_plan(nn, device, status);
    const bool grouped = p.inner >= 4 * GROUP && p.outer > 0 && p.count < 64 * (plan ? plan->ocl->units : 1);
    OclStage *s = plan ? plan->ocl->stage(nn, plan, &source, grouped ? "groups" : "items", 2, status) : NULL;
    if (s) {
        ocl_arg(s, 0, OCL_INPUT, 0);
        ocl_arg(s, 1, OCL_OUTPUT, 0);
        if (grouped)
            ocl_groups(s, p.count, GROUP);
        else
            ocl_items(s, p.count);
        (void)plan->ocl->params(nn, plan, s, &p, sizeof p, status);
    }
    return ocl_planned(nn, plan, out, status);
}

/* ---- nn/AllFinite ---- */

static int32_t match_finite(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    (void)device;
    bool real = ocl_small(node);
    for (uint32_t i = 0; i < node->n_inputs; i++)
        real = real && ocl_is(node, i, NN_F32);
    return real ? NN_OK : nn_fail(nn, reason, NN_UNSUPPORTED, "AllFinite is done for f32 only");
}

static int32_t plan_finite(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                           NnStatus *status) {
    const OclSource source = {.name = "reduce", .parts = {reduce_cl}, .options = words[0].options};
    OclPlan *plan = ocl_plan(nn, device, status);
    for (uint32_t i = 0; plan && i < node->n_inputs; i++) {
        OclStage *s = plan->ocl->stage(nn, plan, &source, "finite", 2, status);
        if (s == NULL)
            break;
        const Params p = {.count = i == 0, .inner = (uint32_t)ocl_count(node->inputs[i])};
        ocl_arg(s, 0, OCL_INPUT, i);
        ocl_arg(s, 1, OCL_OUTPUT, 0);
        ocl_groups(s, 1, GROUP);
        (void)plan->ocl->params(nn, plan, s, &p, sizeof p, status);
    }
    return ocl_planned(nn, plan, out, status);
}

#define REDUCTION(name) OCL_KERNEL(kernel_##name, "", #name, match, plan)
#define EXPORT(name) {NN_KERNEL_KIND, #name, &kernel_##name},
/* clang-format off */
#define FOR_ALL(X) \
    X(ReduceSum) X(ReduceMean) X(ReduceSumSquare) X(ReduceL1) X(ReduceL2) X(ReduceMax) X(ReduceMin) X(ReduceProd)
/* clang-format on */
FOR_ALL(REDUCTION)
OCL_KERNEL(sum_to, "nn", "SumTo", match, plan)
OCL_KERNEL(all_finite, "nn", "AllFinite", match_finite, plan_finite)

static const NnExport exports[] = {FOR_ALL(EXPORT){NN_KERNEL_KIND, "nn/SumTo", &sum_to},
                                   {NN_KERNEL_KIND, "nn/AllFinite", &all_finite}};
NN_PLUGIN(reduce, "Reductions by OpenCL.", exports)
