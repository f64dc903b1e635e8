/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on rows of n contiguous floats that need a pass before they can write: softmax and its kin. A
 * row of length 0 is left alone; the output may be the same memory as any input. */
#ifndef CPU_ROWS_H
#define CPU_ROWS_H

#include "simd.h"

typedef struct CpuRowsKernels {
    void (*softmax)(const float *x, float *y, size_t n);
    void (*log_softmax)(const float *x, float *y, size_t n);
    /* dx = y (dy - sum(dy y)) */
    void (*softmax_grad)(const float *dy, const float *y, float *dx, size_t n);
    /* dx = dy - exp(y) sum(dy) */
    void (*log_softmax_grad)(const float *dy, const float *y, float *dx, size_t n);
    /* dx = scale (exp(log_prob) - onehot(label)) */
    void (*cross_entropy_grad)(const float *log_prob, size_t label, float scale, float *dx, size_t n);
} CpuRowsKernels;

#endif
