/* SPDX-License-Identifier: Apache-2.0 */
/* The next whole number below. It has no slope anywhere. */
#include "family/unary.h"

static int32_t compute(const NnCall *call) { return nn_unary_compute(call, floor, NULL); }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Floor", 13), NN_UNARY(NN_FLOATS), NN_UNARY_SAMPLES,
                      .doc = "The largest whole number that is not above: Y = floor(X).", .gradient = nn_flat,
                      .compute = compute);

NN_OPERATORS(floor, "The largest whole number that is not above.", NN_OP("Floor", op))
