/* SPDX-License-Identifier: Apache-2.0 */
/* The hyperbolic tangent; its slope is told by the result. */
#include "family/unary.h"

static double value(double x, const double *p) {
    (void)p;
    return tanh(x);
}

static double slope(double y, const double *p) {
    (void)p;
    return 1 - y * y;
}

static int32_t compute(const NnCall *call) { return nn_curve_compute(call, value, NULL); }
static int32_t gradient(NnGradient *g) { return nn_slope_rule(g, "nn/TanhGrad", g->outputs[0]); }

static int32_t grad_compute(const NnCall *call) { return nn_slope_compute(call, slope, NULL); }

static int32_t grad_gradient(NnGradient *g) {
    nn_slope_linear(g, "nn/TanhGrad");
    if (g->wanted[1]) {
        nn_slope_curved(g, nn_rule_scale(g, g->inputs[1], -2));
    }
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Tanh", 13), NN_UNARY(NN_FLOATS), NN_UNARY_SAMPLES,
                      .doc = "The hyperbolic tangent: Y = (e^X - e^-X) / (e^X + e^-X).", .gradient = gradient,
                      .compute = compute);

NN_PRIMITIVE_OPERATOR(grad_op, NN_OURS("TanhGrad", 1), NN_SLOPE, NN_SLOPE_SAMPLES,
                      .doc = "Gradient of Tanh from its result: dX = dY * (1 - X^2).",
                      .gradient = grad_gradient, .compute = grad_compute);

NN_OPERATORS(tanh, "The hyperbolic tangent.", NN_OP("Tanh", op), NN_OP("nn/TanhGrad", grad_op))
