/* SPDX-License-Identifier: Apache-2.0 */
/* Operands of Einstein's summation in bodies: tensors whose dimensions are labels, moved, summed and cut to
 * diagonals. */
#ifndef OPS_FAMILY_EINSUM_FACTOR_H
#define OPS_FAMILY_EINSUM_FACTOR_H

#include "body.h"
#include "einsum.h"

/* A tensor whose dimensions are labels, each of its full extent and there once. */
typedef struct NnFactor {
    NnValue *v;
    int32_t n, label[NN_EINSUM_LABELS];
} NnFactor;

static inline bool nn_factor_has(const NnFactor *f, int32_t label) {
    for (int32_t i = 0; i < f->n; i++)
        if (f->label[i] == label)
            return true;
    return false;
}

/* In the order of the given labels, all of them its own. */
static inline NnFactor nn_factor_permuted(const NnBody *b, const NnFactor *f, const int32_t *label) {
    NnFactor y = {.n = f->n};
    int64_t perm[NN_MAX_RANK] = {0};
    bool moved = false;
    for (int32_t i = 0; i < f->n; i++) {
        y.label[i] = label[i];
        for (int32_t k = 0; k < f->n; k++)
            perm[i] = f->label[k] == label[i] ? k : perm[i];
        moved = moved || perm[i] != i;
    }
    y.v = moved ? nn_op(b->host, b->graph, "Transpose", NN_VALUES(f->v),
                        NN_ATTRS(NN_INTS("perm", (uint32_t)f->n, perm)))
                : f->v;
    return y;
}

/* An extent of 0 is meant, not copied. */
static inline NnValue *nn_factor_reshape(const NnBody *b, NnValue *v, int64_t rank, const int64_t *dims) {
    return nn_op(b->host, b->graph, "Reshape", NN_VALUES(v, nn_vector(b->host, b->graph, rank, dims)),
                 NN_ATTRS(NN_INT("allowzero", 1)));
}

/* Labels i and k of f, the same, as one: every n + 1st element of the square of their extent n. */
static inline void nn_factor_diagonal(const NnBody *b, const NnEinsum *e, NnFactor *f, int32_t i, int32_t k) {
    int64_t perm[NN_MAX_RANK] = {0}, dims[NN_MAX_RANK] = {0};
    const int32_t label = f->label[i], rest = f->n - 2;
    const int64_t n = e->extent[label], from = 0, end = n * n, step = n + 1, last = -1;
    int32_t m = 0;
    for (int32_t d = 0; d < f->n; d++)
        if (d != i && d != k) {
            f->label[m] = f->label[d];
            dims[m] = e->extent[f->label[m]];
            perm[m++] = d;
        }
    perm[rest] = i;
    perm[rest + 1] = k;
    dims[rest] = n * n;
    NnGraph *g = b->graph;
    f->v = nn_op(b->host, g, "Transpose", NN_VALUES(f->v), NN_ATTRS(NN_INTS("perm", (uint32_t)f->n, perm)));
    f->v = nn_op(b->host, g, "Slice",
                 NN_VALUES(nn_factor_reshape(b, f->v, rest + 1, dims), nn_vector(b->host, g, 1, &from),
                           nn_vector(b->host, g, 1, &end), nn_vector(b->host, g, 1, &last),
                           nn_vector(b->host, g, 1, &step)),
                 NN_NO_ATTRS);
    f->label[rest] = label;
    f->n = rest + 1;
}

/* Operand k with every label once. */
static inline NnFactor nn_factor_of(const NnBody *b, const NnEinsum *e, uint32_t k, int32_t work) {
    const NnValueInfo *x = b->node->inputs[k];
    NnFactor f = {.v = x->type == work ? b->inputs[k] : nn_body_cast(b, b->inputs[k], work), .n = x->rank};
    int64_t dims[NN_MAX_RANK] = {0};
    bool whole = true;
    for (int32_t i = 0; i < f.n; i++) {
        f.label[i] = nn_einsum_at(e, &e->term[k], x->rank, i);
        dims[i] = e->extent[f.label[i]];
        whole = whole && dims[i] == x->dims[i];
    }
    if (!whole)
        f.v = nn_body2(b, "Expand", f.v, nn_vector(b->host, b->graph, f.n, dims));
    for (int32_t i = 0; i < f.n; i++)
        for (int32_t j = i + 1; j < f.n; j++)
            if (f.label[i] == f.label[j]) {
                nn_factor_diagonal(b, e, &f, i, j);
                i = -1;
                break;
            }
    return f;
}

/* Sums the labels that nobody wants. */
static inline void nn_factor_reduce(const NnBody *b, NnFactor *f, const bool *wanted) {
    int64_t axes[NN_MAX_RANK] = {0}, n = 0;
    int32_t kept = 0;
    for (int32_t i = 0; i < f->n; i++)
        if (wanted[f->label[i]])
            f->label[kept++] = f->label[i];
        else
            axes[n++] = i;
    f->n = kept;
    if (n > 0)
        f->v = nn_op(b->host, b->graph, "ReduceSum", NN_VALUES(f->v, nn_vector(b->host, b->graph, n, axes)),
                     NN_ATTRS(NN_INT("keepdims", 0)));
}

#endif
