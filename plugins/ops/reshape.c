/* SPDX-License-Identifier: Apache-2.0 */
/* The same elements in another shape. */
#include "family/index.h"

/* Unknown by anything is unknown; true when it is too much. */
static bool times(int64_t *total, int64_t by) {
    const bool known = *total >= 0 && nn_dim_known(by);
    if (!known)
        *total = NN_DIM_UNKNOWN;
    return known && __builtin_mul_overflow(*total, by, total);
}

/* With the copied dimensions left out on both sides, what -1 stands for is known even when those are not. */
static int32_t fill(NnInfer *n, int64_t *dims, const int8_t *copied, int32_t rank, int32_t rest) {
    const NnValueInfo *x = n->node->inputs[0];
    int64_t total = 1, others = 1;
    bool large = false;
    char text[200];
    for (int32_t i = 0; i < x->rank; i++)
        if (i >= rank || !copied[i])
            large = times(&total, x->dims[i]) || large;
    for (int32_t i = 0; i < rank; i++)
        if (!copied[i] && i != rest)
            large = times(&others, dims[i]) || large;
    if (large)
        return nn_bad(n, "a shape has more elements than 64 bits count");
    if (x->rank < 0 || total < 0 || others < 0)
        return NN_OK;
    if (rest >= 0 && others > 0 && total % others == 0)
        dims[rest] = total / others;
    else if (rest >= 0 ? others > 0 || total > 0 : total != others)
        return nn_bad(n, "data of shape %s cannot take the wanted shape, which has room for %s%lld elements",
                      nn_shape_text(x->rank, x->dims, text, sizeof text), rest >= 0 ? "multiples of " : "",
                      (long long)others);
    else if (rest >= 0)
        dims[rest] = 0;
    return NN_OK;
}

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0], *shape = n->node->inputs[1];
    uint64_t count = 0;
    const int64_t *wanted = n->integers(n, 1, &count);
    const bool zero = nn_attr_int(n->node, "allowzero", 0) != 0;
    int64_t dims[NN_MAX_RANK];
    int8_t copied[NN_MAX_RANK] = {0};
    int32_t rest = -1, unknown = 0;
    if (shape->rank == 1 && shape->dims[0] > NN_MAX_RANK)
        return nn_bad(n, "shape has %lld elements, at most %d are supported", (long long)shape->dims[0],
                      NN_MAX_RANK);
    if (!wanted && !(shape->rank == 1 && shape->dims[0] == 0)) {
        nn_output_rank(n, 0, x->type,
                       shape->rank == 1 && shape->dims[0] >= 0 ? (int32_t)shape->dims[0] : NN_RANK_UNKNOWN);
        return NN_OK;
    }
    const int32_t rank = (int32_t)count;
    for (int32_t i = 0; i < rank; i++) {
        dims[i] = wanted[i];
        if (wanted[i] < -1)
            return nn_bad(n, "shape has %lld at place %d, expected -1 or more", (long long)wanted[i], i);
        if (wanted[i] == 0 && !zero) {
            if (x->rank >= 0 && i >= x->rank)
                return nn_bad(n, "shape copies dimension %d, but data has rank %d", i, x->rank);
            copied[i] = 1;
            dims[i] = x->rank < 0 ? NN_DIM_UNKNOWN : nn_dim_plain(x->dims[i]);
        } else if (wanted[i] == -1) {
            rest = i;
            unknown++;
        }
    }
    if (unknown > 1 && shape->value)
        return nn_bad(n, "shape has -1 at %d places, expected one at most", unknown);
    const int32_t code = unknown > 1 ? NN_OK : fill(n, dims, copied, rank, rest);
    if (code != NN_OK)
        return code;
    n->output(n, 0, x->type, rank, dims);
    nn_pass_value(n, x->type, rank);
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("Reshape", 21), .flags = NN_OP_SAME,
    NN_IN(NN_DATA(0), NN_HOST_INTS("shape", 0, "the new extents; one may be -1: what is left")),
    NN_OUT({"reshaped", "T", NN_ANY, 0, 0, "the same elements in the new shape"}),
    NN_ATTRIBUTES(NN_FLAG("allowzero", "0", "0: an extent of 0 copies that of data; 1: it is 0")),
    NN_SAMPLES("[2,3] i64[2]{3,2}", "[2,3,4] i64[2]{0,-1}", "[2,3] i64[1]{-1}", "[1] i64[0]",
               "[0,3] i64[2]{3,0}; allowzero=1", "i64[4]@0:9 i64[2]{2,-1}"),
    .doc = "Gives the elements, in row-major order, another shape.", .infer = infer,
    .gradient = nn_reshape_rule, .compute = nn_copy_compute);

NN_OPERATORS(reshape, "The same elements in another shape.", NN_OP("Reshape", op))
