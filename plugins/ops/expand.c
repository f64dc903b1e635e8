/* SPDX-License-Identifier: Apache-2.0 */
/* Broadcasting by itself. */
#include "family/index.h"

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0], *shape = n->node->inputs[1];
    int64_t dims[NN_MAX_RANK];
    uint64_t count = 0;
    const int64_t *wanted = n->integers(n, 1, &count);
    if (x->rank < 0 || (!wanted && !(shape->rank == 1 && shape->dims[0] == 0))) {
        const bool sized = x->rank >= 0 && shape->rank == 1 && shape->dims[0] >= 0;
        const int32_t other = sized ? (int32_t)shape->dims[0] : 0;
        nn_output_rank(n, 0, x->type, sized ? (other > x->rank ? other : x->rank) : NN_RANK_UNKNOWN);
        return NN_OK;
    }
    if (count > NN_MAX_RANK)
        return nn_bad(n, "shape has %llu elements, at most %d are supported", (unsigned long long)count,
                      NN_MAX_RANK);
    const int32_t m = (int32_t)count, rank = m > x->rank ? m : x->rank;
    for (int32_t i = 0; i < rank; i++) {
        const int64_t a = i < rank - x->rank ? 1 : nn_dim_plain(x->dims[i - rank + x->rank]);
        const int64_t b = i < rank - m ? 1 : wanted[i - rank + m];
        if (b < NN_DIM_UNKNOWN || (b == NN_DIM_UNKNOWN && shape->value))
            return nn_bad(n, "shape has %lld at place %d, expected 0 or more", (long long)b, i - rank + m);
        if (a > 1 && b > 1 && a != b)
            return nn_bad(n, "dimension %d is %lld and cannot be expanded to %lld", i, (long long)a,
                          (long long)b);
        dims[i] = b == 1 ? a : a == 1 ? b : a == NN_DIM_UNKNOWN ? b : a;
    }
    n->output(n, 0, x->type, rank, dims);
    return NN_OK;
}

static int32_t gradient(NnGradient *g) {
    g->grads[0] = nn_rule_sum_to(g, NN_DY(g), g->inputs[0]);
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    NnTensor *y = call->outputs[0];
    int64_t strides[NN_MAX_RANK], index[NN_MAX_RANK] = {0};
    const int64_t n = nn_elements(y);
    const uint64_t size = nn_type_size(y->type);
    nn_broadcast_strides(call->inputs[0], y->rank, strides);
    for (int64_t i = 0; i < n; i++, nn_next(y->rank, y->dims, index))
        nn_move(nn_data(y), i, nn_data(call->inputs[0]), nn_at(y->rank, index, strides), 1, size);
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Expand", 13), .flags = NN_OP_SAME,
                      NN_IN(NN_DATA(0), NN_HOST_INTS("shape", 0, "with which data is broadcast")),
                      NN_OUT({"output", "T", NN_ANY, 0, 0, "data, repeated"}),
                      NN_SAMPLES("[3] i64[2]{2,3}", "[2,1] i64[2]{2,3}", "[2,1] i64[1]{3}", "[] i64[2]{2,2}",
                                 "[1,3] i64[2]{0,3}", "[2,3] i64[2]{1,1}", "[2] i64[0]"),
                      .doc = "Repeats data to the shape that it has when broadcast with the given one.",
                      .infer = infer, .gradient = gradient, .compute = compute);

NN_OPERATORS(expand, "Broadcasting by itself.", NN_OP("Expand", op))
