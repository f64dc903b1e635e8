/* SPDX-License-Identifier: Apache-2.0 */
/* The logistic function; its slope is told by the result. */
#include "family/unary.h"

static double value(double x, const double *p) {
    (void)p;
    return 1 / (1 + exp(-x));
}

static double slope(double y, const double *p) {
    (void)p;
    return y * (1 - y);
}

static int32_t compute(const NnCall *call) { return nn_curve_compute(call, value, NULL); }
static int32_t gradient(NnGradient *g) { return nn_slope_rule(g, "nn/SigmoidGrad", g->outputs[0]); }

static int32_t grad_compute(const NnCall *call) { return nn_slope_compute(call, slope, NULL); }

static int32_t grad_gradient(NnGradient *g) {
    nn_slope_linear(g, "nn/SigmoidGrad");
    if (g->wanted[1]) {
        nn_slope_curved(g, nn_rule_shift(g, nn_rule_scale(g, g->inputs[1], -2), 1));
    }
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Sigmoid", 13), NN_UNARY(NN_FLOATS), NN_UNARY_SAMPLES,
                      .doc = "The logistic function: Y = 1 / (1 + e^-X).", .gradient = gradient,
                      .compute = compute);

NN_PRIMITIVE_OPERATOR(grad_op, NN_OURS("SigmoidGrad", 1), NN_SLOPE, NN_SLOPE_SAMPLES,
                      .doc = "Gradient of Sigmoid from its result: dX = dY * X * (1 - X).",
                      .gradient = grad_gradient, .compute = grad_compute);

NN_OPERATORS(sigmoid, "The logistic function.", NN_OP("Sigmoid", op), NN_OP("nn/SigmoidGrad", grad_op))
