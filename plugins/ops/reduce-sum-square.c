/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of squares over axes. */
#include "family/reduce.h"

static double real(NnRow *row) {
    double sum = 0, x;
    while (nn_row_next(row, &x))
        sum += x * x;
    return sum;
}

static int64_t whole(NnRow *row) {
    uint64_t sum = 0;
    int64_t x;
    while (nn_row_next_int(row, &x))
        sum += (uint64_t)x * (uint64_t)x;
    return (int64_t)sum;
}

static int32_t compute(const NnCall *call) { return nn_reduce_compute(call, real, whole); }

static int32_t gradient(NnGradient *g) {
    NnValue *dy = nn_rule_unreduce(g, NN_DY(g));
    g->grads[0] = nn_rule2(g, "Mul", nn_rule_scale(g, g->inputs[0], 2), dy);
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("ReduceSumSquare", 18), NN_REDUCTION(NN_NUMBERS),
                      NN_REDUCTION_NUMBER_SAMPLES,
                      .doc = "Sum of the squares along axes: reduced = sum(data^2).", .gradient = gradient,
                      .compute = compute);

NN_OPERATORS(reduce_sum_square, "Sum of the squares along axes.", NN_OP("ReduceSumSquare", op))
