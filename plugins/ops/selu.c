/* SPDX-License-Identifier: Apache-2.0 */
/* The self-normalising unit (Klambauer et al. 2017). */
#include "family/unary.h"

#define PARAMETERS                                                                                           \
    NN_ATTRIBUTES(NN_REAL("alpha", "1.67326319217681884765625", "limit for very negative arguments"),        \
                  NN_REAL("gamma", "1.05070102214813232421875", "scale"))

static double value(double x, const double *p) { return p[1] * (x > 0 ? x : p[0] * expm1(x)); }
static double slope(double x, const double *p) { return p[1] * (x > 0 ? 1 : p[0] * exp(x)); }

static int32_t compute(const NnCall *call) {
    const double p[] = {nn_attr_float(call->node, "alpha", 1.67326319217681884765625),
                        nn_attr_float(call->node, "gamma", 1.05070102214813232421875)};
    return nn_curve_compute(call, value, p);
}
static int32_t gradient(NnGradient *g) { return nn_slope_rule(g, "nn/SeluGrad", g->inputs[0]); }

static int32_t grad_compute(const NnCall *call) {
    const double p[] = {nn_attr_float(call->node, "alpha", 1.67326319217681884765625),
                        nn_attr_float(call->node, "gamma", 1.05070102214813232421875)};
    return nn_slope_compute(call, slope, p);
}

static int32_t grad_gradient(NnGradient *g) {
    nn_slope_linear(g, "nn/SeluGrad");
    if (g->wanted[1]) {
        NnValue *low = nn_rule_test(g, "LessOrEqual", g->inputs[1], 0);
        NnValue *e = nn_rule1(g, "Exp", nn_rule2(g, "Mul", g->inputs[1], low));
        const double scale = nn_attr_float(g->node, "alpha", 1) * nn_attr_float(g->node, "gamma", 1);
        nn_slope_curved(g, nn_rule_scale(g, nn_rule2(g, "Mul", low, e), scale));
    }
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("Selu", 22), NN_UNARY(NN_FLOATS), PARAMETERS, NN_UNARY_SAMPLES,
    .doc = "The scaled exponential linear unit: Y = gamma * X where X > 0, else gamma * alpha * (e^X - 1).",
    .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(grad_op, NN_OURS("SeluGrad", 1), NN_SLOPE, PARAMETERS, NN_SLOPE_SAMPLES,
                      .doc = "Gradient of Selu: dX = dY times its slope at X.", .gradient = grad_gradient,
                      .compute = grad_compute);

NN_OPERATORS(selu, "The scaled exponential linear unit.", NN_OP("Selu", op), NN_OP("nn/SeluGrad", grad_op))
