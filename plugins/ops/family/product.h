/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums of products: one element of a matrix product, in double for floats and modulo 2^64 for integers, and
 * what MatMul and Gemm share besides.
 */
#ifndef OPS_FAMILY_PRODUCT_H
#define OPS_FAMILY_PRODUCT_H

#include "shape.h"
#include "typed.h"

#define NN_PRODUCT_TYPES (NN_FLOATS | NN_MASK(NN_I32) | NN_MASK(NN_I64) | NN_MASK(NN_U32) | NN_MASK(NN_U64))

/* The sum over k of a[i + k * di] * b[j + k * dj]. */
static inline double nn_dot(const NnTensor *a, int64_t i, int64_t di, const NnTensor *b, int64_t j,
                            int64_t dj, int64_t k) {
    const void *x = nn_data(a), *y = nn_data(b);
    double sum = 0;
    for (; k > 0; k--, i += di, j += dj)
        sum += nn_load(x, a->type, i) * nn_load(y, b->type, j);
    return sum;
}

static inline int64_t nn_dot_int(const NnTensor *a, int64_t i, int64_t di, const NnTensor *b, int64_t j,
                                 int64_t dj, int64_t k) {
    uint64_t sum = 0;
    for (; k > 0; k--, i += di, j += dj)
        sum += (uint64_t)nn_load_int(nn_data(a), a->type, i) * (uint64_t)nn_load_int(nn_data(b), b->type, j);
    return (int64_t)sum;
}

/* Two extents that must be the same; an unknown one fits. */
static inline bool nn_fits(int64_t a, int64_t b) { return !nn_dim_known(a) || !nn_dim_known(b) || a == b; }

static inline int32_t nn_rank_of(const NnGradient *g, const NnValue *v) {
    const NnValueInfo *info = g->host->graph->info(g->graph, v);
    return info ? info->rank : NN_RANK_UNKNOWN;
}

/* alpha * op(a) op(b), both of rank 2. */
static inline NnValue *nn_rule_gemm(const NnGradient *g, NnValue *a, NnValue *b, double alpha, int64_t ta,
                                    int64_t tb) {
    return nn_op(g->host, g->graph, "Gemm", NN_VALUES(a, b),
                 NN_ATTRS(NN_FLOAT("alpha", alpha), NN_INT("transA", ta), NN_INT("transB", tb)));
}

#endif
