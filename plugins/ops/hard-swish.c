/* SPDX-License-Identifier: Apache-2.0 */
/* The swish in pieces (Howard et al. 2019). */
#include "family/unary.h"

static double value(double x, const double *p) {
    (void)p;
    return x <= -3 ? 0 : x >= 3 ? x : x * (x / 6 + .5);
}

static double slope(double x, const double *p) {
    (void)p;
    return x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + .5;
}

static int32_t compute(const NnCall *call) { return nn_curve_compute(call, value, NULL); }
static int32_t gradient(NnGradient *g) { return nn_slope_rule(g, "nn/HardSwishGrad", g->inputs[0]); }

static int32_t grad_compute(const NnCall *call) { return nn_slope_compute(call, slope, NULL); }

static int32_t grad_gradient(NnGradient *g) {
    nn_slope_linear(g, "nn/HardSwishGrad");
    if (g->wanted[1]) {
        NnValue *inside = nn_rule_test(g, "Less", nn_rule1(g, "Abs", g->inputs[1]), 3);
        nn_slope_curved(g, nn_rule_scale(g, inside, 1. / 3));
    }
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("HardSwish", 22), NN_UNARY(NN_FLOATS), NN_UNARY_SAMPLES,
                      .doc = "The piecewise swish: Y = X * max(0, min(1, X / 6 + 1 / 2)).",
                      .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(grad_op, NN_OURS("HardSwishGrad", 1), NN_SLOPE, NN_SLOPE_SAMPLES,
                      .doc = "Gradient of HardSwish: dX = dY times its slope at X.",
                      .gradient = grad_gradient, .compute = grad_compute);

NN_OPERATORS(hard_swish, "The piecewise swish.", NN_OP("HardSwish", op), NN_OP("nn/HardSwishGrad", grad_op))
