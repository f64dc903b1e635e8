/* SPDX-License-Identifier: Apache-2.0 */
/* The sign turned. */
#include "family/unary.h"

static double real(double x) { return -x; }
static int64_t whole(int64_t x) { return (int64_t)(0 - (uint64_t)x); }
static int32_t compute(const NnCall *call) { return nn_unary_compute(call, real, whole); }
static int32_t gradient(NnGradient *g) {
    g->grads[0] = nn_rule1(g, "Neg", NN_DY(g));
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Neg", 13), NN_UNARY(NN_FLOATS | NN_SIGNED), NN_UNARY_NUMBER_SAMPLES,
                      .doc = "The negative: Y = -X.", .gradient = gradient, .compute = compute);

NN_OPERATORS(neg, "The negative.", NN_OP("Neg", op))
