/* SPDX-License-Identifier: Apache-2.0 */
/* The slices along an axis for which a condition holds; how many they are is found while running. */
#include "family/index.h"

static bool flat(const NnNode *node) { return nn_attr(node, "axis") == NULL; }

/* Outer repetitions, extent along the axis, elements of a slice; without an axis data counts as a vector. */
static void shape(const NnNode *node, const NnTensor *x, int64_t *outer, int64_t *extent, int64_t *inner) {
    const int32_t axis = flat(node) ? 0 : nn_axis_of(nn_attr_int(node, "axis", 0), x->rank);
    *outer = flat(node) ? 1 : nn_product(x->dims, 0, axis);
    *extent = flat(node) ? nn_elements(x) : x->dims[axis];
    *inner = flat(node) ? 1 : nn_product(x->dims, axis + 1, x->rank);
}

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    int64_t axis = nn_attr_int(n->node, "axis", 0), dims[NN_MAX_RANK], all = 1;
    if (x->rank < 0 && !flat(n->node))
        return NN_OK;
    if (!flat(n->node) && nn_axis(n, "axis", &axis, x->rank) != NN_OK)
        return NN_INVALID;
    for (int32_t i = 0; i < x->rank; i++) {
        dims[i] = nn_dim_plain(x->dims[i]);
        all = all < 0 || dims[i] < 0 ? NN_DIM_UNKNOWN : all * dims[i];
    }
    const int64_t extent = x->rank < 0 ? NN_DIM_UNKNOWN : flat(n->node) ? all : dims[axis];
    dims[axis] = extent < 0 ? NN_DIM_UNKNOWN : nn_dim_bounded(extent);
    n->output(n, 0, x->type, flat(n->node) ? 1 : x->rank, dims);
    return NN_OK;
}

static bool holds(const NnTensor *condition, int64_t i) {
    return i < condition->dims[0] && nn_load_int(nn_data(condition), NN_BOOL, i) != 0;
}

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0], *condition = call->inputs[1];
    NnTensor *y = call->outputs[0];
    int64_t outer, extent, inner, kept = 0, to = 0;
    shape(call->node, x, &outer, &extent, &inner);
    for (int64_t i = 0; i < extent; i++)
        kept += holds(condition, i);
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < extent; i++)
            if (holds(condition, i)) {
                nn_move(nn_data(y), to, nn_data(x), (o * extent + i) * inner, inner, nn_type_size(x->type));
                to += inner;
            }
    y->dims[flat(call->node) ? 0 : nn_axis_of(nn_attr_int(call->node, "axis", 0), x->rank)] = kept;
    nn_dense(y->rank, y->dims, y->strides);
    return NN_OK;
}

static NnValue *with_axis(NnGradient *g, const char *op, NnValue *const *inputs, uint32_t n) {
    const NnAttr axis = NN_INT("axis", nn_attr_int(g->node, "axis", 0));
    return nn_op(g->host, g->graph, op, inputs, n, &axis, flat(g->node) ? 0 : 1);
}

static int32_t gradient(NnGradient *g) {
    g->grads[0] = with_axis(g, "nn/CompressGrad", NN_VALUES(NN_DY(g), g->inputs[1], g->inputs[0]));
    return NN_OK;
}

static int32_t grad_infer(NnInfer *n) {
    nn_output_like(n, 0, 2, n->node->inputs[0]->type);
    return NN_OK;
}

static int32_t grad_gradient(NnGradient *g) {
    g->grads[0] = with_axis(g, "Compress", NN_VALUES(NN_DY(g), g->inputs[1]));
    return NN_OK;
}

static int32_t grad_compute(const NnCall *call) {
    const NnTensor *dy = call->inputs[0], *condition = call->inputs[1];
    NnTensor *dx = call->outputs[0];
    int64_t outer, extent, inner, from = 0;
    shape(call->node, dx, &outer, &extent, &inner);
    nn_clear(dx);
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < extent; i++)
            if (holds(condition, i) && from + inner <= nn_elements(dy)) {
                nn_move(nn_data(dx), (o * extent + i) * inner, nn_data(dy), from, inner,
                        nn_type_size(dx->type));
                from += inner;
            }
    return NN_OK;
}

#define CONDITION                                                                                            \
    {                                                                                                        \
        "condition", "B", NN_MASK(NN_BOOL), NN_NO_GRADIENT, 0,                                               \
            "a vector; where it ends early, the rest is left out"                                            \
    }
#define AXIS NN_ATTRIBUTES(NN_WHOLE("axis", NULL, "along which; absent: data counts as a vector"))

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Compress", 11), NN_IN(NN_DATA(0), CONDITION),
                      NN_OUT({"output", "T", NN_ANY, 0, 0, "the slices that are kept"}), AXIS,
                      NN_SAMPLES("[3,2] bool[3]{1,0,1}; axis=0", "[2,3] bool[2]{0,1}; axis=1",
                                 "[2,2] bool[4]{1,1,0,1}", "[3] bool[3]{0,0,0}; axis=0",
                                 "[0,3] bool[0]; axis=0"),
                      .doc = "The slices along an axis for which condition holds.", .infer = infer,
                      .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(grad_op, NN_OURS("CompressGrad", 1),
                      NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of the slices"}, CONDITION, NN_LIKE),
                      NN_OUT({"dX", "T", NN_FLOATS, 0, 0, "gradient of data"}), AXIS,
                      NN_SAMPLES("[2,2] bool[3]{1,0,1} [3,2]; axis=0", "[3] bool[4]{1,1,0,1} [2,2]",
                                 "[0] bool[3]{0,0,0} [3]; axis=0"),
                      .doc = "Gradient of Compress: dY in its place among zeros.", .infer = grad_infer,
                      .gradient = grad_gradient, .compute = grad_compute);

NN_OPERATORS(compress, "The slices for which a condition holds.", NN_OP("Compress", op),
             NN_OP("nn/CompressGrad", grad_op))
