/* SPDX-License-Identifier: Apache-2.0 */
/* The index of the best element along an axis: ArgMax and ArgMin. */
#ifndef OPS_FAMILY_ARG_H
#define OPS_FAMILY_ARG_H

#include "row.h"

#define NN_ARG                                                                                               \
    NN_IN({"data", "T", NN_NUMBERS, NN_NO_GRADIENT, 0, "what is searched"}),                                 \
        NN_OUT({"reduced", NULL, NN_MASK(NN_I64), 0, 0, "the indices"}),                                     \
        NN_ATTRIBUTES(NN_WHOLE("axis", "0", "along which; negative ones count from the end"),                \
                      NN_FLAG("keepdims", "1", "keep the axis as 1"),                                        \
                      NN_FLAG("select_last_index", "0", "among equal elements: 1 the last, 0 the first")),   \
        NN_SAMPLES("[2,3]", "[2,3]; axis=1 keepdims=0", "[4]{1,3,3,2}", "[4]{1,3,3,2}; select_last_index=1", \
                   "[0,3]; axis=1", "i64[2,3]@0:9; axis=-1"),                                                \
        .infer = nn_infer_arg

static inline int32_t nn_infer_arg(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    const bool keep = nn_attr_int(n->node, "keepdims", 1) != 0;
    int64_t axis = nn_attr_int(n->node, "axis", 0), dims[NN_MAX_RANK];
    int32_t rank = 0;
    if (x->rank >= 0 && nn_axis(n, "axis", &axis, x->rank) != NN_OK)
        return NN_INVALID;
    for (int32_t i = 0; i < x->rank; i++)
        if (i != axis || keep)
            dims[rank++] = i == axis ? 1 : nn_dim_plain(x->dims[i]);
    n->output(n, 0, NN_I64, x->rank < 0 ? NN_RANK_UNKNOWN : rank, dims);
    return NN_OK;
}

/* A NaN counts as better than any number, as PyTorch has it. */
static inline int32_t nn_arg_compute(const NnCall *call, bool (*better)(double, double),
                                     bool (*whole)(int64_t, int64_t)) {
    const NnTensor *x = call->inputs[0];
    NnTensor *y = call->outputs[0];
    const int32_t axis = nn_axis_of(nn_attr_int(call->node, "axis", 0), x->rank);
    const bool last = nn_attr_int(call->node, "select_last_index", 0) != 0;
    int64_t rest[NN_MAX_RANK], strides[NN_MAX_RANK], index[NN_MAX_RANK] = {0}, at;
    NnRow row;
    const int32_t kept = nn_row_begin(&row, x, 1u << axis, rest, strides);
    const int64_t n = nn_product(rest, 0, kept);
    if (n > 0 && row.n == 0)
        return nn_fail(call->host, call->status, NN_INVALID, "the axis has no elements");
    for (int64_t i = 0; i < n; i++, nn_next(kept, rest, index)) {
        int64_t best = 0, found = 0;
        row.base = best = nn_at(kept, index, strides);
        nn_row_rewind(&row);
        for (int64_t k = 0; (at = nn_row_position(&row)) >= 0; k++) {
            bool wins, equal;
            if (nn_is(x->type, NN_INTEGERS)) {
                /* Turning the top bit makes unsigned numbers compare as signed ones. */
                const int64_t turn = x->type == NN_U64 ? INT64_MIN : 0;
                const int64_t a = nn_load_int(nn_data(x), x->type, at) ^ turn,
                              b = nn_load_int(nn_data(x), x->type, best) ^ turn;
                wins = whole(a, b);
                equal = a == b;
            } else {
                const double a = nn_load(nn_data(x), x->type, at), b = nn_load(nn_data(x), x->type, best);
                wins = better(a, b) || (isnan(a) && !isnan(b));
                equal = a == b;
            }
            if (wins || (last && equal)) {
                best = at;
                found = k;
            }
        }
        nn_store_int(nn_data(y), NN_I64, i, found);
    }
    return NN_OK;
}

#endif
