/* SPDX-License-Identifier: Apache-2.0 */
/* A smooth rectifier; its slope is the sigmoid. */
#include "family/unary.h"

/* Large arguments would overflow in the formula as it is written. */
static double real(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }
static int32_t compute(const NnCall *call) { return nn_unary_compute(call, real, NULL); }
static int32_t gradient(NnGradient *g) { return nn_times_dy(g, nn_rule1(g, "Sigmoid", g->inputs[0])); }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Softplus", 22), NN_UNARY(NN_FLOATS), NN_UNARY_SAMPLES,
                      .doc = "The soft rectifier: Y = ln(e^X + 1).", .gradient = gradient,
                      .compute = compute);

NN_OPERATORS(softplus, "The soft rectifier.", NN_OP("Softplus", op))
