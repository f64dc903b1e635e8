/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Einstein's summation in matrix products: operands are taken in pairs from the left. Labels of both that
 * nobody wants later are contracted, others of both are a batch, and those of one are rows or columns. For
 * devices that have no kernel of their own; all extents are known.
 */
#ifndef OPS_FAMILY_EINSUM_BODY_H
#define OPS_FAMILY_EINSUM_BODY_H

#include "einsum-factor.h"
#include "typed.h"

/* Labels in four groups (batch, rows, columns, contracted), with the product of extents of each. */
typedef struct NnGroups {
    int32_t n[4], label[4][NN_EINSUM_LABELS];
    int64_t extent[4];
} NnGroups;

static inline void nn_groups_add(NnGroups *s, const NnEinsum *e, int32_t group, int32_t label) {
    s->label[group][s->n[group]++] = label;
    s->extent[group] *= e->extent[label];
}

/* f with the labels of three groups in a row, as [batch, second, third]; 1 stands in for a group that is left
 * out. */
static inline NnValue *nn_factor_matrix(const NnBody *b, const NnGroups *s, const NnFactor *f, int32_t second,
                                        int32_t third) {
    int32_t order[NN_EINSUM_LABELS], n = 0;
    const int32_t groups[] = {0, second, third};
    int64_t dims[3];
    for (int32_t i = 0; i < 3; i++) {
        dims[i] = groups[i] < 0 ? 1 : s->extent[groups[i]];
        for (int32_t k = 0; groups[i] >= 0 && k < s->n[groups[i]]; k++)
            order[n++] = s->label[groups[i]][k];
    }
    return nn_factor_reshape(b, nn_factor_permuted(b, f, order).v, 3, dims);
}

/* The product of two, summed over what both have and nobody wants. */
static inline NnFactor nn_factor_product(const NnBody *b, const NnEinsum *e, const NnFactor *x,
                                         const NnFactor *y, const bool *wanted) {
    NnGroups s = {.extent = {1, 1, 1, 1}};
    NnFactor z = {.n = 0};
    int64_t dims[NN_EINSUM_LABELS] = {0};
    for (int32_t i = 0; i < x->n; i++)
        nn_groups_add(&s, e, !nn_factor_has(y, x->label[i]) ? 1 : wanted[x->label[i]] ? 0 : 3, x->label[i]);
    for (int32_t i = 0; i < y->n; i++)
        if (!nn_factor_has(x, y->label[i]))
            nn_groups_add(&s, e, 2, y->label[i]);
    for (int32_t group = 0; group < 3; group++)
        for (int32_t k = 0; k < s.n[group]; k++) {
            dims[z.n] = e->extent[s.label[group][k]];
            z.label[z.n++] = s.label[group][k];
        }
    /* With nothing to sum it is element by element. */
    if (s.n[3] == 0)
        z.v = nn_body2(b, "Mul", nn_factor_matrix(b, &s, x, 1, -1), nn_factor_matrix(b, &s, y, -1, 2));
    else
        z.v = nn_body2(b, "MatMul", nn_factor_matrix(b, &s, x, 1, 3), nn_factor_matrix(b, &s, y, 3, 2));
    z.v = nn_factor_reshape(b, z.v, z.n, dims);
    return z;
}

/* Which labels the output and the operands from `first` on have. */
static inline void nn_einsum_wanted(const NnBody *b, const NnEinsum *e, uint32_t first, const int32_t *out,
                                    int32_t rank, bool *wanted) {
    memset(wanted, 0, NN_EINSUM_LABELS * sizeof *wanted);
    for (int32_t i = 0; i < rank; i++)
        wanted[out[i]] = true;
    for (uint32_t k = first; k < e->n; k++)
        for (int32_t i = 0; i < b->node->inputs[k]->rank; i++)
            wanted[nn_einsum_at(e, &e->term[k], b->node->inputs[k]->rank, i)] = true;
}

/* The output's labels are out[0 .. rank-1]. Products of matrices have integers of 32 bits and more. */
static inline int32_t nn_einsum_body(NnBody *b, const NnEinsum *e, const int32_t *out, int32_t rank) {
    const int32_t type = b->node->inputs[0]->type,
                  work = nn_is(type, NN_INTEGERS) && nn_type_size(type) < 4 ? NN_I32 : type;
    bool wanted[NN_EINSUM_LABELS];
    NnFactor sum = nn_factor_of(b, e, 0, work);
    nn_einsum_wanted(b, e, 1, out, rank, wanted);
    nn_factor_reduce(b, &sum, wanted);
    for (uint32_t k = 1; k < e->n; k++) {
        NnFactor next = nn_factor_of(b, e, k, work);
        nn_einsum_wanted(b, e, k + 1, out, rank, wanted);
        bool here[NN_EINSUM_LABELS];
        for (int32_t l = 0; l < NN_EINSUM_LABELS; l++)
            here[l] = wanted[l] || nn_factor_has(&sum, l);
        nn_factor_reduce(b, &next, here);
        sum = nn_factor_product(b, e, &sum, &next, wanted);
        if (sum.n > NN_MAX_RANK)
            return nn_fail(b->host, b->status, NN_UNSUPPORTED,
                           "a product of this Einsum has %d dimensions, more than %d", sum.n, NN_MAX_RANK);
    }
    sum = nn_factor_permuted(b, &sum, out);
    b->outputs[0] = work == type ? nn_body1(b, "Identity", sum.v) : nn_body_cast(b, sum.v, type);
    return NN_OK;
}

#endif
