/* SPDX-License-Identifier: Apache-2.0 */
/* Sums over axes. */
#include "family/reduce.h"

static double real(NnRow *row) {
    double sum = 0, x;
    while (nn_row_next(row, &x))
        sum += x;
    return sum;
}

static int64_t whole(NnRow *row) {
    uint64_t sum = 0;
    int64_t x;
    while (nn_row_next_int(row, &x))
        sum += (uint64_t)x;
    return (int64_t)sum;
}

static int32_t compute(const NnCall *call) { return nn_reduce_compute(call, real, whole); }

static int32_t gradient(NnGradient *g) {
    g->grads[0] = nn_rule_expand(g, nn_rule_unreduce(g, NN_DY(g)), g->inputs[0]);
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(reduce_sum, NN_ONNX("ReduceSum", 13), NN_REDUCTION(NN_NUMBERS),
                      NN_REDUCTION_NUMBER_SAMPLES,
                      .doc = "Sum of the elements along axes: reduced = sum(data).", .gradient = gradient,
                      .compute = compute);

NN_OPERATORS(reduce_sum, "Sums over axes.", NN_OP("ReduceSum", reduce_sum))
