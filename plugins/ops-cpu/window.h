/* SPDX-License-Identifier: Apache-2.0 */
/* The windows of convolutions and pools over one or two spatial dimensions, read as the definitions read
 * them. */
#ifndef CPU_WINDOW_H
#define CPU_WINDOW_H

#include "cpu.h"
#include "ops/family/window.h"

/* Extents of a plane, one dimension being a plane of height 1. */
typedef struct CpuPlanes {
    NnWindow w; /* of three dimensions, the first of extent 1 */
    size_t in_h, in_w, out_h, out_w;
} CpuPlanes;

/* NULL when the node's window over x is one for planes; else why not. `kernel`: the extents behind [N, C] or
 * [M, C]. */
static inline NN_MAYBE_UNUSED const char *cpu_planes(const NnHost *nn, const NnNode *node,
                                                     const NnValueInfo *x, const NnValueInfo *y,
                                                     const int64_t *kernel, NnStatus *status, CpuPlanes *p) {
    if (x->type != NN_F32)
        return "it is fast for f32 only";
    if (x->rank < 3 || x->rank > 4)
        return "it is fast over one or two spatial dimensions only";
    if (nn_window_read(nn, status, node, x->rank - 2, &p->w) != NN_OK)
        return "its window is not valid";
    for (int32_t i = 0; i < x->rank - 2; i++) {
        p->w.kernel[i] = kernel[i];
        (void)nn_window_count(node, &p->w, i, x->dims[i + 2]);
    }
    nn_window_fill(&p->w);
    const bool flat = x->rank == 3;
    p->in_h = flat ? 1 : (size_t)x->dims[2];
    p->out_h = flat ? 1 : (size_t)y->dims[2];
    p->in_w = (size_t)x->dims[x->rank - 1];
    p->out_w = (size_t)y->dims[y->rank - 1];
    return NULL;
}

#endif
