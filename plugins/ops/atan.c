/* SPDX-License-Identifier: Apache-2.0 */
/* The inverse of the tangent. */
#include "family/unary.h"

static int32_t compute(const NnCall *call) { return nn_unary_compute(call, atan, NULL); }
static int32_t gradient(NnGradient *g) {
    NnValue *square = nn_rule2(g, "Mul", g->inputs[0], g->inputs[0]);
    g->grads[0] = nn_rule2(g, "Div", NN_DY(g), nn_rule_shift(g, square, 1));
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Atan", 22), NN_UNARY(NN_FLOATS), NN_UNARY_SAMPLES,
                      .doc = "The arc tangent: Y = arctan(X).", .gradient = gradient, .compute = compute);

NN_OPERATORS(atan, "The arc tangent.", NN_OP("Atan", op))
