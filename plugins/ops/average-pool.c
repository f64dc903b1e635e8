/* SPDX-License-Identifier: Apache-2.0 */
/* The mean of each window, and its gradient, which is spread over the window evenly. */
#include "family/pool.h"

static int32_t infer(NnInfer *n) {
    int64_t dims[NN_MAX_RANK] = {0};
    const int32_t code = nn_pool_dims(n, 0, dims);
    n->output(n, 0, n->node->inputs[0]->type, n->node->inputs[0]->rank, dims);
    return code;
}

/* What the sum of window i is divided by: its elements, with those in the padding where they count. */
static double divisor(const NnCall *call, const NnPool *p, int64_t i) {
    const bool padding = nn_attr_int(call->node, "count_include_pad", 0) != 0;
    int64_t corner[NN_WINDOW_MAX], n = 1;
    nn_pool_corner(p, i, corner);
    for (int32_t d = 0; d < NN_WINDOW_MAX; d++) {
        const int64_t end = p->in[d] + (padding ? p->w.after[d] : 0), begin = padding ? -p->w.before[d] : 0;
        int64_t inside = 0;
        for (int64_t k = 0; k < p->w.kernel[d]; k++)
            inside += corner[d] + k * p->w.dilation[d] >= begin && corner[d] + k * p->w.dilation[d] < end;
        n *= inside;
    }
    return n > 0 ? (double)n : 1;
}

static void add(void *arg, double x, const int64_t *at) {
    (void)at;
    *(double *)arg += x;
}

static int32_t compute(const NnCall *call) {
    NnTensor *y = call->outputs[0];
    NnPool p;
    const int32_t code = nn_pool_begin(call, call->inputs[0], y->dims, &p);
    for (int64_t i = 0; code == NN_OK && i < p.planes * p.outputs; i++) {
        double sum = 0;
        nn_pool_visit(&p, call->inputs[0], i, add, &sum);
        nn_store(nn_data(y), y->type, i, sum / divisor(call, &p, i));
    }
    return code;
}

static int32_t gradient(NnGradient *g) {
    g->grads[0] = nn_rule_same_attrs(g, "nn/AveragePoolGrad", NN_VALUES(NN_DY(g), g->inputs[0]));
    return NN_OK;
}

static int32_t grad_infer(NnInfer *n) {
    int64_t dims[NN_MAX_RANK] = {0};
    char found[200], expected[200];
    const NnValueInfo *dy = n->node->inputs[0], pooled = {.rank = n->node->inputs[1]->rank, .dims = dims};
    nn_output_like(n, 0, 1, dy->type);
    const int32_t code = nn_pool_dims(n, 1, dims);
    if (code != NN_OK || nn_same_shapes(dy, &pooled))
        return code;
    return nn_bad(n, "dY is %s: expected the shape of the pool's result, %s",
                  nn_shape_text(dy->rank, dy->dims, found, sizeof found),
                  nn_shape_text(pooled.rank, dims, expected, sizeof expected));
}

typedef struct Spread {
    double *plane, part;
    const int64_t *in;
} Spread;

static void spread(void *arg, double x, const int64_t *at) {
    const Spread *s = arg;
    (void)x;
    s->plane[(at[0] * s->in[1] + at[1]) * s->in[2] + at[2]] += s->part;
}

static int32_t grad_compute(const NnCall *call) {
    const NnTensor *dy = call->inputs[0];
    NnTensor *dx = call->outputs[0];
    NnPool p;
    if (dy->rank != dx->rank)
        return nn_fail(call->host, call->status, NN_INVALID, "dY has rank %d: expected that of X, %d",
                       dy->rank, dx->rank);
    const int32_t code = nn_pool_begin(call, dx, dy->dims, &p);
    const int64_t n = nn_elements(dx);
    if (code != NN_OK)
        return code;
    if (nn_elements(dy) != p.planes * p.outputs)
        return nn_fail(call->host, call->status, NN_INVALID,
                       "dY does not have the shape of the pool's result");
    double *sums = call->host->alloc(call->host, (uint64_t)(n > 0 ? n : 1) * sizeof *sums);
    if (!sums)
        return nn_fail(call->host, call->status, NN_OUT_OF_MEMORY,
                       "no memory for the sums of AveragePoolGrad");
    for (int64_t i = 0; i < p.planes * p.outputs; i++) {
        Spread s = {sums + i / p.outputs * p.inputs, nn_load(nn_data(dy), dy->type, i) / divisor(call, &p, i),
                    p.in};
        nn_pool_visit(&p, NULL, i, spread, &s);
    }
    for (int64_t i = 0; i < n; i++)
        nn_store(nn_data(dx), dx->type, i, sums[i]);
    call->host->free(call->host, sums);
    return NN_OK;
}

/* Linear in dY, and the other way round it is the pool itself. */
static int32_t grad_gradient(NnGradient *g) {
    g->grads[0] = nn_rule_same_attrs(g, "AveragePool", NN_VALUES(NN_DY(g)));
    return NN_OK;
}

#define ATTRIBUTES                                                                                           \
    NN_ATTRIBUTES(NN_POOL_ATTRIBUTES,                                                                        \
                  NN_FLAG("count_include_pad", "0", "whether elements of the padding count as zeros"))

NN_PRIMITIVE_OPERATOR(
    average_pool, NN_ONNX("AveragePool", 22),
    NN_IN({"X", "T", NN_FLOATS, 0, 0, "[N, C, d1, ...], 1 to 3 spatial dimensions"}),
    NN_OUT({"Y", "T", NN_FLOATS, 0, 0, "means [N, C, ...]"}), ATTRIBUTES,
    NN_SAMPLES("[1,2,4,4]; kernel_shape=2,2 strides=2,2",
               "[1,1,5,4]; kernel_shape=3,2 strides=2,1 pads=1,0,1,1",
               "[1,1,5,4]; kernel_shape=3,2 strides=2,1 pads=1,0,1,1 count_include_pad=1",
               "[2,1,6]; kernel_shape=2, dilations=2, strides=3, ceil_mode=1 pads=0,1 count_include_pad=1",
               "[1,1,3,3,2]; kernel_shape=2,2,2",
               "[1,1,5,3]; kernel_shape=2,2 auto_pad=SAME_UPPER strides=2,2", "[0,2,4]; kernel_shape=2,"),
    .doc =
        "The mean of each window: Y[n,c,o] = sum over k of X[n,c, o * stride - pad + k * dilation] / count.",
    .infer = infer, .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(
    average_pool_grad, NN_OURS("AveragePoolGrad", 1),
    NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of the means"},
          {"X", "T", NN_FLOATS, NN_SHAPE_ONLY | NN_NO_GRADIENT, 0,
           "input of the pool, of which only the shape is looked at"}),
    NN_OUT({"dX", "T", NN_FLOATS, 0, 0, "gradient of X"}), ATTRIBUTES,
    NN_SAMPLES("[1,2,2,2] [1,2,4,4]; kernel_shape=2,2 strides=2,2",
               "[1,1,3] [1,1,5]; kernel_shape=3, strides=2, pads=1,1", "[0,2,3] [0,2,4]; kernel_shape=2,"),
    .doc =
        "Gradient of AveragePool: dX[n,c,i] is the sum of dY[n,c,o] / count over the windows o that hold i.",
    .infer = grad_infer, .gradient = grad_gradient, .compute = grad_compute);

NN_OPERATORS(average_pool, "Means of windows.", NN_OP("AveragePool", average_pool),
             NN_OP("nn/AveragePoolGrad", average_pool_grad))
