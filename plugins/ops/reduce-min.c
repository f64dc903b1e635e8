/* SPDX-License-Identifier: Apache-2.0 */
/* Smallest elements over axes; what arrives at a tie is divided evenly among those that tie. */
#include "family/reduce.h"

static double real(NnRow *row) {
    double best = HUGE_VAL, x;
    while (nn_row_next(row, &x))
        best = x < best || isnan(x) ? x : best;
    return best;
}

/* Of nothing it is the type's own highest value. */
static int64_t whole(NnRow *row) {
    int64_t best = nn_type_limit(row->x->type, true), x;
    while (nn_row_next_int(row, &x))
        best = row->x->type == NN_U64 ? ((uint64_t)x < (uint64_t)best ? x : best) : x < best ? x : best;
    return best;
}

static int32_t compute(const NnCall *call) { return nn_reduce_compute(call, real, whole); }
static int32_t gradient(NnGradient *g) { return nn_reduce_extremum_rule(g); }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("ReduceMin", 20), NN_REDUCTION(NN_ANY), NN_REDUCTION_NUMBER_SAMPLES,
                      .doc = "Smallest element along axes: reduced = min(data).", .gradient = gradient,
                      .compute = compute);

NN_OPERATORS(reduce_min, "Smallest element along axes.", NN_OP("ReduceMin", op))
