/* SPDX-License-Identifier: Apache-2.0 */
/* The Gaussian error linear unit (Hendrycks, Gimpel 2016), exact or by the usual approximation with tanh. */
#include "family/unary.h"

#define K 0.7978845608028654 /* sqrt(2 / pi) */
#define C 0.044715

static double value(double x, const double *p) {
    return p[0] != 0 ? x / 2 * (1 + tanh(K * (x + C * x * x * x))) : x / 2 * (1 + erf(x * M_SQRT1_2));
}

static double slope(double x, const double *p) {
    if (p[0] == 0)
        return (1 + erf(x * M_SQRT1_2) + x * K * exp(-x * x / 2)) / 2;
    const double t = tanh(K * (x + C * x * x * x));
    return (1 + t + x * (1 - t * t) * K * (1 + 3 * C * x * x)) / 2;
}

static bool by_tanh(const NnNode *node) {
    return strcmp(nn_attr_string(node, "approximate", "none"), "tanh") == 0;
}

static int32_t compute(const NnCall *call) {
    const double p[] = {by_tanh(call->node)};
    return nn_curve_compute(call, value, p);
}

static int32_t gradient(NnGradient *g) { return nn_slope_rule(g, "nn/GeluGrad", g->inputs[0]); }

static int32_t grad_compute(const NnCall *call) {
    const double p[] = {by_tanh(call->node)};
    return nn_slope_compute(call, slope, p);
}

/* Exact: the slope changes by phi(x) (2 - x^2), phi the density of the normal distribution. With t = tanh(u):
 * (1 - t^2) (u' + x / 2 (u'' - 2 t u'^2)), u' = K (1 + 3 C x^2), u'' = 6 K C x. */
static NnValue *curvature(NnGradient *g) {
    NnValue *x = g->inputs[1], *xx = nn_rule2(g, "Mul", x, x);
    if (!by_tanh(g->node)) {
        NnValue *phi = nn_rule_scale(g, nn_rule1(g, "Exp", nn_rule_scale(g, xx, -.5)), K / 2);
        return nn_rule2(g, "Mul", phi, nn_rule_shift(g, nn_rule1(g, "Neg", xx), 2));
    }
    NnValue *u = nn_rule2(g, "Mul", x, nn_rule_shift(g, nn_rule_scale(g, xx, K * C), K));
    NnValue *t = nn_rule1(g, "Tanh", u), *du = nn_rule_shift(g, nn_rule_scale(g, xx, 3 * K * C), K);
    NnValue *bend =
        nn_rule2(g, "Sub", nn_rule_scale(g, x, 3 * K * C), nn_rule2(g, "Mul", t, nn_rule2(g, "Mul", du, du)));
    NnValue *flat = nn_rule2(g, "Sub", nn_rule_scalar(g, x, 1), nn_rule2(g, "Mul", t, t));
    return nn_rule2(g, "Mul", flat, nn_rule2(g, "Add", du, nn_rule2(g, "Mul", x, bend)));
}

static int32_t grad_gradient(NnGradient *g) {
    nn_slope_linear(g, "nn/GeluGrad");
    if (g->wanted[1])
        nn_slope_curved(g, curvature(g));
    return NN_OK;
}

#define APPROXIMATE                                                                                          \
    NN_ATTRIBUTES(NN_CHOICE("approximate", "none", "none|tanh",                                              \
                            "tanh: x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))"))

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Gelu", 20), NN_UNARY(NN_FLOATS), APPROXIMATE,
                      NN_SAMPLES("[2,3]", "[]", "[0,3]", "[5]@-4:4", "[5]@-4:4; approximate=tanh"),
                      .doc = "The Gaussian error linear unit: Y = X * Phi(X), Phi the normal distribution.",
                      .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(grad_op, NN_OURS("GeluGrad", 1), NN_SLOPE, APPROXIMATE,
                      NN_SAMPLES("[2,3] [2,3]", "[0,3] [0,3]", "[5] [5]@-4:4",
                                 "[5] [5]@-4:4; approximate=tanh"),
                      .doc = "Gradient of Gelu: dX = dY times its slope at X.", .gradient = grad_gradient,
                      .compute = grad_compute);

NN_OPERATORS(gelu, "The Gaussian error linear unit.", NN_OP("Gelu", op), NN_OP("nn/GeluGrad", grad_op))
