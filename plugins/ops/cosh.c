/* SPDX-License-Identifier: Apache-2.0 */
/* The hyperbolic cosine. */
#include "family/unary.h"

static int32_t compute(const NnCall *call) { return nn_unary_compute(call, cosh, NULL); }
static int32_t gradient(NnGradient *g) { return nn_times_dy(g, nn_rule1(g, "Sinh", g->inputs[0])); }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Cosh", 22), NN_UNARY(NN_FLOATS), NN_UNARY_SAMPLES,
                      .doc = "The hyperbolic cosine: Y = (e^X + e^-X) / 2.", .gradient = gradient,
                      .compute = compute);

NN_OPERATORS(cosh, "The hyperbolic cosine.", NN_OP("Cosh", op))
