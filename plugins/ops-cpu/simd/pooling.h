/* SPDX-License-Identifier: Apache-2.0 */
/* Maxima and means of windows over the planes of an NCHW tensor, f32, and their gradients. */
#ifndef CPU_POOLING_H
#define CPU_POOLING_H

#include "simd.h"

/* x [planes, in_h, in_w], y [planes, out_h, out_w], planes = batch times channels; the window of y(oh, ow)
 * begins at x(oh stride_h - pad_top, ow stride_w - pad_left). Strides, dilations and kernel extents are at
 * least 1; planes have fewer than 2^31 elements. pad_bottom and pad_right matter only for count_pad: whether
 * a mean counts the padding. */
typedef struct CpuPooling {
    size_t planes, in_h, in_w, out_h, out_w;
    size_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
    ptrdiff_t pad_top, pad_left, pad_bottom, pad_right;
    bool count_pad;
} CpuPooling;

/* No workspace. Bits do not depend on the number of threads. */
typedef struct CpuPoolingKernels {
    /* indices (or NULL): where each maximum stands, counted through all of x; the first of equal ones, NaN
     * before all else. A window that meets padding only gives minus infinity and the first element of its
     * plane. */
    void (*max)(const CpuPooling *, const CpuPool *, const float *x, float *y, int64_t *indices);
    /* dx is the sum of dy at the places in indices, 0 elsewhere. False, with dx undefined, when an index lies
     * outside of its own plane. */
    bool (*max_grad)(const CpuPooling *, const CpuPool *, const float *dy, const int64_t *indices, float *dx);
    void (*mean)(const CpuPooling *, const CpuPool *, const float *x, float *y);
    void (*mean_grad)(const CpuPooling *, const CpuPool *, const float *dy, float *dx);
} CpuPoolingKernels;

#endif
