/* SPDX-License-Identifier: Apache-2.0 */
/* The inverse of the hyperbolic sine. */
#include "family/unary.h"

static int32_t compute(const NnCall *call) { return nn_unary_compute(call, asinh, NULL); }
static int32_t gradient(NnGradient *g) {
    NnValue *square = nn_rule2(g, "Mul", g->inputs[0], g->inputs[0]);
    g->grads[0] = nn_rule2(g, "Div", NN_DY(g), nn_rule1(g, "Sqrt", nn_rule_shift(g, square, 1)));
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Asinh", 22), NN_UNARY(NN_FLOATS), NN_UNARY_SAMPLES,
                      .doc = "The inverse hyperbolic sine: Y = ln(X + sqrt(X^2 + 1)).", .gradient = gradient,
                      .compute = compute);

NN_OPERATORS(asinh, "The inverse hyperbolic sine.", NN_OP("Asinh", op))
