/* SPDX-License-Identifier: Apache-2.0 */
/* Trilu, EyeLike, Range, ReverseSequence, TensorScatter, MaxUnpool and what reads where they write. */
#include "ops-opencl/opencl.h"

#include "ops/family/index.h"
#include "ops/family/pool.h"
#include "plugins/ops-opencl/arrange.cl.h"
#include "plugins/ops-opencl/fault.cl.h"
#include "plugins/ops-opencl/real.cl.h"

#define DIMS 8u

/* As arrange.cl has it. */
typedef struct Params {
    uint32_t count, rows, columns, inner;
    int32_t diagonal;
    uint32_t upper, circular, batch_first, words[4];
    uint32_t n, dims[DIMS], strides[DIMS];
} Params;

/* Who asks, and of which node. */
typedef struct Ask {
    const NnHost *nn;
    const NnNode *node;
    NnStatus *status;
} Ask;

typedef struct Word {
    const char *op, *kernel;
    const char *(*describe)(const Ask *, Params *); /* NULL, or why it is not done here */
    uint32_t n_args;
    OclArg args[4];
} Word;

#define IN(i)                                                                                                \
    { .role = OCL_INPUT, .index = (i) }
#define OUT                                                                                                  \
    { .role = OCL_OUTPUT }
#define FAULT                                                                                                \
    { .role = OCL_FAULT }

static const char *trilu(const Ask *a, Params *p) {
    const NnNode *node = a->node;
    const NnValueInfo *x = node->inputs[0];
    const NnTensor *given = nn_given(node, 1) ? node->inputs[1]->value : NULL;
    if (nn_given(node, 1) && given == NULL)
        return "the diagonal is not known when it is planned";
    const int64_t k = given ? nn_load_int(nn_data(given), given->type, 0) : 0;
    p->rows = (uint32_t)x->dims[x->rank - 2];
    p->columns = (uint32_t)x->dims[x->rank - 1];
    p->diagonal = (int32_t)(k > INT32_MAX / 2 ? INT32_MAX / 2 : k < -INT32_MAX / 2 ? -INT32_MAX / 2 : k);
    p->upper = nn_attr_int(node, "upper", 1) != 0;
    return NULL;
}

static const char *eye(const Ask *a, Params *p) {
    const NnNode *node = a->node;
    const int64_t k = nn_attr_int(node, "k", 0);
    p->columns = (uint32_t)node->outputs[0]->dims[1];
    p->diagonal = (int32_t)(k > INT32_MAX / 2 ? INT32_MAX / 2 : k < -INT32_MAX / 2 ? -INT32_MAX / 2 : k);
    nn_store(p->words, node->outputs[0]->type, 0, 1);
    return NULL;
}

static const char *range(const Ask *a, Params *p) {
    const NnNode *node = a->node;
    const int32_t type = node->outputs[0]->type;
    for (uint32_t i = 0; i < 3; i += 2) {
        const NnTensor *t = node->inputs[i]->value;
        if (t == NULL || type == NN_BF16)
            return "the numbers are not known when it is planned, or of a type that is not done here";
        if (nn_is(type, NN_INTEGERS)) {
            const int64_t v = nn_load_int(nn_data(t), type, 0);
            memcpy(p->words + i, &v, sizeof v);
        } else
            nn_store(p->words + i, type == NN_F64 ? NN_F64 : NN_F32, 0, nn_load(nn_data(t), type, 0));
    }
    return NULL;
}

static const char *reverse(const Ask *a, Params *p) {
    const NnNode *node = a->node;
    const NnValueInfo *x = node->inputs[0];
    p->batch_first = nn_attr_int(node, "batch_axis", 1) == 0;
    p->rows = (uint32_t)x->dims[0];
    p->columns = (uint32_t)x->dims[1];
    p->inner = (uint32_t)nn_product(x->dims, 2, x->rank);
    return ocl_count(node->inputs[1]) < (p->batch_first ? p->rows : p->columns)
               ? "there are fewer lengths than sequences"
               : NULL;
}

static const char *cache(const Ask *a, Params *p) {
    const NnNode *node = a->node;
    const NnValueInfo *cached = node->inputs[0], *update = node->inputs[1];
    const int32_t axis = nn_axis_of(nn_attr_int(node, "axis", -2), cached->rank);
    p->count = (uint32_t)ocl_count(update);
    p->rows = (uint32_t)cached->dims[axis];
    p->columns = (uint32_t)update->dims[axis];
    p->inner = (uint32_t)nn_product(cached->dims, axis + 1, cached->rank);
    p->batch_first = (uint32_t)nn_product(cached->dims, 1, axis);
    p->upper = nn_given(node, 2);
    p->circular = nn_attr_string(node, "mode", "linear")[0] == 'c';
    return p->circular && p->rows == 0 ? "the cache has no room" : NULL;
}

/* The shape that indices count through, as plugins/ops/max-unpool.c has it, in the box that there is. */
static const char *unpool(const Ask *a, Params *p) {
    const NnNode *node = a->node;
    const bool grad = strcmp(node->op, "MaxUnpoolGrad") == 0;
    const NnValueInfo *small = node->inputs[1], *big = grad ? node->inputs[0] : node->outputs[0];
    NnWindow w;
    p->n = (uint32_t)small->rank;
    p->count = (uint32_t)ocl_count(small);
    p->rows = 1;
    p->columns = (uint32_t)ocl_count(big);
    if (small->rank > (int32_t)DIMS || big->rank != small->rank ||
        nn_pool_window(a->nn, a->status, node, small->rank, &w) != NN_OK)
        return "its window is not valid, or it has too many dimensions";
    for (int32_t i = small->rank - 1; i >= 0; i--) {
        const int32_t d = i - 2;
        int64_t n = small->dims[i];
        if (d >= 0) {
            n = (n - 1) * w.stride[d] + w.kernel[d] - w.before[d] - w.after[d];
            n = small->dims[i] == 0 || n < 0 ? 0 : n;
        }
        if (n > big->dims[i])
            return "the planes are smaller than what they came from";
        p->dims[small->rank - 1 - i] = (uint32_t)n;
        p->strides[small->rank - 1 - i] = (uint32_t)nn_product(big->dims, i + 1, big->rank);
        p->rows *= (uint32_t)n;
    }
    return NULL;
}

static const Word words[] = {
    {"Trilu", "trilu", trilu, 2, {IN(0), OUT}},
    {"EyeLike", "eye", eye, 1, {OUT}},
    {"Range", "range", range, 1, {OUT}},
    {"ReverseSequence", "reverse", reverse, 4, {IN(0), IN(1), OUT, FAULT}},
    {"TensorScatter", "cache_write", cache, 4, {IN(1), IN(2), OUT, FAULT}},
    {"TensorGather", "cache_read", cache, 4, {IN(0), IN(2), OUT, FAULT}},
    {"MaxUnpool", "unpool", unpool, 3, {IN(0), {.role = OCL_WORKSPACE}, OUT}},
    {"MaxUnpoolGrad", "unpool_grad", unpool, 4, {IN(0), IN(1), OUT, FAULT}},
};

static const Word *find_word(const NnNode *node) {
    for (uint32_t i = 0; i < NN_COUNT(words); i++)
        if (strcmp(words[i].op, node->op) == 0)
            return &words[i];
    return NULL;
}

static const char *describe(const Ask *a, Params *p) {
    *p = (Params){.count = (uint32_t)ocl_count(a->node->outputs[0])};
    return find_word(a->node)->describe(a, p);
}

/* The compiler's options; NULL: elements of this type are not done here. */
static const char *options_of(const OclService *ocl, const NnNode *node) {
    static const char *const moved[] = {
        [1] = "-DT=uchar", [2] = "-DT=ushort", [4] = "-DT=uint", [8] = "-DT=ulong"};
    const int32_t type = node->outputs[0]->type;
    const uint64_t size = nn_type_size(type);
    if (strcmp(node->op, "Range") == 0 && !nn_is(type, NN_INTEGERS))
        return type == NN_F32               ? "-DREALS -DT=uint"
               : type == NN_F16             ? "-DREALS -DREAL_F16 -DT=ushort"
               : type == NN_F64 && ocl->f64 ? "-DREALS -DREAL_F64 -DT=ulong"
                                            : NULL;
    return size < NN_COUNT(moved) ? moved[size] : NULL;
}

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    Params p;
    const OclService *ocl = ocl_service(nn, device, reason);
    if (ocl == NULL)
        return NN_UNSUPPORTED;
    if (options_of(ocl, node) == NULL || !ocl_small(node))
        return nn_fail(nn, reason, NN_UNSUPPORTED, "%s of such elements, or so many, is not done here",
                       node->op);
    const char *why = describe(&(Ask){nn, node, reason}, &p);
    return why ? nn_fail(nn, reason, NN_UNSUPPORTED, "%s: %s", node->op, why) : NN_OK;
}

static void add(const NnHost *nn, OclPlan *plan, const NnNode *node, const char *kernel, uint32_t n_args,
                const OclArg *args, const Params *p, uint64_t items, NnStatus *status) {
    const char *options = options_of(plan->ocl, node);
    const OclSource source = {.name = "arrange",
                              .parts = {strstr(options, "REALS") ? real_cl : NULL, fault_cl, arrange_cl},
                              .options = options};
    OclStage *s =
        nn->code(status) == NN_OK ? plan->ocl->stage(nn, plan, &source, kernel, n_args, status) : NULL;
    if (s == NULL)
        return;
    for (uint32_t i = 0; i < n_args; i++) {
        s->args[i] = args[i];
        if (args[i].role == OCL_INPUT && !nn_given(node, args[i].index))
            s->args[i].role = OCL_NOTHING;
    }
    ocl_items(s, items);
    (void)plan->ocl->params(nn, plan, s, p, sizeof *p, status);
}

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    const Word *w = find_word(node);
    const OclArg who = {.role = OCL_WORKSPACE}, find[] = {IN(1), who, FAULT};
    Params p;
    OclPlan *made = describe(&(Ask){nn, node, status}, &p) ? NULL : ocl_plan(nn, device, status);
    const bool claims = strcmp(node->op, "MaxUnpool") == 0;
    if (made && claims) {
        add(nn, made, node, "nobody", 1, &who, &p, p.columns, status);
        add(nn, made, node, "claim", 3, find, &p, p.count, status);
        out->workspace = UINT64_C(4) * p.columns;
    }
    if (made)
        add(nn, made, node, w->kernel, w->n_args, w->args, &p, claims ? p.columns : p.count, status);
    if (strcmp(node->op, "Trilu") == 0 || strcmp(node->op, "TensorScatter") == 0) {
        out->n_in_place = 1;
        out->in_place[0] = (NnInPlace){0, 0};
    }
    return ocl_planned(nn, made, out, status);
}

/* The update goes into a copy of the cache, unless the cache may be written to. */
static int32_t run_cache(void *state, const NnCall *call) {
    const OclPlan *made = state;
    const int32_t code = made->ocl->copy(call, call->outputs[0], call->inputs[0]);
    return code == NN_OK ? ocl_run(state, call) : code;
}

#define FOR_ALL(X)                                                                                           \
    X("", Trilu)                                                                                             \
    X("", EyeLike)                                                                                           \
    X("", Range) X("", ReverseSequence) X("nn", TensorGather) X("", MaxUnpool) X("nn", MaxUnpoolGrad)
#define DEFINE(dom, name) OCL_KERNEL(kernel_##name, dom, #name, match, plan)
#define EXPORT(dom, name) {NN_KERNEL_KIND, sizeof dom > 1 ? dom "/" #name : #name, &kernel_##name},
FOR_ALL(DEFINE)

static const NnKernel tensor_scatter = {.struct_size = sizeof tensor_scatter,
                                        .since_min = 1,
                                        .domain = "",
                                        .op = "TensorScatter",
                                        .device = "opencl",
                                        .match = match,
                                        .plan = plan,
                                        .run = run_cache,
                                        .release = ocl_release};

static const NnExport exports[] = {FOR_ALL(EXPORT){NN_KERNEL_KIND, "TensorScatter", &tensor_scatter}};
NN_PLUGIN(arrange, "Triangles, ranges, reversed sequences and caches by OpenCL.", exports)
