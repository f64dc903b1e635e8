/* SPDX-License-Identifier: Apache-2.0 */
/* The cosine of an angle in radians. */
#include "family/unary.h"

static int32_t compute(const NnCall *call) { return nn_unary_compute(call, cos, NULL); }
static int32_t gradient(NnGradient *g) {
    return nn_times_dy(g, nn_rule1(g, "Neg", nn_rule1(g, "Sin", g->inputs[0])));
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Cos", 22), NN_UNARY(NN_FLOATS), NN_UNARY_SAMPLES,
                      .doc = "The cosine: Y = cos(X).", .gradient = gradient, .compute = compute);

NN_OPERATORS(cos, "The cosine.", NN_OP("Cos", op))
