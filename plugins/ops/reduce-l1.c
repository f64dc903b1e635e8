/* SPDX-License-Identifier: Apache-2.0 */
/* The L1 norm over axes. */
#include "family/reduce.h"

static double real(NnRow *row) {
    double sum = 0, x;
    while (nn_row_next(row, &x))
        sum += fabs(x);
    return sum;
}

static int64_t whole(NnRow *row) {
    uint64_t sum = 0;
    int64_t x;
    while (nn_row_next_int(row, &x))
        sum += x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
    return (int64_t)sum;
}

static int32_t compute(const NnCall *call) { return nn_reduce_compute(call, real, whole); }

static int32_t gradient(NnGradient *g) {
    NnValue *dy = nn_rule_unreduce(g, NN_DY(g));
    g->grads[0] = nn_rule2(g, "Mul", nn_rule1(g, "Sign", g->inputs[0]), dy);
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("ReduceL1", 18), NN_REDUCTION(NN_NUMBERS), NN_REDUCTION_NUMBER_SAMPLES,
                      .doc = "Sum of the absolute values along axes: reduced = sum(|data|).",
                      .gradient = gradient, .compute = compute);

NN_OPERATORS(reduce_l1, "Sum of the absolute values along axes.", NN_OP("ReduceL1", op))
