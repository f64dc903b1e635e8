/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An equation of Einstein's summation with the shapes of its operands. Letters and the dimensions of "..."
 * are labels, each with one extent; a dimension of 1 is broadcast.
 */
#ifndef OPS_FAMILY_EINSUM_H
#define OPS_FAMILY_EINSUM_H

#include "einsum-equation.h"

/* Label of dimension i of a term of the given rank; -1: the rank does not fit. */
static inline int32_t nn_einsum_at(const NnEinsum *e, const NnTerm *t, int32_t rank, int32_t i) {
    const int32_t unnamed = rank - t->letters;
    for (int32_t k = 0, d = 0; k < t->n; k++) {
        const int32_t width = t->label[k] == NN_EINSUM_ELLIPSIS ? unnamed : 1;
        if (i < d + width)
            return width == 1 && t->label[k] >= 0 ? t->label[k]
                                                  : NN_EINSUM_LETTERS + e->unnamed - unnamed + i - d;
        d += width;
    }
    return -1;
}

static inline bool nn_einsum_dots(const NnTerm *t) { return t->letters < t->n; }

/* Takes in one operand's shape; all operands' ranks come first. */
static inline int32_t nn_einsum_rank(const NnHost *nn, NnStatus *status, NnEinsum *e, uint32_t k,
                                     int32_t rank) {
    const NnTerm *t = &e->term[k];
    const int32_t unnamed = rank - t->letters;
    if (unnamed < 0 || (unnamed > 0 && !nn_einsum_dots(t)))
        return nn_fail(nn, status, NN_INVALID,
                       "operand %u has rank %d, but its term in the equation %d letters%s", k, rank,
                       t->letters, nn_einsum_dots(t) ? " besides \"...\"" : "");
    e->unnamed = unnamed > e->unnamed ? unnamed : e->unnamed;
    return NN_OK;
}

static inline int32_t nn_einsum_extents(const NnHost *nn, NnStatus *status, NnEinsum *e, uint32_t k,
                                        int32_t rank, const int64_t *dims) {
    for (int32_t i = 0; i < rank; i++) {
        const int32_t l = nn_einsum_at(e, &e->term[k], rank, i);
        const int64_t d = nn_dim_plain(dims[i]), had = e->used[l] ? e->extent[l] : 1;
        e->used[l] = true;
        e->extent[l] = had == 1 || (had == NN_DIM_UNKNOWN && d != 1) ? d : had;
        if (had != 1 && d != 1 && had >= 0 && d >= 0 && had != d)
            return nn_fail(
                nn, status, NN_INVALID,
                "dimension %d of operand %u has an extent of %lld, but its label stood for %lld before", i, k,
                (long long)d, (long long)had);
    }
    return NN_OK;
}

/* Equation and extents of a node whose operands begin at input `first`; *ranks: is everything said about
 * "..."? */
static inline int32_t nn_einsum_read(const NnHost *nn, NnStatus *status, const NnNode *node, uint32_t first,
                                     NnEinsum *e, bool *ranks) {
    const char *text = nn_attr_string(node, "equation", "");
    int32_t code = nn_einsum_parse(nn, status, text, node->n_inputs - first, e);
    *ranks = true;
    for (uint32_t k = 0; code == NN_OK && k < e->n; k++) {
        const NnValueInfo *x = node->inputs[first + k];
        if (x->rank >= 0)
            code = nn_einsum_rank(nn, status, e, k, x->rank);
        else if (nn_einsum_dots(&e->term[k]))
            *ranks = false;
    }
    for (uint32_t k = 0; code == NN_OK && *ranks && k < e->n; k++) {
        const NnValueInfo *x = node->inputs[first + k];
        code = nn_einsum_extents(nn, status, e, k, x->rank, x->dims);
    }
    return code;
}

/* The output's rank and, where they are known, extents. Letters that no operand has, and those that come
 * twice, are errors. */
static inline int32_t nn_einsum_output(const NnHost *nn, NnStatus *status, const NnEinsum *e, int32_t *rank,
                                       int64_t *dims) {
    const NnTerm *out = &e->term[e->n];
    uint64_t in = 0, seen = 0;
    *rank = out->letters + (nn_einsum_dots(out) ? e->unnamed : 0);
    for (uint32_t k = 0; k < e->n; k++)
        for (int32_t i = 0; i < e->term[k].n; i++)
            in |= e->term[k].label[i] >= 0 ? UINT64_C(1) << e->term[k].label[i] : 0;
    for (int32_t i = 0; i < out->n; i++) {
        const uint64_t bit = out->label[i] >= 0 ? UINT64_C(1) << out->label[i] : 0;
        if (bit & seen || bit & ~in)
            return nn_fail(nn, status, NN_INVALID, "the output of the equation has a letter that %s",
                           bit & seen ? "comes twice" : "no operand has");
        seen |= bit;
    }
    if (*rank > NN_MAX_RANK)
        return nn_fail(nn, status, NN_INVALID, "the output would have rank %d, more than %d", *rank,
                       NN_MAX_RANK);
    for (int32_t i = 0; i < *rank; i++) {
        const int32_t l = nn_einsum_at(e, out, *rank, i);
        dims[i] = e->used[l] ? e->extent[l] : NN_DIM_UNKNOWN;
    }
    return NN_OK;
}

#endif
