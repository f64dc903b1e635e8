/* SPDX-License-Identifier: Apache-2.0 */
/* Indices as vectors that are on in one place. */
#include "family/index.h"

/* depth is a scalar of any number type. */
static int64_t depth_of(const NnTensor *t) {
    return nn_is(t->type, NN_INTEGERS) ? nn_load_int(nn_data(t), t->type, 0)
                                       : nn_to_i64(nn_load(nn_data(t), t->type, 0), -0x1p63, 0x1p63);
}

static int32_t infer(NnInfer *n) {
    const NnValueInfo *at = n->node->inputs[0], *values = n->node->inputs[2];
    int64_t axis = nn_attr_int(n->node, "axis", -1), dims[NN_MAX_RANK];
    uint64_t count;
    (void)n->integers(n, 1, &count);
    const NnTensor *depth = n->node->inputs[1]->value;
    if (depth && (nn_elements(depth) != 1 || depth_of(depth) < 0))
        return nn_bad(n, "depth is not one number that is 0 or more");
    if (at->rank < 0) {
        nn_output_rank(n, 0, values->type, NN_RANK_UNKNOWN);
        return NN_OK;
    }
    const int32_t rank = at->rank + 1;
    if (rank > NN_MAX_RANK || nn_axis(n, "axis", &axis, rank) != NN_OK)
        return nn_bad(n, "the result would have rank %d, at most %d is supported", rank, NN_MAX_RANK);
    for (int32_t i = 0; i < rank; i++)
        dims[i] =
            i == axis ? (depth ? depth_of(depth) : NN_DIM_UNKNOWN) : nn_dim_plain(at->dims[i - (i > axis)]);
    n->output(n, 0, values->type, rank, dims);
    return NN_OK;
}

/* An index outside of the range is off everywhere. */
static int32_t compute(const NnCall *call) {
    const NnTensor *at = call->inputs[0], *values = call->inputs[2];
    NnTensor *y = call->outputs[0];
    const int32_t axis = nn_axis_of(nn_attr_int(call->node, "axis", -1), y->rank);
    const int64_t depth = y->dims[axis], inner = nn_product(y->dims, axis + 1, y->rank);
    const int64_t outer = nn_product(y->dims, 0, axis);
    const uint64_t size = nn_type_size(y->type);
    for (int64_t o = 0; o < outer; o++)
        for (int64_t d = 0; d < depth; d++)
            for (int64_t i = 0; i < inner; i++) {
                const int64_t k = o * inner + i;
                const int64_t given = nn_is(at->type, NN_INTEGERS)
                                          ? nn_load_int(nn_data(at), at->type, k)
                                          : nn_to_i64(nn_load(nn_data(at), at->type, k), -0x1p63, 0x1p63);
                nn_move(nn_data(y), (o * depth + d) * inner + i, nn_data(values),
                        (given < 0 ? given + depth : given) == d, 1, size);
            }
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("OneHot", 11),
    NN_IN({"indices", "I", NN_NUMBERS, NN_NO_GRADIENT, 0, "the places; negative ones count from the end"},
          {"depth", "D", NN_NUMBERS, NN_SHAPE_VALUE | NN_NO_GRADIENT, 0, "length of the vectors, a scalar"},
          {"values", "T", NN_ANY, NN_NO_GRADIENT, 0, "two: off, on"}),
    NN_OUT({"output", "T", NN_ANY, 0, 0, "indices with one more dimension"}),
    NN_ATTRIBUTES(NN_WHOLE("axis", "-1", "where the new dimension stands")),
    NN_SAMPLES("i64[3]{0,2,-1} i64[]{3} f[2]{0,1}", "i64[2,2]@0:3 i64[]{3} f[2]{-1,1}; axis=0",
               "i64[0] i64[]{3} f[2]{0,1}", "i32[2]{1,7} i64[]{2} i64[2]{0,1}; axis=1"),
    .doc = "Vectors that hold the second of values at the index and the first elsewhere.", .infer = infer,
    .compute = compute);

NN_OPERATORS(one_hot, "Indices as vectors that are on in one place.", NN_OP("OneHot", op))
