/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attention whose scores and probabilities pass through functions of the user's (Dong et al. 2024): masks,
 * positions, caps and what else, as graphs.
 */
#include "family/attention.h"
#include "family/loops.h"

/* What its functions capture comes behind Q, K and V. */
#define FIRST_CAPTURE 3

static int32_t precision_of(const NnNode *node) {
    const int32_t type = node->inputs[NN_AT_Q]->type;
    return (int32_t)nn_attr_int(node, "softmax_precision", type == NN_F64 ? NN_F64 : NN_F32);
}

static int32_t check_function(NnInfer *n, const char *key) {
    const NnFunction *f = nn_function_of(n->node, key);
    const uint32_t captures = n->node->n_inputs > FIRST_CAPTURE ? n->node->n_inputs - FIRST_CAPTURE : 0;
    const NnGraphApi *api = n->host->graph;
    if (f && (api->function_inputs(f) != 1 + captures || api->function_outputs(f) != 1))
        return nn_bad(n, "%s takes %u inputs and gives %u outputs: expected %u (with %u captured) and 1", key,
                      api->function_inputs(f), api->function_outputs(f), 1 + captures, captures);
    return NN_OK;
}

static bool differ(int64_t a, int64_t b) { return a >= 0 && b >= 0 && a != b; }

static int32_t infer(NnInfer *n) {
    const NnNode *node = n->node;
    for (uint32_t i = NN_AT_Q; i <= NN_AT_V; i++)
        if (node->inputs[i]->rank >= 0 && node->inputs[i]->rank != 4)
            return nn_bad(n, "input %u has rank %d: expected [batch, heads, sequence, size]", i,
                          node->inputs[i]->rank);
    if (!nn_is(precision_of(node), NN_FLOATS))
        return nn_bad(n, "softmax_precision %d is not a floating type", precision_of(node));
    if (check_function(n, "score_mod") != NN_OK || check_function(n, "prob_mod") != NN_OK)
        return NN_INVALID;
    const NnAttention a = nn_attention(node);
    if (differ(nn_attention_extent(node, NN_AT_K, 3), a.size) ||
        differ(nn_attention_extent(node, NN_AT_V, 2), a.new_length) ||
        differ(nn_attention_extent(node, NN_AT_V, 1), a.kv_heads) ||
        differ(nn_attention_extent(node, NN_AT_K, 0), a.batch) ||
        differ(nn_attention_extent(node, NN_AT_V, 0), a.batch) ||
        (a.q_heads >= 0 && a.kv_heads >= 0 && (a.kv_heads == 0 || a.q_heads % a.kv_heads != 0))) {
        char q[200], k[200], v[200];
        return nn_bad(n,
                      "Q is %s, K %s and V %s: expected one batch, heads of Q a multiple of theirs, keys of "
                      "the size of "
                      "queries, and as many values as keys",
                      nn_shape_text(node->inputs[0]->rank, node->inputs[0]->dims, q, sizeof q),
                      nn_shape_text(node->inputs[1]->rank, node->inputs[1]->dims, k, sizeof k),
                      nn_shape_text(node->inputs[2]->rank, node->inputs[2]->dims, v, sizeof v));
    }
    const int64_t dims[] = {a.batch, a.q_heads, a.q_length, a.v_size};
    n->output(n, 0, node->inputs[NN_AT_Q]->type, 4, dims);
    return NN_OK;
}

/* x through one of the functions, in the type in which the softmax is taken. */
static NnValue *modified(const NnBody *b, const char *key, NnValue *x, int32_t type) {
    const NnFunction *f = nn_function_of(b->node, key);
    NnValue *in[64] = {x}, *y = NULL;
    uint32_t n = 1;
    for (uint32_t i = FIRST_CAPTURE; i < b->node->n_inputs && n < NN_COUNT(in); i++)
        in[n++] = b->inputs[i];
    if (!f || b->host->graph->call(b->graph, f, n, in, 1, &y) != NN_OK)
        return f ? NULL : x;
    return nn_body_cast(b, y, type);
}

static int32_t body(NnBody *b) {
    static const int64_t turned[4] = {0, 1, 3, 2};
    const NnNode *node = b->node;
    const int32_t type = node->inputs[NN_AT_Q]->type, work = precision_of(node);
    NnAttention a = {.size = NN_DIM_UNKNOWN};
    if (node->inputs[NN_AT_Q]->rank >= 0)
        a = nn_attention(node);
    if (a.size < 0 || a.q_heads < 1 || a.kv_heads < 1)
        return nn_fail(b->host, b->status, NN_UNSUPPORTED,
                       "FlexAttention needs heads of known number and size here");
    if (node->n_inputs > 64)
        return nn_fail(b->host, b->status, NN_UNSUPPORTED, "its functions capture %u values, more than 61",
                       node->n_inputs - FIRST_CAPTURE);
    const double half = sqrt(nn_attr_float(node, "scale", 1 / sqrt((double)a.size)));
    NnValue *q = b->inputs[NN_AT_Q], *k = nn_attention_share(b, b->inputs[NN_AT_K], &a),
            *v = nn_attention_share(b, b->inputs[NN_AT_V], &a);
    NnValue *kt = nn_attention_permute(b, k, turned);
    NnValue *scores = nn_body2(b, "MatMul", nn_body2(b, "Mul", q, nn_body_scalar(b, q, half)),
                               nn_body2(b, "Mul", kt, nn_body_scalar(b, kt, half)));
    scores = modified(b, "score_mod", nn_body_cast(b, scores, work), work);
    NnValue *p = modified(b, "prob_mod", nn_body1(b, "Softmax", scores), work);
    b->outputs[0] = nn_body_cast(b, nn_body2(b, "MatMul", p, nn_body_cast(b, v, work)), type);
    return NN_OK;
}

#define FUNCTION(key, text)                                                                                  \
    { .name = (key), .kind = NN_SET_FUNCTION, .doc = (text) }

NN_COMPOSITE_OPERATOR(
    op, .domain = "ai.onnx.preview", .name = "FlexAttention", .since = 1,
    NN_IN({"Q", "Q", NN_FLOATS, 0, 0, "queries [batch, heads, sequence, size]"},
          {"K", "Q", NN_FLOATS, 0, 0, "keys [batch, kv heads, keys, size]"},
          {"V", "Q", NN_FLOATS, 0, 0, "values [batch, kv heads, keys, v size]"},
          {"captures", NULL, NN_ANY, NN_VARIADIC | NN_MIXED | NN_OPTIONAL, 0,
           "what score_mod and prob_mod capture"}),
    NN_OUT({"Y", "Q", NN_FLOATS, 0, 0, "what the queries found, [batch, heads, sequence, v size]"}),
    NN_ATTRIBUTES(
        FUNCTION("score_mod",
                 "(scores, captures) -> scores [batch, heads, sequence, keys]; absent: as they are"),
        FUNCTION("prob_mod", "(probabilities, captures) -> probabilities; absent: as they are"),
        NN_REAL("scale", NULL, "factor of the scores; absent: 1 / sqrt(size)"),
        NN_WHOLE("softmax_precision", NULL,
                 "type of scores and probabilities, by ONNX's number; absent: f32, or f64 of f64")),
    NN_SAMPLES("[1,2,3,4] [1,2,5,4] [1,2,5,3]", "[1,4,2,2] [1,2,3,2] [1,2,3,2]; scale=.7",
               "[2,1,2,2] [2,1,3,2] [2,1,3,1]; softmax_precision=f64", "[0,1,2,2] [0,1,3,2] [0,1,3,2]"),
    .doc = "Attention: Y = prob_mod(softmax(score_mod(scale Q K'))) V, for each head.", .infer = infer,
    .body = body);

NN_OPERATORS(flex_attention, "Attention with functions inside.", NN_OP("ai.onnx.preview/FlexAttention", op))
