/* SPDX-License-Identifier: Apache-2.0 */
/* MatMul and Gemm for f32 and f64, by the packed matrix product of simd/gemm.h. */
#include "simd/gemm.h"
#include "cpu.h"

typedef struct Product {
    CpuGemm gemm;
    const CpuGemmKernels *kernels;
    CpuPool pool;
    bool wide;   /* f64 */
    bool copy_c; /* Gemm's C is broadcast into the result first, beta applies */
    int64_t c_rows, c_cols;
    uint64_t *a_at, *b_at; /* MatMul with broadcast batches: element offsets per batch item; else NULL */
    uint64_t batches;
    uint32_t in[3]; /* which inputs of a call are A, B and C: a claim has an order of its own */
} Product;

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    (void)device;
    if (cpu_type(node, 0, NN_F32) || cpu_type(node, 0, NN_F64))
        return NN_OK;
    return nn_fail(nn, reason, NN_UNSUPPORTED, "%s is fast for f32 and f64 only", node->op);
}

static Product *product_new(const NnHost *nn, NnDevice *device, const NnNode *node, uint64_t extra,
                            NnStatus *status) {
    const CpuSimd *simd = cpu_kernels(nn, device, status);
    Product *p = simd ? cpu_state(nn, sizeof *p + extra, status) : NULL;
    if (p == NULL)
        return NULL;
    p->kernels = simd->gemm;
    p->pool = cpu_pool(nn);
    p->wide = node->inputs[0]->type == NN_F64;
    for (uint32_t i = 0; i < 3; i++)
        p->in[i] = i;
    return p;
}

static void finish(Product *p, NnPlan *plan) {
    const CpuGemm *g = &p->gemm;
    plan->state = p;
    plan->workspace =
        p->wide ? p->kernels->f64_workspace(g, &p->pool) : p->kernels->f32_workspace(g, &p->pool);
    plan->flop = 2.0 * (double)g->m * (double)g->n * (double)g->k * (double)(p->a_at ? p->batches : g->batch);
}

static void multiply(const Product *p, const CpuGemm *g, const NnCall *call) {
    if (p->wide)
        p->kernels->f64(g, &p->pool, cpu_workspace(call));
    else
        p->kernels->f32(g, &p->pool, cpu_workspace(call));
}

/* ---- Gemm: alpha op(A) op(B) + beta C ---- */

static int32_t gemm_plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *plan,
                         NnStatus *status) {
    Product *p = product_new(nn, device, node, 0, status);
    if (p == NULL)
        return nn->code(status);
    const int64_t *a = node->inputs[0]->dims, *b = node->inputs[1]->dims;
    CpuGemm *g = &p->gemm;
    g->trans_a = nn_attr_int(node, "transA", 0) != 0;
    g->trans_b = nn_attr_int(node, "transB", 0) != 0;
    g->m = (size_t)a[g->trans_a ? 1 : 0];
    g->k = (size_t)a[g->trans_a ? 0 : 1];
    g->n = (size_t)b[g->trans_b ? 0 : 1];
    g->lda = (size_t)a[1];
    g->ldb = (size_t)b[1];
    g->ldc = g->n;
    g->batch = 1;
    g->alpha = nn_attr_float(node, "alpha", 1);
    const double beta = nn_attr_float(node, "beta", 1);
    const NnValueInfo *c = node->n_inputs > 2 ? node->inputs[2] : NULL;
    if (c && beta != 0) {
        p->c_cols = c->rank > 0 ? c->dims[c->rank - 1] : 1;
        p->c_rows = c->rank > 1 ? c->dims[0] : 1;
        if (p->c_rows == 1 && p->c_cols == (int64_t)g->n && beta == 1)
            g->bias_axis = CPU_BIAS_COL;
        else if (p->c_cols == 1 && p->c_rows == (int64_t)g->m && beta == 1 && g->m != 1)
            g->bias_axis = CPU_BIAS_ROW;
        else {
            p->copy_c = true;
            g->beta = beta;
        }
    }
    finish(p, plan);
    return NN_OK;
}

static void broadcast_c(const Product *p, const NnTensor *c, NnTensor *y) {
    const size_t m = p->gemm.m, n = p->gemm.n, size = p->wide ? sizeof(double) : sizeof(float);
    const char *from = nn_data(c);
    char *to = nn_data(y);
    for (size_t i = 0; i < m; i++) {
        const char *row = from + (p->c_rows == 1 ? 0 : i * (size_t)p->c_cols * size);
        if (p->c_cols != 1)
            memcpy(to + i * n * size, row, n * size);
        else
            for (size_t j = 0; j < n; j++)
                memcpy(to + (i * n + j) * size, row, size);
    }
}

static int32_t gemm_run(void *state, const NnCall *call) {
    const Product *p = state;
    CpuGemm g = p->gemm;
    g.a = nn_data(call->inputs[p->in[0]]);
    g.b = nn_data(call->inputs[p->in[1]]);
    g.c = nn_data(call->outputs[0]);
    if (g.bias_axis != CPU_BIAS_NONE)
        g.bias = nn_data(call->inputs[p->in[2]]);
    if (p->copy_c)
        broadcast_c(p, call->inputs[p->in[2]], call->outputs[0]);
    multiply(p, &g, call);
    return NN_OK;
}

/* ---- MatMul: numpy's rules ---- */

/* Element offsets of each batch item of an operand whose batch dims are broadcast to `out`. */
static bool batch_offsets(const NnValueInfo *in, int32_t in_batch, const int64_t *out, int32_t n,
                          uint64_t item, uint64_t count, uint64_t *offsets) {
    int64_t stride[NN_MAX_RANK] = {0}, index[NN_MAX_RANK] = {0};
    int64_t step = (int64_t)item;
    for (int32_t i = in_batch - 1, o = n - 1; i >= 0; i--, o--) {
        stride[o] = in->dims[i] == 1 ? 0 : step;
        step *= in->dims[i];
    }
    bool regular = true;
    for (uint64_t b = 0; b < count; b++) {
        int64_t at = 0;
        for (int32_t o = 0; o < n; o++)
            at += index[o] * stride[o];
        offsets[b] = (uint64_t)at;
        regular = regular && (b < 2 || offsets[b] - offsets[b - 1] == offsets[1] - offsets[0]);
        for (int32_t o = n - 1; o >= 0 && ++index[o] == out[o]; o--)
            index[o] = 0;
    }
    return regular;
}

static int32_t matmul_plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *plan,
                           NnStatus *status) {
    const NnValueInfo *a = node->inputs[0], *b = node->inputs[1], *y = node->outputs[0];
    const int32_t a_batch = a->rank > 2 ? a->rank - 2 : 0, b_batch = b->rank > 2 ? b->rank - 2 : 0;
    const int32_t n_batch = a_batch > b_batch ? a_batch : b_batch;
    const uint64_t batches = (uint64_t)nn_product(y->dims, 0, n_batch);
    if (batches > UINT32_MAX) /* of empty matrices there may be any number */
        return nn_fail(nn, status, NN_UNSUPPORTED, "a product of %llu matrices: at most %u are supported",
                       (unsigned long long)batches, UINT32_MAX);
    Product *p = product_new(nn, device, node, 2 * batches * sizeof(uint64_t), status);
    if (p == NULL)
        return nn->code(status);
    CpuGemm *g = &p->gemm;
    g->m = a->rank > 1 ? (size_t)a->dims[a->rank - 2] : 1;
    g->k = (size_t)a->dims[a->rank - 1];
    g->n = b->rank > 1 ? (size_t)b->dims[b->rank - 1] : 1;
    g->lda = g->k;
    g->ldb = g->n;
    g->ldc = g->n;
    g->alpha = 1;
    p->batches = batches;
    p->a_at = (uint64_t *)(void *)(p + 1);
    p->b_at = p->a_at + batches;
    const bool even = batch_offsets(a, a_batch, y->dims, n_batch, g->m * g->k, batches, p->a_at) &
                      batch_offsets(b, b_batch, y->dims, n_batch, g->k * g->n, batches, p->b_at);
    if (b_batch == 0 && b->rank >= 2 && a_batch > 0) { /* one matrix for all: a single tall product */
        g->m *= batches;
        g->batch = 1;
        p->a_at = NULL;
    } else if (even) {
        g->batch = batches;
        g->stride_a = batches > 1 ? p->a_at[1] : 0;
        g->stride_b = batches > 1 ? p->b_at[1] : 0;
        g->stride_c = g->m * g->n;
        p->a_at = NULL;
    } else {
        g->batch = 1;
    }
    finish(p, plan);
    return NN_OK;
}

static int32_t matmul_run(void *state, const NnCall *call) {
    const Product *p = state;
    CpuGemm g = p->gemm;
    g.a = nn_data(call->inputs[p->in[0]]);
    g.b = nn_data(call->inputs[p->in[1]]);
    g.c = nn_data(call->outputs[0]);
    if (p->a_at == NULL) {
        multiply(p, &g, call);
        return NN_OK;
    }
    const size_t size = p->wide ? sizeof(double) : sizeof(float);
    for (uint64_t i = 0; i < p->batches; i++) {
        g.a = (const char *)nn_data(call->inputs[p->in[0]]) + p->a_at[i] * size;
        g.b = (const char *)nn_data(call->inputs[p->in[1]]) + p->b_at[i] * size;
        g.c = (char *)nn_data(call->outputs[0]) + i * g.m * g.n * size;
        multiply(p, &g, call);
    }
    return NN_OK;
}

/* ---- a claim: Gemm and the activation that alone reads its result ---- */

static CpuAct activation(const NnNode *node) {
    static const struct {
        const char *op;
        CpuAct act;
    } known[] = {
        {"Relu", CPU_ACT_RELU}, {"Sigmoid", CPU_ACT_SIGMOID}, {"Tanh", CPU_ACT_TANH}, {"Gelu", CPU_ACT_GELU}};
    for (uint32_t i = 0; i < NN_COUNT(known); i++)
        if (*node->domain == '\0' && strcmp(node->op, known[i].op) == 0) {
            const bool tanh = known[i].act == CPU_ACT_GELU &&
                              strcmp(nn_attr_string(node, "approximate", "none"), "tanh") == 0;
            return tanh ? CPU_ACT_GELU_TANH : known[i].act;
        }
    return CPU_ACT_NONE;
}

static int32_t claim(const NnHost *nn, NnDevice *device, const NnView *view, NnClaims *claims,
                     NnStatus *status) {
    (void)nn;
    (void)device;
    (void)status;
    for (uint32_t i = 0; i < view->n_nodes; i++) {
        const NnNode *act = view->nodes[i];
        const NnValueInfo *x = activation(act) == CPU_ACT_NONE ? NULL : act->inputs[0];
        if (x == NULL || x->producer < 0 || x->uses != 1 || (x->flags & NN_VALUE_ESCAPES) ||
            x->type != NN_F32)
            continue;
        const NnNode *product = view->nodes[x->producer];
        if (*product->domain == '\0' && strcmp(product->op, "Gemm") == 0)
            claims->add(claims, 2, (const uint32_t[]){(uint32_t)x->producer, i}, 0);
    }
    return NN_OK;
}

static int32_t plan_claim(const NnHost *nn, NnDevice *device, const NnView *view, uint64_t tag, NnPlan *plan,
                          NnStatus *status) {
    (void)tag;
    const NnNode *node = view->nodes[0];
    const int32_t code = gemm_plan(nn, device, node, plan, status);
    if (code != NN_OK)
        return code;
    Product *p = plan->state;
    p->gemm.act = activation(view->nodes[1]);
    for (uint32_t i = 0; i < 3; i++)
        for (uint32_t k = 0; k < view->n_inputs; k++)
            if (i < node->n_inputs && view->inputs[k] == node->inputs[i])
                p->in[i] = k;
    finish(p, plan);
    return NN_OK;
}

static const NnClaim fused = {.struct_size = sizeof fused,
                              .priority = 10,
                              .name = "gemm",
                              .device = "cpu",
                              .claim = claim,
                              .plan = plan_claim,
                              .run = gemm_run,
                              .release = cpu_release};
static const NnKernel gemm = {.struct_size = sizeof gemm,
                              .since_min = 7,
                              .op = "Gemm",
                              .domain = "",
                              .device = "cpu",
                              .match = match,
                              .plan = gemm_plan,
                              .run = gemm_run,
                              .release = cpu_release};
static const NnKernel matmul = {.struct_size = sizeof matmul,
                                .since_min = 1,
                                .op = "MatMul",
                                .domain = "",
                                .device = "cpu",
                                .match = match,
                                .plan = matmul_plan,
                                .run = matmul_run,
                                .release = cpu_release};

static const NnExport exports[] = {
    {NN_CLAIM_KIND, "gemm", &fused}, {NN_KERNEL_KIND, "Gemm", &gemm}, {NN_KERNEL_KIND, "MatMul", &matmul}};
NN_PLUGIN(gemm, "Matrix products on the CPU.", exports)
