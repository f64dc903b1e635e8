/* SPDX-License-Identifier: Apache-2.0 */
/* Between the parts of the object `scatter`: where indices point, as its kernels are told. */
#ifndef OPENCL_SCATTER_H
#define OPENCL_SCATTER_H

#include "ops-opencl/opencl.h"

#define SCATTER_DIMS 8u

/* As scatter.cl has it. */
typedef struct ScatterParams {
    uint32_t count, inner, axis, ranges, depth, batch, batch_rows, n, step, at_step;
    uint32_t dims[SCATTER_DIMS], strides[SCATTER_DIMS], at_strides[SCATTER_DIMS];
} ScatterParams;

typedef struct ScatterWord {
    const char *op;
    bool elements; /* an index each, else vectors */
    bool adds;     /* a gradient: dY, indices, what has the shape of the result */
    bool scatters;
} ScatterWord;

/* NULL: no operator of this object. */
const ScatterWord *scatter_word(const NnNode *);
/* NULL, or why the node is not done here. outer: how many data share the indices. */
const char *scatter_describe(const NnNode *, ScatterParams *, uint32_t *outer);

#endif
