/* SPDX-License-Identifier: Apache-2.0 */
/* Elements picked by an index of their own each, along an axis. */
#include "family/scatter.h"

static int32_t infer(NnInfer *n) {
    const int32_t code = nn_elements_infer(n);
    if (code == NN_OK)
        nn_output_like(n, 0, 1, n->node->inputs[0]->type);
    return code;
}

static int32_t gradient(NnGradient *g) {
    NnValue *zeros = nn_rule1(g, "nn/ZerosLike", g->inputs[0]);
    const NnAttr attrs[] = {NN_INT("axis", nn_attr_int(g->node, "axis", 0)), NN_TEXT("reduction", "add")};
    g->grads[0] =
        nn_op(g->host, g->graph, "ScatterElements", NN_VALUES(zeros, g->inputs[1], NN_DY(g)), attrs, 2);
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0], *at = call->inputs[1];
    NnTensor *y = call->outputs[0];
    const int32_t axis = nn_axis_of(nn_attr_int(call->node, "axis", 0), x->rank);
    int64_t index[NN_MAX_RANK] = {0};
    const int64_t n = nn_elements(at);
    for (int64_t i = 0; i < n; i++, nn_next(at->rank, at->dims, index)) {
        int64_t from;
        const int32_t code = nn_elements_position(call, at, i, index, x, axis, &from);
        if (code != NN_OK)
            return code;
        nn_move(nn_data(y), i, nn_data(x), from, 1, nn_type_size(y->type));
    }
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("GatherElements", 13), NN_IN(NN_DATA(0), NN_ELEMENT_INDICES),
                      NN_OUT({"output", "T", NN_ANY, 0, 0, "the elements, in the shape of indices"}),
                      NN_ATTRIBUTES(NN_AXIS("0")),
                      NN_SAMPLES("[3,2] i64[2,2]{2,0,2,1}", "[2,3] i64[2,2]{2,0,-1,1}; axis=1", "[3] i64[0]",
                                 "[0,3] i64[0,3]"),
                      .doc = "Picks elements: output[i][j] = data[indices[i][j]][j] for axis 0.",
                      .infer = infer, .gradient = gradient, .compute = compute);

NN_OPERATORS(gather_elements, "Elements picked by an index each.", NN_OP("GatherElements", op))
