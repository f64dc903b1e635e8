/* SPDX-License-Identifier: Apache-2.0 */
/* Logical negation. */
#include "family/unary.h"

static double real(double x) { return x == 0; }
static int32_t compute(const NnCall *call) { return nn_unary_compute(call, real, NULL); }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Not", 1), NN_TEST(NN_MASK(NN_BOOL)),
                      NN_SAMPLES("bool[2,3]", "bool[]", "bool[0,3]"), .doc = "Negation: Y = not X.",
                      .compute = compute);

NN_OPERATORS(not, "Logical negation.", NN_OP("Not", op))
