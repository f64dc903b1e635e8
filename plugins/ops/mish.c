/* SPDX-License-Identifier: Apache-2.0 */
/* A smooth, self-gated rectifier (Misra 2019). */
#include "family/unary.h"

static double softplus(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }

static double value(double x, const double *p) {
    (void)p;
    return x * tanh(softplus(x));
}

static double slope(double x, const double *p) {
    (void)p;
    const double t = tanh(softplus(x));
    return t + x * (1 - t * t) / (1 + exp(-x));
}

static int32_t compute(const NnCall *call) { return nn_curve_compute(call, value, NULL); }
static int32_t gradient(NnGradient *g) { return nn_slope_rule(g, "nn/MishGrad", g->inputs[0]); }

static int32_t grad_compute(const NnCall *call) { return nn_slope_compute(call, slope, NULL); }

static int32_t grad_gradient(NnGradient *g) {
    nn_slope_linear(g, "nn/MishGrad");
    if (g->wanted[1]) {
        /* With t = tanh(softplus(x)), s = sigmoid(x), t' = (1 - t^2) s: the slope t + x t' changes by t' (2 +
         * x (1 - s - 2 t s)). */
        NnValue *x = g->inputs[1], *s = nn_rule1(g, "Sigmoid", x),
                *t = nn_rule1(g, "Tanh", nn_rule1(g, "Softplus", x));
        NnValue *dt =
            nn_rule2(g, "Mul", nn_rule2(g, "Sub", nn_rule_scalar(g, x, 1), nn_rule2(g, "Mul", t, t)), s);
        NnValue *st = nn_rule2(g, "Mul", s, nn_rule_shift(g, nn_rule_scale(g, t, 2), 1));
        NnValue *bend = nn_rule2(g, "Mul", x, nn_rule2(g, "Sub", nn_rule_scalar(g, x, 1), st));
        nn_slope_curved(g, nn_rule2(g, "Mul", dt, nn_rule_shift(g, bend, 2)));
    }
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Mish", 22), NN_UNARY(NN_FLOATS), NN_UNARY_SAMPLES,
                      .doc = "The mish: Y = X * tanh(ln(1 + e^X)).", .gradient = gradient,
                      .compute = compute);

NN_PRIMITIVE_OPERATOR(grad_op, NN_OURS("MishGrad", 1), NN_SLOPE, NN_SLOPE_SAMPLES,
                      .doc = "Gradient of Mish: dX = dY times its slope at X.", .gradient = grad_gradient,
                      .compute = grad_compute);

NN_OPERATORS(mish, "The mish.", NN_OP("Mish", op), NN_OP("nn/MishGrad", grad_op))
