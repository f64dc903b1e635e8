/* SPDX-License-Identifier: Apache-2.0 */
/* Layer normalization (Ba, Kiros, Hinton 2016) and batch normalization (Ioffe, Szegedy 2015), f32, and their
 * gradients. Variances are biased and taken about the mean of each run of memory, so that a large mean costs
 * no digits. Bits do not depend on the number of threads. Pointers marked "or NULL" are results that are not
 * wanted, or factors that are absent. */
#ifndef CPU_NORM_H
#define CPU_NORM_H

#include "simd.h"

/* x [rows, n]: each row by its own statistics. y = (x - mean) inverse scale + bias, inverse = 1 / sqrt(var +
 * epsilon). */
typedef struct CpuLayerNorm {
    size_t rows, n;
    double epsilon;
    const float *scale, *bias; /* [n] or NULL */
} CpuLayerNorm;

/* x [batch, channels, inner]: each channel by its statistics over batch and inner; or, for use after
 * training, by given ones. */
typedef struct CpuBatchNorm {
    size_t batch, channels, inner;
    double epsilon;
    const float *scale, *bias; /* [channels] or NULL */
} CpuBatchNorm;

typedef struct CpuNormKernels {
    /* mean, inverse: [rows] or NULL. y may be x. */
    void (*layer)(const CpuLayerNorm *, const CpuPool *, const float *x, float *y, float *mean,
                  float *inverse);
    size_t (*layer_grad_workspace)(const CpuLayerNorm *);
    /* dx [rows, n], dscale and dbias [n], each or NULL; mean and inverse as `layer` gave them. dx may be dy.
     */
    void (*layer_grad)(const CpuLayerNorm *, const CpuPool *, const float *dy, const float *x,
                       const float *mean, const float *inverse, float *dx, float *dscale, float *dbias,
                       void *workspace);
    /* mean, variance: [channels]; with an empty batch both are NaN. */
    void (*batch_statistics)(const CpuBatchNorm *, const CpuPool *, const float *x, float *mean,
                             float *variance);
    /* y may be x. */
    void (*batch)(const CpuBatchNorm *, const CpuPool *, const float *x, const float *mean,
                  const float *variance, float *y);
    /* Of batch normalization by the batch's own statistics, which are taken again. dx [batch, channels,
     * inner], dscale and dbias [channels], each or NULL. dx may be dy. */
    void (*batch_grad)(const CpuBatchNorm *, const CpuPool *, const float *dy, const float *x, float *dx,
                       float *dscale, float *dbias);
} CpuNormKernels;

#endif
