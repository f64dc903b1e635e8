/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scaled dot-product attention (Vaswani et al. 2017) with any number of heads, shared keys and values
 * (Shazeer 2019; Ainslie et al. 2023), masks, windows, a soft cap and a cache of past keys.
 */
#include "family/attention.h"

static int32_t check_heads(NnInfer *n, const NnAttention *a) {
    const NnNode *node = n->node;
    const int64_t q = nn_attention_extent(node, NN_AT_Q, 2), k = nn_attention_extent(node, NN_AT_K, 2),
                  v = nn_attention_extent(node, NN_AT_V, 2);
    if (a->packed && (a->q_heads < 1 || a->kv_heads < 1))
        return nn_bad(n, "q_num_heads and kv_num_heads are %lld and %lld: inputs of rank 3 need both",
                      (long long)a->q_heads, (long long)a->kv_heads);
    if (a->q_heads >= 0 && a->kv_heads >= 0 && (a->kv_heads == 0 || a->q_heads % a->kv_heads != 0))
        return nn_bad(n, "there are %lld heads of queries and %lld of keys: expected a multiple",
                      (long long)a->q_heads, (long long)a->kv_heads);
    if (a->packed && ((q > 0 && q % a->q_heads) || (k > 0 && k % a->kv_heads) || (v > 0 && v % a->kv_heads)))
        return nn_bad(
            n, "Q, K and V have the widths %lld, %lld and %lld, which do not divide into %lld and %lld heads",
            (long long)q, (long long)k, (long long)v, (long long)a->q_heads, (long long)a->kv_heads);
    return NN_OK;
}

static bool differ(int64_t a, int64_t b) { return a >= 0 && b >= 0 && a != b; }

/* All inputs but the mask, which is broadcast, have the same batch, and keys and values the same heads. */
static int32_t check_batch(NnInfer *n, const NnAttention *a) {
    for (uint32_t i = NN_AT_K; i <= NN_AT_FILLED; i++) {
        const int64_t batch = nn_attention_extent(n->node, i, 0), heads = nn_attention_extent(n->node, i, 1);
        const bool by_head = i != NN_AT_FILLED && (i >= NN_AT_PAST_KEY || !a->packed);
        if (i != NN_AT_MASK && differ(batch, a->batch))
            return nn_bad(n, "input %u has a batch of %lld, and Q one of %lld: expected the same", i,
                          (long long)batch, (long long)a->batch);
        if (i != NN_AT_MASK && by_head && differ(heads, a->kv_heads))
            return nn_bad(n, "input %u has %lld heads: expected %lld", i, (long long)heads,
                          (long long)a->kv_heads);
    }
    return NN_OK;
}

static int32_t check(NnInfer *n, const NnAttention *a) {
    const NnNode *node = n->node;
    const int32_t rank = node->inputs[NN_AT_Q]->rank, length = a->packed ? 1 : 2, last = a->packed ? 2 : 3;
    const bool pk = nn_given(node, NN_AT_PAST_KEY), pv = nn_given(node, NN_AT_PAST_VALUE);
    const int64_t k = nn_attention_extent(node, NN_AT_K, last),
                  k_size = a->packed ? nn_attention_part(k, a->kv_heads) : k;
    if (rank != 3 && rank != 4)
        return nn_bad(n, "Q has rank %d: expected 3 or 4", rank);
    for (uint32_t i = 0; i < 6; i++) {
        const int32_t want = i < 3 ? rank : 4;
        if (i != NN_AT_MASK && nn_given(node, i) && node->inputs[i]->rank >= 0 &&
            node->inputs[i]->rank != want)
            return nn_bad(n, "input %u has rank %d: expected %d", i, node->inputs[i]->rank, want);
    }
    if (pk != pv || (pk && nn_given(node, NN_AT_FILLED)))
        return nn_bad(
            n, pk != pv
                   ? "past_key and past_value go together: only one is given"
                   : "nonpad_kv_seqlen is of a cache outside, past_key of one inside: expected one of them");
    if (differ(a->new_length, nn_attention_extent(node, NN_AT_V, length)))
        return nn_bad(n, "K has %lld positions and V %lld: expected as many", (long long)a->new_length,
                      (long long)nn_attention_extent(node, NN_AT_V, length));
    int32_t code = check_heads(n, a);
    if (code == NN_OK)
        code = check_batch(n, a);
    if (code == NN_OK && differ(a->size, k_size))
        return nn_bad(n, "a head of Q has %lld elements and one of K %lld: expected as many",
                      (long long)a->size, (long long)k_size);
    return code;
}

static int32_t infer(NnInfer *n) {
    const NnNode *node = n->node;
    const int32_t type = node->inputs[NN_AT_Q]->type, v_type = node->inputs[NN_AT_V]->type;
    if (node->inputs[NN_AT_Q]->rank < 0) {
        n->output(n, 0, type, NN_RANK_UNKNOWN, NULL);
        return NN_OK;
    }
    const NnAttention a = nn_attention(node);
    const int32_t code = check(n, &a);
    if (code != NN_OK)
        return code;
    const int64_t width = a.v_size < 0 ? NN_DIM_UNKNOWN : a.q_heads * a.v_size;
    const int64_t packed[] = {a.batch, a.q_length, width},
                  plain[] = {a.batch, a.q_heads, a.q_length, a.v_size};
    const int64_t key[] = {a.batch, a.kv_heads, a.total, a.size},
                  value[] = {a.batch, a.kv_heads, a.total, a.v_size};
    const int64_t scores[] = {a.batch, a.q_heads, a.q_length, a.total};
    n->output(n, 0, type, a.packed ? 3 : 4, a.packed ? packed : plain);
    n->output(n, 1, type, 4, key);
    n->output(n, 2, v_type, 4, value);
    n->output(n, 3, type, 4, scores);
    return NN_OK;
}

/* Past and present along the sequence. */
static NnValue *cached(const NnBody *b, NnValue *now, uint32_t past) {
    if (!nn_given(b->node, past))
        return nn_body1(b, "Identity", now);
    return nn_op(b->host, b->graph, "Concat", NN_VALUES(b->inputs[past], now), NN_ATTRS(NN_INT("axis", 2)));
}

/* Probabilities from scores; a query that sees no key at all has zeros. `masked` are the scores that mode 2
 * shows. */
static NnValue *probabilities(const NnBody *b, const NnAttention *a, NnValue *scores, int32_t type,
                              NnValue **masked) {
    const NnHost *nn = b->host;
    const int64_t last = -1, told = nn_attr_int(b->node, "softmax_precision", NN_NONE);
    NnValue *none = nn_scalar(nn, b->graph, type, -HUGE_VAL), *zero = nn_scalar(nn, b->graph, type, 0);
    NnValue *seen = nn_attention_visible(b, a), *bias = NULL, *dead = NULL;
    NnValue *mask = nn_given(b->node, NN_AT_MASK) ? nn_attention_mask(b, a, type) : NULL;
    if (mask && b->node->inputs[NN_AT_MASK]->type == NN_BOOL)
        seen = nn_attention_and(b, seen, mask);
    else if (mask)
        bias = mask;
    scores = bias ? nn_body2(b, "Add", scores, bias) : scores;
    scores = seen ? nn_op3(nn, b->graph, "Where", seen, scores, none) : scores;
    *masked = scores;
    if (seen)
        bias = nn_op3(nn, b->graph, "Where", seen, bias ? bias : zero, none);
    if (bias) {
        NnValue *top = nn_body2(b, "ReduceMax", bias, nn_vector(nn, b->graph, 1, &last));
        dead = nn_body2(b, "Equal", top, none);
        scores = nn_op3(nn, b->graph, "Where", dead, zero, scores);
    }
    if (told != NN_NONE && told != type)
        scores = nn_body_cast(b, scores, (int32_t)told);
    NnValue *p = nn_body1(b, "Softmax", scores);
    p = told != NN_NONE && told != type ? nn_body_cast(b, p, type) : p;
    return dead ? nn_op3(nn, b->graph, "Where", dead, zero, p) : p;
}

/* Q K' with half of the scale on either side, and under the cap. */
static NnValue *product(const NnBody *b, const NnAttention *a, NnValue *q, NnValue *k) {
    static const int64_t turned[4] = {0, 1, 3, 2};
    const double half = sqrt(nn_attr_float(b->node, "scale", 1 / sqrt((double)a->size)));
    NnValue *kt = nn_attention_permute(b, nn_attention_share(b, k, a), turned);
    return nn_body2(b, "MatMul", nn_body2(b, "Mul", q, nn_body_scalar(b, q, half)),
                    nn_body2(b, "Mul", kt, nn_body_scalar(b, kt, half)));
}

static NnValue *capped(const NnBody *b, NnValue *scores) {
    const double cap = nn_attr_float(b->node, "softcap", 0);
    if (!(cap > 0))
        return scores;
    NnValue *c = nn_body_scalar(b, scores, cap);
    return nn_body2(b, "Mul", nn_body1(b, "Tanh", nn_body2(b, "Div", scores, c)), c);
}

static int32_t body(NnBody *b) {
    const NnNode *node = b->node;
    const int32_t type = node->inputs[NN_AT_Q]->type;
    const NnValueInfo *mask = nn_given(node, NN_AT_MASK) ? node->inputs[NN_AT_MASK] : NULL;
    NnAttention a = {.size = NN_DIM_UNKNOWN};
    if (node->inputs[NN_AT_Q]->rank >= 0)
        a = nn_attention(node);
    if (a.size < 0 || a.v_size < 0 || a.q_heads < 1 || a.kv_heads < 1 || a.q_length < 0 || a.total < 0 ||
        a.past < 0 || (mask && (mask->rank < 1 || !nn_dim_known(mask->dims[mask->rank - 1]))))
        return nn_fail(
            b->host, b->status, NN_UNSUPPORTED,
            "Attention needs heads and sequences of known extents, and a mask of rank 1 or more, here");
    NnValue *q = b->inputs[NN_AT_Q], *k = b->inputs[NN_AT_K], *v = b->inputs[NN_AT_V], *masked;
    if (a.packed) {
        q = nn_attention_unpack(b, q, a.q_heads, a.size);
        k = nn_attention_unpack(b, k, a.kv_heads, a.size);
        v = nn_attention_unpack(b, v, a.kv_heads, a.v_size);
    }
    b->outputs[1] = k = cached(b, k, NN_AT_PAST_KEY);
    b->outputs[2] = v = cached(b, v, NN_AT_PAST_VALUE);
    NnValue *raw = product(b, &a, q, k), *soft = capped(b, raw);
    NnValue *p = probabilities(b, &a, soft, type, &masked);
    NnValue *const shown[] = {raw, soft, masked, p};
    v = nn_attention_share(b, node->inputs[NN_AT_V]->type == type ? v : nn_body_cast(b, v, type), &a);
    NnValue *y = nn_body2(b, "MatMul", p, v);
    b->outputs[0] = a.packed ? nn_attention_pack(b, y, a.q_heads * a.v_size) : y;
    b->outputs[3] = shown[nn_attr_int(node, "qk_matmul_output_mode", 0)];
    return NN_OK;
}

#define HEADS(key, text)                                                                                     \
    { .name = (key), .kind = NN_SET_INT, .flags = NN_SET_RANGE, .min = 1, .max = 1e6, .doc = (text) }
#define WINDOW(key, side)                                                                                    \
    {                                                                                                        \
        .name = (key), .kind = NN_SET_INT, .flags = NN_SET_RANGE, .preset = "-1", .min = -1, .max = 1e15,    \
        .doc = "how many positions to the " side " a query sees; -1: all"                                    \
    }

NN_COMPOSITE_OPERATOR(
    op, NN_ONNX("Attention", 25),
    NN_IN(
        {"Q", "Q", NN_FLOATS, 0, 0,
         "queries [batch, heads, sequence, size], or [batch, sequence, heads * size]"},
        {"K", "Q", NN_FLOATS, 0, 0, "keys, of the same rank"},
        {"V", "V", NN_FLOATS, 0, 0, "values, of the same rank"},
        {"attn_mask", "M", NN_ANY, NN_OPTIONAL, 0,
         "what is added to the scores, or which keys take part; broadcast to [batch, heads, sequence, keys]"},
        {"past_key", "Q", NN_FLOATS, NN_OPTIONAL, 0, "keys before K [batch, kv heads, past, size]"},
        {"past_value", "V", NN_FLOATS, NN_OPTIONAL, 0, "values before V [batch, kv heads, past, v size]"},
        {"nonpad_kv_seqlen", NULL, NN_MASK(NN_I64), NN_OPTIONAL | NN_NO_GRADIENT, 0,
         "valid keys of each sample [batch]; absent: all"}),
    NN_OUT_FROM(1, {"Y", "Q", NN_FLOATS, 0, 0, "what the queries found, of the form of Q"},
                {"present_key", "Q", NN_FLOATS, 0, 0, "past and new keys"},
                {"present_value", "V", NN_FLOATS, 0, 0, "past and new values"},
                {"qk_matmul_output", "Q", NN_FLOATS, 0, 0, "the scores, [batch, heads, sequence, keys]"}),
    NN_ATTRIBUTES(
        NN_FLAG("is_causal", "0", "1: a query sees no key behind its own position"),
        HEADS("q_num_heads", "heads of Q, where it has rank 3"),
        HEADS("kv_num_heads", "heads of K and V, where they have rank 3"),
        NN_REAL("scale", NULL, "factor of the scores; absent: 1 / sqrt(size)"),
        NN_REAL("softcap", "0", "c in c tanh(scores / c); 0: none"),
        NN_WHOLE("softmax_precision", NULL,
                 "type in which the softmax is taken, by ONNX's number; absent: that of Q"),
        {.name = "qk_matmul_output_mode",
         .kind = NN_SET_INT,
         .flags = NN_SET_RANGE,
         .preset = "0",
         .min = 0,
         .max = 3,
         .doc = "what qk_matmul_output is: 0 Q K', 1 under the cap, 2 masked as well, 3 after the softmax"},
        WINDOW("left_window_size", "left"), WINDOW("right_window_size", "right")),
    NN_SAMPLES(
        "[1,2,3,2] [1,2,4,2] [1,2,4,3]", "[2,3,4] [2,3,4] [2,3,6]; q_num_heads=2 kv_num_heads=2 is_causal=1",
        "[1,3,8] [1,4,4] [1,4,6] [3,4]; q_num_heads=4 kv_num_heads=2 softcap=.5 scale=.7",
        "[1,2,2,2] [1,1,2,2] [1,1,2,2] bool[2,5]{1,0,1,1,0,0,0,0,0,0} [1,1,3,2] [1,1,3,2]; is_causal=1 -> 3",
        "[2,1,3,2] [2,1,4,2] [2,1,4,2] - - - i64[2]{3,1}; is_causal=1",
        "[1,1,4,2] [1,1,4,2] [1,1,4,1]; left_window_size=1 right_window_size=1",
        "[1,1,2,2] [1,1,4,2] [1,1,4,2] [1,2,3]; qk_matmul_output_mode=0 -> 4",
        "[1,1,2,2] [1,1,3,2] [1,1,3,2] [2,3]; qk_matmul_output_mode=3 softmax_precision=f64 -> 4",
        "[1,1,2,2] [1,1,3,2] [1,1,3,2] - - - -; qk_matmul_output_mode=1 softcap=2 -> 4",
        "[0,1,2,2] [0,1,3,2] [0,1,3,2]"),
    .doc = "Attention: Y = softmax(mask + cap(scale Q K')) V, for each head; K and V have past ones in "
           "front, and a query that sees no key finds 0.",
    .infer = infer, .body = body);

NN_OPERATORS(attention, "Scaled dot-product attention.", NN_OP("Attention", op))
