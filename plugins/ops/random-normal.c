/* SPDX-License-Identifier: Apache-2.0 */
/* Normal variates of a given shape. */
#include "family/drawn.h"

static int32_t body(NnBody *b) { return nn_drawn_body(b, "nn/Normal", "mean", "scale"); }

NN_COMPOSITE_OPERATOR(random_normal, NN_ONNX("RandomNormal", 22), .flags = NN_OP_RANDOM,
                      NN_OUT(NN_DRAWN_OUTPUT),
                      NN_ATTRIBUTES(NN_DRAWN_SHAPE, NN_DTYPE("1", "element type of the result"),
                                    NN_NORMAL_RANGE, NN_SEED(NN_SET_FLOAT)),
                      NN_SAMPLES("; shape=3,4", "; shape=5, dtype=f64", "; shape=0,3"),
                      .doc = "Normal variates of a given shape, as nn/Normal draws them.",
                      .infer = nn_infer_drawn_shape, .body = body);

NN_OPERATORS(random_normal, "Normal variates of a given shape.", NN_OP("RandomNormal", random_normal))
