/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a node costs beside its own work: a chain of 16-float additions, claims off, on the device named.
 * Prints nanoseconds per node, kernel included, the cost of an empty call, the time of a compilation, and
 * allocations per warm call (every function of the malloc family and mmap is counted, on all threads).
 * `dispatch DEVICE NODES CALLS`.
 */
#include "nn/nn.h"
#include "nn/plugin.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static atomic_ulong allocations;

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

void *malloc(size_t n) {
    atomic_fetch_add(&allocations, 1);
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size) {
    atomic_fetch_add(&allocations, 1);
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n) {
    atomic_fetch_add(&allocations, 1);
    return __libc_realloc(p, n);
}

void *aligned_alloc(size_t alignment, size_t n) {
    atomic_fetch_add(&allocations, 1);
    return __libc_memalign(alignment, n);
}

void *mmap(void *at, size_t n, int protection, int flags, int file, off_t offset) {
    atomic_fetch_add(&allocations, 1);
    return (void *)syscall(SYS_mmap, at, n, protection, flags, file, offset);
}

static double now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int fail(const NnStatus *status) {
    fprintf(stderr, "dispatch: %s\n", nn_status_message(status));
    return 1;
}

static NnFunction *chain(NnContext *context, long nodes, NnStatus *status) {
    const NnHost *nn = nn_context_host(context);
    NnGraph *g = nn_graph_new(context, NULL, "chain", NN_INFERENCE);
    const int64_t n = 16;
    NnValue *x = nn->graph->input(g, "x", NN_F32, 1, &n), *y = nn->graph->input(g, "y", NN_F32, 1, &n);
    for (long i = 0; i < nodes; i++)
        x = nn_op2(nn, g, "Add", x, y);
    nn->graph->output(g, "x", x);
    return nn_graph_seal(g, status);
}

int main(int argc, char **argv) {
    const char *device = argc > 1 ? argv[1] : "cpu";
    const long nodes = argc > 2 ? strtol(argv[2], NULL, 10) : 1000,
               calls = argc > 3 ? strtol(argv[3], NULL, 10) : 2000;
    NnStatus *status = nn_status_new();
    NnContext *context = nn_context_new(NULL, status);
    if (context == NULL)
        return fail(status);
    const NnSessionOptions options = {.struct_size = sizeof options,
                                      .flags = NN_SESSION_NO_CLAIMS,
                                      .devices = (const char *[]){device, NULL}};
    NnSession *session = nn_session_new(context, NULL, &options, status);
    NnFunction *f = session ? chain(context, nodes, status) : NULL;
    NnCallable *c = f ? nn_callable_new(session, f, status) : NULL;
    if (c == NULL)
        return fail(status);
    int64_t dims = 16, stride = 1;
    _Alignas(64) float x[16] = {0}, y[16] = {1};
    const NnTensor tx = {.buffer = x, .type = NN_F32, .rank = 1, .dims = &dims, .strides = &stride};
    const NnTensor ty = {.buffer = y, .type = NN_F32, .rank = 1, .dims = &dims, .strides = &stride};
    const NnTensor *const inputs[] = {&tx, &ty}, *out = NULL;
    const double before = now();
    if (nn_callable_call(c, inputs, status) != NN_OK)
        return fail(status);
    const double compiled = now();
    for (long i = 0; i < 10; i++)
        (void)nn_callable_call(c, inputs, status);
    double best = 1e30;
    const unsigned long counted = atomic_load(&allocations);
    for (int repeat = 0; repeat < 5; repeat++) {
        const double start = now();
        for (long i = 0; i < calls; i++)
            if (nn_callable_call(c, inputs, status) != NN_OK)
                return fail(status);
        const double each = (now() - start) / (double)calls;
        best = each < best ? each : best;
    }
    const unsigned long allocated = atomic_load(&allocations) - counted;
    if (nn_callable_output(c, 0, &out, status) != NN_OK || ((const float *)nn_data(out))[0] != (float)nodes)
        return fail(status);
    printf(
        "%s: %ld nodes, first call %.2f ms, warm call %.2f us, %.1f ns per node, %.3f allocations per call\n",
        device, nodes, (compiled - before) * 1e-6, best * 1e-3, best / (double)(nodes > 0 ? nodes : 1),
        (double)allocated / (double)(5 * calls));
    nn_callable_free(c);
    nn_session_free(session);
    nn_function_free(f);
    nn_context_free(context);
    nn_status_free(status);
    return allocated > 0;
}
