/* SPDX-License-Identifier: Apache-2.0 */
/* Two shapes that are to be the same, as far as they are known. */
#ifndef OPS_FAMILY_ALIKE_H
#define OPS_FAMILY_ALIKE_H

#include "shape.h"

/* Can the two be of the same shape? */
static inline bool nn_same_shapes(const NnValueInfo *a, const NnValueInfo *b) {
    bool same = a->rank < 0 || b->rank < 0 || a->rank == b->rank;
    for (int32_t i = 0; same && a->rank >= 0 && b->rank >= 0 && i < a->rank; i++)
        same = !nn_dim_known(a->dims[i]) || !nn_dim_known(b->dims[i]) || a->dims[i] == b->dims[i];
    return same;
}

/* Inputs i and j are to have the same shape. */
static inline int32_t nn_alike(NnInfer *infer, uint32_t i, uint32_t j) {
    const NnValueInfo *a = infer->node->inputs[i], *b = infer->node->inputs[j];
    char x[200], y[200];
    if (nn_same_shapes(a, b))
        return NN_OK;
    (void)nn_shape_text(b->rank, b->dims, y, sizeof y);
    return nn_bad(infer, "input %u is %s and input %u %s: expected the same shape", i,
                  nn_shape_text(a->rank, a->dims, x, sizeof x), j, y);
}

#endif
