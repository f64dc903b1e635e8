/* SPDX-License-Identifier: Apache-2.0 */
/* One update of parameters by Adagrad (Duchi, Hazan, Singer 2011), as ONNX writes it. */
#include "family/training.h"

static void step(const NnBody *b, NnValue *const *in, NnValue **out) {
    NnValue *x = in[0], *g = nn_training_gradient(b, in), *t = nn_training_scalar(b, 1, x);
    NnValue *decay = nn_training_scale(b, t, nn_attr_float(b->node, "decay_factor", 0));
    NnValue *rate =
        nn_body2(b, "Div", nn_training_scalar(b, 0, x), nn_body2(b, "Add", decay, nn_body_scalar(b, x, 1)));
    NnValue *h = nn_body2(b, "Add", in[2], nn_body2(b, "Mul", g, g)), *root = nn_body1(b, "Sqrt", h);
    root = nn_body2(b, "Add", root, nn_body_scalar(b, root, nn_attr_float(b->node, "epsilon", 1e-6)));
    out[0] = nn_body2(b, "Sub", x, nn_body2(b, "Div", nn_body2(b, "Mul", rate, g), root));
    out[1] = h;
}

static int32_t infer(NnInfer *n) { return nn_training_infer(n, 1); }
static int32_t body(NnBody *b) { return nn_training_body(b, 1, step); }

NN_COMPOSITE_OPERATOR(
    op, NN_TRAINING("Adagrad"), NN_TRAINING_PARAMETERS("sums of squared gradients H"),
    NN_ATTRIBUTES(NN_REAL("decay_factor", "0", "d in the rate R / (1 + T d)"),
                  NN_REAL("epsilon", "1e-6", "keeps the division defined"),
                  NN_REAL("norm_coefficient", "0", "of a penalty on the square of X")),
    NN_SAMPLES(
        "f32[]{.1} i64[]{0} f32[2]{1,2} f32[2]{-1,-3} f32[2]{2,1}; norm_coefficient=.001 decay_factor=.1 -> "
        "2",
        "f64[]{.1} i64[]{3} f64[1]{1} f64[0] f64[1]{-1} f64[0] f64[1]{2} f64[0]; decay_factor=.1 -> 4"),
    .doc = "Adagrad: H = H + G G, X = X - R / (1 + T decay_factor) G / (sqrt(H) + epsilon), G with "
           "norm_coefficient X added.",
    .infer = infer, .body = body);

NN_OPERATORS(adagrad, "An update by Adagrad.", NN_OP(NN_TRAINING_DOMAIN "/Adagrad", op))
