/* SPDX-License-Identifier: Apache-2.0 */
/* The operators that bench/devices measures, in the sizes that networks have them in: LeNet-5's and an MLP's
 * layers, a transformer's rows, an LSTM of 28 steps. */
#include "devices.h"

#include <stdio.h>

#define ROW_CALLS 64u

/* An operand of normal variates. */
static NnValue *operand(Bench *b, int32_t rank, const int64_t *dims) {
    char name[32];
    (void)snprintf(name, sizeof name, "operand%u.%lld", b->n++, (long long)nn_product(dims, 0, rank));
    const NnVariableSpec spec = {.struct_size = sizeof spec,
                                 .type = NN_F32,
                                 .name = name,
                                 .rank = rank,
                                 .role = NN_STATE,
                                 .lifetime = NN_RUN_ONLY,
                                 .dims = dims,
                                 .init = "normal",
                                 .b = 1};
    NnVariable *v = b->nn->graph->variable(b->graph, &spec);
    return v ? b->nn->graph->read(b->graph, v) : NULL;
}

#define OPERAND(...)                                                                                         \
    operand(b, (int32_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__})
#define INTS(key, ...)                                                                                       \
    NN_INTS(key, (uint32_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), ((int64_t[]){__VA_ARGS__}))
#define OP(name, values, ...) nn_op(b->nn, b->graph, name, values, __VA_ARGS__)
#define PLAIN(name, ...) nn_op(b->nn, b->graph, name, NN_VALUES(__VA_ARGS__), NN_NO_ATTRS)

/* The forward and the backward pass: the gradient of the sum of y * seed. */
static NnValue *backward(Bench *b, NnValue *y, NnValue *seed, NnValue *x) {
    NnValue *dx = NULL;
    (void)b->nn->graph->gradient(b->graph, 1, &y, &seed, 1, &x, &dx);
    return dx;
}

/* n indices below `size`, in no order. */
static NnValue *indices(Bench *b, int64_t n, int64_t size) {
    int64_t at[4096];
    for (int64_t i = 0; i < n; i++)
        at[i] = i * 7919 % size;
    return nn_vector(b->nn, b->graph, n, at);
}

static NnValue *call(Bench *b) { return PLAIN("Neg", OPERAND(1)); }
static NnValue *row_of_calls(Bench *b) {
    NnValue *x = OPERAND(1, 2);
    for (uint32_t i = 0; i < ROW_CALLS; i++)
        x = PLAIN("Softmax", x);
    return x;
}

/* ---- products ---- */

static NnValue *matmul(Bench *b) { return PLAIN("MatMul", OPERAND(1024, 1024), OPERAND(1024, 1024)); }
static NnValue *dense(Bench *b) { return PLAIN("MatMul", OPERAND(128, 784), OPERAND(784, 512)); }
static NnValue *gemm_tn(Bench *b) {
    return OP("Gemm", NN_VALUES(OPERAND(128, 512), OPERAND(128, 784)),
              NN_ATTRS(NN_INT("transA", 1), NN_INT("transB", 0)));
}
static NnValue *conv1(Bench *b) {
    return OP("Conv", NN_VALUES(OPERAND(64, 1, 28, 28), OPERAND(6, 1, 5, 5), OPERAND(6)),
              NN_ATTRS(INTS("pads", 2, 2, 2, 2)));
}
static NnValue *conv2(Bench *b) { return PLAIN("Conv", OPERAND(64, 6, 14, 14), OPERAND(16, 6, 5, 5)); }
static NnValue *conv3(Bench *b) {
    return OP("Conv", NN_VALUES(OPERAND(8, 64, 28, 28), OPERAND(64, 64, 3, 3)),
              NN_ATTRS(INTS("pads", 1, 1, 1, 1)));
}
static NnValue *conv2_dx(Bench *b) {
    return PLAIN("nn/ConvGradInput", OPERAND(64, 16, 10, 10), OPERAND(16, 6, 5, 5), OPERAND(64, 6, 14, 14));
}
static NnValue *conv1_dw(Bench *b) {
    return OP("nn/ConvGradWeight",
              NN_VALUES(OPERAND(64, 6, 28, 28), OPERAND(64, 1, 28, 28), OPERAND(6, 1, 5, 5)),
              NN_ATTRS(INTS("pads", 2, 2, 2, 2)));
}
static NnValue *conv2_dw(Bench *b) {
    return PLAIN("nn/ConvGradWeight", OPERAND(64, 16, 10, 10), OPERAND(64, 6, 14, 14), OPERAND(16, 6, 5, 5));
}

/* ---- pooling ---- */

static NnValue *pool(Bench *b, const char *op, bool gradient) {
    NnValue *x = OPERAND(64, 6, 28, 28);
    NnValue *y = OP(op, NN_VALUES(x), NN_ATTRS(INTS("kernel_shape", 2, 2), INTS("strides", 2, 2)));
    return gradient ? backward(b, y, OPERAND(64, 6, 14, 14), x) : y;
}
static NnValue *max_pool(Bench *b) { return pool(b, "MaxPool", false); }
static NnValue *max_pool_both(Bench *b) { return pool(b, "MaxPool", true); }
static NnValue *average_pool(Bench *b) { return pool(b, "AveragePool", false); }
static NnValue *average_pool_both(Bench *b) { return pool(b, "AveragePool", true); }

/* ---- elements, sums, rows ---- */

static NnValue *add(Bench *b) { return PLAIN("Add", OPERAND(1024, 1024), OPERAND(1024)); }
static NnValue *tanh_of(Bench *b) { return PLAIN("Tanh", OPERAND(1024, 1024)); }
static NnValue *gelu(Bench *b) { return PLAIN("Gelu", OPERAND(1024, 1024)); }
static NnValue *bias_sum(Bench *b) { return PLAIN("nn/SumTo", OPERAND(128, 512), OPERAND(512)); }
static NnValue *channel_sum(Bench *b) { return PLAIN("nn/SumTo", OPERAND(64, 6, 28, 28), OPERAND(6, 1, 1)); }
static NnValue *whole_sum(Bench *b) {
    return OP("ReduceSum", NN_VALUES(OPERAND(1024, 1024)), NN_ATTRS(NN_INT("keepdims", 0)));
}
static NnValue *softmax(Bench *b) { return PLAIN("Softmax", OPERAND(1024, 256)); }
static NnValue *loss_both(Bench *b) {
    NnValue *x = OPERAND(128, 10);
    NnValue *y = PLAIN("SoftmaxCrossEntropyLoss", x, indices(b, 128, 10));
    return backward(b, y, NULL, x);
}
static NnValue *transpose(Bench *b) { return PLAIN("Transpose", OPERAND(1024, 1024)); }
static NnValue *gather(Bench *b) { return PLAIN("Gather", OPERAND(10000, 64), indices(b, 2048, 10000)); }
static NnValue *gather_grad(Bench *b) {
    return PLAIN("nn/GatherGrad", OPERAND(2048, 64), indices(b, 2048, 10000), OPERAND(10000, 64));
}
static NnValue *layer_norm(Bench *b) {
    return PLAIN("LayerNormalization", OPERAND(1024, 256), OPERAND(256), OPERAND(256));
}
static NnValue *layer_norm_both(Bench *b) {
    NnValue *x = OPERAND(1024, 256);
    return backward(b, PLAIN("LayerNormalization", x, OPERAND(256), OPERAND(256)), OPERAND(1024, 256), x);
}
static NnValue *batch_norm(Bench *b, bool gradient) {
    NnValue *x = OPERAND(64, 16, 14, 14), *y[3] = {NULL};
    (void)nn_ops(b->nn, b->graph, "BatchNormalization",
                 NN_VALUES(x, OPERAND(16), OPERAND(16), OPERAND(16), PLAIN("Exp", OPERAND(16))),
                 NN_ATTRS(NN_INT("training_mode", 1)), y, 3);
    return gradient && y[0] ? backward(b, y[0], OPERAND(64, 16, 14, 14), x) : y[0];
}
static NnValue *batch_norm_forward(Bench *b) { return batch_norm(b, false); }
static NnValue *batch_norm_both(Bench *b) { return batch_norm(b, true); }

/* ---- random numbers ---- */

static NnValue *normal(Bench *b) { return PLAIN("RandomNormalLike", OPERAND(1024, 1024)); }
static NnValue *dropout(Bench *b) {
    return PLAIN("Dropout", OPERAND(1024, 1024), nn_scalar(b->nn, b->graph, NN_F32, 0.5),
                 nn_scalar(b->nn, b->graph, NN_BOOL, 1));
}

/* ---- recurrent layers: 28 steps of a batch of 64, 28 numbers to 64 states ---- */

static NnValue *recurrent(Bench *b, const char *op, int64_t gates, bool gradient) {
    NnValue *x = OPERAND(28, 64, 28), *w = OPERAND(1, gates * 64, 28);
    NnValue *y = OP(op, NN_VALUES(x, w, OPERAND(1, gates * 64, 64), OPERAND(1, gates * 128)),
                    NN_ATTRS(NN_INT("hidden_size", 64)));
    return gradient ? backward(b, y, OPERAND(28, 1, 64, 64), w) : y;
}
static NnValue *lstm(Bench *b) { return recurrent(b, "LSTM", 4, false); }
static NnValue *lstm_both(Bench *b) { return recurrent(b, "LSTM", 4, true); }
static NnValue *gru(Bench *b) { return recurrent(b, "GRU", 3, false); }

/* ---- an optimizer's update: Adam of a million weights (Kingma, Ba 2015) ---- */

static NnValue *moving(Bench *b, NnValue *old, NnValue *fresh, double keep) {
    NnValue *a = PLAIN("Mul", old, nn_scalar(b->nn, b->graph, NN_F32, keep));
    return PLAIN("Add", a, PLAIN("Mul", fresh, nn_scalar(b->nn, b->graph, NN_F32, 1 - keep)));
}
static NnValue *adam(Bench *b) {
    NnValue *w = OPERAND(1024, 1024), *g = OPERAND(1024, 1024);
    NnValue *m = moving(b, OPERAND(1024, 1024), g, 0.9);
    NnValue *v = moving(b, PLAIN("Abs", OPERAND(1024, 1024)), PLAIN("Mul", g, g), 0.999);
    NnValue *root = PLAIN("Add", PLAIN("Sqrt", v), nn_scalar(b->nn, b->graph, NN_F32, 1e-8));
    (void)b->nn->graph->output(b->graph, "m", m);
    (void)b->nn->graph->output(b->graph, "v", v);
    return PLAIN("Sub", w, PLAIN("Mul", PLAIN("Div", m, root), nn_scalar(b->nn, b->graph, NN_F32, 1e-3)));
}

const BenchCase bench_cases[] = {
    {"a call that does next to nothing", call, 0},
    {"one of 64 kernels in a row", row_of_calls, ROW_CALLS},
    {"MatMul 1024 x 1024 x 1024", matmul, 0},
    {"MatMul 128 x 784 x 512", dense, 0},
    {"Gemm 512 x 128 x 784, A transposed", gemm_tn, 0},
    {"Conv, LeNet-5's first", conv1, 0},
    {"Conv, LeNet-5's second", conv2, 0},
    {"Conv 64 to 64 channels, 3 x 3 on 28 x 28", conv3, 0},
    {"ConvGradInput, LeNet-5's second", conv2_dx, 0},
    {"ConvGradWeight, LeNet-5's first", conv1_dw, 0},
    {"ConvGradWeight, LeNet-5's second", conv2_dw, 0},
    {"MaxPool 64 x 6 x 28 x 28", max_pool, 0},
    {"MaxPool, forward and backward", max_pool_both, 0},
    {"AveragePool 64 x 6 x 28 x 28", average_pool, 0},
    {"AveragePool, forward and backward", average_pool_both, 0},
    {"Add 1024 x 1024 + 1024", add, 0},
    {"Tanh 1024 x 1024", tanh_of, 0},
    {"Gelu 1024 x 1024", gelu, 0},
    {"SumTo 128 x 512 to 512", bias_sum, 0},
    {"SumTo 64 x 6 x 28 x 28 to 6", channel_sum, 0},
    {"ReduceSum 1024 x 1024 to one", whole_sum, 0},
    {"Softmax 1024 x 256", softmax, 0},
    {"SoftmaxCrossEntropyLoss 128 x 10, both", loss_both, 0},
    {"LayerNormalization 1024 x 256", layer_norm, 0},
    {"LayerNormalization, forward and backward", layer_norm_both, 0},
    {"BatchNormalization 64 x 16 x 14 x 14", batch_norm_forward, 0},
    {"BatchNormalization, forward and backward", batch_norm_both, 0},
    {"Transpose 1024 x 1024", transpose, 0},
    {"Gather 2048 of 10000 x 64", gather, 0},
    {"GatherGrad 2048 of 10000 x 64", gather_grad, 0},
    {"RandomNormalLike 1024 x 1024", normal, 0},
    {"Dropout 1024 x 1024", dropout, 0},
    {"LSTM, 28 steps of 64 x 28 to 64", lstm, 0},
    {"LSTM, forward and backward", lstm_both, 0},
    {"GRU, 28 steps of 64 x 28 to 64", gru, 0},
    {"Adam, a million weights", adam, 0},
};
const uint32_t bench_n_cases = NN_COUNT(bench_cases);
