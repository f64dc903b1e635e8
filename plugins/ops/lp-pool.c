/* SPDX-License-Identifier: Apache-2.0 */
/* The p-norm of each window, and its gradient. */
#include "family/pool.h"

static int32_t infer(NnInfer *n) {
    int64_t dims[NN_MAX_RANK] = {0};
    const int32_t code = nn_pool_dims(n, 0, dims);
    n->output(n, 0, n->node->inputs[0]->type, n->node->inputs[0]->rank, dims);
    return code;
}

typedef struct Norm {
    double p, sum; /* the sum of |x|^p; in the gradient dY / Y^(p-1) */
    double *plane;
    const int64_t *in;
} Norm;

static void add(void *arg, double x, const int64_t *at) {
    Norm *norm = arg;
    (void)at;
    norm->sum += pow(fabs(x), norm->p);
}

static int32_t compute(const NnCall *call) {
    NnTensor *y = call->outputs[0];
    const double p = (double)nn_attr_int(call->node, "p", 2);
    NnPool pool;
    const int32_t code = nn_pool_begin(call, call->inputs[0], y->dims, &pool);
    for (int64_t i = 0; code == NN_OK && i < pool.planes * pool.outputs; i++) {
        Norm norm = {.p = p};
        nn_pool_visit(&pool, call->inputs[0], i, add, &norm);
        nn_store(nn_data(y), y->type, i, pow(norm.sum, 1 / p));
    }
    return code;
}

static int32_t gradient(NnGradient *g) {
    g->grads[0] = nn_rule_same_attrs(g, "nn/LpPoolGrad", NN_VALUES(NN_DY(g), g->inputs[0], g->outputs[0]));
    return NN_OK;
}

static int32_t grad_infer(NnInfer *n) {
    int64_t dims[NN_MAX_RANK] = {0};
    const NnValueInfo *x = n->node->inputs[1], pooled = {.rank = x->rank, .dims = dims};
    nn_output_like(n, 0, 1, NN_NONE);
    const int32_t code = nn_pool_dims(n, 1, dims);
    if (code == NN_OK && !nn_same_shapes(n->node->inputs[2], &pooled))
        return nn_bad(n, "Y does not have the shape of the pool's result");
    return code == NN_OK ? nn_alike(n, 0, 2) : code;
}

static void spread(void *arg, double x, const int64_t *at) {
    const Norm *norm = arg;
    if (x != 0)
        norm->plane[(at[0] * norm->in[1] + at[1]) * norm->in[2] + at[2]] +=
            norm->sum * copysign(pow(fabs(x), norm->p - 1), x);
}

static int32_t grad_compute(const NnCall *call) {
    const NnTensor *dy = call->inputs[0], *x = call->inputs[1], *y = call->inputs[2];
    NnTensor *dx = call->outputs[0];
    const double p = (double)nn_attr_int(call->node, "p", 2);
    NnPool pool;
    const int32_t code = nn_pool_begin(call, x, dy->dims, &pool);
    const int64_t n = nn_elements(dx);
    if (code != NN_OK)
        return code;
    double *sums = call->host->alloc(call->host, (uint64_t)(n > 0 ? n : 1) * sizeof *sums);
    if (!sums)
        return nn_fail(call->host, call->status, NN_OUT_OF_MEMORY, "no memory for the sums of LpPoolGrad");
    for (int64_t i = 0; i < pool.planes * pool.outputs; i++) {
        const double norm = nn_load(nn_data(y), y->type, i);
        Norm part = {.p = p, .plane = sums + i / pool.outputs * pool.inputs, .in = pool.in};
        part.sum = norm > 0 ? nn_load(nn_data(dy), dy->type, i) / pow(norm, p - 1) : 0;
        nn_pool_visit(&pool, x, i, spread, &part);
    }
    for (int64_t i = 0; i < n; i++)
        nn_store(nn_data(dx), dx->type, i, sums[i]);
    call->host->free(call->host, sums);
    return NN_OK;
}

#define ATTRIBUTES                                                                                           \
    NN_ATTRIBUTES(NN_POOL_ATTRIBUTES, {.name = "p",                                                          \
                                       .kind = NN_SET_INT,                                                   \
                                       .flags = NN_SET_RANGE,                                                \
                                       .preset = "2",                                                        \
                                       .min = 1,                                                             \
                                       .max = 1000,                                                          \
                                       .doc = "the norm's exponent"})

NN_PRIMITIVE_OPERATOR(lp_pool, NN_ONNX("LpPool", 22),
                      NN_IN({"X", "T", NN_FLOATS, 0, 0, "[N, C, d1, ...], 1 to 3 spatial dimensions"}),
                      NN_OUT({"Y", "T", NN_FLOATS, 0, 0, "norms [N, C, ...]"}), ATTRIBUTES,
                      NN_SAMPLES("[1,2,4,4]; kernel_shape=2,2 strides=2,2",
                                 "[1,1,5,4]; kernel_shape=3,2 strides=2,1 pads=1,0,1,1 p=3",
                                 "[2,1,5]; kernel_shape=2, dilations=2, p=1", "[0,2,4]; kernel_shape=2,"),
                      .doc = "The p-norm of each window: Y[n,c,o] = (sum over k of |X[n,c, o * stride - pad "
                             "+ k * dilation]|^p)^(1/p).",
                      .infer = infer, .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(
    lp_pool_grad, NN_OURS("LpPoolGrad", 1), .flags = NN_OP_NOT_TWICE,
    NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of the norms"},
          {"X", "T", NN_FLOATS, 0, 0, "input of the pool"}, {"Y", "T", NN_FLOATS, 0, 0, "its result"}),
    NN_OUT({"dX", "T", NN_FLOATS, 0, 0, "gradient of X"}), ATTRIBUTES,
    NN_SAMPLES("[1,1,2,2] [1,1,4,4] [1,1,2,2]@1:2; kernel_shape=2,2 strides=2,2",
               "[0,2,3] [0,2,4] [0,2,3]; kernel_shape=2,"),
    .doc = "Gradient of LpPool: dX = sum over windows of dY * sign(X) * |X|^(p-1) / Y^(p-1); 0 where Y is 0.",
    .infer = grad_infer, .compute = grad_compute);

NN_OPERATORS(lp_pool, "Norms of windows.", NN_OP("LpPool", lp_pool), NN_OP("nn/LpPoolGrad", lp_pool_grad))
