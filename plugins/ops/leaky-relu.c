/* SPDX-License-Identifier: Apache-2.0 */
/* A rectifier that lets a little through below zero. */
#include "family/unary.h"

static double value(double x, const double *p) { return x < 0 ? p[0] * x : x; }
static double slope(double x, const double *p) { return x < 0 ? p[0] : 1; }

static int32_t compute(const NnCall *call) {
    const double p[] = {nn_attr_float(call->node, "alpha", .01)};
    return nn_curve_compute(call, value, p);
}
static int32_t gradient(NnGradient *g) { return nn_slope_rule(g, "nn/LeakyReluGrad", g->inputs[0]); }

static int32_t grad_compute(const NnCall *call) {
    const double p[] = {nn_attr_float(call->node, "alpha", .01)};
    return nn_slope_compute(call, slope, p);
}

static int32_t grad_gradient(NnGradient *g) {
    nn_slope_linear(g, "nn/LeakyReluGrad");
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("LeakyRelu", 16), NN_UNARY(NN_FLOATS),
                      NN_ATTRIBUTES(NN_REAL("alpha", "0.01", "slope below zero")), NN_UNARY_SAMPLES,
                      .doc = "The leaky rectifier: Y = X where X >= 0, else alpha * X.", .gradient = gradient,
                      .compute = compute);

NN_PRIMITIVE_OPERATOR(grad_op, NN_OURS("LeakyReluGrad", 1), NN_SLOPE,
                      NN_ATTRIBUTES(NN_REAL("alpha", "0.01", "slope below zero")), NN_SLOPE_SAMPLES,
                      .doc = "Gradient of LeakyRelu: dX = dY times its slope at X.",
                      .gradient = grad_gradient, .compute = grad_compute);

NN_OPERATORS(leaky_relu, "The leaky rectifier.", NN_OP("LeakyRelu", op), NN_OP("nn/LeakyReluGrad", grad_op))
