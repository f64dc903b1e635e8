/* SPDX-License-Identifier: Apache-2.0 */
/* A matrix of the same elements. */
#include "family/index.h"

static int64_t extent(const NnValueInfo *x, int32_t from, int32_t to) {
    int64_t n = 1;
    for (int32_t i = from; i < to; i++)
        n = n < 0 || !nn_dim_known(x->dims[i]) ? NN_DIM_UNKNOWN : n * x->dims[i];
    return n;
}

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    int64_t axis = nn_attr_int(n->node, "axis", 1);
    if (x->rank < 0) {
        nn_output_rank(n, 0, x->type, 2);
        return NN_OK;
    }
    if (axis < -x->rank || axis > x->rank)
        return nn_bad(n, "axis is %lld, but the rank is %d: expected %d to %d", (long long)axis, x->rank,
                      -x->rank, x->rank);
    axis += axis < 0 ? x->rank : 0;
    n->output(n, 0, x->type, 2,
              (const int64_t[]){extent(x, 0, (int32_t)axis), extent(x, (int32_t)axis, x->rank)});
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("Flatten", 21), .flags = NN_OP_SAME, NN_IN(NN_DATA(0)),
    NN_OUT({"output", "T", NN_ANY, 0, 0, "a matrix"}),
    NN_ATTRIBUTES(NN_WHOLE("axis", "1", "first dimension that goes into the columns")),
    NN_SAMPLES("[2,3,4]", "[2,3,4]; axis=2", "[2,3,4]; axis=0", "[2,3,4]; axis=-1", "[3]", "[]; axis=0",
               "[0,3]"),
    .doc = "Makes a matrix: the dimensions before axis are its rows, the others its columns.", .infer = infer,
    .gradient = nn_reshape_rule, .compute = nn_copy_compute);

NN_OPERATORS(flatten, "A matrix of the same elements.", NN_OP("Flatten", op))
