/* SPDX-License-Identifier: Apache-2.0 */
/* Regions of interest: what pooling over boxes of an image shares. X is [N, C, H, W], the result [boxes, C,
 * height, width]. */
#ifndef OPS_FAMILY_ROI_H
#define OPS_FAMILY_ROI_H

#include "alike.h"
#include "index.h"

/* The result's shape; X is input `first`, the boxes with `columns` numbers each the one after it. */
static inline int32_t nn_roi_shape(NnInfer *n, uint32_t first, int64_t columns, int64_t height, int64_t width,
                                   int64_t dims[4]) {
    const NnValueInfo *x = n->node->inputs[first], *rois = n->node->inputs[first + 1];
    char a[200], b[200];
    if ((x->rank >= 0 && x->rank != 4) || (rois->rank >= 0 && rois->rank != 2) ||
        (rois->rank == 2 && nn_dim_known(rois->dims[1]) && rois->dims[1] != columns))
        return nn_bad(n, "X is %s and rois %s: expected [N,C,H,W] and [boxes,%lld]",
                      nn_shape_text(x->rank, x->dims, a, sizeof a),
                      nn_shape_text(rois->rank, rois->dims, b, sizeof b), (long long)columns);
    dims[0] = rois->rank < 0 ? NN_DIM_UNKNOWN : nn_dim_plain(rois->dims[0]);
    dims[1] = x->rank < 0 ? NN_DIM_UNKNOWN : nn_dim_plain(x->dims[1]);
    dims[2] = height;
    dims[3] = width;
    return NN_OK;
}

/* Of a gradient operator: dY is input 0 and must have the result's shape; dX has that of X. */
static inline int32_t nn_roi_grad_infer(NnInfer *n, int64_t columns, int64_t height, int64_t width) {
    int64_t dims[4];
    const NnValueInfo pooled = {.rank = 4, .dims = dims};
    const int32_t code = nn_roi_shape(n, 1, columns, height, width, dims);
    nn_output_like(n, 0, 1, n->node->inputs[0]->type);
    return code != NN_OK || nn_same_shapes(n->node->inputs[0], &pooled)
               ? code
               : nn_bad(n, "dY does not have the shape of the result");
}

/* Sums in double for a tensor of the shape of dX, filled by `walk`, then stored. */
static inline int32_t nn_roi_grad_compute(const NnCall *call, int32_t (*walk)(const NnCall *, double *)) {
    NnTensor *dx = call->outputs[0];
    const int64_t n = nn_elements(dx);
    double *sums = call->host->alloc(call->host, (uint64_t)(n + 1) * sizeof *sums);
    if (!sums)
        return nn_fail(call->host, call->status, NN_OUT_OF_MEMORY, "no memory for the sums of %s",
                       call->node->op);
    const int32_t code = walk(call, sums);
    for (int64_t i = 0; code == NN_OK && i < n; i++)
        nn_store(nn_data(dx), dx->type, i, sums[i]);
    call->host->free(call->host, sums);
    return code;
}

#endif
