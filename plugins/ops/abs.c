/* SPDX-License-Identifier: Apache-2.0 */
/* The absolute value. */
#include "family/unary.h"

static int64_t whole(int64_t x) { return x < 0 ? (int64_t)(0 - (uint64_t)x) : x; }
static int64_t same(int64_t x) { return x; }

static int32_t compute(const NnCall *call) {
    return nn_unary_compute(call, fabs, nn_is(call->inputs[0]->type, NN_UNSIGNED) ? same : whole);
}

static int32_t gradient(NnGradient *g) { return nn_times_dy(g, nn_rule1(g, "Sign", g->inputs[0])); }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Abs", 13), NN_UNARY(NN_NUMBERS), NN_UNARY_NUMBER_SAMPLES,
                      .doc = "The absolute value: Y = |X|.", .gradient = gradient, .compute = compute);

NN_OPERATORS(abs, "The absolute value.", NN_OP("Abs", op))
