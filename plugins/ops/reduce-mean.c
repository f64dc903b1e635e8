/* SPDX-License-Identifier: Apache-2.0 */
/* Means over axes. */
#include "family/reduce.h"

static double real(NnRow *row) {
    double sum = 0, x;
    while (nn_row_next(row, &x))
        sum += x;
    return sum / (double)row->n;
}

static int64_t whole(NnRow *row) {
    int64_t sum = 0, x;
    while (nn_row_next_int(row, &x))
        sum = (int64_t)((uint64_t)sum + (uint64_t)x);
    return row->n ? sum / row->n : 0;
}

static int32_t compute(const NnCall *call) { return nn_reduce_compute(call, real, whole); }

static int32_t gradient(NnGradient *g) {
    /* n is the ratio of the sizes; both are known once the shapes are. */
    NnValue *dy = nn_rule_unreduce(g, NN_DY(g)), *x = g->inputs[0];
    NnValue *many = nn_rule_cast(g, nn_rule1(g, "Size", x), dy),
            *few = nn_rule_cast(g, nn_rule1(g, "Size", dy), dy);
    g->grads[0] = nn_rule_expand(g, nn_rule2(g, "Mul", dy, nn_rule2(g, "Div", few, many)), x);
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("ReduceMean", 18), NN_REDUCTION(NN_NUMBERS), NN_REDUCTION_NUMBER_SAMPLES,
                      .doc = "Mean of the elements along axes: reduced = sum(data) / n.",
                      .gradient = gradient, .compute = compute);

NN_OPERATORS(reduce_mean, "Mean of the elements along axes.", NN_OP("ReduceMean", op))
