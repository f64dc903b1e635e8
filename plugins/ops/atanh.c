/* SPDX-License-Identifier: Apache-2.0 */
/* The inverse of the hyperbolic tangent. */
#include "family/unary.h"

static int32_t compute(const NnCall *call) { return nn_unary_compute(call, atanh, NULL); }
static int32_t gradient(NnGradient *g) {
    NnValue *square = nn_rule2(g, "Mul", g->inputs[0], g->inputs[0]);
    g->grads[0] =
        nn_rule2(g, "Div", NN_DY(g), nn_rule2(g, "Sub", nn_rule_scalar(g, g->inputs[0], 1), square));
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("Atanh", 22), NN_UNARY(NN_FLOATS),
    NN_SAMPLES("[2,3]@-.9:.9", "[]@-.9:.9", "[4,1,2]@-.9:.9", "[0,3]"),
    .doc = "The inverse hyperbolic tangent: Y = ln((1 + X) / (1 - X)) / 2, NaN outside of -1 .. 1.",
    .gradient = gradient, .compute = compute);

NN_OPERATORS(atanh, "The inverse hyperbolic tangent.", NN_OP("Atanh", op))
