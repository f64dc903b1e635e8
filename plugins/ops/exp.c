/* SPDX-License-Identifier: Apache-2.0 */
/* The exponential is its own slope. */
#include "family/unary.h"

static int32_t compute(const NnCall *call) { return nn_unary_compute(call, exp, NULL); }
static int32_t gradient(NnGradient *g) { return nn_times_dy(g, g->outputs[0]); }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Exp", 13), NN_UNARY(NN_FLOATS), NN_UNARY_SAMPLES,
                      .doc = "The exponential by element: Y = e^X.", .gradient = gradient,
                      .compute = compute);

NN_OPERATORS(exp, "The exponential by element.", NN_OP("Exp", op))
