/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operators that move elements about: integers that inference needs (axes, shapes, pads), the same integers
 * while running, and indices that are checked before they are used.
 */
#ifndef OPS_FAMILY_INDEX_H
#define OPS_FAMILY_INDEX_H

#include "shape.h"
#include "typed.h"

static inline bool nn_given(const NnNode *node, uint32_t i) { return node->n_inputs > i && node->inputs[i]; }

/* The integers of input i, all of them known: their number; -1 when they will be known later. What is no list
 * that inference can follow is refused in the status, as the kernel would find it unchecked. */
static inline int64_t nn_ask(NnInfer *infer, uint32_t i, int64_t out[NN_MAX_KNOWN]) {
    uint64_t n = 0;
    const int64_t *values = infer->integers(infer, i, &n);
    const NnValueInfo *x = infer->node->inputs[i];
    if (x->rank == 1 && x->dims[0] == 0)
        return 0;
    if (x->rank > 1)
        (void)nn_bad(infer, "input %u has rank %d: expected a number or a list", i, x->rank);
    if (x->rank == 1 && x->dims[0] > NN_MAX_KNOWN)
        (void)nn_bad(infer, "input %u has %lld elements: at most %d are supported", i, (long long)x->dims[0],
                     NN_MAX_KNOWN);
    if (!values || n > NN_MAX_KNOWN)
        return -1;
    for (uint64_t k = 0; k < n; k++) {
        /* -1 and unknown look the same, unless the value is known as a whole. */
        if (!x->value && values[k] == NN_DIM_UNKNOWN)
            return -1;
        out[k] = values[k];
    }
    return (int64_t)n;
}

/* Refuses an input that stands for one number and has not one element; an absent one is none. */
static inline int32_t nn_single(NnInfer *infer, uint32_t i, const char *name) {
    const NnValueInfo *x = nn_given(infer->node, i) ? infer->node->inputs[i] : NULL;
    char text[200];
    bool one = true;
    for (int32_t d = 0; x && d < x->rank; d++)
        one = one && (x->dims[d] == 1 || x->dims[d] == NN_DIM_UNKNOWN);
    return one ? NN_OK
               : nn_bad(infer, "%s is %s: expected one element", name,
                        nn_shape_text(x->rank, x->dims, text, sizeof text));
}

/* The integers of a tensor in host memory, at most `most` of them. */
static inline int64_t nn_integers(const NnTensor *t, int64_t *out, int64_t most) {
    const int64_t n = nn_elements(t) < most ? nn_elements(t) : most;
    for (int64_t i = 0; i < n; i++)
        out[i] = nn_load_int(nn_data(t), t->type, i);
    return n;
}

static inline const NnTensor *nn_input(const NnCall *call, uint32_t i) {
    return call->n_inputs > i ? call->inputs[i] : NULL;
}

/* Output 0 has the shape of input i, all of it unknown when the rank is all that is known. */
static inline void nn_output_rank(NnInfer *infer, uint32_t o, int32_t type, int32_t rank) {
    int64_t dims[NN_MAX_RANK];
    for (int32_t i = 0; i < NN_MAX_RANK; i++)
        dims[i] = NN_DIM_UNKNOWN;
    infer->output(infer, o, type, rank > NN_MAX_RANK ? NN_RANK_UNKNOWN : rank, dims);
}

/* Element k of the indices in 0 .. extent-1, negative ones counting from the end. */
static inline int32_t nn_index(const NnCall *call, const NnTensor *indices, int64_t k, int64_t extent,
                               int64_t *out) {
    const int64_t given = nn_load_int(nn_data(indices), indices->type, k);
    *out = given < 0 ? given + extent : given;
    if (*out >= 0 && *out < extent)
        return NN_OK;
    return nn_fail(call->host, call->status, NN_INVALID,
                   "index %lld (element %lld of the indices) is outside of 0 to %lld", (long long)given,
                   (long long)k, (long long)extent - 1);
}

static inline void nn_clear(NnTensor *t) {
    const uint64_t bytes = (uint64_t)nn_elements(t) * nn_type_size(t->type);
    if (bytes)
        memset(nn_data(t), 0, bytes);
}

/* to[i] += from[j] */
static inline void nn_accumulate(NnTensor *to, int64_t i, const NnTensor *from, int64_t j) {
    nn_store(nn_data(to), to->type, i,
             nn_load(nn_data(to), to->type, i) + nn_load(nn_data(from), from->type, j));
}

/* Moves all elements as they are: Reshape and others that only change the shape. */
static inline int32_t nn_copy_compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0];
    nn_move(nn_data(call->outputs[0]), 0, nn_data(x), 0, nn_elements(x), nn_type_size(x->type));
    return NN_OK;
}

/* The rule of those: the gradient in the shape of the argument. */
static inline int32_t nn_reshape_rule(NnGradient *g) {
    g->grads[0] = nn_rule_reshape(g, NN_DY(g), g->inputs[0]);
    return NN_OK;
}

/* What several operators take. */
#define NN_AXIS(value) NN_WHOLE("axis", value, "the dimension; negative ones count from the end")
#define NN_DATA(flags)                                                                                       \
    { "data", "T", NN_ANY, flags, 0, "the elements" }
#define NN_LIKE                                                                                              \
    { "like", "L", NN_ANY, NN_SHAPE_ONLY | NN_NO_GRADIENT, 0, "gives the shape of the result" }
#define NN_HOST_INTS(name, flags, doc)                                                                       \
    { name, NULL, NN_INDICES, NN_SHAPE_VALUE | NN_NO_GRADIENT | (flags), 0, doc }

#endif
