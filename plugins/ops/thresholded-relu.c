/* SPDX-License-Identifier: Apache-2.0 */
/* A rectifier with a threshold. */
#include "family/unary.h"

static double value(double x, const double *p) { return x <= p[0] ? 0 : x; }
static double slope(double x, const double *p) { return x > p[0]; }

static int32_t compute(const NnCall *call) {
    const double p[] = {nn_attr_float(call->node, "alpha", 1)};
    return nn_curve_compute(call, value, p);
}
static int32_t gradient(NnGradient *g) { return nn_slope_rule(g, "nn/ThresholdedReluGrad", g->inputs[0]); }

static int32_t grad_compute(const NnCall *call) {
    const double p[] = {nn_attr_float(call->node, "alpha", 1)};
    return nn_slope_compute(call, slope, p);
}

static int32_t grad_gradient(NnGradient *g) {
    nn_slope_linear(g, "nn/ThresholdedReluGrad");
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("ThresholdedRelu", 22), NN_UNARY(NN_FLOATS),
                      NN_ATTRIBUTES(NN_REAL("alpha", "1.0", "threshold")),
                      NN_SAMPLES("[2,3]@-2:3", "[]", "[0,3]", "[5]; alpha=.3"),
                      .doc = "The rectifier with a threshold: Y = X where X > alpha, else 0.",
                      .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(grad_op, NN_OURS("ThresholdedReluGrad", 1), NN_SLOPE,
                      NN_ATTRIBUTES(NN_REAL("alpha", "1.0", "threshold")), NN_SLOPE_SAMPLES,
                      .doc = "Gradient of ThresholdedRelu: dX = dY times its slope at X.",
                      .gradient = grad_gradient, .compute = grad_compute);

NN_OPERATORS(thresholded_relu, "The rectifier with a threshold.", NN_OP("ThresholdedRelu", op),
             NN_OP("nn/ThresholdedReluGrad", grad_op))
