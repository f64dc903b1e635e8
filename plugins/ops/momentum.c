/* SPDX-License-Identifier: Apache-2.0 */
/* One update of parameters with momentum (Polyak 1964), or Nesterov's (1983), as ONNX writes it. */
#include "family/training.h"

static void step(const NnBody *b, NnValue *const *in, NnValue **out) {
    NnValue *x = in[0], *g = nn_training_gradient(b, in), *t = b->inputs[1];
    const double alpha = nn_attr_float(b->node, "alpha", 0), beta = nn_attr_float(b->node, "beta", 1);
    const bool nesterov = strcmp(nn_attr_string(b->node, "mode", ""), "nesterov") == 0;
    /* The first gradient counts in full. */
    NnValue *share = nn_op3(b->host, b->graph, "Where", nn_body2(b, "Greater", t, nn_body_scalar(b, t, 0)),
                            nn_body_scalar(b, x, beta), nn_body_scalar(b, x, 1));
    NnValue *v = nn_body2(b, "Add", nn_training_scale(b, in[2], alpha), nn_body2(b, "Mul", share, g));
    NnValue *way = nesterov ? nn_body2(b, "Add", g, nn_training_scale(b, v, alpha)) : v;
    out[0] = nn_body2(b, "Sub", x, nn_body2(b, "Mul", nn_training_scalar(b, 0, x), way));
    out[1] = v;
}

static int32_t infer(NnInfer *n) { return nn_training_infer(n, 1); }
static int32_t body(NnBody *b) { return nn_training_body(b, 1, step); }

#define NUMBER(key, text)                                                                                    \
    { .name = (key), .kind = NN_SET_FLOAT, .flags = NN_SET_REQUIRED, .doc = (text) }

NN_COMPOSITE_OPERATOR(
    op, NN_TRAINING("Momentum"), NN_TRAINING_PARAMETERS("momenta V"),
    NN_ATTRIBUTES(NUMBER("alpha", "what is kept of V"),
                  NUMBER("beta", "share of a new gradient, from the second update on"),
                  NUMBER("norm_coefficient", "of a penalty on the square of X"),
                  {.name = "mode",
                   .kind = NN_SET_ENUM,
                   .flags = NN_SET_REQUIRED,
                   .choices = "nesterov|standard",
                   .doc = "which"}),
    NN_SAMPLES("f32[]{.1} i64[]{0} f32[2]{1.2,2.8} f32[2]{-.94,-2.5} f32[2]{1.7,3.6}; alpha=.95 beta=.1 "
               "norm_coefficient=.001 mode=standard -> 2",
               "f64[]{.1} i64[]{1} f64[1]{1} f64[2]{1,2} f64[1]{-1} f64[2]{-1,-3} f64[1]{2} f64[2]{4,1}; "
               "alpha=.95 beta=.85 norm_coefficient=.001 mode=nesterov -> 4"),
    .doc = "Momentum: V = alpha V + beta G, X = X - R V, or by Nesterov X - R (G + alpha V), G with "
           "norm_coefficient X added; beta is 1 as long as T is 0.",
    .infer = infer, .body = body);

NN_OPERATORS(momentum, "An update with momentum.", NN_OP(NN_TRAINING_DOMAIN "/Momentum", op))
