/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times a training step and inference of a network on embedded data: networks WORKLOAD [SECONDS [DEVICE]].
 * One line a case: its name, the median, 10th and 90th percentile in ms, GFLOP/s and the share of the
 * machine's peak, which is measured in the same run. The time of a step includes fetching its batch.
 */
#include "nn-train/train.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_SAMPLES 20000u

typedef struct Workload {
    const char *name;
    uint64_t batch;
    double forward, saved; /* FLOP of a forward pass of one sample; those that the backward pass saves at the
                              first layer */
    const char *config;
} Workload;

static const Workload workloads[] = {
    {"mlp", 128, 2.0 * (784 * 512 + 512 * 512 + 512 * 10), 2.0 * 784 * 512,
     "model: {family: mlp, hidden: [512, 512]}\n"
     "data: {loader: glyphs}\n"
     "train: {epochs: 1000, batch: 128, optimizer: {name: sgd, rate: 0.05}}\n"},
    {"lenet5", 64, 2.0 * (28 * 28 * 6 * 25 + 10 * 10 * 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10),
     2.0 * 28 * 28 * 6 * 25,
     "model: {family: cnn, network: lenet5}\n"
     "data: {loader: glyphs}\n"
     "train: {epochs: 1000, batch: 64, optimizer: {name: adam, rate: 1e-3}}\n"},
    {"lstm", 64, 2.0 * (28 * 4 * 64 * (28 + 64) + 64 * 10), 2.0 * 28 * 4 * 64 * 28,
     "model:\n  family: net\n  layers:\n    - Reshape: {inputs: [x, [0, 28, 28]]}\n"
     "    - LSTM: {name: lstm, units: 64, last: true}\n    - Dense: {name: output, units: 10}\n"
     "data: {loader: glyphs}\n"
     "train: {epochs: 1000, batch: 64, optimizer: {name: adam, rate: 1e-3}}\n"},
};

typedef struct Times {
    double seconds[MAX_SAMPLES];
    uint32_t n, skip;
    double last, length, until; /* until: from the first step that counts */
    NnTraining *training;
} Times;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ---- the machine's peak: fused multiply-adds in registers, on as many threads as the library uses ---- */

typedef float Wide __attribute__((vector_size(64)));
static volatile float sink;

/* Twelve chains are enough to hide the latency of two units; each name is a register, where an array would be
 * memory. */
#define CHAINS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define FMA(n) __asm__ volatile("vfmadd231ps %1, %2, %0" : "+v"(acc##n) : "v"(a), "v"(b));

__attribute__((noinline, target("avx512f"))) static double fma_loop(void) {
    const Wide a = {1}, b = {2};
#define START(n) Wide acc##n = {n};
    CHAINS(START)
    const long rounds = 4000000;
    const double start = now();
    for (long r = 0; r < rounds; r++) {
        CHAINS(FMA)
    }
    const double seconds = now() - start;
#define KEEP(n) sink = acc##n[0];
    CHAINS(KEEP)
    return (double)rounds * 12 * 16 * 2 / seconds;
}

static void *fma_thread(void *out) {
    *(double *)out = fma_loop();
    return NULL;
}

static double peak(uint32_t threads) {
    double part[64] = {0}, sum = 0;
    pthread_t id[64];
    if (threads > 64 || !__builtin_cpu_supports("avx512f"))
        return 0;
    for (uint32_t i = 0; i < threads; i++)
        pthread_create(&id[i], NULL, fma_thread, &part[i]);
    for (uint32_t i = 0; i < threads; i++) {
        pthread_join(id[i], NULL);
        sum += part[i];
    }
    return sum;
}

static void report(const char *workload, const char *what, Times *t, double flop, double top) {
    qsort(t->seconds, t->n, sizeof *t->seconds, ascending);
    const double median = t->seconds[t->n / 2];
    printf("%s.%s median %.4f ms p10 %.4f p90 %.4f n %u %.1f GFLOP/s", workload, what, median * 1e3,
           t->seconds[t->n / 10] * 1e3, t->seconds[t->n * 9 / 10] * 1e3, t->n, flop / median * 1e-9);
    if (top > 0)
        printf(" %.1f %% of peak", 100 * flop / median / top);
    printf("\n");
    fflush(stdout);
}

static void stepped(void *self, const NnTrainReport *report) {
    (void)report;
    Times *t = self;
    const double at = now();
    if (t->skip == 0)
        t->seconds[t->n++] = at - t->last;
    else if (--t->skip == 0)
        t->until = at + t->length;
    t->last = at;
    if (t->n > 0 && (at > t->until || t->n == MAX_SAMPLES))
        nn_training_ask(t->training, NN_ASK_STOP);
}

static int32_t time_inference(NnTraining *training, const Workload *w, uint64_t batch, double seconds,
                              double top, NnStatus *status) {
    NnFunction *f = nn_network_function(nn_training_network(training), "predict");
    NnCallable *call = f ? nn_callable_new(nn_training_session(training), f, status) : NULL;
    if (call == NULL)
        return nn_status_code(status);
    int64_t dims[4] = {(int64_t)batch, 1, 28, 28}, strides[4] = {784, 784, 28, 1};
    void *pixels = aligned_alloc(64, batch * 832);
    memset(pixels, 77, batch * 832);
    const NnTensor x = {.buffer = pixels, .type = NN_U8, .rank = 4, .dims = dims, .strides = strides};
    const NnTensor *inputs[] = {&x}, *out;
    static Times t;
    t.n = 0;
    const double start = now();
    int32_t code = NN_OK;
    for (uint32_t i = 0; code == NN_OK && t.n < MAX_SAMPLES && (t.n < 25 || now() - start < seconds); i++) {
        const double before = now();
        code = nn_callable_call(call, inputs, status);
        if (code == NN_OK)
            code = nn_callable_output(call, 0, &out, status);
        if (i >= 20)
            t.seconds[t.n++] = now() - before;
    }
    if (code == NN_OK) {
        char what[32];
        snprintf(what, sizeof what, "infer%llu", (unsigned long long)batch);
        report(w->name, what, &t, w->forward * (double)batch, top);
    }
    nn_callable_free(call);
    free(pixels);
    return code;
}

static int32_t run(NnContext *context, const Workload *w, double seconds, const char *device,
                   NnStatus *status) {
    static Times t;
    NnConfig *config = nn_config_parse(w->config, strlen(w->config), w->name, status);
    char chosen[64];
    (void)snprintf(chosen, sizeof chosen, "+device=%s", device);
    if (config == NULL || nn_config_override(config, chosen, status) != NN_OK)
        return nn_status_code(status);
    const NnTrainEvents events = {.struct_size = sizeof events, .self = &t, .step = stepped};
    const double top = peak(nn_context_host(context)->threads(nn_context_host(context)));
    NnTraining *training = nn_training_new(context, config, 0, &events, status);
    if (training) {
        t = (Times){.skip = 20, .training = training, .length = seconds};
        const int32_t code = nn_training_run(training, status);
        if (code == NN_CANCELLED) {
            nn_status_clear(status);
            report(w->name, "step", &t, (3 * w->forward - w->saved) * (double)w->batch, top);
            if (time_inference(training, w, w->batch, seconds / 2, top, status) == NN_OK)
                (void)time_inference(training, w, 1, seconds / 4, top, status);
        }
    }
    nn_training_free(training);
    nn_config_free(config);
    return nn_status_code(status);
}

int main(int argc, char **argv) {
    NnStatus *status = nn_status_new();
    const NnOptions options = {.struct_size = sizeof options};
    NnContext *context = nn_context_new(&options, status);
    int32_t code = NN_INVALID;
    for (uint32_t i = 0; context && argc > 1 && i < sizeof workloads / sizeof *workloads; i++)
        if (strcmp(workloads[i].name, argv[1]) == 0)
            code = run(context, &workloads[i], argc > 2 ? atof(argv[2]) : 2, argc > 3 ? argv[3] : "auto",
                       status);
    if (code != NN_OK)
        fprintf(stderr, "networks: %s\n",
                *nn_status_message(status) ? nn_status_message(status)
                                           : "expected a workload: mlp, lenet5, lstm");
    nn_context_free(context);
    nn_status_free(status);
    return code == NN_OK ? 0 : 1;
}
