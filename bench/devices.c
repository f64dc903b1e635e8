/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times single operators on two devices: devices [OURS [THEIRS [SECONDS [NAME]]]], opencl against cpu when
 * nothing is said, NAME a part of the cases to measure. Operands lie on the device; a call is enqueued and
 * waited for. The two take turns, in slices of a tenth of the time, so that both see the same machine. Prints
 * rows of a table: medians in ms, and how many times slower the first device is.
 */
#include "devices.h"

#include "nn-train/train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLICES 10u
#define SAMPLES 8000u

typedef struct Side {
    const char *device;
    NnTraining *training;
    NnCallable *call;
    double samples[SAMPLES];
    uint32_t n;
} Side;

double bench_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *samples, uint32_t n) {
    qsort(samples, n, sizeof *samples, ascending);
    return n ? samples[n / 2] : -1;
}

/* A network is there for its session alone. */
static NnTraining *open_on(NnContext *context, const char *device, NnStatus *status) {
    char text[256];
    const int n = snprintf(
        text, sizeof text,
        "device: %s\nmodel: {family: mlp, hidden: [8]}\ndata: {loader: glyphs}\ntrain: {batch: 8}\n", device);
    NnConfig *config = nn_config_parse(text, (uint64_t)n, "bench", status);
    return config ? nn_training_new(context, config, NN_TRAINING_NO_UPDATES, NULL, status) : NULL;
}

static int32_t call_once(Side *s, double *seconds, NnStatus *status) {
    const double begin = bench_now();
    int32_t code = nn_callable_call(s->call, NULL, status);
    if (code == NN_OK)
        code = nn_callable_wait(s->call, status);
    *seconds = bench_now() - begin;
    return code;
}

static int32_t prepare(Side *s, NnContext *context, const BenchCase *c, NnStatus *status) {
    double seconds;
    s->n = 0;
    s->training = open_on(context, s->device, status);
    if (s->training == NULL)
        return nn_status_code(status);
    Bench b = {.nn = nn_context_host(context),
               .graph = nn_graph_new(context, nn_training_network(s->training), "bench", NN_TRAINING)};
    (void)b.nn->graph->output(b.graph, "y", c->build(&b));
    NnFunction *f = nn_graph_seal(b.graph, status);
    s->call = f ? nn_callable_new(nn_training_session(s->training), f, status) : NULL;
    for (int i = 0; s->call && i < 3 && nn_status_code(status) == NN_OK; i++)
        (void)call_once(s, &seconds, status);
    return nn_status_code(status);
}

static void close_side(Side *s) {
    nn_callable_free(s->call);
    nn_training_free(s->training);
    s->call = NULL;
    s->training = NULL;
}

/* The first calls of a slice find the other device's threads still awake, and are left out. */
static int32_t slice(Side *s, double seconds, NnStatus *status) {
    const double begin = bench_now(), warm = begin + seconds / 5, until = begin + seconds;
    for (uint32_t made = 0; (made < 2 || bench_now() < until) && s->n < SAMPLES;) {
        double taken;
        const bool counts = bench_now() >= warm || made > 0;
        if (call_once(s, &taken, status) != NN_OK)
            return nn_status_code(status);
        if (counts) {
            s->samples[s->n++] = taken;
            made++;
        }
    }
    return NN_OK;
}

/* Behind the point, for three or two that count. */
static int digits(double x) {
    return x >= 10 ? 0 : x >= 1 ? 1 : x >= 0.1 ? 2 : x >= 0.01 ? 3 : x >= 1e-3 ? 4 : 5;
}

static void time_case(NnContext *context, const BenchCase *c, Side sides[2], double seconds) {
    NnStatus *status = nn_status_new();
    for (uint32_t d = 0; d < 2 && nn_status_code(status) == NN_OK; d++)
        (void)prepare(&sides[d], context, c, status);
    for (uint32_t i = 0; i < SLICES && nn_status_code(status) == NN_OK; i++)
        for (uint32_t d = 0; d < 2 && nn_status_code(status) == NN_OK; d++)
            (void)slice(&sides[d], seconds / SLICES, status);
    if (nn_status_code(status) == NN_OK) {
        const double calls = c->calls ? c->calls : 1;
        const double a = bench_median(sides[0].samples, sides[0].n) / calls,
                     b = bench_median(sides[1].samples, sides[1].n) / calls;
        printf("| %s | %.*f | %.*f | %.*f |\n", c->name, digits(a * 1e3), a * 1e3, digits(b * 1e3), b * 1e3,
               digits(a / b), a / b);
    } else {
        printf("| %s | %s | | |\n", c->name, nn_status_message(status));
    }
    (void)fflush(stdout);
    close_side(&sides[0]);
    close_side(&sides[1]);
    nn_status_free(status);
}

int main(int argc, char **argv) {
    static Side sides[2];
    double alone, in_a_row;
    const double seconds = argc > 3 ? strtod(argv[3], NULL) : 0.5;
    const char *only = argc > 4 ? argv[4] : "";
    sides[0].device = argc > 1 ? argv[1] : "opencl";
    sides[1].device = argc > 2 ? argv[2] : "cpu";
    NnStatus *status = nn_status_new();
    const NnOptions options = {.struct_size = sizeof options};
    NnContext *context = nn_context_new(&options, status);
    if (context == NULL)
        fprintf(stderr, "devices: %s\n", nn_status_message(status));
    if (*only == '\0' && bench_empty_kernel(seconds, &alone, &in_a_row))
        printf("The platform alone: a kernel that does nothing takes %.1f us, enqueued and waited for, and "
               "%.1f us as one of "
               "256 in a row.\n\n",
               alone * 1e6, in_a_row * 1e6);
    printf("| operator | %s, ms | %s, ms | times slower |\n| --- | ---: | ---: | ---: |\n", sides[0].device,
           sides[1].device);
    for (uint32_t i = 0; context && i < bench_n_cases; i++)
        if (strstr(bench_cases[i].name, only))
            time_case(context, &bench_cases[i], sides, seconds);
    nn_context_free(context);
    nn_status_free(status);
    return context ? 0 : 1;
}
