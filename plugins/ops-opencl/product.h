/* SPDX-License-Identifier: Apache-2.0 */
/* Products for the objects that have some (gemm, conv): the numbers of one, and its stages. */
#ifndef OPENCL_PRODUCT_H
#define OPENCL_PRODUCT_H

#include "ops-opencl/opencl.h"

/* As params.cl has it. */
typedef struct OclProduct {
    uint32_t m, n, k, batches, parts, part, y_row, e_row, e_column, with_e;
    float alpha, beta;
    uint32_t a_row, a_depth, b_depth, b_column;
    uint32_t dims[4], a_strides[4], b_strides[4], y_stride;
    uint32_t c, filters, h, w, out_h, out_w, kernel_h, kernel_w;
    uint32_t stride_h, stride_w, dilation_h, dilation_w, all_c, all_filters;
    int32_t pad_h, pad_w;
} OclProduct;

#define OCL_TILE 32u /* of product.cl, on processors */
#define OCL_WIDE 64u /* elsewhere */

/* Which inputs are A, B and E; e is UINT32_MAX where there is none. */
typedef struct OclOperands {
    uint32_t a, b, e;
} OclOperands;

/* Few tiles and a long depth: parts of the depth are summed side by side. How many depends on the problem and
 * the device alone, so that the bits repeat. */
static inline void ocl_product_cut(const OclService *ocl, OclProduct *p) {
    const uint32_t tile = ocl->cpu ? OCL_TILE : OCL_WIDE;
    const uint64_t tiles = (uint64_t)((p->m + tile - 1) / tile) * ((p->n + tile - 1) / tile) * p->batches;
    uint64_t parts = tiles ? 4 * (uint64_t)ocl->units / tiles : 1;
    if (parts > p->k / 512)
        parts = p->k / 512;
    p->part = parts > 1 ? (uint32_t)((p->k + parts - 1) / parts) : p->k;
    p->parts = p->part ? (p->k + p->part - 1) / p->part : 1;
}

/* Plans the product that `source` places; p is complete but for its parts. */
static inline int32_t ocl_product_plan(const NnHost *nn, NnDevice *device, const OclSource *source,
                                       OclProduct *p, OclOperands in, NnPlan *out, NnStatus *status) {
    OclPlan *plan = ocl_plan(nn, device, status);
    if (plan == NULL)
        return nn->code(status);
    const OclService *ocl = plan->ocl;
    const uint32_t tile = ocl->cpu ? OCL_TILE : OCL_WIDE;
    ocl_product_cut(ocl, p);
    const bool folded = p->parts > 1;
    const OclArg none = {.role = OCL_NOTHING};
    const OclArg e = in.e == UINT32_MAX ? none : (OclArg){.role = OCL_INPUT, .index = in.e};
    const OclArg y = {.role = OCL_OUTPUT}, parts = {.role = OCL_WORKSPACE};
    OclStage *s = ocl->stage(nn, plan, source, "product", 4, status);
    if (s) {
        s->args[0] = (OclArg){.role = OCL_INPUT, .index = in.a};
        s->args[1] = (OclArg){.role = OCL_INPUT, .index = in.b};
        s->args[2] = folded ? none : e;
        s->args[3] = folded ? parts : y;
        s->dims = 3;
        s->global[0] = (p->m + tile - 1) / tile;
        s->global[1] = (p->n + tile - 1) / tile;
        s->global[2] = (size_t)p->batches * p->parts;
        for (uint32_t i = 0; i < 3; i++)
            s->local[i] = 1;
        for (uint32_t i = 0; i < 2 && !ocl->cpu; i++) {
            s->local[i] = 16;
            s->global[i] *= 16;
        }
        (void)ocl->params(nn, plan, s, p, sizeof *p, status);
    }
    if (s && folded && (s = ocl->stage(nn, plan, source, "fold", 3, status)) != NULL) {
        s->args[0] = parts;
        s->args[1] = e;
        s->args[2] = y;
        ocl_items(s, (uint64_t)p->batches * p->m * p->n);
        (void)ocl->params(nn, plan, s, p, sizeof *p, status);
        out->workspace = 4 * (uint64_t)p->parts * p->batches * p->m * p->n;
    }
    out->flop = 2.0 * (double)p->batches * (double)p->m * (double)p->n * (double)p->k;
    return ocl_planned(nn, plan, out, status);
}

#endif
