/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times single operators and training steps on two devices: devices [OURS [THEIRS [SECONDS]]], opencl against
 * cpu when nothing is said. Operands are variables, so that they lie on the device; a call is enqueued and
 * waited for. Prints medians in ms and how many times slower the first device is. The first line is an
 * operator that does nothing, whose time is what a call costs.
 */
#include "nn-train/train.h"

#include "nn/plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MAX_SAMPLES 4000

typedef struct Bench {
    const NnHost *nn;
    NnGraph *graph;
    uint32_t n; /* operands so far */
} Bench;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

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

static NnValue *nothing(Bench *b) { return nn_op1(b->nn, b->graph, "Neg", OPERAND(1)); }
static NnValue *gemm(Bench *b) {
    return nn_op2(b->nn, b->graph, "MatMul", OPERAND(1024, 1024), OPERAND(1024, 1024));
}
static NnValue *gemm_tn(Bench *b) {
    return nn_op(b->nn, b->graph, "Gemm", NN_VALUES(OPERAND(128, 512), OPERAND(128, 784)),
                 NN_ATTRS(NN_INT("transA", 1), NN_INT("transB", 0)));
}
static NnValue *dense(Bench *b) {
    return nn_op2(b->nn, b->graph, "MatMul", OPERAND(128, 784), OPERAND(784, 512));
}
static NnValue *conv1(Bench *b) {
    return nn_op(b->nn, b->graph, "Conv", NN_VALUES(OPERAND(64, 1, 28, 28), OPERAND(6, 1, 5, 5), OPERAND(6)),
                 NN_ATTRS(INTS("pads", 2, 2, 2, 2)));
}
static NnValue *conv2(Bench *b) {
    return nn_op2(b->nn, b->graph, "Conv", OPERAND(64, 6, 14, 14), OPERAND(16, 6, 5, 5));
}
static NnValue *conv3(Bench *b) {
    return nn_op(b->nn, b->graph, "Conv", NN_VALUES(OPERAND(8, 64, 28, 28), OPERAND(64, 64, 3, 3)),
                 NN_ATTRS(INTS("pads", 1, 1, 1, 1)));
}
static NnValue *conv2_dx(Bench *b) {
    return nn_op3(b->nn, b->graph, "nn/ConvGradInput", OPERAND(64, 16, 10, 10), OPERAND(16, 6, 5, 5),
                  OPERAND(64, 6, 14, 14));
}
static NnValue *conv2_dw(Bench *b) {
    return nn_op3(b->nn, b->graph, "nn/ConvGradWeight", OPERAND(64, 16, 10, 10), OPERAND(64, 6, 14, 14),
                  OPERAND(16, 6, 5, 5));
}
static NnValue *conv1_dw(Bench *b) {
    return nn_op(b->nn, b->graph, "nn/ConvGradWeight",
                 NN_VALUES(OPERAND(64, 6, 28, 28), OPERAND(64, 1, 28, 28), OPERAND(6, 1, 5, 5)),
                 NN_ATTRS(INTS("pads", 2, 2, 2, 2)));
}
static NnValue *max_pool(Bench *b) {
    return nn_op(b->nn, b->graph, "MaxPool", NN_VALUES(OPERAND(64, 6, 28, 28)),
                 NN_ATTRS(INTS("kernel_shape", 2, 2), INTS("strides", 2, 2)));
}
static NnValue *add(Bench *b) { return nn_op2(b->nn, b->graph, "Add", OPERAND(1024, 1024), OPERAND(1024)); }
static NnValue *tanh_of(Bench *b) { return nn_op1(b->nn, b->graph, "Tanh", OPERAND(1024, 1024)); }
static NnValue *bias_sum(Bench *b) {
    return nn_op2(b->nn, b->graph, "nn/SumTo", OPERAND(128, 512), OPERAND(512));
}
static NnValue *channel_sum(Bench *b) {
    return nn_op2(b->nn, b->graph, "nn/SumTo", OPERAND(64, 6, 28, 28), OPERAND(6, 1, 1));
}
static NnValue *softmax(Bench *b) { return nn_op1(b->nn, b->graph, "Softmax", OPERAND(1024, 256)); }
static NnValue *transpose(Bench *b) { return nn_op1(b->nn, b->graph, "Transpose", OPERAND(1024, 1024)); }

static const struct {
    const char *name;
    NnValue *(*build)(Bench *);
} cases[] = {
    {"a call", nothing},
    {"MatMul 1024^3", gemm},
    {"MatMul 128x784x512", dense},
    {"Gemm 512x128x784, A transposed", gemm_tn},
    {"Conv LeNet-5 first", conv1},
    {"Conv LeNet-5 second", conv2},
    {"Conv 64 to 64, 3x3 on 28x28", conv3},
    {"ConvGradInput LeNet-5 second", conv2_dx},
    {"ConvGradWeight LeNet-5 first", conv1_dw},
    {"ConvGradWeight LeNet-5 second", conv2_dw},
    {"MaxPool 64x6x28x28", max_pool},
    {"Add 1024x1024 + 1024", add},
    {"Tanh 1024x1024", tanh_of},
    {"SumTo 128x512 to 512", bias_sum},
    {"SumTo 64x6x28x28 to 6", channel_sum},
    {"Softmax 1024x256", softmax},
    {"Transpose 1024x1024", transpose},
};

static NnTraining *open_on(NnContext *context, const char *device, NnStatus *status) {
    char text[256];
    const int n = snprintf(
        text, sizeof text,
        "device: %s\nmodel: {family: mlp, hidden: [8]}\ndata: {loader: glyphs}\ntrain: {batch: 8}\n", device);
    NnConfig *config = nn_config_parse(text, (uint64_t)n, "bench", status);
    return config ? nn_training_new(context, config, NN_TRAINING_NO_UPDATES | NN_TRAINING_NO_FALLBACK, NULL,
                                    status)
                  : NULL;
}

/* Median seconds of a call; negative when it fails. */
static double time_case(NnContext *context, NnTraining *t, uint32_t i, double seconds, NnStatus *status) {
    static double samples[MAX_SAMPLES];
    Bench b = {.nn = nn_context_host(context),
               .graph = nn_graph_new(context, nn_training_network(t), cases[i].name, NN_INFERENCE)};
    (void)b.nn->graph->output(b.graph, "y", cases[i].build(&b));
    NnFunction *f = nn_graph_seal(b.graph, status);
    NnCallable *call = f ? nn_callable_new(nn_training_session(t), f, status) : NULL;
    int n = 0;
    const double warm = now() + seconds / 4, until = now() + seconds + seconds / 4;
    while (call && n < MAX_SAMPLES && (now() < until || n < 5)) {
        const double begin = now();
        if (nn_callable_call(call, NULL, status) != NN_OK || nn_callable_wait(call, status) != NN_OK)
            break;
        if (begin > warm)
            samples[n++] = now() - begin;
    }
    nn_callable_free(call);
    qsort(samples, (size_t)n, sizeof *samples, ascending);
    return nn_status_code(status) == NN_OK && n > 0 ? samples[n / 2] : -1;
}

int main(int argc, char **argv) {
    const char *devices[] = {argc > 1 ? argv[1] : "opencl", argc > 2 ? argv[2] : "cpu"};
    const double seconds = argc > 3 ? strtod(argv[3], NULL) : 0.5;
    NnStatus *status = nn_status_new();
    const NnOptions options = {.struct_size = sizeof options};
    NnContext *context = nn_context_new(&options, status);
    printf("%-34s %10s %10s %8s\n", "operator", devices[0], devices[1], "slower");
    for (uint32_t i = 0; context && i < NN_COUNT(cases); i++) {
        double times[2] = {-1, -1};
        for (uint32_t d = 0; d < 2; d++) {
            NnTraining *t = open_on(context, devices[d], status);
            if (t && nn_status_code(status) == NN_OK)
                times[d] = time_case(context, t, i, seconds, status);
            if (nn_status_code(status) != NN_OK)
                printf("%s on %s: %s\n", cases[i].name, devices[d], nn_status_message(status));
            nn_status_clear(status);
            nn_training_free(t);
        }
        printf("%-34s %10.3f %10.3f %8.2f\n", cases[i].name, times[0] * 1e3, times[1] * 1e3,
               times[0] / times[1]);
        (void)fflush(stdout);
    }
    nn_context_free(context);
    nn_status_free(status);
    return 0;
}
