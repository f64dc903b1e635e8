/* SPDX-License-Identifier: Apache-2.0 */
/* The logistic function in three straight pieces. */
#include "family/unary.h"

static double value(double x, const double *p) {
    const double y = p[0] * x + p[1];
    return y < 0 ? 0 : y > 1 ? 1 : y;
}

static double slope(double x, const double *p) {
    const double y = p[0] * x + p[1];
    return y > 0 && y < 1 ? p[0] : 0;
}

static int32_t compute(const NnCall *call) {
    const double p[] = {nn_attr_float(call->node, "alpha", .2), nn_attr_float(call->node, "beta", .5)};
    return nn_curve_compute(call, value, p);
}
static int32_t gradient(NnGradient *g) { return nn_slope_rule(g, "nn/HardSigmoidGrad", g->inputs[0]); }

static int32_t grad_compute(const NnCall *call) {
    const double p[] = {nn_attr_float(call->node, "alpha", .2), nn_attr_float(call->node, "beta", .5)};
    return nn_slope_compute(call, slope, p);
}

static int32_t grad_gradient(NnGradient *g) {
    nn_slope_linear(g, "nn/HardSigmoidGrad");
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("HardSigmoid", 22), NN_UNARY(NN_FLOATS),
                      NN_ATTRIBUTES(NN_REAL("alpha", "0.2", "slope"), NN_REAL("beta", "0.5", "value at 0")),
                      NN_UNARY_SAMPLES,
                      .doc = "The piecewise linear sigmoid: Y = max(0, min(1, alpha * X + beta)).",
                      .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(grad_op, NN_OURS("HardSigmoidGrad", 1), NN_SLOPE,
                      NN_ATTRIBUTES(NN_REAL("alpha", "0.2", "slope"), NN_REAL("beta", "0.5", "value at 0")),
                      NN_SLOPE_SAMPLES, .doc = "Gradient of HardSigmoid: dX = dY times its slope at X.",
                      .gradient = grad_gradient, .compute = grad_compute);

NN_OPERATORS(hard_sigmoid, "The piecewise linear sigmoid.", NN_OP("HardSigmoid", op),
             NN_OP("nn/HardSigmoidGrad", grad_op))
