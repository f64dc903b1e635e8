/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses between two tensors, element by element. */
#include "family/broadcast.h"

static int32_t infer(NnInfer *n) { return nn_broadcast_infer(n, n->node->inputs[1]->type); }

static int32_t gradient(NnGradient *g) {
    NnValue *zero = nn_rule_scalar(g, NN_DY(g), 0);
    if (g->wanted[1])
        nn_broadcast_grad(g, 1, nn_rule3(g, "Where", g->inputs[0], NN_DY(g), zero));
    if (g->wanted[2])
        nn_broadcast_grad(g, 2, nn_rule3(g, "Where", g->inputs[0], zero, NN_DY(g)));
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    NnTensor *z = call->outputs[0];
    int64_t index[NN_MAX_RANK] = {0}, strides[3][NN_MAX_RANK];
    const int64_t n = nn_elements(z);
    const uint64_t size = nn_type_size(z->type);
    for (uint32_t k = 0; k < 3; k++)
        nn_broadcast_strides(call->inputs[k], z->rank, strides[k]);
    for (int64_t i = 0; i < n; i++, nn_next(z->rank, z->dims, index)) {
        const bool first =
            nn_load_int(nn_data(call->inputs[0]), NN_BOOL, nn_at(z->rank, index, strides[0])) != 0;
        const uint32_t k = first ? 1 : 2;
        nn_move(nn_data(z), i, nn_data(call->inputs[k]), nn_at(z->rank, index, strides[k]), 1, size);
    }
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("Where", 16), .role = "select", .flags = NN_OP_ELEMENTWISE,
    NN_IN({"condition", "B", NN_MASK(NN_BOOL), NN_NO_GRADIENT, 0, "which one"},
          {"X", "T", NN_ANY, 0, 0, "taken where the condition holds"},
          {"Y", "T", NN_ANY, 0, 0, "taken elsewhere"}),
    NN_OUT({"output", "T", NN_ANY, 0, 0, "the choice, of the broadcast shape"}),
    NN_SAMPLES("bool[2,3] [2,3] [2,3]", "bool[3] [2,1] []", "bool[] [2] [2]", "bool[0,3] [3] [1,1]",
               "bool[3] i64[3]@0:9 i64[]{7}"),
    .doc = "Chooses by element with broadcasting: output = X where condition holds, else Y.", .infer = infer,
    .gradient = gradient, .compute = compute);

NN_OPERATORS(where, "Chooses between two tensors.", NN_OP("Where", op))
