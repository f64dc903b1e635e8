/* SPDX-License-Identifier: Apache-2.0 */
/* Between the parts of the object `move`: one move of a box of elements, as move.cl has it. */
#ifndef OPENCL_MOVE_H
#define OPENCL_MOVE_H

#include "ops-opencl/opencl.h"

#define MOVE_DIMS 8u

typedef struct MoveParams {
    uint32_t count, n, dims[MOVE_DIMS];
    int32_t from, to, from_strides[MOVE_DIMS], to_strides[MOVE_DIMS];
} MoveParams;

/* A box with the first dimension first; strides in elements, negative ones backwards. */
typedef struct MoveBox {
    int32_t rank;
    int64_t dims[NN_MAX_RANK], from_strides[NN_MAX_RANK], to_strides[NN_MAX_RANK], from, to;
} MoveBox;

void move_dense(int32_t rank, const int64_t *dims, int64_t *strides);
/* False: more dimensions are left than the kernel has. */
bool move_params(const MoveBox *, MoveParams *);

/* What moves for a node: into, or out of, a box of the larger tensor. NULL, or why it is not done here. */
const char *move_transpose(const NnNode *, MoveBox *);
const char *move_expand(const NnNode *, MoveBox *);
const char *move_slice(const NnNode *, MoveBox *);      /* Slice */
const char *move_slice_grad(const NnNode *, MoveBox *); /* nn/SliceGrad */
const char *move_pad(const NnNode *, MoveBox *);        /* Pad */
const char *move_pad_grad(const NnNode *, MoveBox *);   /* nn/PadGrad */

#endif
