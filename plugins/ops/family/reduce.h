/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reductions over axes as ONNX has them: axes are an input (absent: all), keepdims leaves extents of 1. A
 * leaf gives a function over one row, the elements that become one element of the result, as an iterator; it
 * may pass twice.
 */
#ifndef OPS_FAMILY_REDUCE_H
#define OPS_FAMILY_REDUCE_H

#include "row.h"

#define NN_REDUCTION(types)                                                                                  \
    NN_IN({"data", "T", types, 0, 0, "what is reduced"},                                                     \
          {"axes", "I", NN_MASK(NN_I64), NN_OPTIONAL | NN_SHAPE_VALUE | NN_NO_GRADIENT, 0,                   \
           "axes to reduce; absent: all"}),                                                                  \
        NN_OUT({"reduced", "T", types, 0, 0, "the result"}),                                                 \
        NN_ATTRIBUTES(                                                                                       \
            NN_FLAG("keepdims", "1", "keep the reduced dimensions as 1"),                                    \
            NN_FLAG("noop_with_empty_axes", "0", "without axes: 1 leaves data as it is, 0 reduces all")),    \
        .infer = nn_infer_reduce
#define NN_REDUCTION_CASES                                                                                   \
    "[2,3]", "[2,3] i64[1]{1}", "[2,3,4] i64[2]{0,-1}; keepdims=0", "[2,3] -; keepdims=0", "[2,3] i64[0]",   \
        "[2,3] i64[0]; noop_with_empty_axes=1", "[] -", "[0,3] i64[1]{1}", "[2,1] i64[1]{1}; keepdims=0"
#define NN_REDUCTION_SAMPLES NN_SAMPLES(NN_REDUCTION_CASES)
#define NN_REDUCTION_NUMBER_SAMPLES NN_SAMPLES(NN_REDUCTION_CASES, "i64[2,3]@-4:5 i64[1]{1}")

/* The reduced axes as a mask; false when only the run will tell. Asks for the values of `axes`. */
static inline bool nn_reduced_mask(NnInfer *infer, uint32_t *mask, int32_t *code) {
    const NnNode *node = infer->node;
    const int32_t rank = node->inputs[0]->rank;
    const NnValueInfo *given = node->n_inputs > 1 ? node->inputs[1] : NULL;
    uint64_t n = 0;
    const int64_t *axes = given ? infer->integers(infer, 1, &n) : NULL;
    *code = NN_OK;
    *mask = 0;
    if (rank < 0 || (given && !axes && !(given->rank == 1 && given->dims[0] == 0)))
        return false;
    /* An axis of -1 and an unknown one look the same, unless the value is known as a whole. */
    for (uint64_t i = 0; given && !given->value && i < n; i++)
        if (axes[i] == NN_DIM_UNKNOWN)
            return false;
    if (n > 0)
        *code = nn_axes(infer, axes, n, rank, mask);
    else if (!nn_attr_int(node, "noop_with_empty_axes", 0))
        *mask = (1u << rank) - 1;
    return *code == NN_OK;
}

static inline int32_t nn_infer_reduce_to(NnInfer *infer, int32_t type) {
    const NnValueInfo *x = infer->node->inputs[0];
    const bool keep = nn_attr_int(infer->node, "keepdims", 1) != 0;
    int64_t dims[NN_MAX_RANK];
    uint32_t mask;
    int32_t code, rank = 0;
    if (!nn_reduced_mask(infer, &mask, &code)) {
        for (int32_t i = 0; i < x->rank; i++)
            dims[i] = NN_DIM_UNKNOWN;
        infer->output(infer, 0, type == NN_NONE ? x->type : type, keep ? x->rank : NN_RANK_UNKNOWN, dims);
        return code;
    }
    for (int32_t i = 0; i < x->rank; i++)
        if (!(mask >> i & 1))
            dims[rank++] = nn_dim_plain(x->dims[i]);
        else if (keep)
            dims[rank++] = 1;
    infer->output(infer, 0, type == NN_NONE ? x->type : type, rank, dims);
    return NN_OK;
}

static inline int32_t nn_infer_reduce(NnInfer *infer) { return nn_infer_reduce_to(infer, NN_NONE); }

/* The mask when running; input k holds the axes. */
static inline uint32_t nn_run_mask(const NnCall *call, uint32_t k) {
    const int32_t rank = call->inputs[0]->rank;
    const NnTensor *axes = call->n_inputs > k ? call->inputs[k] : NULL;
    uint32_t mask = 0;
    for (int64_t i = 0; axes && i < nn_elements(axes); i++)
        mask |= 1u << nn_axis_of(nn_load_int(nn_data(axes), axes->type, i), rank);
    const bool none = !axes || nn_elements(axes) == 0;
    return none && !nn_attr_int(call->node, "noop_with_empty_axes", 0) ? (1u << rank) - 1 : mask;
}

/* `whole` NULL: integers go through double. */
static inline int32_t nn_reduce_compute(const NnCall *call, NnRowReal real, NnRowWhole whole) {
    NnTensor *y = call->outputs[0];
    int64_t rest[NN_MAX_RANK], strides[NN_MAX_RANK], index[NN_MAX_RANK] = {0};
    NnRow row;
    const int32_t kept = nn_row_begin(&row, call->inputs[0], nn_run_mask(call, 1), rest, strides);
    const int64_t n = nn_product(rest, 0, kept);
    for (int64_t i = 0; i < n; i++, nn_next(kept, rest, index)) {
        row.base = nn_at(kept, index, strides);
        nn_row_rewind(&row);
        if (whole && nn_is(y->type, NN_INTEGERS | NN_MASK(NN_BOOL)))
            nn_store_int(nn_data(y), y->type, i, whole(&row));
        else
            nn_store(nn_data(y), y->type, i, real(&row));
    }
    return NN_OK;
}

/* v, of the result's shape, with the reduced dimensions put back as 1, so that it broadcasts against the
 * input. */
static inline NnValue *nn_rule_unreduce(const NnGradient *g, NnValue *v) {
    const bool axes = g->node->n_inputs > 1 && g->inputs[1];
    return axes && !nn_attr_int(g->node, "keepdims", 1) ? nn_rule2(g, "Unsqueeze", v, g->inputs[1]) : v;
}

/* Largest or smallest: what arrives goes to those that equal the result, in even parts. */
static inline int32_t nn_reduce_extremum_rule(NnGradient *g) {
    NnValue *dy = nn_rule_unreduce(g, NN_DY(g)), *y = nn_rule_unreduce(g, g->outputs[0]);
    NnValue *ties = nn_rule_cast(g, nn_rule2(g, "Equal", g->inputs[0], y), dy);
    const NnAttr attrs[] = {NN_INT("keepdims", 1),
                            NN_INT("noop_with_empty_axes", nn_attr_int(g->node, "noop_with_empty_axes", 0))};
    NnValue *in[] = {ties, g->node->n_inputs > 1 ? g->inputs[1] : NULL};
    NnValue *count = nn_op(g->host, g->graph, "ReduceSum", in, 2, attrs, 2);
    g->grads[0] = nn_rule2(g, "Mul", ties, nn_rule2(g, "Div", dy, count));
    return NN_OK;
}

/* The lowest or highest value of an integer type. */
static inline int64_t nn_type_limit(int32_t type, bool high) {
    const uint64_t bits = type == NN_BOOL ? 1 : 8 * nn_type_size(type);
    if (nn_is(type, NN_UNSIGNED | NN_MASK(NN_BOOL)))
        return high ? (int64_t)(UINT64_MAX >> (64 - bits)) : 0;
    const int64_t top = (int64_t)(UINT64_MAX >> (65 - bits));
    return high ? top : -top - 1;
}

#endif
