/* SPDX-License-Identifier: Apache-2.0 */
/* The nearest whole number. It has no slope anywhere. */
#include "family/unary.h"

static int32_t compute(const NnCall *call) { return nn_unary_compute(call, nearbyint, NULL); }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Round", 22), NN_UNARY(NN_FLOATS),
                      NN_SAMPLES("[2,3]@-4.3:3.2", "[]", "[0,3]"),
                      .doc = "The nearest whole number, halves to the even one.", .gradient = nn_flat,
                      .compute = compute);

NN_OPERATORS(round, "The nearest whole number.", NN_OP("Round", op))
