/* SPDX-License-Identifier: Apache-2.0 */
/* Logarithms of sums of exponentials over axes, without overflow. */
#include "family/reduce.h"

static double real(NnRow *row) {
    double sum = 0, x, top = -HUGE_VAL;
    while (nn_row_next(row, &x))
        top = x > top || isnan(x) ? x : top;
    if (isinf(top))
        return top;
    nn_row_rewind(row);
    while (nn_row_next(row, &x))
        sum += exp(x - top);
    return top + log(sum);
}

static int32_t compute(const NnCall *call) { return nn_reduce_compute(call, real, NULL); }

static int32_t gradient(NnGradient *g) {
    NnValue *dy = nn_rule_unreduce(g, NN_DY(g)), *y = nn_rule_unreduce(g, g->outputs[0]);
    g->grads[0] = nn_rule2(g, "Mul", dy, nn_rule1(g, "Exp", nn_rule2(g, "Sub", g->inputs[0], y)));
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("ReduceLogSumExp", 18), NN_REDUCTION(NN_FLOATS), NN_REDUCTION_SAMPLES,
                      .doc = "Smooth maximum along axes: reduced = ln(sum(e^data)).", .gradient = gradient,
                      .compute = compute);

NN_OPERATORS(reduce_log_sum_exp, "Smooth maximum along axes.", NN_OP("ReduceLogSumExp", op))
