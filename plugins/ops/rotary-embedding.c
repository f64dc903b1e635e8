/* SPDX-License-Identifier: Apache-2.0 */
/* Positions as rotations of pairs of elements (Su et al. 2021). */
#include "family/body.h"
#include "family/index.h"

typedef struct Rotary {
    bool packed; /* [batch, sequence, heads * size] instead of [batch, heads, sequence, size] */
    int64_t heads, size, turned;
} Rotary;

static Rotary rotary_of(const NnNode *node) {
    const NnValueInfo *x = node->inputs[0];
    const int64_t last = x->rank > 0 ? nn_dim_plain(x->dims[x->rank - 1]) : NN_DIM_UNKNOWN;
    Rotary r = {x->rank == 3, nn_attr_int(node, "num_heads", 0), last,
                nn_attr_int(node, "rotary_embedding_dim", 0)};
    if (r.packed)
        r.size = last < 0 || r.heads < 1 ? NN_DIM_UNKNOWN : last / r.heads;
    r.turned = r.turned == 0 ? r.size : r.turned;
    return r;
}

static int32_t infer(NnInfer *n) {
    const NnNode *node = n->node;
    const NnValueInfo *x = node->inputs[0];
    const Rotary r = rotary_of(node);
    nn_output_like(n, 0, 0, NN_NONE);
    if (x->rank < 0)
        return NN_OK;
    if (x->rank != 3 && x->rank != 4)
        return nn_bad(n, "X has rank %d: expected 3 or 4", x->rank);
    if (r.packed && (r.heads < 1 || (nn_dim_known(x->dims[2]) && x->dims[2] % r.heads != 0)))
        return nn_bad(n, "num_heads is %lld: expected a divisor of the width of X, %lld", (long long)r.heads,
                      (long long)x->dims[2]);
    if (r.size >= 0 && (r.turned > r.size || r.turned % 2 != 0))
        return nn_bad(n, "%lld of %lld elements of a head are to be rotated: expected an even number of them",
                      (long long)r.turned, (long long)r.size);
    for (uint32_t i = 1; i < 3; i++) {
        const NnValueInfo *c = node->inputs[i];
        const int32_t rank = nn_given(node, 3) ? 2 : 3;
        if (c->rank >= 0 && c->rank != rank)
            return nn_bad(n, "input %u has rank %d: expected %d, as position_ids is %s", i, c->rank, rank,
                          rank == 2 ? "given" : "absent");
        if (c->rank > 0 && r.turned >= 0 && nn_dim_known(c->dims[rank - 1]) &&
            c->dims[rank - 1] != r.turned / 2)
            return nn_bad(n, "input %u has %lld angles: expected half of the rotated elements, %lld", i,
                          (long long)c->dims[rank - 1], (long long)(r.turned / 2));
    }
    return NN_OK;
}

/* Elements from, from + step, ... before `to` along the last axis. */
static NnValue *part(const NnBody *b, NnValue *x, int64_t from, int64_t to, int64_t step) {
    const int64_t last = -1;
    NnGraph *g = b->graph;
    return nn_op(b->host, g, "Slice",
                 NN_VALUES(x, nn_vector(b->host, g, 1, &from), nn_vector(b->host, g, 1, &to),
                           nn_vector(b->host, g, 1, &last), nn_vector(b->host, g, 1, &step)),
                 NN_NO_ATTRS);
}

static NnValue *join(const NnBody *b, NnValue *x, NnValue *y) {
    return nn_op(b->host, b->graph, "Concat", NN_VALUES(x, y), NN_ATTRS(NN_INT("axis", -1)));
}

static NnValue *unsqueeze(const NnBody *b, NnValue *x, int64_t axis) {
    return nn_body2(b, "Unsqueeze", x, nn_vector(b->host, b->graph, 1, &axis));
}

static NnValue *reshape(const NnBody *b, NnValue *x, int64_t third, int64_t fourth) {
    const int64_t shape[] = {0, 0, third, fourth};
    return nn_body2(b, "Reshape", x, nn_vector(b->host, b->graph, fourth < 0 ? 3 : 4, shape));
}

/* A table of cosines or sines at the positions, so that it broadcasts over the heads. */
static NnValue *angles(const NnBody *b, uint32_t i, const Rotary *r) {
    NnValue *x = b->inputs[i];
    if (nn_given(b->node, 3))
        x = nn_body2(b, "Gather", x, b->inputs[3]);
    return unsqueeze(b, x, r->packed ? 2 : 1);
}

static int32_t body(NnBody *b) {
    const Rotary r = rotary_of(b->node);
    const bool pairs = nn_attr_int(b->node, "interleaved", 0) != 0;
    const int64_t half = r.turned / 2;
    if (r.size < 0)
        return nn_fail(b->host, b->status, NN_UNSUPPORTED, "RotaryEmbedding needs heads of known size here");
    NnValue *x = r.packed ? reshape(b, b->inputs[0], r.heads, r.size) : b->inputs[0];
    NnValue *rest = r.turned < r.size ? part(b, x, r.turned, r.size, 1) : NULL;
    NnValue *p = pairs ? part(b, x, 0, r.turned, 2) : part(b, x, 0, half, 1);
    NnValue *q = pairs ? part(b, x, 1, r.turned, 2) : part(b, x, half, r.turned, 1);
    NnValue *c = angles(b, 1, &r), *s = angles(b, 2, &r);
    NnValue *u = nn_body2(b, "Sub", nn_body2(b, "Mul", c, p), nn_body2(b, "Mul", s, q));
    NnValue *v = nn_body2(b, "Add", nn_body2(b, "Mul", s, p), nn_body2(b, "Mul", c, q));
    NnValue *y;
    if (pairs) {
        const int64_t shape[] = {0, 0, 0, r.turned};
        y = nn_body2(b, "Reshape", join(b, unsqueeze(b, u, -1), unsqueeze(b, v, -1)),
                     nn_vector(b->host, b->graph, 4, shape));
    } else {
        y = join(b, u, v);
    }
    y = rest ? join(b, y, rest) : y;
    b->outputs[0] = r.packed ? reshape(b, y, r.heads * r.size, -1) : y;
    return NN_OK;
}

#define TABLE(name, doc)                                                                                     \
    {                                                                                                        \
        name, "T", NN_FLOATS, 0, 0,                                                                          \
            doc ": [positions, rotated / 2], or [batch, sequence, rotated / 2] without position_ids"         \
    }

NN_COMPOSITE_OPERATOR(
    op, NN_ONNX("RotaryEmbedding", 23),
    NN_IN({"X", "T", NN_FLOATS, 0, 0, "[batch, heads, sequence, size], or [batch, sequence, heads * size]"},
          TABLE("cos_cache", "cosines"), TABLE("sin_cache", "sines"),
          {"position_ids", NULL, NN_MASK(NN_I64), NN_OPTIONAL | NN_NO_GRADIENT, 0, "[batch, sequence]"}),
    NN_OUT({"Y", "T", NN_FLOATS, 0, 0, "of the shape of X"}),
    NN_ATTRIBUTES(NN_FLAG("interleaved", "0",
                          "1: pairs of neighbours; 0: elements of the first half with those of the second"),
                  {.name = "num_heads",
                   .kind = NN_SET_INT,
                   .flags = NN_SET_RANGE,
                   .min = 0,
                   .max = 1e6,
                   .doc = "heads of X, where it has rank 3"},
                  {.name = "rotary_embedding_dim",
                   .kind = NN_SET_INT,
                   .flags = NN_SET_RANGE,
                   .preset = "0",
                   .min = 0,
                   .max = 1e9,
                   .doc = "how many elements of a head are rotated; 0: all"}),
    NN_SAMPLES("[1,2,3,4] [5,2] [5,2] i64[1,3]{4,0,2}",
               "[2,3,8] [4,2] [4,2] i64[2,3]@0:4; num_heads=2 interleaved=1",
               "[2,1,2,4] [2,2,2] [2,2,2]; interleaved=1",
               "[1,2,12] [3,2] [3,2] i64[1,2]{1,2}; num_heads=2 rotary_embedding_dim=4",
               "[1,2,2,6] [1,2,2] [1,2,2]; interleaved=1 rotary_embedding_dim=4",
               "[0,2,3,4] [5,2] [5,2] i64[0,3]"),
    .doc = "Rotates pairs (p, q) of the elements of each head: (c p - s q, s p + c q), with the cosine and "
           "sine of its position.",
    .infer = infer, .body = body);

NN_OPERATORS(rotary_embedding, "Positions as rotations.", NN_OP("RotaryEmbedding", op))
