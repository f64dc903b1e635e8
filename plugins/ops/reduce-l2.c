/* SPDX-License-Identifier: Apache-2.0 */
/* The L2 norm over axes; at 0, where it has no slope, the gradient is 0. */
#include "family/reduce.h"

static double real(NnRow *row) {
    double sum = 0, x;
    while (nn_row_next(row, &x))
        sum += x * x;
    return sqrt(sum);
}

static int32_t compute(const NnCall *call) { return nn_reduce_compute(call, real, NULL); }

static int32_t gradient(NnGradient *g) {
    NnValue *dy = nn_rule_unreduce(g, NN_DY(g)), *y = nn_rule_unreduce(g, g->outputs[0]),
            *zero = nn_rule_scalar(g, y, 0);
    NnValue *safe = nn_rule3(g, "Where", nn_rule2(g, "Equal", y, zero), nn_rule_scalar(g, y, 1), y);
    g->grads[0] = nn_rule2(g, "Mul", g->inputs[0], nn_rule2(g, "Div", dy, safe));
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("ReduceL2", 18), NN_REDUCTION(NN_NUMBERS), NN_REDUCTION_NUMBER_SAMPLES,
    .doc = "Euclidean norm along axes: reduced = sqrt(sum(data^2)), of integers cut to one.",
    .gradient = gradient, .compute = compute);

NN_OPERATORS(reduce_l2, "Euclidean norm along axes.", NN_OP("ReduceL2", op))
