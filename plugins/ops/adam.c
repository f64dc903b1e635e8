/* SPDX-License-Identifier: Apache-2.0 */
/* One update of parameters by Adam (Kingma, Ba 2015), as ONNX writes it. */
#include "family/training.h"

/* 1 - base^T */
static NnValue *warmed(const NnBody *b, NnValue *t, double base) {
    NnValue *one = nn_body_scalar(b, t, 1);
    return nn_body2(b, "Sub", one, nn_body2(b, "Pow", nn_body_scalar(b, t, base), t));
}

/* What is kept of an average, and the rest of what is new. */
static NnValue *average(const NnBody *b, NnValue *old, NnValue *now, double keep) {
    return nn_body2(b, "Add", nn_training_scale(b, old, keep), nn_training_scale(b, now, 1 - keep));
}

static void step(const NnBody *b, NnValue *const *in, NnValue **out) {
    const double alpha = nn_attr_float(b->node, "alpha", .9), beta = nn_attr_float(b->node, "beta", .999);
    NnValue *x = in[0], *g = nn_training_gradient(b, in), *t = nn_training_scalar(b, 1, x);
    NnValue *rate = nn_training_scalar(b, 0, x), *v = average(b, in[2], g, alpha);
    NnValue *h = average(b, in[3], nn_body2(b, "Mul", g, g), beta), *root = nn_body1(b, "Sqrt", h);
    NnValue *later = nn_body2(b, "Div", nn_body2(b, "Mul", rate, nn_body1(b, "Sqrt", warmed(b, t, beta))),
                              warmed(b, t, alpha));
    rate =
        nn_op3(b->host, b->graph, "Where", nn_body2(b, "Greater", t, nn_body_scalar(b, t, 0)), later, rate);
    root = nn_body2(b, "Add", root, nn_body_scalar(b, root, nn_attr_float(b->node, "epsilon", 1e-6)));
    NnValue *next = nn_body2(b, "Sub", x, nn_body2(b, "Div", nn_body2(b, "Mul", rate, v), root));
    out[0] = nn_training_scale(b, next, 1 - nn_attr_float(b->node, "norm_coefficient_post", 0));
    out[1] = v;
    out[2] = h;
}

static int32_t infer(NnInfer *n) { return nn_training_infer(n, 2); }
static int32_t body(NnBody *b) { return nn_training_body(b, 2, step); }

NN_COMPOSITE_OPERATOR(
    op, NN_TRAINING("Adam"), NN_TRAINING_PARAMETERS("averages V of gradients, then H of their squares"),
    NN_ATTRIBUTES(NN_REAL("alpha", "0.9", "what is kept of V"), NN_REAL("beta", "0.999", "what is kept of H"),
                  NN_REAL("epsilon", "1e-6", "keeps the division defined"),
                  NN_REAL("norm_coefficient", "0", "of a penalty on the square of X"),
                  NN_REAL("norm_coefficient_post", "0", "what X loses after the update")),
    NN_SAMPLES("f32[]{.1} i64[]{0} f32[2]{1.2,2.8} f32[2]{-.94,-2.5} f32[2]{1.7,3.6} f32[2]{.1,.1}; "
               "alpha=.95 beta=.1 norm_coefficient=.001 -> 3",
               "f64[]{.1} i64[]{5} f64[1]{1} f64[2]{1,2} f64[1]{-1} f64[2]{-1,-3} f64[1]{2} f64[2]{4,1} "
               "f64[1]{.5} f64[2]{1,.1}; alpha=.95 beta=.85 norm_coefficient_post=.1 -> 6"),
    .doc = "Adam: V = alpha V + (1 - alpha) G, H = beta H + (1 - beta) G G, X = (1 - norm_coefficient_post) "
           "(X - R' V / (sqrt(H) + epsilon)), R' = R sqrt(1 - beta^T) / (1 - alpha^T) for T > 0, G with "
           "norm_coefficient X added.",
    .infer = infer, .body = body);

NN_OPERATORS(adam, "An update by Adam.", NN_OP(NN_TRAINING_DOMAIN "/Adam", op))
