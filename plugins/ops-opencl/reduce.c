/* SPDX-License-Identifier: Apache-2.0 */
/* Reductions over any axes, sums to a smaller shape, and whether everything is finite. */
#include "ops-opencl/opencl.h"

#include "plugins/ops-opencl/lanes.cl.h"
#include "plugins/ops-opencl/real.cl.h"
#include "plugins/ops-opencl/reduce.cl.h"

#define DIMS 6u
#define GROUP 64u

/* As reduce.cl has it; dimensions with the last one first. */
typedef struct Params {
    uint32_t count, total, kept, reduced, outer, inner, inner_stride, parts, part, pieces, mean;
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
    {"ReduceLogSum", "-DSUM -DLOG", false},
    {"ReduceLogSumExp", "-DLOGSUMEXP", false},
    {"GlobalAveragePool", "-DSUM", true},
    {"GlobalMaxPool", "-DMAX", false},
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
    if (strncmp(node->op, "Global", 6) == 0) {
        *mask = (1u << x->rank) - 4; /* all but samples and channels */
        return x->rank >= 2;
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
    *p = (Params){.count = (uint32_t)ocl_count(node->outputs[0]),
                  .total = (uint32_t)ocl_count(x),
                  .outer = 1,
                  .inner = 1,
                  .inner_stride = 2,
                  .mean = find_word(node)->mean};
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
    if (p->kept == 0)
        p->kept = p->kept_dims[0] = p->kept_strides[0] = 1;
    return NULL;
}

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    Params p;
    if (ocl_match_real(nn, device, node, reason) != NN_OK)
        return NN_UNSUPPORTED;
    const char *why = describe(node, &p);
    return why ? nn_fail(nn, reason, NN_UNSUPPORTED, "%s: %s", node->op, why) : NN_OK;
}

/* How a node's work is shared out. */
typedef struct Share {
    const char *kernel; /* of reduce.cl */
    bool groups;
    uint64_t items; /* or groups; of each piece */
} Share;

/* Cuts few results of many elements into pieces: two items for each unit of the device at least, of thousands
 * of elements. */
static Share share_out(const OclService *ocl, Params *p) {
    const bool rows = p->inner_stride == 1, few = rows && p->inner < (ocl->cpu ? 16 : GROUP / 2);
    const uint32_t wide = ocl->cpu ? 64 : 1; /* columns that an item makes */
    Share s = {.kernel = few    ? "few"
                         : rows ? "rows"
                                : "columns",
               .groups = rows && !few && !ocl->cpu,
               .items = p->count};
    if (!rows && p->count > 0)
        s.items = p->count / p->kept_dims[0] * ((p->kept_dims[0] + wide - 1) / wide);
    const uint64_t wanted = (s.groups || ocl->cpu ? 2u : 128u) * (uint64_t)ocl->units,
                   each = (uint64_t)p->outer * p->inner;
    uint64_t pieces = 1;
    if (s.items > 0 && s.items < wanted && p->total >= 1u << 17)
        pieces = (wanted + s.items - 1) / s.items;
    const uint64_t most = each / (rows ? 2048 : 128);
    p->pieces = (uint32_t)(pieces < most ? pieces : most > 0 ? most : 1);
    p->parts = p->outer > 0 ? (p->pieces + p->outer - 1) / p->outer : 1;
    p->part = (p->inner + p->parts - 1) / p->parts;
    if (rows) /* whole vectors */
        p->part = (p->part + 127) / 128 * 128;
    p->parts = p->part > 0 ? (p->inner + p->part - 1) / p->part : 0;
    return s;
}

static OclStage *stage(const NnHost *nn, OclPlan *plan, const char *options, int32_t type, const char *kernel,
                       const Params *p, uint32_t n_args, const OclArg *args, NnStatus *status) {
    char text[128];
    (void)snprintf(text, sizeof text, "%s -DLANES=%u %s", options, plan->ocl->cpu ? 16u : 1u, ocl_real(type));
    const OclSource source = {.name = "reduce", .parts = {real_cl, lanes_cl, reduce_cl}, .options = text};
    OclStage *s = plan->ocl->stage(nn, plan, &source, kernel, n_args, status);
    if (s) {
        memcpy(s->args, args, n_args * sizeof *args);
        (void)plan->ocl->params(nn, plan, s, p, sizeof *p, status);
    }
    return s;
}

/* Workspace: what the pieces of each result come to. */
static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    Params p;
    const char *options = find_word(node)->options;
    const int32_t type = node->inputs[0]->type;
    const OclArg parts = {.role = OCL_WORKSPACE, .size = ocl_real_size(type)}, y = {.role = OCL_OUTPUT};
    const OclArg first[] = {{.role = OCL_INPUT}, y, parts}, second[] = {parts, y};
    OclPlan *plan = describe(node, &p) ? NULL : ocl_plan(nn, device, status);
    if (plan) {
        const Share share = share_out(plan->ocl, &p);
        const uint64_t items = share.items * p.pieces;
        OclStage *s = stage(nn, plan, options, type, share.kernel, &p, 3, first, status);
        if (s && share.groups)
            ocl_groups(s, items, GROUP);
        else if (s && (uint64_t)p.outer * p.inner < 32)
            ocl_items(s, items);
        else if (s)
            ocl_pieces(plan->ocl, s, items);
        if (s && p.pieces > 1) {
            s = stage(nn, plan, options, type, "join", &p, 2, second, status);
            if (s)
                ocl_items(s, p.count);
            out->workspace = (uint64_t)p.pieces * p.count * ocl_real_size(type);
        }
    }
    return ocl_planned(nn, plan, out, status);
}

/* ---- nn/AllFinite ---- */

static int32_t match_finite(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    const OclService *ocl = ocl_service(nn, device, reason);
    bool real = ocl && ocl_small(node);
    for (uint32_t i = 0; i < node->n_inputs; i++)
        real = real &&
               (ocl_is(node, i, NN_F32) || ocl_is(node, i, NN_F16) || (ocl_is(node, i, NN_F64) && ocl->f64));
    return real ? NN_OK
                : nn_fail(nn, reason, NN_UNSUPPORTED,
                          "AllFinite is done for f32, f16 and a device's f64 only");
}

#define AT_ONCE (1u << 18) /* elements that one item of a processor looks at */

static int32_t plan_finite(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                           NnStatus *status) {
    OclPlan *plan = ocl_plan(nn, device, status);
    const bool cpu = plan && plan->ocl->cpu;
    const OclArg y = {.role = OCL_OUTPUT};
    const bool alone = cpu && node->n_inputs == 1 && ocl_count(node->inputs[0]) <= AT_ONCE;
    if (plan && !alone) {
        const Params none = {.pieces = 0};
        OclStage *s = stage(nn, plan, words[0].options, NN_F32, "yes", &none, 1, &y, status);
        if (s)
            ocl_items(s, 1);
    }
    for (uint32_t i = 0; plan && nn->code(status) == NN_OK && i < node->n_inputs; i++) {
        Params p = {.total = (uint32_t)ocl_count(node->inputs[i])};
        p.pieces = alone ? 1 : cpu ? 2 + p.total / AT_ONCE : 2 + p.total / 64;
        p.part = (p.total / p.pieces / 16 + 1) * 16;
        const OclArg args[] = {{.role = OCL_INPUT, .index = i}, y};
        OclStage *s = stage(nn, plan, words[0].options, node->inputs[i]->type, "finite", &p, 2, args, status);
        if (s)
            ocl_pieces(plan->ocl, s, p.pieces);
    }
    return ocl_planned(nn, plan, out, status);
}

#define REDUCTION(name) OCL_KERNEL(kernel_##name, "", #name, match, plan)
#define EXPORT(name) {NN_KERNEL_KIND, #name, &kernel_##name},
/* clang-format off */
#define FOR_ALL(X) \
    X(ReduceSum) X(ReduceMean) X(ReduceSumSquare) X(ReduceL1) X(ReduceL2) X(ReduceMax) X(ReduceMin) X(ReduceProd) \
    X(ReduceLogSum) X(ReduceLogSumExp) X(GlobalAveragePool) X(GlobalMaxPool)
/* clang-format on */
FOR_ALL(REDUCTION)
OCL_KERNEL(sum_to, "nn", "SumTo", match, plan)
OCL_KERNEL(all_finite, "nn", "AllFinite", match_finite, plan_finite)

static const NnExport exports[] = {FOR_ALL(EXPORT){NN_KERNEL_KIND, "nn/SumTo", &sum_to},
                                   {NN_KERNEL_KIND, "nn/AllFinite", &all_finite}};
NN_PLUGIN(reduce, "Reductions by OpenCL.", exports)
