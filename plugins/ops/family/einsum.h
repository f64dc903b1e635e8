/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Equations of Einstein's summation: "ij,jk->ik", with repeated letters (diagonals), "..." (dimensions
 * without a name, broadcast from the right) and, without "->", an output of the letters that appear once.
 * Letters and the dimensions of "..." are labels, each with one extent.
 */
#ifndef OPS_FAMILY_EINSUM_H
#define OPS_FAMILY_EINSUM_H

#include "shape.h"

#define NN_EINSUM_OPERANDS 32
#define NN_EINSUM_LETTERS 52 /* A .. Z, a .. z: the order of an implicit output */
#define NN_EINSUM_LABELS (NN_EINSUM_LETTERS + NN_MAX_RANK)
#define NN_EINSUM_ELLIPSIS (-1)

/* The labels of one operand or of the output, in the order of its dimensions. */
typedef struct NnTerm {
    int32_t n, letters; /* labels written down, and those that are letters */
    int32_t label[NN_EINSUM_LETTERS + 1];
} NnTerm;

typedef struct NnEinsum {
    uint32_t n;                          /* operands */
    NnTerm term[NN_EINSUM_OPERANDS + 1]; /* the last one is the output's */
    int32_t unnamed;                     /* dimensions of "..." */
    int64_t extent[NN_EINSUM_LABELS];    /* 0 where there is no such label */
    bool used[NN_EINSUM_LABELS];
} NnEinsum;

static inline int32_t nn_einsum_label(char c) {
    return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : NN_EINSUM_LABELS;
}

/* Reads a term up to a comma, an arrow or the end, and returns where it ended; NULL: not understood. */
static inline const char *nn_einsum_term(const char *at, NnTerm *t) {
    *t = (NnTerm){0};
    for (; *at && *at != ',' && *at != '-'; at++) {
        const bool dots = strncmp(at, "...", 3) == 0;
        const int32_t label = dots ? NN_EINSUM_ELLIPSIS : nn_einsum_label(*at);
        if (*at == ' ')
            continue;
        if (label == NN_EINSUM_LABELS || t->n > NN_EINSUM_LETTERS || (dots && t->letters < t->n))
            return NULL;
        t->label[t->n++] = label;
        t->letters += !dots;
        at += dots ? 2 : 0;
    }
    return at;
}

/* The output of an equation without one: "...", then the letters that appear once. */
static inline void nn_einsum_implicit(NnEinsum *e) {
    int32_t count[NN_EINSUM_LETTERS] = {0};
    NnTerm *out = &e->term[e->n];
    *out = (NnTerm){.n = 1, .label = {NN_EINSUM_ELLIPSIS}};
    for (uint32_t k = 0; k < e->n; k++)
        for (int32_t i = 0; i < e->term[k].n; i++)
            if (e->term[k].label[i] >= 0)
                count[e->term[k].label[i]]++;
    for (int32_t l = 0; l < NN_EINSUM_LETTERS; l++)
        if (count[l] == 1) {
            out->label[out->n++] = l;
            out->letters++;
        }
}

/* Reads an equation for n operands. */
static inline int32_t nn_einsum_parse(const NnHost *nn, NnStatus *status, const char *text, uint32_t n,
                                      NnEinsum *e) {
    const char *at = text;
    uint32_t terms = 0;
    memset(e, 0, sizeof *e);
    do {
        at = terms < NN_EINSUM_OPERANDS ? nn_einsum_term(terms ? at + 1 : at, &e->term[terms]) : NULL;
        terms++;
    } while (at && *at == ',');
    e->n = terms;
    if (at && terms != n)
        return nn_fail(nn, status, NN_INVALID, "equation \"%.200s\" has %u terms, but there are %u operands",
                       text, terms, n);
    if (at && *at == '-' && at[1] == '>')
        at = nn_einsum_term(at + 2, &e->term[n]);
    else if (at && !*at)
        nn_einsum_implicit(e);
    if (!at || *at)
        return nn_fail(
            nn, status, NN_INVALID,
            "equation \"%.200s\" is not understood: expected terms of letters and at most one \"...\" each, "
            "as in \"...ij,jk->...ik\", for at most %d operands",
            text, NN_EINSUM_OPERANDS);
    return NN_OK;
}

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
