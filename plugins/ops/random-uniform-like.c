/* SPDX-License-Identifier: Apache-2.0 */
/* Uniform variates of the shape of another tensor. */
#include "family/drawn.h"

static int32_t body(NnBody *b) { return nn_drawn_body(b, "nn/Uniform", "low", "high"); }

NN_COMPOSITE_OPERATOR(random_uniform_like, NN_ONNX("RandomUniformLike", 22), .flags = NN_OP_RANDOM,
                      NN_IN(NN_DRAWN_LIKE), NN_OUT(NN_DRAWN_OUTPUT),
                      NN_ATTRIBUTES(NN_DTYPE("0", "element type; 0: that of input"), NN_UNIFORM_RANGE,
                                    NN_SEED(NN_SET_FLOAT)),
                      NN_SAMPLES("[3,4]", "i64[2]{1,2}; dtype=f64", "[0,3]"),
                      .doc = "Uniform variates of the shape of another tensor, as nn/Uniform draws them.",
                      .infer = nn_infer_drawn_like, .body = body);

NN_OPERATORS(random_uniform_like, "Uniform variates of the shape of another tensor.",
             NN_OP("RandomUniformLike", random_uniform_like))
