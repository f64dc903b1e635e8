/* SPDX-License-Identifier: Apache-2.0 */
/* The sine of an angle in radians. */
#include "family/unary.h"

static int32_t compute(const NnCall *call) { return nn_unary_compute(call, sin, NULL); }
static int32_t gradient(NnGradient *g) { return nn_times_dy(g, nn_rule1(g, "Cos", g->inputs[0])); }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Sin", 22), NN_UNARY(NN_FLOATS), NN_UNARY_SAMPLES,
                      .doc = "The sine: Y = sin(X).", .gradient = gradient, .compute = compute);

NN_OPERATORS(sin, "The sine.", NN_OP("Sin", op))
