/* SPDX-License-Identifier: Apache-2.0 */
/* Convolutions on processors without a matrix product (direct.cl). */
#ifndef OPENCL_DIRECT_H
#define OPENCL_DIRECT_H

#include "product.h"

typedef enum OclPass { OCL_CONV, OCL_CONV_GRAD_INPUT, OCL_CONV_GRAD_WEIGHT } OclPass;

/* As direct.cl has it. */
typedef struct OclDirect {
    uint32_t m, channels, samples;
    uint32_t src_h, src_w, dst_h, dst_w, kernel_h, kernel_w;
    uint32_t stride_h, stride_w, dilation_h, dilation_w;
    uint32_t step_h, step_w;
    int32_t pad_h, pad_w, top, left;
    uint32_t a_row, a_plane, a_group, with_e;
    uint32_t line, halo, segment, tiles;
    uint32_t tile_m, tile_n, tile_c, parts, part, all;
} OclDirect;

/* How the pass of a convolution whose extents are in p is done this way; false where it is not: the device is
 * no processor, or the kernel is too large for an item's memory. */
bool ocl_direct(const OclService *, OclPass, const OclProduct *p, uint32_t samples, OclDirect *);
/* Plans it. e: the input that is the bias, or UINT32_MAX; type: of all operands. */
int32_t ocl_direct_plan(const NnHost *, NnDevice *, OclPass, const OclProduct *p, OclDirect *, uint32_t e,
                        int32_t type, NnPlan *, NnStatus *);

#endif
