/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that move elements about: Transpose, Expand, Slice, Pad and their gradients, Concat, Split,
 * fills. */
#include "move.h"

#include "plugins/ops-opencl/move.cl.h"

#define PIECES 64u /* of a Concat or a Split */

typedef struct Word {
    const char *op;
    const char *(*box)(const NnNode *, MoveBox *);
    bool clears; /* the box does not cover the result */
} Word;

static const Word words[] = {
    {"Transpose", move_transpose, false}, {"Expand", move_expand, false}, {"Slice", move_slice, false},
    {"SliceGrad", move_slice_grad, true}, {"Pad", move_pad, true},        {"PadGrad", move_pad_grad, true},
};

static const Word *find_word(const NnNode *node) {
    for (uint32_t i = 0; i < NN_COUNT(words); i++)
        if (strcmp(words[i].op, node->op) == 0)
            return &words[i];
    return NULL;
}

static const char *options_of(int32_t type) {
    static const char *const options[] = {
        [1] = "-DT=uchar", [2] = "-DT=ushort", [4] = "-DT=uint", [8] = "-DT=ulong"};
    const uint64_t size = nn_type_size(type);
    return size < NN_COUNT(options) ? options[size] : NULL;
}

static OclStage *stage(const NnHost *nn, OclPlan *plan, int32_t type, const char *kernel, uint32_t n_args,
                       const MoveParams *p, NnStatus *status) {
    const OclSource source = {.name = "move", .parts = {move_cl}, .options = options_of(type)};
    OclStage *s = plan->ocl->stage(nn, plan, &source, kernel, n_args, status);
    if (s) {
        ocl_items(s, p->count);
        (void)plan->ocl->params(nn, plan, s, p, sizeof *p, status);
    }
    return s;
}

/* Is it a transpose? Then dimension 1 is made the one that lies side by side in X, as dimension 0 does in Y.
 */
static bool tiles(MoveParams *p) {
    if (p->to_strides[0] != 1 || p->from_strides[0] == 1 || p->from_strides[0] == 0 || p->dims[0] < 4)
        return false;
    for (uint32_t d = 1; d < p->n; d++)
        if (p->from_strides[d] == 1 && p->dims[d] >= 4) {
            const MoveParams was = *p;
            p->dims[1] = was.dims[d];
            p->dims[d] = was.dims[1];
            p->from_strides[1] = was.from_strides[d];
            p->from_strides[d] = was.from_strides[1];
            p->to_strides[1] = was.to_strides[d];
            p->to_strides[d] = was.to_strides[1];
            return true;
        }
    return false;
}

/* Items, or groups, as move.cl shares the elements out. */
static void set_items(const OclService *ocl, OclStage *s, const MoveParams *p, bool tiled) {
    const uint64_t across = (p->dims[0] + 15) / 16, down = (p->dims[1] + 15) / 16;
    const uint64_t row = p->dims[0] > 0 ? p->dims[0] : 1, rows = p->count / row;
    if (tiled && ocl->cpu) {
        ocl_pieces(ocl, s, p->count > 0 ? across * down * (rows / p->dims[1]) : 0);
    } else if (tiled) {
        s->dims = 3;
        s->local[0] = 16;
        s->local[1] = 8;
        s->local[2] = 1;
        s->global[0] = (size_t)across * 16;
        s->global[1] = (size_t)down * 8;
        s->global[2] = p->count > 0 ? rows / p->dims[1] : 0;
    } else if (ocl->cpu) {
        ocl_pieces(ocl, s, rows * ((row + 4095) / 4096));
    } else {
        s->dims = 2;
        s->local[0] = s->global[0] = row > 32 ? 64 : row > 8 ? 32 : 8;
        s->local[1] = 64 / s->local[0];
        s->global[1] = (size_t)(rows + s->local[1] - 1) / s->local[1] * s->local[1];
    }
}

static bool add_move(const NnHost *nn, OclPlan *plan, int32_t type, uint32_t input, uint32_t output,
                     const MoveParams *given, NnStatus *status) {
    MoveParams p = *given;
    const bool tiled = tiles(&p);
    OclStage *s = stage(nn, plan, type, tiled ? "transpose" : "move", 2, &p, status);
    if (s) {
        ocl_arg(s, 0, OCL_INPUT, input);
        ocl_arg(s, 1, OCL_OUTPUT, output);
        set_items(plan->ocl, s, &p, tiled);
    }
    return s != NULL;
}

static bool add_fill(const NnHost *nn, OclPlan *plan, const NnValueInfo *y, uint64_t bits, NnStatus *status) {
    const MoveParams p = {.count = (uint32_t)ocl_count(y), .dims = {(uint32_t)bits, (uint32_t)(bits >> 32)}};
    OclStage *s = stage(nn, plan, y->type, "fill", 1, &p, status);
    if (s)
        ocl_arg(s, 0, OCL_OUTPUT, 0);
    return s != NULL;
}

static int32_t refuse(const NnHost *nn, const NnNode *node, const char *why, NnStatus *reason) {
    return nn_fail(nn, reason, NN_UNSUPPORTED, "%s: %s", node->op, why);
}

static int32_t match_type(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    (void)device;
    const NnValueInfo *y = node->outputs[0] ? node->outputs[0] : node->inputs[0];
    return options_of(y->type) && ocl_small(node)
               ? NN_OK
               : refuse(nn, node, "elements of this type are not moved here, or there are too many", reason);
}

/* ---- one box ---- */

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    MoveBox box;
    MoveParams p;
    if (match_type(nn, device, node, reason) != NN_OK)
        return NN_UNSUPPORTED;
    const char *why = find_word(node)->box(node, &box);
    if (why == NULL && !move_params(&box, &p))
        why = "too many dimensions";
    return why ? refuse(nn, node, why, reason) : NN_OK;
}

/* What a border is filled with: the third input of Pad, else zeros. */
static void add_border(const NnHost *nn, OclPlan *plan, const NnNode *node, NnStatus *status) {
    const NnValueInfo *y = node->outputs[0];
    if (strcmp(node->op, "Pad") != 0 || node->n_inputs < 3 || node->inputs[2] == NULL) {
        (void)add_fill(nn, plan, y, 0, status);
        return;
    }
    const MoveParams p = {.count = (uint32_t)ocl_count(y)};
    OclStage *s = stage(nn, plan, y->type, "fill_from", 2, &p, status);
    if (s) {
        ocl_arg(s, 0, OCL_INPUT, 2);
        ocl_arg(s, 1, OCL_OUTPUT, 0);
    }
}

static int32_t plan_box(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                        NnStatus *status) {
    const Word *w = find_word(node);
    MoveBox box;
    MoveParams p;
    OclPlan *plan = w->box(node, &box) == NULL && move_params(&box, &p) ? ocl_plan(nn, device, status) : NULL;
    if (plan && w->clears)
        add_border(nn, plan, node, status);
    if (plan && nn->code(status) == NN_OK)
        (void)add_move(nn, plan, node->outputs[0]->type, 0, 0, &p, status);
    return ocl_planned(nn, plan, out, status);
}

/* ---- Concat and Split: a box for each piece ---- */

static int32_t match_pieces(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    if (node->n_inputs + node->n_outputs > PIECES)
        return refuse(nn, node, "more pieces than are done here", reason);
    return match_type(nn, device, node, reason);
}

static int32_t plan_pieces(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                           NnStatus *status) {
    const bool joins = strcmp(node->op, "Concat") == 0;
    const NnValueInfo *whole = joins ? node->outputs[0] : node->inputs[0];
    const uint32_t n = joins ? node->n_inputs : node->n_outputs;
    const NnValueInfo *lengths = !joins && node->n_inputs > 1 ? node->inputs[1] : NULL;
    int64_t axis = nn_attr_int(node, "axis", 0), done = 0;
    axis += axis < 0 ? whole->rank : 0;
    OclPlan *plan = ocl_plan(nn, device, status);
    for (uint32_t i = 0; plan && i < n; i++) {
        const NnValueInfo *piece = joins ? node->inputs[i] : node->outputs[i];
        const int64_t even = (whole->dims[axis] + n - 1) / n, left = whole->dims[axis] - done;
        const int64_t length = piece         ? piece->dims[axis]
                               : lengths     ? ((const int64_t *)nn_data(lengths->value))[i]
                               : even < left ? even
                                             : left;
        MoveBox box = {.rank = whole->rank};
        MoveParams p;
        memcpy(box.dims, whole->dims, (size_t)whole->rank * sizeof *box.dims);
        box.dims[axis] = length;
        move_dense(whole->rank, whole->dims, joins ? box.to_strides : box.from_strides);
        *(joins ? &box.to : &box.from) = done * nn_product(whole->dims, (int32_t)axis + 1, whole->rank);
        move_dense(whole->rank, box.dims, joins ? box.from_strides : box.to_strides);
        done += length;
        if (piece == NULL || !move_params(&box, &p) || p.count == 0)
            continue;
        if (!add_move(nn, plan, whole->type, joins ? i : 0, joins ? 0 : i, &p, status))
            break;
    }
    return ocl_planned(nn, plan, out, status);
}

static int32_t match_split(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    if (node->n_inputs > 1 && node->inputs[1] && node->inputs[1]->value == NULL)
        return refuse(nn, node, "the lengths are not known", reason);
    return match_pieces(nn, device, node, reason);
}

/* ---- fills ---- */

/* The bits of 1. */
static uint64_t one_of(int32_t type) {
    switch (type) {
    case NN_F16: return 0x3c00;
    case NN_BF16: return 0x3f80;
    case NN_F32: return 0x3f800000;
    case NN_F64: return UINT64_C(0x3ff0000000000000);
    default: return 1;
    }
}

static int32_t plan_fill(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                         NnStatus *status) {
    const NnValueInfo *y = node->outputs[0];
    uint64_t bits = 0;
    const NnAttr *value = nn_attr(node, "value");
    if (strcmp(node->op, "OnesLike") == 0)
        bits = one_of(y->type);
    else if (value)
        memcpy(&bits, nn_data(value->u.tensor), nn_type_size(y->type));
    OclPlan *plan = ocl_plan(nn, device, status);
    if (plan)
        (void)add_fill(nn, plan, y, bits, status);
    return ocl_planned(nn, plan, out, status);
}

#define FOR_ALL(X)                                                                                           \
    X("", Transpose, match, plan_box)                                                                        \
    X("", Expand, match, plan_box)                                                                           \
    X("", Slice, match, plan_box)                                                                            \
    X("nn", SliceGrad, match, plan_box)                                                                      \
    X("", Pad, match, plan_box)                                                                              \
    X("nn", PadGrad, match, plan_box)                                                                        \
    X("", Concat, match_pieces, plan_pieces)                                                                 \
    X("", Split, match_split, plan_pieces)                                                                   \
    X("nn", ZerosLike, match_type, plan_fill)                                                                \
    X("nn", OnesLike, match_type, plan_fill)                                                                 \
    X("", ConstantOfShape, match_type, plan_fill)
#define DEFINE(dom, name, m, p) OCL_KERNEL(kernel_##name, dom, #name, m, p)
#define EXPORT(dom, name, m, p) {NN_KERNEL_KIND, sizeof dom > 1 ? dom "/" #name : #name, &kernel_##name},
FOR_ALL(DEFINE)

static const NnExport exports[] = {FOR_ALL(EXPORT)};
NN_PLUGIN(move, "Moving elements by OpenCL.", exports)
