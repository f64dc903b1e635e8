/* SPDX-License-Identifier: Apache-2.0 */
/* Pools: walking over the elements of each window that are not padding, and what the pools' tables share. */
#ifndef OPS_FAMILY_POOL_H
#define OPS_FAMILY_POOL_H

#include "alike.h"
#include "window.h"

#define NN_POOL_ATTRIBUTES                                                                                   \
    NN_WINDOW_ATTRIBUTES,                                                                                    \
        {.name = "kernel_shape",                                                                             \
         .kind = NN_SET_INTS,                                                                                \
         .flags = NN_SET_REQUIRED,                                                                           \
         .doc = "extent of the window"},                                                                     \
        NN_FLAG("ceil_mode", "0", "round the number of windows up instead of down")

typedef struct NnPool {
    NnWindow w;
    int32_t rank;
    int64_t planes, inputs, outputs; /* elements of a plane */
    int64_t in[NN_WINDOW_MAX], out[NN_WINDOW_MAX];
} NnPool;

static inline int32_t nn_pool_window(const NnHost *nn, NnStatus *status, const NnNode *node, int32_t rank,
                                     NnWindow *w) {
    const int32_t code = nn_window_read(nn, status, node, rank - 2, w);
    return code == NN_OK ? nn_window_list(nn, status, node, "kernel_shape", rank - 2, 1, 1, w->kernel) : code;
}

/* The dimensions of the result when input i is what the windows slide over. */
static inline int32_t nn_pool_dims(NnInfer *n, uint32_t i, int64_t *dims) {
    const NnValueInfo *x = n->node->inputs[i];
    NnWindow w;
    if (x->rank < 0)
        return NN_OK;
    const int32_t code = nn_pool_window(n->host, n->status, n->node, x->rank, &w);
    if (code != NN_OK)
        return code;
    nn_dims_of(x, dims);
    int64_t in[NN_WINDOW_MAX];
    memcpy(in, dims + 2, (size_t)w.n * sizeof *in);
    return nn_window_counts(n, &w, in, dims + 2);
}

/* x is what the windows slide over; `out` the dimensions of the result. */
static inline int32_t nn_pool_begin(const NnCall *call, const NnTensor *x, const int64_t *out, NnPool *p) {
    const int32_t code = nn_pool_window(call->host, call->status, call->node, x->rank, &p->w);
    if (code != NN_OK)
        return code;
    for (int32_t i = 0; i < p->w.n; i++)
        (void)nn_window_count(call->node, &p->w, i, x->dims[i + 2]);
    nn_window_fill(&p->w);
    nn_window_spatial(x, p->in);
    for (int32_t i = 0; i < NN_WINDOW_MAX; i++)
        p->out[i] = i < NN_WINDOW_MAX + 2 - x->rank ? 1 : out[i + x->rank - NN_WINDOW_MAX];
    p->rank = x->rank;
    p->planes = x->dims[0] * x->dims[1];
    p->inputs = nn_product(p->in, 0, NN_WINDOW_MAX);
    p->outputs = nn_product(p->out, 0, NN_WINDOW_MAX);
    return NN_OK;
}

/* The first input position of the window of result i, by dimension. */
static inline void nn_pool_corner(const NnPool *p, int64_t i, int64_t corner[NN_WINDOW_MAX]) {
    int64_t o = i % p->outputs;
    for (int32_t d = NN_WINDOW_MAX - 1; d >= 0; d--) {
        corner[d] = o % p->out[d] * p->w.stride[d] - p->w.before[d];
        o /= p->out[d];
    }
}

/* Calls `visit` for each place of the window of result i that is inside of x; x NULL: with 0 as the element.
 */
static inline void nn_pool_visit(const NnPool *p, const NnTensor *x, int64_t i,
                                 void (*visit)(void *, double, const int64_t *), void *arg) {
    int64_t corner[NN_WINDOW_MAX], k[NN_WINDOW_MAX] = {0}, at[NN_WINDOW_MAX];
    nn_pool_corner(p, i, corner);
    do {
        bool inside = true;
        for (int32_t d = 0; d < NN_WINDOW_MAX; d++) {
            at[d] = corner[d] + k[d] * p->w.dilation[d];
            inside = inside && at[d] >= 0 && at[d] < p->in[d];
        }
        const int64_t e = i / p->outputs * p->inputs + (at[0] * p->in[1] + at[1]) * p->in[2] + at[2];
        if (inside)
            visit(arg, x ? nn_load(nn_data(x), x->type, e) : 0, at);
    } while (nn_next(NN_WINDOW_MAX, p->w.kernel, k));
}

#endif
