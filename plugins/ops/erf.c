/* SPDX-License-Identifier: Apache-2.0 */
/* The error function of the normal distribution. */
#include "family/unary.h"

static int32_t compute(const NnCall *call) { return nn_unary_compute(call, erf, NULL); }
static int32_t gradient(NnGradient *g) {
    NnValue *bell = nn_rule1(g, "Exp", nn_rule1(g, "Neg", nn_rule2(g, "Mul", g->inputs[0], g->inputs[0])));
    return nn_times_dy(g, nn_rule_scale(g, bell, 1.1283791670955126)); /* 2 / sqrt(pi) */
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Erf", 13), NN_UNARY(NN_FLOATS), NN_UNARY_SAMPLES,
                      .doc = "The error function: Y = 2 / sqrt(pi) * integral of e^(-t^2) from 0 to X.",
                      .gradient = gradient, .compute = compute);

NN_OPERATORS(erf, "The error function.", NN_OP("Erf", op))
