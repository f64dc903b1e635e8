/* SPDX-License-Identifier: Apache-2.0 */
/* The square root; its slope is told by the result. */
#include "family/unary.h"

static int32_t compute(const NnCall *call) { return nn_unary_compute(call, sqrt, NULL); }
static int32_t gradient(NnGradient *g) {
    g->grads[0] = nn_rule2(g, "Div", NN_DY(g), nn_rule_scale(g, g->outputs[0], 2));
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Sqrt", 13), NN_UNARY(NN_FLOATS),
                      NN_SAMPLES("[2,3]@.1:2", "[]@.1:2", "[4,1,2]@.1:2", "[0,3]"),
                      .doc = "The square root by element: Y = sqrt(X), NaN for X < 0.", .gradient = gradient,
                      .compute = compute);

NN_OPERATORS(sqrt, "The square root by element.", NN_OP("Sqrt", op))
