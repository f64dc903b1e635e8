/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel benches share: a clock, a two-thread spinning pool, medians, and the machine's multiply-add
 * peak. */
#ifndef BENCH_KERNELS_H
#define BENCH_KERNELS_H

#include "../plugins/ops-cpu/simd/simd.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* -DBK_CLOCK=CLOCK_THREAD_CPUTIME_ID: on a machine that others use, for one thread */
#ifndef BK_CLOCK
#define BK_CLOCK CLOCK_MONOTONIC
#endif

static inline double bk_now(void) {
    struct timespec t;
    clock_gettime(BK_CLOCK, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static struct {
    atomic_uint epoch, next, busy;
    uint32_t tasks;
    void (*fn)(void *, uint32_t);
    void *arg;
} bk_shared;

static inline void bk_work(void) {
    uint32_t task;
    while ((task = atomic_fetch_add(&bk_shared.next, 1)) < bk_shared.tasks)
        bk_shared.fn(bk_shared.arg, task);
}

static inline void *bk_helper(void *unused) {
    for (unsigned seen = 0;; seen++) {
        for (unsigned spins = 0; atomic_load_explicit(&bk_shared.epoch, memory_order_acquire) == seen;
             spins++)
            if (spins > 20000)
                sched_yield();
        bk_work();
        atomic_fetch_sub(&bk_shared.busy, 1);
    }
    return unused;
}

static inline void bk_parallel(const void *self, uint32_t tasks, void (*fn)(void *, uint32_t), void *arg) {
    (void)self;
    bk_shared.tasks = tasks, bk_shared.fn = fn, bk_shared.arg = arg;
    atomic_store(&bk_shared.next, 0);
    atomic_store(&bk_shared.busy, 1);
    atomic_fetch_add_explicit(&bk_shared.epoch, 1, memory_order_release);
    bk_work();
    for (unsigned spins = 0; atomic_load(&bk_shared.busy); spins++)
        if (spins > 20000)
            sched_yield();
}

static inline CpuPool bk_pool(uint32_t threads) {
    static bool started;
    if (threads > 1 && !started) {
        pthread_t t;
        started = pthread_create(&t, NULL, bk_helper, NULL) == 0;
        if (!started)
            threads = 1;
    }
    return (CpuPool){bk_parallel, NULL, threads > 1 ? 2 : 1};
}

static inline int bk_compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median seconds of one call, over samples of some milliseconds. */
static inline double bk_time(void (*fn)(void *), void *arg) {
    enum { SAMPLES = 15 };
    double s[SAMPLES], t = bk_now();
    size_t calls = 0;
    while (bk_now() - t < 0.01)
        fn(arg), calls++;
    calls = calls / 3 + 1;
    for (int i = 0; i < SAMPLES; i++) {
        t = bk_now();
        for (size_t c = 0; c < calls; c++)
            fn(arg);
        s[i] = (bk_now() - t) / (double)calls;
    }
    qsort(s, SAMPLES, sizeof *s, bk_compare);
    return s[SAMPLES / 2];
}

static inline float *bk_floats(size_t n) {
    float *p = aligned_alloc(64, (n * sizeof *p + 127) / 64 * 64);
    if (!p)
        exit(1);
    for (size_t i = 0; i < n; i++)
        p[i] = (float)(i * 2654435761u % 1000) / 1000.0f - 0.5f;
    return p;
}

#endif
