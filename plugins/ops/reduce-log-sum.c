/* SPDX-License-Identifier: Apache-2.0 */
/* Logarithms of sums over axes. */
#include "family/reduce.h"

static double real(NnRow *row) {
    double sum = 0, x;
    while (nn_row_next(row, &x))
        sum += x;
    return log(sum);
}

static int32_t compute(const NnCall *call) { return nn_reduce_compute(call, real, NULL); }

static int32_t gradient(NnGradient *g) {
    NnValue *dy = nn_rule_unreduce(g, NN_DY(g)), *y = nn_rule_unreduce(g, g->outputs[0]);
    g->grads[0] = nn_rule_expand(g, nn_rule2(g, "Div", dy, nn_rule1(g, "Exp", y)), g->inputs[0]);
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("ReduceLogSum", 18), NN_REDUCTION(NN_FLOATS),
                      NN_SAMPLES("[2,3]@.2:2", "[2,3]@.2:2 i64[1]{1}",
                                 "[2,3,4]@.2:2 i64[2]{0,-1}; keepdims=0", "[2,3]@.2:2 -; keepdims=0",
                                 "[2,3]@.2:2 i64[0]; noop_with_empty_axes=1", "[]@.2:2 -", "[0,3] i64[1]{1}"),
                      .doc = "Logarithm of the sum along axes: reduced = ln(sum(data)).",
                      .gradient = gradient, .compute = compute);

NN_OPERATORS(reduce_log_sum, "Logarithm of the sum along axes.", NN_OP("ReduceLogSum", op))
