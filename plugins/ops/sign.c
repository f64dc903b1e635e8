/* SPDX-License-Identifier: Apache-2.0 */
/* The sign. It has no slope anywhere. */
#include "family/unary.h"

static double real(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
static int64_t whole(int64_t x) { return (x > 0) - (x < 0); }
static int64_t natural(int64_t x) { return x != 0; }

static int32_t compute(const NnCall *call) {
    return nn_unary_compute(call, real, nn_is(call->inputs[0]->type, NN_UNSIGNED) ? natural : whole);
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Sign", 13), NN_UNARY(NN_NUMBERS), NN_UNARY_NUMBER_SAMPLES,
                      .doc = "The sign: Y = -1 where X < 0, 1 where X > 0, else 0.", .gradient = nn_flat,
                      .compute = compute);

NN_OPERATORS(sign, "The sign.", NN_OP("Sign", op))
