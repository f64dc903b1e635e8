/* SPDX-License-Identifier: Apache-2.0 */
/* The upper or lower triangle of matrices. */
#include "family/index.h"

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    if (x->rank >= 0 && x->rank < 2)
        return nn_bad(n, "input has rank %d, expected 2 or more", x->rank);
    return nn_infer_same(n);
}

static int32_t gradient(NnGradient *g) {
    g->grads[0] =
        nn_rule_same_attrs(g, "Trilu", NN_VALUES(NN_DY(g), g->node->n_inputs > 1 ? g->inputs[1] : NULL));
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0], *k = nn_input(call, 1);
    NnTensor *y = call->outputs[0];
    const int64_t diagonal = k ? nn_load_int(nn_data(k), k->type, 0) : 0, n = nn_elements(x);
    const bool upper = nn_attr_int(call->node, "upper", 1) != 0;
    const int64_t rows = x->dims[x->rank - 2], columns = x->dims[x->rank - 1];
    for (int64_t i = 0; i < n; i++) {
        const int64_t above = i % columns - i / columns % rows - diagonal;
        if (upper ? above >= 0 : above <= 0)
            nn_move(nn_data(y), i, nn_data(x), i, 1, nn_type_size(x->type));
        else
            nn_store_int(nn_data(y), y->type, i, 0);
    }
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Trilu", 14),
                      NN_IN({"input", "T", NN_ANY, 0, 0, "matrices"},
                            {"k", NULL, NN_MASK(NN_I64), NN_OPTIONAL | NN_SHAPE_VALUE | NN_NO_GRADIENT, 0,
                             "the diagonal that bounds the triangle, a scalar; absent: the main one"}),
                      NN_OUT({"output", "T", NN_ANY, 0, 0, "the triangles, zeros elsewhere"}),
                      NN_ATTRIBUTES(NN_FLAG("upper", "1", "1: the upper triangle, 0: the lower one")),
                      NN_SAMPLES("[3,3]", "[2,2,3]; upper=0", "[3,3] i64[]{1}", "[3,4] i64[]{-1}; upper=0",
                                 "[0,3]"),
                      .doc = "Keeps the part of each matrix on and above, or on and below, diagonal k.",
                      .infer = infer, .gradient = gradient, .compute = compute);

NN_OPERATORS(trilu, "The triangle of a matrix.", NN_OP("Trilu", op))
