/* SPDX-License-Identifier: Apache-2.0 */
/* Uniform variates of a given shape. */
#include "family/drawn.h"

static int32_t body(NnBody *b) { return nn_drawn_body(b, "nn/Uniform", "low", "high"); }

NN_COMPOSITE_OPERATOR(random_uniform, NN_ONNX("RandomUniform", 22), .flags = NN_OP_RANDOM,
                      NN_OUT(NN_DRAWN_OUTPUT),
                      NN_ATTRIBUTES(NN_DRAWN_SHAPE, NN_DTYPE("1", "element type of the result"),
                                    NN_UNIFORM_RANGE, NN_SEED(NN_SET_FLOAT)),
                      NN_SAMPLES("; shape=3,4", "; shape=5, dtype=f64", "; shape=0,3"),
                      .doc = "Uniform variates of a given shape, as nn/Uniform draws them.",
                      .infer = nn_infer_drawn_shape, .body = body);

NN_OPERATORS(random_uniform, "Uniform variates of a given shape.", NN_OP("RandomUniform", random_uniform))
