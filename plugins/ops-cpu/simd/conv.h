/* SPDX-License-Identifier: Apache-2.0 */
/* Two-dimensional convolution (cross-correlation) and its two gradients, f32, NCHW, with groups, strides,
 * dilations and any padding.
 *
 * The method: for a block of output rows, every column shift of the kernel gets its own copy of the input
 * rows, cut to the output's width. In that form output positions that follow each other in memory read input
 * that follows each other, for every kernel element, so that the products run along whole rows of the image
 * with full vectors. It is a kernel-width-fold copy, not the kernel-area-fold one of im2col, of a block that
 * stays in L2. */
#ifndef CPU_CONV_H
#define CPU_CONV_H

#include "gemm.h"

/* x [batch, in_channels, in_h, in_w], w [out_channels, in_channels / groups, kernel_h, kernel_w],
 * y [batch, out_channels, out_h, out_w]; y(oh, ow) sums over x(oh stride_h + kh dilation_h - pad_top, ...).
 * What lies outside of x is zero. out_h and out_w are the caller's: padding below and to the right follows
 * from them; negative pads crop. Strides and dilations are at least 1, both channel counts multiples of
 * groups. */
typedef struct CpuConv {
    size_t batch, groups, in_channels, out_channels;
    size_t in_h, in_w, out_h, out_w, kernel_h, kernel_w;
    size_t stride_h, stride_w, dilation_h, dilation_w;
    ptrdiff_t pad_top, pad_left;
} CpuConv;

typedef enum CpuConvPass { CPU_CONV_FORWARD, CPU_CONV_GRAD_INPUT, CPU_CONV_GRAD_WEIGHT } CpuConvPass;

/* All tensors are dense; results are overwritten, not added to. grad_weight sums per task and then over the
 * tasks: its bits depend on the number of threads, but on nothing else; those of the others do not. */
typedef struct CpuConvKernels {
    size_t (*workspace)(const CpuConv *, CpuConvPass, const CpuPool *);
    /* y = act(conv(x, w) + bias); bias [out_channels] or NULL; act: CPU_ACT_NONE or CPU_ACT_RELU */
    void (*forward)(const CpuConv *, const CpuPool *, const float *x, const float *w, const float *bias,
                    CpuAct act, float *y, void *workspace);
    void (*grad_input)(const CpuConv *, const CpuPool *, const float *dy, const float *w, float *dx,
                       void *workspace);
    /* dbias [out_channels] or NULL */
    void (*grad_weight)(const CpuConv *, const CpuPool *, const float *dy, const float *x, float *dw,
                        float *dbias, void *workspace);
} CpuConvKernels;

#endif
