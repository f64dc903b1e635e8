/* SPDX-License-Identifier: Apache-2.0 */
/* The tangent of an angle in radians. */
#include "family/unary.h"

static int32_t compute(const NnCall *call) { return nn_unary_compute(call, tan, NULL); }
static int32_t gradient(NnGradient *g) {
    return nn_times_dy(g, nn_rule_shift(g, nn_rule2(g, "Mul", g->outputs[0], g->outputs[0]), 1));
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Tan", 22), NN_UNARY(NN_FLOATS),
                      NN_SAMPLES("[2,3]@-1.2:1.2", "[]@-1.2:1.2", "[4,1,2]@-1.2:1.2", "[0,3]"),
                      .doc = "The tangent: Y = tan(X).", .gradient = gradient, .compute = compute);

NN_OPERATORS(tan, "The tangent.", NN_OP("Tan", op))
