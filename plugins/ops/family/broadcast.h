/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Element-wise operators of two or more tensors with multidirectional (NumPy's) broadcasting. A leaf gives
 * the function in double, in int64 and, where the sign matters, in uint64; inference also follows known
 * integers, so that arithmetic on shapes stays known while a network is built.
 */
#ifndef OPS_FAMILY_BROADCAST_H
#define OPS_FAMILY_BROADCAST_H

#include "shape.h"
#include "typed.h"

typedef struct NnBinary {
    double (*real)(double, double);
    int64_t (*whole)(int64_t, int64_t);
    uint64_t (*natural)(uint64_t, uint64_t); /* for u64; NULL: as `whole` */
} NnBinary;

#define NN_BINARY(types)                                                                                     \
    .flags = NN_OP_ELEMENTWISE,                                                                              \
    NN_IN({"A", "T", types, 0, 0, "first operand"},                                                          \
          {"B", "T", types, 0, 0, "second operand, broadcast with A"}),                                      \
    NN_OUT({"C", "T", types, 0, 0, "result, of the broadcast shape"})
#define NN_COMPARISON(types)                                                                                 \
    .flags = NN_OP_ELEMENTWISE,                                                                              \
    NN_IN({"A", "T", types, NN_NO_GRADIENT, 0, "first operand"},                                             \
          {"B", "T", types, NN_NO_GRADIENT, 0, "second operand, broadcast with A"}),                         \
    NN_OUT({"C", "B", NN_MASK(NN_BOOL), NN_NO_GRADIENT, 0, "truth by element, of the broadcast shape"})
#define NN_BINARY_SAMPLES                                                                                    \
    NN_SAMPLES("[2,3] [2,3]", "[2,3] [3]", "[3] [2,3]", "[2,1,4] [3,1]", "[] [2]", "[] []", "[0,3] [1,3]",   \
               "[2,3] [0,1,1]", "i64[2,3]@-9:9 i64[3]@1:9", "i32[2]@1:9 i32[2]@1:9")
#define NN_DIVISION_SAMPLES                                                                                  \
    NN_SAMPLES("[2,3] [2,3]@.5:2", "[2,3] [3]@.5:2", "[3] [2,3]@.5:2", "[2,1,4] [3,1]@.5:2", "[] [2]@.5:2",  \
               "[0,3] [1,3]", "i64[2,3]@-9:9 i64[3]@1:9", "i32[2]@1:9 i32[2]@1:9")
/* The shape that all inputs have together. */
static inline int32_t nn_broadcast_shape(NnInfer *infer, int32_t *rank, int64_t *dims) {
    const NnNode *node = infer->node;
    char a[200], b[200];
    *rank = 0;
    for (uint32_t k = 0; k < node->n_inputs; k++) {
        if (node->inputs[k]->rank < 0)
            *rank = NN_RANK_UNKNOWN;
        else if (*rank >= 0 && node->inputs[k]->rank > *rank)
            *rank = node->inputs[k]->rank;
    }
    for (int32_t i = 0; i < *rank; i++)
        dims[i] = 1;
    for (uint32_t k = 0; *rank >= 0 && k < node->n_inputs; k++) {
        const NnValueInfo *x = node->inputs[k];
        for (int32_t i = 0; i < x->rank; i++) {
            int64_t *d = &dims[i + *rank - x->rank];
            const int64_t e = nn_dim_plain(x->dims[i]);
            if (*d == 1 || (*d == NN_DIM_UNKNOWN && e != 1))
                *d = e;
            else if (e != 1 && e != NN_DIM_UNKNOWN && e != *d)
                return nn_bad(infer, "input %u is %s, which does not broadcast with %s", k,
                              nn_shape_text(x->rank, x->dims, a, sizeof a),
                              nn_shape_text(*rank, dims, b, sizeof b));
        }
    }
    return NN_OK;
}

/* f of two integer values as far as they are known; NULL where the operator has no version for integers. */
static inline void nn_broadcast_value(NnInfer *infer, int64_t (*f)(int64_t, int64_t)) {
    int64_t a[NN_MAX_KNOWN], b[NN_MAX_KNOWN], c[NN_MAX_KNOWN];
    const int64_t n = nn_known(infer->node->inputs[0], a), m = f ? nn_known(infer->node->inputs[1], b) : -1;
    if (n < 0 || m < 0 || (n != m && n != 1 && m != 1))
        return;
    const int64_t count = n == 1 ? m : n;
    for (int64_t i = 0; i < count; i++) {
        const int64_t x = a[n == 1 ? 0 : i], y = b[m == 1 ? 0 : i];
        c[i] = x == NN_DIM_UNKNOWN || y == NN_DIM_UNKNOWN ? NN_DIM_UNKNOWN : f(x, y);
    }
    infer->value(infer, 0, (uint64_t)count, c);
}

static inline int32_t nn_broadcast_infer(NnInfer *infer, int32_t type) {
    int32_t rank;
    int64_t dims[NN_MAX_RANK];
    const int32_t code = nn_broadcast_shape(infer, &rank, dims);
    if (code == NN_OK)
        infer->output(infer, 0, type == NN_NONE ? infer->node->inputs[0]->type : type, rank, dims);
    return code;
}

static inline int32_t nn_infer_broadcast(NnInfer *infer) { return nn_broadcast_infer(infer, NN_NONE); }
static inline int32_t nn_infer_comparison(NnInfer *infer) { return nn_broadcast_infer(infer, NN_BOOL); }

static inline double nn_binary_element(const NnBinary *f, const NnTensor *a, int64_t i, const NnTensor *b,
                                       int64_t j) {
    return f->real(nn_load(nn_data(a), a->type, i), nn_load(nn_data(b), b->type, j));
}

static inline int32_t nn_broadcast_compute(const NnCall *call, const NnBinary *f) {
    const NnTensor *a = call->inputs[0], *b = call->inputs[1];
    NnTensor *c = call->outputs[0];
    int64_t index[NN_MAX_RANK] = {0}, sa[NN_MAX_RANK], sb[NN_MAX_RANK];
    const int64_t n = nn_elements(c);
    const bool whole = f->whole && nn_is(a->type, NN_INTEGERS | NN_MASK(NN_BOOL)),
               natural = f->natural && a->type == NN_U64;
    nn_broadcast_strides(a, c->rank, sa);
    nn_broadcast_strides(b, c->rank, sb);
    for (int64_t k = 0; k < n; k++, nn_next(c->rank, c->dims, index)) {
        const int64_t i = nn_at(c->rank, index, sa), j = nn_at(c->rank, index, sb);
        if (!whole) {
            nn_store(nn_data(c), c->type, k, nn_binary_element(f, a, i, b, j));
            continue;
        }
        const int64_t x = nn_load_int(nn_data(a), a->type, i), y = nn_load_int(nn_data(b), b->type, j);
        nn_store_int(nn_data(c), c->type, k,
                     natural ? (int64_t)f->natural((uint64_t)x, (uint64_t)y) : f->whole(x, y));
    }
    return NN_OK;
}

/* Input i was broadcast: the gradient of its broadcast form, summed to its shape. */
static inline void nn_broadcast_grad(NnGradient *g, uint32_t i, NnValue *d) {
    g->grads[i] = nn_rule_sum_to(g, d, g->inputs[i]);
}

/* Is there a 0 among the integers? */
static inline bool nn_has_zero(const NnTensor *t) {
    const int64_t n = nn_is(t->type, NN_INTEGERS) ? nn_elements(t) : 0;
    for (int64_t i = 0; i < n; i++)
        if (nn_load_int(nn_data(t), t->type, i) == 0)
            return true;
    return false;
}

#endif
