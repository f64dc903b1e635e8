/* SPDX-License-Identifier: Apache-2.0 */
/* MaxPool, AveragePool and their gradients over one or two spatial dimensions. */
#include "ops-opencl/opencl.h"

#include "ops/family/pool.h"
#include "plugins/ops-opencl/fault.cl.h"
#include "plugins/ops-opencl/lanes.cl.h"
#include "plugins/ops-opencl/pool.cl.h"
#include "plugins/ops-opencl/real.cl.h"

/* As pool.cl has it. */
typedef struct Params {
    uint32_t planes, h, w, out_h, out_w, kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w,
        padding;
    int32_t pad_h, pad_w, end_h, end_w;
    uint32_t columns, with_indices;
} Params;

typedef struct Word {
    const char *op, *kernel;
    bool window; /* has one; MaxPoolGrad knows places only */
    bool grad;
    bool by_input, by_plane; /* an item makes an element of X, or a plane of it; else one of Y */
} Word;

static const Word words[] = {
    {"MaxPool", "max_pool", true, false, false, false},
    {"MaxPoolGrad", "max_pool_grad", false, true, false, true},
    {"AveragePool", "average_pool", true, false, false, false},
    {"AveragePoolGrad", "average_pool_grad", true, true, true, false},
};

static const Word *find_word(const NnNode *node) {
    for (uint32_t i = 0; i < NN_COUNT(words); i++)
        if (strcmp(words[i].op, node->op) == 0)
            return &words[i];
    return NULL;
}

static void set_window(const NnNode *node, NnWindow *w, const NnValueInfo *x, Params *p) {
    for (int32_t i = 0; i < x->rank - 2; i++)
        (void)nn_window_count(node, w, i, x->dims[i + 2]);
    nn_window_fill(w);
    p->kernel_h = (uint32_t)w->kernel[1];
    p->kernel_w = (uint32_t)w->kernel[2];
    p->stride_h = (uint32_t)w->stride[1];
    p->stride_w = (uint32_t)w->stride[2];
    p->dilation_h = (uint32_t)w->dilation[1];
    p->dilation_w = (uint32_t)w->dilation[2];
    p->pad_h = (int32_t)w->before[1];
    p->pad_w = (int32_t)w->before[2];
    p->end_h = (int32_t)p->h + (int32_t)w->after[1];
    p->end_w = (int32_t)p->w + (int32_t)w->after[2];
}

static const char *describe(const NnHost *nn, const NnNode *node, Params *p, NnStatus *status) {
    const Word *word = find_word(node);
    const NnValueInfo *x = word->grad ? node->outputs[0] : node->inputs[0],
                      *y = word->grad ? node->inputs[0] : node->outputs[0];
    NnWindow w;
    if (y == NULL)
        return "nobody reads it";
    if (x->rank < 3 || x->rank > 4)
        return "it is done over one or two spatial dimensions only";
    if (y->rank != x->rank || nn_product(y->dims, 0, 2) != nn_product(x->dims, 0, 2))
        return "the planes do not fit";
    const bool flat = x->rank == 3;
    *p = (Params){.planes = (uint32_t)nn_product(x->dims, 0, 2),
                  .h = flat ? 1 : (uint32_t)x->dims[2],
                  .w = (uint32_t)x->dims[x->rank - 1],
                  .out_h = flat ? 1 : (uint32_t)y->dims[2],
                  .out_w = (uint32_t)y->dims[y->rank - 1],
                  .padding = nn_attr_int(node, "count_include_pad", 0) != 0,
                  .columns = nn_attr_int(node, "storage_order", 0) != 0,
                  .with_indices = !word->grad && node->n_outputs > 1 && node->outputs[1]};
    if (!word->window)
        return NULL;
    if (nn_pool_window(nn, status, node, x->rank, &w) != NN_OK)
        return "its window is not valid";
    set_window(node, &w, x, p);
    /* Columns first counts a single dimension as rows first does. */
    p->columns = p->columns && !flat;
    return NULL;
}

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    Params p;
    if (ocl_match_real(nn, device, node, reason) != NN_OK)
        return NN_UNSUPPORTED;
    const char *why = describe(nn, node, &p, reason);
    return why ? nn_fail(nn, reason, NN_UNSUPPORTED, "%s: %s", node->op, why) : NN_OK;
}

/* Items as pool.cl shares the work out. */
static void set_items(const OclService *ocl, OclStage *s, const Word *word, const Params *p, bool wide) {
    const uint64_t rows = (uint64_t)p->planes * (word->grad ? p->h : p->out_h);
    if (word->by_plane)
        ocl_pieces(ocl, s, (uint64_t)p->planes * (ocl->cpu ? 1 : 64));
    else if (word->by_input && ocl->cpu)
        ocl_pieces(ocl, s, rows * ((p->w + 63) / 64));
    else if (wide && !word->grad)
        ocl_pieces(ocl, s, (rows + 3) / 4 * ((p->out_w + 15) / 16));
    else
        ocl_items(s, rows * (word->by_input ? p->w : p->out_w));
}

static OclStage *stage(const NnHost *nn, OclPlan *plan, const NnNode *node, const char *kernel, bool wide,
                       const Params *p, uint32_t n_args, const OclArg *args, NnStatus *status) {
    char options[64];
    (void)snprintf(options, sizeof options, "-DLANES=%d %s", wide ? 16 : 1, ocl_real(node->inputs[0]->type));
    const OclSource source = {
        .name = "pool", .parts = {real_cl, lanes_cl, fault_cl, pool_cl}, .options = options};
    OclStage *s = plan->ocl->stage(nn, plan, &source, kernel, n_args, status);
    if (s) {
        memcpy(s->args, args, n_args * sizeof *args);
        (void)plan->ocl->params(nn, plan, s, p, sizeof *p, status);
    }
    return s;
}

/* Workspace: the sums of MaxPoolGrad where its result has halves. */
static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    const Word *word = find_word(node);
    Params p;
    const char *why = describe(nn, node, &p, status);
    if (why)
        return nn_fail(nn, status, NN_UNSUPPORTED, "%s", why);
    const bool narrow = word->by_plane && node->inputs[0]->type == NN_F16;
    const OclArg y = {.role = OCL_OUTPUT}, sums = {.role = narrow ? OCL_WORKSPACE : OCL_OUTPUT},
                 at = {.role = p.with_indices ? OCL_OUTPUT : OCL_NOTHING, .index = 1};
    const OclArg by_plane[] = {{.role = OCL_INPUT},
                               {.role = OCL_INPUT, .index = 1},
                               sums,
                               {.role = OCL_FAULT}},
                 others[] = {{.role = OCL_INPUT}, y, at}, last[] = {sums, y};
    OclPlan *made = ocl_plan(nn, device, status);
    if (made == NULL)
        return nn->code(status);
    const bool wide = made->ocl->cpu && (word->grad || p.out_w >= 4);
    const uint32_t n_args = word->by_plane ? 4 : strcmp(word->op, "MaxPool") == 0 ? 3 : 2;
    OclStage *s =
        stage(nn, made, node, word->kernel, wide, &p, n_args, word->by_plane ? by_plane : others, status);
    if (s)
        set_items(made->ocl, s, word, &p, wide);
    if (s && narrow && (s = stage(nn, made, node, "narrow", wide, &p, 2, last, status)) != NULL) {
        ocl_items(s, ocl_count(node->outputs[0]));
        out->workspace = 4 * ocl_count(node->outputs[0]);
    }
    return ocl_planned(nn, made, out, status);
}

OCL_KERNEL(max_pool, "", "MaxPool", match, plan)
OCL_KERNEL(max_pool_grad, "nn", "MaxPoolGrad", match, plan)
OCL_KERNEL(average_pool, "", "AveragePool", match, plan)
OCL_KERNEL(average_pool_grad, "nn", "AveragePoolGrad", match, plan)

static const NnExport exports[] = {{NN_KERNEL_KIND, "MaxPool", &max_pool},
                                   {NN_KERNEL_KIND, "nn/MaxPoolGrad", &max_pool_grad},
                                   {NN_KERNEL_KIND, "AveragePool", &average_pool},
                                   {NN_KERNEL_KIND, "nn/AveragePoolGrad", &average_pool_grad}};
NN_PLUGIN(pool, "Pools by OpenCL.", exports)
