/* SPDX-License-Identifier: Apache-2.0 */
/* Largest elements over axes; what arrives at a tie is divided evenly among those that tie. */
#include "family/reduce.h"

static double real(NnRow *row) {
    double best = -HUGE_VAL, x;
    while (nn_row_next(row, &x))
        best = x > best || isnan(x) ? x : best;
    return best;
}

/* Of nothing it is the type's own lowest value. */
static int64_t whole(NnRow *row) {
    int64_t best = nn_type_limit(row->x->type, false), x;
    while (nn_row_next_int(row, &x))
        best = row->x->type == NN_U64 ? ((uint64_t)x > (uint64_t)best ? x : best) : x > best ? x : best;
    return best;
}

static int32_t compute(const NnCall *call) { return nn_reduce_compute(call, real, whole); }
static int32_t gradient(NnGradient *g) { return nn_reduce_extremum_rule(g); }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("ReduceMax", 20), NN_REDUCTION(NN_ANY), NN_REDUCTION_NUMBER_SAMPLES,
                      .doc = "Largest element along axes: reduced = max(data).", .gradient = gradient,
                      .compute = compute);

NN_OPERATORS(reduce_max, "Largest element along axes.", NN_OP("ReduceMax", op))
