/* SPDX-License-Identifier: Apache-2.0 */
/* A sigmoid with slow tails (Bergstra, Desjardins, Lamblin, Bengio 2009). */
#include "family/unary.h"

static double real(double x) { return x / (1 + fabs(x)); }
static int32_t compute(const NnCall *call) { return nn_unary_compute(call, real, NULL); }

/* dY/dX = 1 / (1 + |X|)^2 */
static int32_t gradient(NnGradient *g) {
    NnValue *r = nn_rule1(g, "Reciprocal", nn_rule_shift(g, nn_rule1(g, "Abs", g->inputs[0]), 1));
    return nn_times_dy(g, nn_rule2(g, "Mul", r, r));
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Softsign", 22), NN_UNARY(NN_FLOATS), NN_UNARY_SAMPLES,
                      .doc = "The soft sign: Y = X / (1 + |X|).", .gradient = gradient, .compute = compute);

NN_OPERATORS(softsign, "The soft sign.", NN_OP("Softsign", op))
