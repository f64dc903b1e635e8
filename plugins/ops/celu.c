/* SPDX-License-Identifier: Apache-2.0 */
/* The continuously differentiable exponential unit (Barron 2017). */
#include "family/unary.h"

static double value(double x, const double *p) { return x > 0 ? x : p[0] * expm1(x / p[0]); }
static double slope(double x, const double *p) { return x > 0 ? 1 : exp(x / p[0]); }

static int32_t compute(const NnCall *call) {
    const double p[] = {nn_attr_float(call->node, "alpha", 1)};
    return nn_curve_compute(call, value, p);
}
static int32_t gradient(NnGradient *g) { return nn_slope_rule(g, "nn/CeluGrad", g->inputs[0]); }

static int32_t grad_compute(const NnCall *call) {
    const double p[] = {nn_attr_float(call->node, "alpha", 1)};
    return nn_slope_compute(call, slope, p);
}

static int32_t grad_gradient(NnGradient *g) {
    nn_slope_linear(g, "nn/CeluGrad");
    if (g->wanted[1]) {
        const double alpha = nn_attr_float(g->node, "alpha", 1);
        NnValue *low = nn_rule_test(g, "LessOrEqual", g->inputs[1], 0);
        NnValue *e = nn_rule1(g, "Exp", nn_rule_scale(g, nn_rule2(g, "Mul", g->inputs[1], low), 1 / alpha));
        nn_slope_curved(g, nn_rule_scale(g, nn_rule2(g, "Mul", low, e), 1 / alpha));
    }
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("Celu", 12), NN_UNARY(NN_FLOATS),
    NN_ATTRIBUTES(NN_REAL("alpha", "1.0", "shape below zero, not 0")),
    NN_SAMPLES("[2,3]", "[]", "[0,3]", "[5]@-4:4; alpha=2"),
    .doc = "The continuous exponential linear unit: Y = max(0, X) + min(0, alpha * (e^(X / alpha) - 1)).",
    .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(grad_op, NN_OURS("CeluGrad", 1), NN_SLOPE,
                      NN_ATTRIBUTES(NN_REAL("alpha", "1.0", "shape below zero, not 0")), NN_SLOPE_SAMPLES,
                      .doc = "Gradient of Celu: dX = dY times its slope at X.", .gradient = grad_gradient,
                      .compute = grad_compute);

NN_OPERATORS(celu, "The continuous exponential linear unit.", NN_OP("Celu", op),
             NN_OP("nn/CeluGrad", grad_op))
