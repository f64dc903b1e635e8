/* SPDX-License-Identifier: Apache-2.0 */
/* Gemm and MatMul by tiles (product.cl). */
#include "product.h"

#include "plugins/ops-opencl/gemm.cl.h"

#define BATCH_DIMS 4

static int32_t plan_product(const NnHost *nn, NnDevice *device, const NnNode *node, OclProduct *p,
                            NnPlan *out, NnStatus *status) {
    const OclPlaces places = {.name = "gemm",
                              .text = gemm_cl,
                              .options = p->b_column == 1  ? "-DROWS"
                                         : p->b_depth == 1 ? "-DCOLUMNS"
                                                           : NULL};
    const OclOperands in = {0, 1, p->with_e ? 2 : UINT32_MAX, node->inputs[0]->type};
    const OclService *ocl = ocl_service(nn, device, status);
    return ocl && ocl_thin_suits(ocl, p, in.type) ? ocl_thin_plan(nn, device, p, in, out, status)
                                                  : ocl_product_plan(nn, device, &places, p, in, out, status);
}

static int32_t plan_gemm(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                         NnStatus *status) {
    const NnValueInfo *a = node->inputs[0], *c = node->n_inputs > 2 ? node->inputs[2] : NULL,
                      *y = node->outputs[0];
    const bool ta = nn_attr_int(node, "transA", 0) != 0, tb = nn_attr_int(node, "transB", 0) != 0;
    OclProduct p = {.m = (uint32_t)y->dims[0],
                    .n = (uint32_t)y->dims[1],
                    .k = (uint32_t)a->dims[ta ? 0 : 1],
                    .batches = 1,
                    .alpha = (float)nn_attr_float(node, "alpha", 1),
                    .beta = (float)nn_attr_float(node, "beta", 1),
                    .dims = {1, 1, 1, 1}};
    p.y_row = p.n;
    p.a_row = ta ? 1 : p.k;
    p.a_depth = ta ? p.m : 1;
    p.b_depth = tb ? 1 : p.n;
    p.b_column = tb ? p.k : 1;
    p.with_e = c != NULL;
    if (c && c->rank > 0 && c->dims[c->rank - 1] != 1)
        p.e_column = 1;
    if (c && c->rank == 2 && c->dims[0] != 1)
        p.e_row = (uint32_t)c->dims[1];
    return plan_product(nn, device, node, &p, out, status);
}

/* Batch dimensions of an operand without its matrix, broadcast to those of the result. */
static void batch_strides(const NnValueInfo *v, int32_t batch, uint32_t matrix,
                          uint32_t strides[BATCH_DIMS]) {
    uint32_t step = matrix;
    for (int32_t d = v->rank - 3, o = batch - 1; d >= 0; d--, o--) {
        strides[o + BATCH_DIMS - batch] = v->dims[d] == 1 ? 0 : step;
        step *= (uint32_t)v->dims[d];
    }
}

static int32_t batch_rank(const NnNode *node) {
    const NnValueInfo *a = node->inputs[0], *b = node->inputs[1];
    return node->outputs[0]->rank - (a->rank > 1) - (b->rank > 1);
}

static int32_t plan_mat_mul(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                            NnStatus *status) {
    const NnValueInfo *a = node->inputs[0], *b = node->inputs[1], *y = node->outputs[0];
    const int32_t batch = batch_rank(node);
    OclProduct p = {.m = a->rank > 1 ? (uint32_t)a->dims[a->rank - 2] : 1,
                    .n = b->rank > 1 ? (uint32_t)b->dims[b->rank - 1] : 1,
                    .k = (uint32_t)a->dims[a->rank - 1],
                    .batches = (uint32_t)nn_product(y->dims, 0, batch),
                    .alpha = 1,
                    .a_depth = 1,
                    .b_column = 1,
                    .dims = {1, 1, 1, 1}};
    for (int32_t i = 0; i < batch; i++)
        p.dims[i + BATCH_DIMS - batch] = (uint32_t)y->dims[i];
    batch_strides(a, batch, p.m * p.k, p.a_strides);
    batch_strides(b, batch, p.k * p.n, p.b_strides);
    /* One matrix on the right for all of the batch: the batch is more rows. */
    if (b->rank <= 2 && p.batches > 0) {
        p.m *= p.batches;
        p.batches = 1;
        memset(p.a_strides, 0, sizeof p.a_strides);
        for (int32_t i = 0; i < BATCH_DIMS; i++)
            p.dims[i] = 1;
    }
    p.y_row = p.n;
    p.y_stride = p.m * p.n;
    p.a_row = p.k;
    p.b_depth = p.n;
    return plan_product(nn, device, node, &p, out, status);
}

static int32_t match_mat_mul(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    if (batch_rank(node) > BATCH_DIMS)
        return nn_fail(nn, reason, NN_UNSUPPORTED, "MatMul: more than %d batch dimensions", BATCH_DIMS);
    return ocl_product_match(nn, device, node, reason);
}

OCL_KERNEL(gemm, "", "Gemm", ocl_product_match, plan_gemm)
OCL_KERNEL(mat_mul, "", "MatMul", match_mat_mul, plan_mat_mul)

static const NnExport exports[] = {{NN_KERNEL_KIND, "Gemm", &gemm}, {NN_KERNEL_KIND, "MatMul", &mat_mul}};
NN_PLUGIN(gemm, "Matrix products by OpenCL.", exports)
