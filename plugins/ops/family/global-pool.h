/* SPDX-License-Identifier: Apache-2.0 */
/* Pools whose window is the whole plane: [N, C, d1, ...] becomes [N, C, 1, ...]. Differentiated as the
 * reduction that they are. */
#ifndef OPS_FAMILY_GLOBAL_POOL_H
#define OPS_FAMILY_GLOBAL_POOL_H

#include "body.h"
#include "shape.h"
#include "typed.h"

#define NN_GLOBAL_POOL                                                                                       \
    NN_IN({"X", "T", NN_FLOATS, 0, 0, "[N, C, d1, ...]"}),                                                   \
        NN_OUT({"Y", "T", NN_FLOATS, 0, 0, "[N, C, 1, ...]"}),                                               \
        NN_SAMPLES("[2,3,2,2]", "[1,2,5]", "[2,1,2,1,3]", "[0,2,3]", "[2,0,3]"),                             \
        .infer = nn_infer_global_pool

static inline int32_t nn_infer_global_pool(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    int64_t dims[NN_MAX_RANK] = {0};
    char text[200];
    if (x->rank >= 0 && x->rank < 2)
        return nn_bad(n, "X is %s: expected [N,C,...]", nn_shape_text(x->rank, x->dims, text, sizeof text));
    for (int32_t i = 0; i < x->rank; i++)
        dims[i] = i < 2 ? nn_dim_plain(x->dims[i]) : 1;
    n->output(n, 0, x->type, x->rank, dims);
    return NN_OK;
}

static inline int32_t nn_global_pool_compute(const NnCall *call,
                                             double (*pool)(const NnTensor *, int64_t from, int64_t n)) {
    const NnTensor *x = call->inputs[0];
    NnTensor *y = call->outputs[0];
    const int64_t n = nn_product(x->dims, 2, x->rank);
    for (int64_t i = 0; i < x->dims[0] * x->dims[1]; i++)
        nn_store(nn_data(y), y->type, i, pool(x, i * n, n));
    return NN_OK;
}

static inline int32_t nn_global_pool_body(NnBody *b, const char *reduction) {
    const int32_t rank = nn_body_rank(b, b->inputs[0]);
    if (rank < 2)
        return nn_body_no_rank(b, "X");
    b->outputs[0] = nn_body_reduce(b, reduction, b->inputs[0], 2, rank, 1);
    return NN_OK;
}

#endif
