/* SPDX-License-Identifier: Apache-2.0 */
/* The next whole number above. It has no slope anywhere. */
#include "family/unary.h"

static int32_t compute(const NnCall *call) { return nn_unary_compute(call, ceil, NULL); }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Ceil", 13), NN_UNARY(NN_FLOATS), NN_UNARY_SAMPLES,
                      .doc = "The smallest whole number that is not below: Y = ceil(X).", .gradient = nn_flat,
                      .compute = compute);

NN_OPERATORS(ceil, "The smallest whole number that is not below.", NN_OP("Ceil", op))
