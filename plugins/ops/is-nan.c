/* SPDX-License-Identifier: Apache-2.0 */
/* Which elements are not a number? */
#include "family/unary.h"

static double real(double x) { return isnan(x); }
static int32_t compute(const NnCall *call) { return nn_unary_compute(call, real, NULL); }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("IsNaN", 20), NN_TEST(NN_FLOATS),
                      NN_SAMPLES("[3]{1,nan,inf}", "[2,3]", "[0,3]"), .doc = "True where X is not a number.",
                      .compute = compute);

NN_OPERATORS(is_nan, "Finds elements that are not a number.", NN_OP("IsNaN", op))
