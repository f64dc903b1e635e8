/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of attention: its extents as far as they are known, heads brought in front of the sequence, and which
 * keys a query sees (masks, causality, windows, padding), as numbers that are added to the scores.
 */
#ifndef OPS_FAMILY_ATTENTION_H
#define OPS_FAMILY_ATTENTION_H

#include "body.h"
#include "index.h"

enum { NN_AT_Q, NN_AT_K, NN_AT_V, NN_AT_MASK, NN_AT_PAST_KEY, NN_AT_PAST_VALUE, NN_AT_FILLED };

typedef struct NnAttention {
    bool packed; /* [batch, sequence, heads * size] instead of [batch, heads, sequence, size] */
    int64_t batch, q_heads, kv_heads, q_length, new_length, past, total, size, v_size; /* NN_DIM_UNKNOWN */
} NnAttention;

static inline int64_t nn_attention_extent(const NnNode *node, uint32_t input, int32_t dim) {
    const NnValueInfo *x = nn_given(node, input) ? node->inputs[input] : NULL;
    return x && dim < x->rank ? nn_dim_plain(x->dims[dim]) : NN_DIM_UNKNOWN;
}

static inline int64_t nn_attention_part(int64_t whole, int64_t heads) {
    return whole >= 0 && heads > 0 ? whole / heads : NN_DIM_UNKNOWN;
}

/* Extents of a node whose Q has a known rank. */
static inline NnAttention nn_attention(const NnNode *node) {
    NnAttention a = {.packed = node->inputs[NN_AT_Q]->rank == 3};
    const int32_t length = a.packed ? 1 : 2, last = a.packed ? 2 : 3;
    a.batch = nn_attention_extent(node, NN_AT_Q, 0);
    a.q_heads =
        a.packed ? nn_attr_int(node, "q_num_heads", NN_DIM_UNKNOWN) : nn_attention_extent(node, NN_AT_Q, 1);
    a.kv_heads =
        a.packed ? nn_attr_int(node, "kv_num_heads", NN_DIM_UNKNOWN) : nn_attention_extent(node, NN_AT_K, 1);
    a.q_length = nn_attention_extent(node, NN_AT_Q, length);
    a.new_length = nn_attention_extent(node, NN_AT_K, length);
    a.past = nn_given(node, NN_AT_PAST_KEY) ? nn_attention_extent(node, NN_AT_PAST_KEY, 2) : 0;
    a.total = a.past < 0 || a.new_length < 0 ? NN_DIM_UNKNOWN : a.past + a.new_length;
    a.size = nn_attention_extent(node, NN_AT_Q, last);
    a.v_size = nn_attention_extent(node, NN_AT_V, last);
    if (a.packed) {
        a.size = nn_attention_part(a.size, a.q_heads);
        a.v_size = nn_attention_part(a.v_size, a.kv_heads);
    }
    return a;
}

static inline NnValue *nn_attention_permute(const NnBody *b, NnValue *x, const int64_t perm[4]) {
    return nn_op(b->host, b->graph, "Transpose", NN_VALUES(x), NN_ATTRS(NN_INTS("perm", 4, perm)));
}

/* [batch, sequence, heads * size] as [batch, heads, sequence, size] */
static inline NnValue *nn_attention_unpack(const NnBody *b, NnValue *x, int64_t heads, int64_t size) {
    static const int64_t heads_first[4] = {0, 2, 1, 3};
    const int64_t shape[4] = {0, 0, heads, size};
    return nn_attention_permute(b, nn_body2(b, "Reshape", x, nn_vector(b->host, b->graph, 4, shape)),
                                heads_first);
}

static inline NnValue *nn_attention_pack(const NnBody *b, NnValue *x, int64_t width) {
    static const int64_t heads_last[4] = {0, 2, 1, 3};
    const int64_t shape[3] = {0, 0, width};
    return nn_body2(b, "Reshape", nn_attention_permute(b, x, heads_last),
                    nn_vector(b->host, b->graph, 3, shape));
}

/* Each head of keys and values for the queries that share it: h0, h0, h1, h1, ... */
static inline NnValue *nn_attention_share(const NnBody *b, NnValue *x, const NnAttention *a) {
    int64_t *which = NULL;
    if (a->q_heads == a->kv_heads || !(which = b->host->alloc(b->host, (uint64_t)a->q_heads * sizeof *which)))
        return x;
    for (int64_t h = 0; h < a->q_heads; h++)
        which[h] = h / (a->q_heads / a->kv_heads);
    NnValue *at = nn_vector(b->host, b->graph, a->q_heads, which);
    b->host->free(b->host, which);
    return nn_op(b->host, b->graph, "Gather", NN_VALUES(x, at), NN_ATTRS(NN_INT("axis", 1)));
}

static inline NnValue *nn_attention_and(const NnBody *b, NnValue *x, NnValue *y) {
    return x && y ? nn_body2(b, "And", x, y) : x ? x : y;
}

/* 0 .. n-1 */
static inline NnValue *nn_attention_count(const NnBody *b, int64_t n) {
    const NnHost *nn = b->host;
    return nn_op3(nn, b->graph, "Range", nn_scalar(nn, b->graph, NN_I64, 0),
                  nn_scalar(nn, b->graph, NN_I64, (double)n), nn_scalar(nn, b->graph, NN_I64, 1));
}

static inline NnValue *nn_attention_unsqueeze(const NnBody *b, NnValue *x, int64_t n, const int64_t *axes) {
    return nn_body2(b, "Unsqueeze", x, nn_vector(b->host, b->graph, n, axes));
}

/* Which keys (the last dimension) a query (the one before) may see by its position, and which are filled;
 * NULL: all. The query i stands at i plus the number of valid keys in front of it. */
static inline NnValue *nn_attention_visible(const NnBody *b, const NnAttention *a) {
    static const int64_t column[] = {1}, batch[] = {1, 2, 3};
    const NnNode *node = b->node;
    const int64_t left = nn_attr_int(node, "left_window_size", -1),
                  right = nn_attr_int(node, "right_window_size", -1);
    const bool causal = nn_attr_int(node, "is_causal", 0) != 0, filled = nn_given(node, NN_AT_FILLED);
    NnValue *key = nn_attention_count(b, a->total), *seen = NULL, *front = NULL;
    if (filled) {
        NnValue *n = nn_attention_unsqueeze(b, b->inputs[NN_AT_FILLED], 3, batch);
        seen = nn_body2(b, "Less", key, n);
        front = nn_body2(b, "Sub", n, nn_body_scalar(b, n, (double)a->q_length));
    }
    if (!causal && left < 0 && right < 0)
        return seen;
    NnValue *query = nn_attention_unsqueeze(b, nn_attention_count(b, a->q_length), 1, column);
    query = nn_body2(b, "Add", query, front ? front : nn_body_scalar(b, query, (double)a->past));
    NnValue *behind = nn_body2(b, "Sub", query, key);
    if (causal)
        seen = nn_attention_and(b, seen, nn_body2(b, "GreaterOrEqual", behind, nn_body_scalar(b, behind, 0)));
    if (left >= 0)
        seen = nn_attention_and(b, seen,
                                nn_body2(b, "LessOrEqual", behind, nn_body_scalar(b, behind, (double)left)));
    if (right >= 0)
        seen = nn_attention_and(
            b, seen, nn_body2(b, "GreaterOrEqual", behind, nn_body_scalar(b, behind, -(double)right)));
    return seen;
}

/* The mask with as many keys as there are: it may be shorter. Of truth values `fill` is false, of numbers
 * -infinity. */
static inline NnValue *nn_attention_mask(const NnBody *b, const NnAttention *a, int32_t type) {
    const NnValueInfo *info = b->node->inputs[NN_AT_MASK];
    const int64_t have = info->dims[info->rank - 1];
    int64_t pads[2 * NN_MAX_RANK] = {0};
    const bool truth = info->type == NN_BOOL;
    NnValue *mask = b->inputs[NN_AT_MASK];
    if (!truth && info->type != type)
        mask = nn_body_cast(b, mask, type);
    if (have >= a->total)
        return mask;
    pads[2 * info->rank - 1] = a->total - have;
    NnValue *fill = nn_scalar(b->host, b->graph, truth ? NN_BOOL : type, truth ? 0 : -HUGE_VAL);
    return nn_op3(b->host, b->graph, "Pad", mask, nn_vector(b->host, b->graph, 2 * info->rank, pads), fill);
}

#endif
