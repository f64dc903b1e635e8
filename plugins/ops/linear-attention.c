/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attention without a softmax, as a state that is written by keys and read by queries (Katharopoulos et al.
 * 2020), with forgetting (Yang et al. 2023) and the delta rule (Schlag et al. 2021; Yang et al. 2024).
 */
#include "family/body.h"
#include "family/index.h"

enum { QUERY, KEY, VALUE, PAST, DECAY, BETA };

typedef struct Sizes {
    int64_t batch, length, q_heads, kv_heads, k, v, decay, beta; /* the last two: what a head has of them */
    bool gated, delta;
} Sizes;

static int64_t extent(const NnNode *node, uint32_t input, int32_t dim) {
    const NnValueInfo *x = nn_given(node, input) ? node->inputs[input] : NULL;
    return x && x->rank > dim ? nn_dim_plain(x->dims[dim]) : NN_DIM_UNKNOWN;
}

static Sizes sizes_of(const NnNode *node) {
    const char *rule = nn_attr_string(node, "update_rule", "gated_delta");
    const int64_t q = nn_attr_int(node, "q_num_heads", 1), kv = nn_attr_int(node, "kv_num_heads", 1);
    const int64_t wide[] = {extent(node, QUERY, 2), extent(node, VALUE, 2), extent(node, DECAY, 2)};
    return (Sizes){.batch = extent(node, QUERY, 0),
                   .length = extent(node, QUERY, 1),
                   .q_heads = q,
                   .kv_heads = kv,
                   .k = wide[0] < 0 ? NN_DIM_UNKNOWN : wide[0] / q,
                   .v = wide[1] < 0 ? NN_DIM_UNKNOWN : wide[1] / kv,
                   .decay = wide[2] < 0 ? NN_DIM_UNKNOWN : wide[2] / kv,
                   .beta = extent(node, BETA, 2),
                   .gated = strncmp(rule, "gated", 5) == 0,
                   .delta = strstr(rule, "delta") != NULL};
}

static bool differ(int64_t a, int64_t b) { return a >= 0 && b >= 0 && a != b; }

static int32_t infer(NnInfer *n) {
    static const char *const name[] = {"query", "key", "value", "past_state", "decay", "beta"};
    const NnNode *node = n->node;
    const Sizes s = sizes_of(node);
    if (s.q_heads % s.kv_heads != 0)
        return nn_bad(n, "q_num_heads is %lld: expected a multiple of kv_num_heads, %lld",
                      (long long)s.q_heads, (long long)s.kv_heads);
    if (s.gated != nn_given(node, DECAY) || s.delta != nn_given(node, BETA))
        return nn_bad(n, "update_rule %s %s decay and %s beta", nn_attr_string(node, "update_rule", ""),
                      s.gated ? "needs" : "has no", s.delta ? "needs" : "has no");
    const int64_t width[] = {s.k < 0 ? -1 : s.q_heads * s.k,          s.k < 0 ? -1 : s.kv_heads * s.k,
                             s.v < 0 ? -1 : s.kv_heads * s.v,         s.k,
                             s.decay < 0 ? -1 : s.kv_heads * s.decay, s.beta};
    for (uint32_t i = QUERY; i <= BETA; i++) {
        const int32_t rank = i == PAST ? 4 : 3;
        if (nn_given(node, i) && node->inputs[i]->rank >= 0 &&
            (node->inputs[i]->rank != rank || differ(extent(node, i, 0), s.batch) ||
             differ(extent(node, i, 1), i == PAST ? s.kv_heads : s.length) ||
             differ(extent(node, i, 2), width[i]) || (i == PAST && differ(extent(node, i, 3), s.v)))) {
            char text[200];
            return nn_bad(
                n, "%s is %s, which does not fit %lld heads of queries and %lld of keys, of %lld elements",
                name[i], nn_shape_text(node->inputs[i]->rank, node->inputs[i]->dims, text, sizeof text),
                (long long)s.q_heads, (long long)s.kv_heads, (long long)s.k);
        }
    }
    if ((differ(s.decay, 1) && differ(s.decay, s.k)) || (differ(s.beta, 1) && differ(s.beta, s.kv_heads)))
        return nn_bad(
            n,
            "decay has %lld elements in each head, expected 1 or %lld; beta %lld in all, expected 1 or %lld",
            (long long)s.decay, (long long)s.k, (long long)s.beta, (long long)s.kv_heads);
    const int64_t y[] = {s.batch, s.length, s.v < 0 ? NN_DIM_UNKNOWN : s.q_heads * s.v};
    const int64_t state[] = {s.batch, s.kv_heads, s.k, s.v};
    n->output(n, 0, node->inputs[QUERY]->type, 3, y);
    n->output(n, 1, nn_given(node, PAST) ? node->inputs[PAST]->type : node->inputs[QUERY]->type, 4, state);
    return NN_OK;
}

/* An input [batch, length, heads * n * m] as [batch, length, heads, n, m], in the type that the sums are kept
 * in. */
static NnValue *unpacked(const NnBody *b, uint32_t input, int32_t work, int64_t heads, int64_t n, int64_t m) {
    const int64_t shape[] = {0, 0, heads, n, m};
    NnValue *x = nn_body2(b, "Reshape", b->inputs[input], nn_vector(b->host, b->graph, 5, shape));
    return b->node->inputs[input]->type == work ? x : nn_body_cast(b, x, work);
}

/* One step: (state, query, key, value, decay?, beta?) -> (state, what the query reads). */
static void step(const NnBody *b, const Sizes *s, NnValue *const *in, NnValue **out) {
    static const int64_t turned[] = {0, 1, 3, 2};
    NnValue *state = in[0], *key = in[2], *value = in[3];
    if (s->gated)
        state = nn_body2(b, "Mul", state, nn_body1(b, "Exp", in[4]));
    if (s->delta)
        value = nn_body2(b, "Mul", in[4 + s->gated],
                         nn_body2(b, "Sub", value, nn_body2(b, "MatMul", key, state)));
    NnValue *column =
        nn_op(b->host, b->graph, "Transpose", NN_VALUES(key), NN_ATTRS(NN_INTS("perm", 4, turned)));
    out[0] = nn_body2(b, "Add", state, nn_body2(b, "MatMul", column, value));
    out[1] = nn_body2(b, "MatMul", in[1], out[0]);
}

static int32_t body(NnBody *b) {
    const NnGraphApi *api = b->host->graph;
    const NnNode *node = b->node;
    const Sizes s = sizes_of(node);
    const int32_t type = node->inputs[QUERY]->type, work = type == NN_F64 ? NN_F64 : NN_F32;
    const int64_t axes[] = {1, 1, 1, 1, 1}, state[] = {s.batch, s.kv_heads, s.k, s.v};
    if (s.batch < 0 || s.k < 0 || s.v < 0 || (s.gated && s.decay < 0) || (s.delta && s.beta < 0))
        return nn_fail(b->host, b->status, NN_UNSUPPORTED,
                       "LinearAttention needs a batch and heads of known extents here");
    NnValue *in[6], *formal[6], *next[2] = {0}, *result[2] = {0};
    uint32_t n = 1;
    in[0] = nn_given(node, PAST) ? nn_body_cast(b, b->inputs[PAST], work)
                                 : nn_body2(b, "Expand", nn_scalar(b->host, b->graph, work, 0),
                                            nn_vector(b->host, b->graph, 4, state));
    in[n++] = unpacked(b, QUERY, work, s.kv_heads, s.q_heads / s.kv_heads, s.k);
    in[n++] = unpacked(b, KEY, work, s.kv_heads, 1, s.k);
    in[n++] = unpacked(b, VALUE, work, s.kv_heads, 1, s.v);
    if (s.gated)
        in[n++] = unpacked(b, DECAY, work, s.kv_heads, s.decay, 1);
    if (s.delta)
        in[n++] = unpacked(b, BETA, work, s.beta, 1, 1);
    NnBody inner = *b;
    inner.graph = api->begin(b->graph, "step");
    for (uint32_t i = 0; i < n; i++) {
        const NnValueInfo *x = api->info(b->graph, in[i]);
        int64_t dims[5] = {0};
        for (int32_t d = 0; x && d < 4; d++)
            dims[d] = x->dims[i > 0 && d > 0 ? d + 1 : d];
        formal[i] = x ? api->input(inner.graph, "value", work, 4, dims) : NULL;
    }
    step(&inner, &s, formal, next);
    NnFunction *f = inner.graph ? api->end(inner.graph, 2, next) : NULL;
    const NnAttr attrs[] = {NN_BODY("body", f), NN_INT("num_scan_inputs", n - 1), NN_INT("carried", 1),
                            NN_INTS("scan_input_axes", n - 1, axes), NN_INTS("scan_output_axes", 1, axes)};
    const int32_t code = nn_ops(b->host, b->graph, "Scan", in, n, attrs, NN_COUNT(attrs), result, 2);
    if (code != NN_OK)
        return code;
    const double told = nn_attr_float(node, "scale", 0), scale = told != 0 ? told : 1 / sqrt((double)s.k);
    const int64_t packed[] = {0, 0, s.q_heads * s.v};
    NnValue *y = nn_body2(b, "Reshape", result[1], nn_vector(b->host, b->graph, 3, packed));
    b->outputs[0] = nn_body_cast(b, nn_body2(b, "Mul", y, nn_body_scalar(b, y, scale)), type);
    b->outputs[1] = nn_body_cast(b, result[0], nn_given(node, PAST) ? node->inputs[PAST]->type : type);
    return NN_OK;
}

#define HEADS(key, text)                                                                                     \
    {                                                                                                        \
        .name = (key), .kind = NN_SET_INT, .flags = NN_SET_REQUIRED | NN_SET_RANGE, .min = 1, .max = 1e6,    \
        .doc = (text)                                                                                        \
    }

NN_COMPOSITE_OPERATOR(
    op, NN_ONNX("LinearAttention", 27),
    NN_IN({"query", "T", NN_FLOATS, 0, 0, "[batch, length, q heads * k size]"},
          {"key", "T", NN_FLOATS, 0, 0, "[batch, length, kv heads * k size]"},
          {"value", "T", NN_FLOATS, 0, 0, "[batch, length, kv heads * v size]"},
          {"past_state", "S", NN_FLOATS, NN_OPTIONAL, 0,
           "the state before, [batch, kv heads, k size, v size]; absent: 0"},
          {"decay", "T", NN_FLOATS, NN_OPTIONAL, 0,
           "logarithm of what the state keeps, [batch, length, kv heads] or [batch, length, kv heads * k "
           "size]"},
          {"beta", "T", NN_FLOATS, NN_OPTIONAL, 0,
           "rate of the delta rule, [batch, length, kv heads] or [batch, length, 1]"}),
    NN_OUT({"output", "T", NN_FLOATS, 0, 0, "[batch, length, q heads * v size]"},
           {"present_state", NULL, NN_FLOATS, 0, 0, "the state after, [batch, kv heads, k size, v size]"}),
    NN_ATTRIBUTES(HEADS("q_num_heads", "heads of the query"),
                  HEADS("kv_num_heads", "heads of key and value, and states"),
                  NN_CHOICE("update_rule", "gated_delta", "linear|gated|delta|gated_delta",
                            "how a step writes the state"),
                  NN_REAL("scale", "0", "factor of what is read; 0: 1 / sqrt(k size)"),
                  NN_WHOLE("chunk_size", "64", "a hint for parallel forms; it does not change the result")),
    NN_SAMPLES(
        "[1,3,4] [1,3,4] [1,3,6]; q_num_heads=2 kv_num_heads=2 update_rule=linear",
        "[2,2,4] [2,2,2] [2,2,3] [2,1,2,3] [2,2,1]; q_num_heads=2 kv_num_heads=1 update_rule=gated scale=.3",
        "[1,3,4] [1,3,4]@-.2:.2 [1,3,2] - - [1,3,1]@.1:.9; q_num_heads=2 kv_num_heads=2 update_rule=delta",
        "[1,3,8] [1,3,4]@-.2:.2 [1,3,2] [1,2,2,1] [1,3,4]@-1:-.1 [1,3,2]@.1:.9; q_num_heads=4 kv_num_heads=2",
        "[1,1,2] [1,1,2] [1,1,2] - [1,1,1] [1,1,1]; q_num_heads=1 kv_num_heads=1"),
    .doc = "For each position: state = e^decay state + beta key (value - key' e^decay state), output = scale "
           "query' state; without the delta rule, + key value'; without a gate, e^decay = 1.",
    .infer = infer, .body = body);

NN_OPERATORS(linear_attention, "Attention as a state.", NN_OP("LinearAttention", op))
