/* SPDX-License-Identifier: Apache-2.0 */
/* The hyperbolic sine. */
#include "family/unary.h"

static int32_t compute(const NnCall *call) { return nn_unary_compute(call, sinh, NULL); }
static int32_t gradient(NnGradient *g) { return nn_times_dy(g, nn_rule1(g, "Cosh", g->inputs[0])); }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Sinh", 22), NN_UNARY(NN_FLOATS), NN_UNARY_SAMPLES,
                      .doc = "The hyperbolic sine: Y = (e^X - e^-X) / 2.", .gradient = gradient,
                      .compute = compute);

NN_OPERATORS(sinh, "The hyperbolic sine.", NN_OP("Sinh", op))
