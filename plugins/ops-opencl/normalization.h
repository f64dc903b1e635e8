/* SPDX-License-Identifier: Apache-2.0 */
/* Between the parts of the object `normalization`: what a node normalises, as its kernels are told. */
#ifndef OPENCL_NORMALIZATION_H
#define OPENCL_NORMALIZATION_H

#include "ops-opencl/opencl.h"

/* As normalization.cl has them. */
typedef struct NormParams {
    uint32_t groups, outer, run, plane, channels, chunk, what;
    uint32_t epsilon[2], momentum[2], beta[2];
} NormParams;
enum { CENTRED = 1, ALONG = 2, GIVEN = 4, DEVIATION = 8, SCALE = 16, BIAS = 32, MEAN = 64, INVERSE = 128 };
enum { NEW_MEAN = 256, NEW_VARIANCE = 512, DX = 1024, DSCALE = 2048, DBIAS = 4096, SUMS = 8192 };

static inline bool norm_is_grad(const NnNode *node) { return strstr(node->op, "Grad") != NULL; }
static inline bool norm_wants(const NnNode *node, uint32_t i) {
    return node->n_outputs > i && node->outputs[i] != NULL;
}
static inline bool norm_has(const NnNode *node, uint32_t i) {
    return node->n_inputs > i && node->inputs[i] != NULL;
}

/* NULL, or why the node is not done here. */
const char *norm_describe(const NnNode *, NormParams *);

#endif
