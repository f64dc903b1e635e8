/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Equations of Einstein's summation as text: "ij,jk->ik", with repeated letters (diagonals), "..."
 * (dimensions without a name, broadcast from the right) and, without "->", an output of the letters that
 * appear once.
 */
#ifndef OPS_FAMILY_EINSUM_EQUATION_H
#define OPS_FAMILY_EINSUM_EQUATION_H

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

/* The equation in which operand k and the output change places. Every term has at most as many labels as
 * there are dimensions, and "...". */
#define NN_EINSUM_TEXT ((NN_EINSUM_OPERANDS + 1) * (NN_MAX_RANK + 5))
static inline const char *nn_einsum_swapped(const NnEinsum *e, uint32_t k, char text[NN_EINSUM_TEXT]) {
    char *at = text;
    for (uint32_t i = 0; i <= e->n; i++) {
        const NnTerm *t = &e->term[i == k ? e->n : i == e->n ? k : i];
        at = i == 0 ? at : stpcpy(at, i == e->n ? "->" : ",");
        for (int32_t d = 0; d < t->n; d++) {
            const char letter[2] = {(char)(t->label[d] < 26 ? 'A' + t->label[d] : 'a' + t->label[d] - 26), 0};
            at = stpcpy(at, t->label[d] == NN_EINSUM_ELLIPSIS ? "..." : letter);
        }
    }
    return text;
}

#endif
