/* SPDX-License-Identifier: Apache-2.0 */
/* Products for the objects that have some (gemm, conv): the numbers of one, and its stages. */
#ifndef OPENCL_PRODUCT_H
#define OPENCL_PRODUCT_H

#include "ops-opencl/opencl.h"

/* As params.cl has it. */
typedef struct OclProduct {
    uint32_t m, n, k, batches, parts, part, y_row, e_row, e_column, with_e;
    uint32_t tile_m, tile_n, deep;
    float alpha, beta;
    uint32_t a_row, a_depth, b_depth, b_column;
    uint32_t dims[4], a_strides[4], b_strides[4], y_stride;
    uint32_t c, filters, h, w, out_h, out_w, kernel_h, kernel_w;
    uint32_t stride_h, stride_w, dilation_h, dilation_w, all_c, all_filters;
    int32_t pad_h, pad_w;
} OclProduct;

/* Which inputs are A, B and E; e is UINT32_MAX where there is none. `type` is that of all of them. */
typedef struct OclOperands {
    uint32_t a, b, e;
    int32_t type;
} OclOperands;

/* What says where the operands are (gemm.cl, conv.cl), with its options. */
typedef struct OclPlaces {
    const char *name, *text, *options;
} OclPlaces;

/* Plans the product; p is complete but for its tile and parts. */
int32_t ocl_product_plan(const NnHost *, NnDevice *, const OclPlaces *, OclProduct *p, OclOperands, NnPlan *,
                         NnStatus *);

/* A matrix product (gemm.cl) with few rows or columns, on a processor: whether it is one, and its plan. */
bool ocl_thin_suits(const OclService *, const OclProduct *, int32_t type);
int32_t ocl_thin_plan(const NnHost *, NnDevice *, OclProduct *, OclOperands, NnPlan *, NnStatus *);

/* For `match`: ocl_match_real, on a device that can run the product's groups. */
int32_t ocl_product_match(const NnHost *, NnDevice *, const NnNode *, NnStatus *);

#endif
