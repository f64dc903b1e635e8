/* SPDX-License-Identifier: Apache-2.0 */
/* CumSum, CumProd and its gradient, TopK, Hardmax and LpNormalization: what goes along the lines of an axis.
 */
#include "ops-opencl/opencl.h"

#include "ops/family/index.h"
#include "plugins/ops-opencl/lines.cl.h"
#include "plugins/ops-opencl/real.cl.h"

#define GROUP 64u /* items that share a line */
#define FEW 4096u /* lines that do not keep a device busy which is no processor */

/* As lines.cl has it. */
typedef struct Params {
    uint32_t lines, n, inner, k, reverse, exclusive, largest, p;
} Params;

typedef struct Word {
    const char *op, *kernel, *grouped; /* grouped: by so many items a line, or NULL */
    uint32_t axis_input;               /* 0: an attribute */
    int32_t axis;                      /* when the attribute is absent */
    bool integers, products;
} Word;

static const Word words[] = {
    {"CumSum", "scan", "scan_group", 1, 0, true, false},
    {"CumProd", "scan", "scan_group", 1, 0, true, true},
    {"CumProdGrad", "product_grad", NULL, 2, 0, false, true},
    {"TopK", "top", "top_group", 0, -1, true, false},
    {"Hardmax", "hardmax", NULL, 0, -1, false, false},
    {"LpNormalization", "unit", NULL, 0, -1, false, false},
};

static const Word *find_word(const NnNode *node) {
    for (uint32_t i = 0; i < NN_COUNT(words); i++)
        if (strcmp(words[i].op, node->op) == 0)
            return &words[i];
    return NULL;
}

/* The lines of the input; false: along which axis is not known. */
static bool describe(const NnNode *node, Params *p) {
    const Word *w = find_word(node);
    const NnValueInfo *x = node->inputs[0];
    int64_t axis = nn_attr_int(node, "axis", w->axis);
    if (w->axis_input) {
        const NnTensor *given = node->inputs[w->axis_input]->value;
        if (given == NULL)
            return false;
        axis = nn_load_int(nn_data(given), given->type, 0);
    }
    axis += axis < 0 ? x->rank : 0;
    if (axis < 0 || axis >= x->rank)
        return false;
    const int64_t inner = nn_product(x->dims, (int32_t)axis + 1, x->rank);
    *p = (Params){.lines = (uint32_t)(nn_product(x->dims, 0, (int32_t)axis) * inner),
                  .n = (uint32_t)x->dims[axis],
                  .inner = (uint32_t)inner,
                  .reverse = nn_attr_int(node, "reverse", 0) != 0,
                  .exclusive = nn_attr_int(node, "exclusive", 0) != 0,
                  .largest = nn_attr_int(node, "largest", 1) != 0,
                  .p = (uint32_t)nn_attr_int(node, "p", 2)};
    const NnValueInfo *y = node->outputs[0]      ? node->outputs[0]
                           : node->n_outputs > 1 ? node->outputs[1]
                                                 : NULL;
    p->k = y ? (uint32_t)y->dims[axis] : 0;
    return true;
}

/* Of integers; sums and products are those of unsigned ones. */
static const char *whole(const NnNode *node) {
    static const char *const names[NN_TYPE_COUNT] = {
        [NN_U8] = "uchar", [NN_U16] = "ushort", [NN_U32] = "uint", [NN_U64] = "ulong",
        [NN_I8] = "char",  [NN_I16] = "short",  [NN_I32] = "int",  [NN_I64] = "long"};
    const int32_t type = node->inputs[0]->type;
    const bool signed_too = strcmp(node->op, "TopK") == 0;
    const char *name = type > 0 && type < NN_TYPE_COUNT && find_word(node)->integers ? names[type] : NULL;
    if (name == NULL || signed_too || nn_is(type, NN_UNSIGNED))
        return name;
    return type == NN_I8 ? "uchar" : type == NN_I16 ? "ushort" : type == NN_I32 ? "uint" : "ulong";
}

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    Params p;
    if (whole(node) == NULL && ocl_match_real(nn, device, node, reason) != NN_OK)
        return NN_UNSUPPORTED;
    if (!ocl_small(node) || !describe(node, &p))
        return nn_fail(nn, reason, NN_UNSUPPORTED,
                       "%s: the axis is not known when it is planned, or too much", node->op);
    if (strcmp(node->op, "TopK") == 0 && (node->outputs[0] == NULL || node->outputs[1] == NULL))
        return nn_fail(nn, reason, NN_UNSUPPORTED, "TopK: values and indices are made together");
    return NN_OK;
}

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    const Word *w = find_word(node);
    const int32_t type = node->inputs[0]->type;
    const bool top = strcmp(node->op, "TopK") == 0, grad = strcmp(node->op, "CumProdGrad") == 0;
    const OclArg x = {.role = OCL_INPUT}, y = {.role = OCL_OUTPUT};
    const OclArg args[] = {x,
                           grad ? (OclArg){.role = OCL_INPUT, .index = 1} : y,
                           grad ? y : (OclArg){.role = OCL_OUTPUT, .index = 1},
                           {.role = OCL_WORKSPACE, .size = ocl_real_size(type)}};
    char options[96];
    Params p;
    (void)snprintf(options, sizeof options, "%s%s%s", whole(node) ? "-DT=" : "-DREALS ",
                   whole(node) ? whole(node) : ocl_real(type), w->products ? " -DPRODUCTS" : "");
    const OclSource source = {
        .name = "lines", .parts = {whole(node) ? NULL : real_cl, lines_cl}, .options = options};
    OclPlan *made = describe(node, &p) ? ocl_plan(nn, device, status) : NULL;
    const bool shared = made && w->grouped && !made->ocl->cpu && p.lines < FEW && p.n >= 4 * GROUP;
    const uint32_t n_args = grad ? 4 : top ? 3 : 2;
    OclStage *s =
        made ? made->ocl->stage(nn, made, &source, shared ? w->grouped : w->kernel, n_args, status) : NULL;
    if (s) {
        memcpy(s->args, args, n_args * sizeof *args);
        if (shared)
            ocl_groups(s, p.lines, GROUP);
        else if (made->ocl->cpu)
            ocl_groups(s, (p.lines + 3) / 4, 4); /* for all processors */
        else
            ocl_items(s, p.lines);
        (void)made->ocl->params(nn, made, s, &p, sizeof p, status);
    }
    out->workspace = grad ? ocl_count(node->inputs[0]) * ocl_real_size(type) : 0;
    return ocl_planned(nn, made, out, status);
}

#define FOR_ALL(X)                                                                                           \
    X("", CumSum) X("", CumProd) X("nn", CumProdGrad) X("", TopK) X("", Hardmax) X("", LpNormalization)
#define DEFINE(dom, name) OCL_KERNEL(kernel_##name, dom, #name, match, plan)
#define EXPORT(dom, name) {NN_KERNEL_KIND, sizeof dom > 1 ? dom "/" #name : #name, &kernel_##name},
FOR_ALL(DEFINE)

static const NnExport exports[] = {FOR_ALL(EXPORT)};
NN_PLUGIN(lines, "Running sums and the best elements by OpenCL.", exports)
