/* SPDX-License-Identifier: Apache-2.0 */
/* A copy; the operator by which a value is renamed or kept. */
#include "family/index.h"

static int32_t infer(NnInfer *n) {
    (void)nn_infer_same(n);
    nn_pass_value(n, n->node->inputs[0]->type, n->node->inputs[0]->rank);
    return NN_OK;
}

static int32_t gradient(NnGradient *g) {
    g->grads[0] = NN_DY(g);
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Identity", 21), .role = "copy", .flags = NN_OP_ELEMENTWISE | NN_OP_SAME,
                      NN_IN(NN_DATA(0)), NN_OUT({"output", "T", NN_ANY, 0, 0, "the same elements"}),
                      NN_SAMPLES("[2,3]", "[]", "[0,3]", "i64[3]@0:9", "bool[2]"),
                      .doc = "Copies its argument: output = data.", .infer = infer, .gradient = gradient,
                      .compute = nn_copy_compute);

NN_OPERATORS(identity, "A copy.", NN_OP("Identity", op))
