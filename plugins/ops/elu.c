/* SPDX-License-Identifier: Apache-2.0 */
/* The exponential linear unit (Clevert, Unterthiner, Hochreiter 2016). */
#include "family/unary.h"

static double value(double x, const double *p) { return x > 0 ? x : p[0] * expm1(x); }
static double slope(double x, const double *p) { return x > 0 ? 1 : p[0] * exp(x); }

static int32_t compute(const NnCall *call) {
    const double p[] = {nn_attr_float(call->node, "alpha", 1)};
    return nn_curve_compute(call, value, p);
}
static int32_t gradient(NnGradient *g) { return nn_slope_rule(g, "nn/EluGrad", g->inputs[0]); }

static int32_t grad_compute(const NnCall *call) {
    const double p[] = {nn_attr_float(call->node, "alpha", 1)};
    return nn_slope_compute(call, slope, p);
}

static int32_t grad_gradient(NnGradient *g) {
    nn_slope_linear(g, "nn/EluGrad");
    if (g->wanted[1]) {
        NnValue *low = nn_rule_test(g, "LessOrEqual", g->inputs[1], 0);
        NnValue *e = nn_rule1(g, "Exp", nn_rule2(g, "Mul", g->inputs[1], low));
        nn_slope_curved(g, nn_rule_scale(g, nn_rule2(g, "Mul", low, e), nn_attr_float(g->node, "alpha", 1)));
    }
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Elu", 22), NN_UNARY(NN_FLOATS),
                      NN_ATTRIBUTES(NN_REAL("alpha", "1.0",
                                            "limit for very negative arguments, up to the sign")),
                      NN_UNARY_SAMPLES,
                      .doc = "The exponential linear unit: Y = X where X > 0, else alpha * (e^X - 1).",
                      .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(grad_op, NN_OURS("EluGrad", 1), NN_SLOPE,
                      NN_ATTRIBUTES(NN_REAL("alpha", "1.0",
                                            "limit for very negative arguments, up to the sign")),
                      NN_SLOPE_SAMPLES, .doc = "Gradient of Elu: dX = dY times its slope at X.",
                      .gradient = grad_gradient, .compute = grad_compute);

NN_OPERATORS(elu, "The exponential linear unit.", NN_OP("Elu", op), NN_OP("nn/EluGrad", grad_op))
