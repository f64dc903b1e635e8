/* SPDX-License-Identifier: Apache-2.0 */
/* The one loop behind Einsum and its gradients: over all labels, products of all factors but one, which is
 * summed. */
#ifndef OPS_FAMILY_EINSUM_SUM_H
#define OPS_FAMILY_EINSUM_SUM_H

#include "einsum.h"
#include "index.h"

typedef union NnEinsumSum {
    double real;
    uint64_t whole;
} NnEinsumSum;

/* The loop over all labels, and how it steps through each factor: the operands, then the output. */
typedef struct NnEinsumWalk {
    int32_t n;
    int64_t extent[NN_EINSUM_LABELS], step[NN_EINSUM_OPERANDS + 1][NN_EINSUM_LABELS];
} NnEinsumWalk;

static inline void nn_einsum_steps(const NnEinsum *e, const NnTensor *t, uint32_t k, const int32_t *place,
                                   NnEinsumWalk *w) {
    int64_t dense[NN_MAX_RANK];
    nn_dense(t->rank, t->dims, dense);
    for (int32_t i = 0; i < t->rank; i++)
        if (t->dims[i] != 1)
            w->step[k][place[nn_einsum_at(e, &e->term[k], t->rank, i)]] += dense[i];
}

/* One factor is summed, the others are multiplied. */
static inline void nn_einsum_add_up(const NnEinsumWalk *w, const NnTensor *const *factor, uint32_t n,
                                    uint32_t result, NnEinsumSum *sums) {
    const bool whole = nn_is(factor[result]->type, NN_INTEGERS);
    int64_t index[NN_EINSUM_LABELS] = {0};
    do {
        NnEinsumSum product = {.real = 1};
        if (whole)
            product.whole = 1;
        for (uint32_t k = 0; k <= n; k++) {
            const int64_t at = nn_at(w->n, index, w->step[k]);
            if (k != result && whole)
                product.whole *= (uint64_t)nn_load_int(nn_data(factor[k]), factor[k]->type, at);
            else if (k != result)
                product.real *= nn_load(nn_data(factor[k]), factor[k]->type, at);
        }
        NnEinsumSum *to = &sums[nn_at(w->n, index, w->step[result])];
        if (whole)
            to->whole += product.whole;
        else
            to->real += product.real;
    } while (nn_next(w->n, w->extent, index));
}

/* factor[0 .. n-1] are the operands, factor[n] the output; the one of index `result` is summed, the others
 * are multiplied. */
static inline int32_t nn_einsum_sum(const NnCall *call, const NnTensor *const *factor, uint32_t n,
                                    uint32_t result) {
    const NnTensor *to = factor[result];
    const int64_t count = nn_elements(to);
    int32_t place[NN_EINSUM_LABELS] = {0};
    NnEinsumWalk w = {0};
    NnEinsum e;
    int32_t code =
        nn_einsum_parse(call->host, call->status, nn_attr_string(call->node, "equation", ""), n, &e);
    for (uint32_t k = 0; code == NN_OK && k < n; k++)
        code = nn_einsum_rank(call->host, call->status, &e, k, factor[k]->rank);
    for (uint32_t k = 0; code == NN_OK && k < n; k++)
        code = nn_einsum_extents(call->host, call->status, &e, k, factor[k]->rank, factor[k]->dims);
    if (code != NN_OK)
        return code;
    for (int32_t l = 0; l < NN_EINSUM_LABELS; l++)
        if (e.used[l]) {
            place[l] = w.n;
            w.extent[w.n++] = e.extent[l];
        }
    for (uint32_t k = 0; k <= n; k++)
        nn_einsum_steps(&e, factor[k], k, place, &w);
    NnEinsumSum *sums = call->host->alloc(call->host, (uint64_t)(count + 1) * sizeof *sums);
    if (!sums)
        return nn_fail(call->host, call->status, NN_OUT_OF_MEMORY, "no memory for %lld sums",
                       (long long)count);
    if (nn_product(w.extent, 0, w.n) > 0)
        nn_einsum_add_up(&w, factor, n, result, sums);
    for (int64_t i = 0; i < count; i++)
        if (nn_is(to->type, NN_INTEGERS))
            nn_store_int(nn_data(to), to->type, i, (int64_t)sums[i].whole);
        else
            nn_store(nn_data(to), to->type, i, sums[i].real);
    call->host->free(call->host, sums);
    return NN_OK;
}

#endif
