/* SPDX-License-Identifier: Apache-2.0 */
/* The maximum of each window, where it stood, and the gradient, which goes to that place. */
#include "family/pool.h"

static int32_t infer(NnInfer *n) {
    int64_t dims[NN_MAX_RANK] = {0};
    const int32_t code = nn_pool_dims(n, 0, dims);
    n->output(n, 0, n->node->inputs[0]->type, n->node->inputs[0]->rank, dims);
    n->output(n, 1, NN_I64, n->node->inputs[0]->rank, dims);
    return code;
}

typedef struct Best {
    double value;
    int64_t at[NN_WINDOW_MAX]; /* at[0] is -1 for a window that meets padding only */
} Best;

static void look(void *arg, double x, const int64_t *at) {
    Best *best = arg;
    if (best->at[0] >= 0 && !(x > best->value) && !(isnan(x) && !isnan(best->value)))
        return;
    best->value = x;
    memcpy(best->at, at, sizeof best->at);
}

/* Position within a plane; storage_order 1 counts columns first. */
static int64_t position(const int64_t *at, const int64_t *in, bool column) {
    if (at[0] < 0)
        return 0;
    return column ? at[0] + in[0] * (at[1] + in[1] * at[2]) : (at[0] * in[1] + at[1]) * in[2] + at[2];
}

/* Column-major counting starts at the first spatial dimension that the tensor has, so the filling is put
 * behind. */
static int64_t column_position(const Best *best, const NnPool *p) {
    int64_t at[NN_WINDOW_MAX] = {0, 0, 0}, in[NN_WINDOW_MAX] = {1, 1, 1};
    for (int32_t i = 0; i < p->rank - 2; i++) {
        at[i] = best->at[i + NN_WINDOW_MAX - (p->rank - 2)];
        in[i] = p->in[i + NN_WINDOW_MAX - (p->rank - 2)];
    }
    return position(at, in, true);
}

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0];
    NnTensor *y = call->outputs[0], *indices = call->n_outputs > 1 ? call->outputs[1] : NULL;
    const bool column = nn_attr_int(call->node, "storage_order", 0) != 0;
    NnPool p;
    const int32_t code = nn_pool_begin(call, x, y->dims, &p);
    for (int64_t i = 0; code == NN_OK && i < p.planes * p.outputs; i++) {
        Best best = {.value = -HUGE_VAL, .at = {-1, 0, 0}};
        nn_pool_visit(&p, x, i, look, &best);
        nn_store(nn_data(y), y->type, i, best.value);
        if (indices)
            ((int64_t *)nn_data(indices))[i] =
                i / p.outputs * p.inputs +
                (column && best.at[0] >= 0 ? column_position(&best, &p) : position(best.at, p.in, false));
    }
    return code;
}

static int32_t gradient(NnGradient *g) {
    if (nn_attr_int(g->node, "storage_order", 0) != 0)
        return nn_fail(g->host, g->status, NN_UNSUPPORTED,
                       "the gradient of MaxPool needs storage_order 0, found 1");
    if (g->grad_outputs[0])
        g->grads[0] = nn_rule3(g, "nn/MaxPoolGrad", g->grad_outputs[0], g->outputs[1], g->inputs[0]);
    return NN_OK;
}

static int32_t grad_infer(NnInfer *n) {
    nn_output_like(n, 0, 2, n->node->inputs[0]->type);
    return nn_alike(n, 0, 1);
}

static int32_t grad_compute(const NnCall *call) {
    const NnTensor *dy = call->inputs[0], *indices = call->inputs[1];
    NnTensor *dx = call->outputs[0];
    const int64_t n = nn_elements(dx), m = nn_elements(dy);
    double *sums = call->host->alloc(call->host, (uint64_t)(n > 0 ? n : 1) * sizeof *sums);
    int32_t code =
        sums ? NN_OK
             : nn_fail(call->host, call->status, NN_OUT_OF_MEMORY, "no memory for the sums of MaxPoolGrad");
    for (int64_t i = 0; code == NN_OK && i < m; i++) {
        const int64_t at = ((const int64_t *)nn_data(indices))[i];
        if (at < 0 || at >= n)
            code = nn_fail(call->host, call->status, NN_INVALID, "index %lld: expected 0 to %lld",
                           (long long)at, (long long)n - 1);
        else
            sums[at] += nn_load(nn_data(dy), dy->type, i);
    }
    for (int64_t i = 0; code == NN_OK && i < n; i++)
        nn_store(nn_data(dx), dx->type, i, sums[i]);
    call->host->free(call->host, sums);
    return code;
}

/* Linear in dY: its gradient picks the elements that the maxima stood at. */
static int32_t grad_gradient(NnGradient *g) {
    const int64_t all = -1;
    NnValue *flat = nn_rule2(g, "Reshape", NN_DY(g), nn_vector(g->host, g->graph, 1, &all));
    g->grads[0] = nn_rule2(g, "Gather", flat, g->inputs[1]);
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(
    max_pool, NN_ONNX("MaxPool", 22),
    NN_IN({"X", "T", NN_FLOATS | NN_MASK(NN_I8) | NN_MASK(NN_U8), 0, 0,
           "[N, C, d1, ...], 1 to 3 spatial dimensions"}),
    NN_OUT_FROM(1, {"Y", "T", NN_FLOATS | NN_MASK(NN_I8) | NN_MASK(NN_U8), 0, 0, "maxima [N, C, ...]"},
                {"Indices", "I", NN_MASK(NN_I64), NN_NO_GRADIENT, 0,
                 "where each stood, counted through the whole of X"}),
    NN_ATTRIBUTES(NN_POOL_ATTRIBUTES,
                  NN_FLAG("storage_order", "0", "order of Indices: 0 rows first, 1 columns first")),
    NN_SAMPLES("[1,2,4,4]; kernel_shape=2,2 strides=2,2",
               "[1,1,5,4]; kernel_shape=3,2 strides=2,1 pads=1,0,1,1 -> 2",
               "[2,1,6]; kernel_shape=2, dilations=2, strides=3, ceil_mode=1",
               "[1,1,3,3,2]; kernel_shape=2,2,2",
               "[1,1,5,3]; kernel_shape=2,2 auto_pad=SAME_UPPER strides=2,2 -> 2",
               "[0,2,4]; kernel_shape=2, -> 2", "[1,2,5]@-4:4; kernel_shape=3, auto_pad=SAME_LOWER"),
    .doc = "The largest element of each window: Y[n,c,o] = max over k of X[n,c, o * stride - pad + k * "
           "dilation].",
    .infer = infer, .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(
    max_pool_grad, NN_OURS("MaxPoolGrad", 1),
    NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of the maxima"},
          {"Indices", "I", NN_MASK(NN_I64), NN_NO_GRADIENT, 0, "second output of MaxPool"},
          {"X", "T", NN_FLOATS, NN_SHAPE_ONLY | NN_NO_GRADIENT, 0,
           "its input, of which only the shape is looked at"}),
    NN_OUT({"dX", "T", NN_FLOATS, 0, 0, "gradient of X"}),
    NN_SAMPLES("[1,2,2] i64[1,2,2]{1,2,4,7} [1,2,4]", "[1,1,3] i64[1,1,3]{0,2,2} [1,1,4]",
               "[0,2,2] i64[0,2,2] [0,2,4]"),
    .doc = "Gradient of MaxPool: dX is the sum of dY at the places in Indices, 0 elsewhere.",
    .infer = grad_infer, .gradient = grad_gradient, .compute = grad_compute);

NN_OPERATORS(max_pool, "Maxima of windows.", NN_OP("MaxPool", max_pool),
             NN_OP("nn/MaxPoolGrad", max_pool_grad))
