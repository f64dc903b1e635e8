/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One job at a time stands behind a gate. A worker enters only while the gate is open and counts itself in;
 * the caller closes it when the tasks are handed out and waits for those inside. So a worker that sleeps or
 * is late is never waited for, and the job's fields are written only while nobody is inside.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "pool.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define GATE_OPEN 0x80000000u
#define GATE_AWAITED 0x40000000u /* the caller sleeps until the last one has left */
#define GATE_INSIDE 0x3fffffffu
#define SPIN_NANOSECONDS 60000
#define POOL_MAX 1024u

struct NnPool {
    uint32_t threads, spin;
    uint32_t started; /* workers that exist; touched by the holder of `busy` only */
    pthread_t *workers;
    _Alignas(64) atomic_bool busy;
    _Alignas(64) atomic_uint gate;
    _Alignas(64) atomic_uint jobs; /* counts up with each job; what idle workers watch */
    atomic_uint sleepers;
    atomic_bool stop;
    _Alignas(64) atomic_uint next;
    uint32_t tasks;
    void (*fn)(void *, uint32_t);
    void *arg;
};

static _Thread_local bool inside_task;

static void futex_wait(atomic_uint *word, uint32_t seen) {
    (void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void futex_wake(atomic_uint *word, uint32_t n) {
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, n, NULL, NULL, 0);
}

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int64_t nanoseconds(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Waits a bounded time for the word to differ from `seen` under the mask. */
static bool spin_while(atomic_uint *word, uint32_t mask, uint32_t seen, uint32_t limit) {
    if (limit == 0)
        return (atomic_load_explicit(word, memory_order_acquire) & mask) != seen;
    const int64_t end = nanoseconds() + limit;
    do {
        for (int i = 0; i < 32; i++) {
            if ((atomic_load_explicit(word, memory_order_acquire) & mask) != seen)
                return true;
            relax();
        }
    } while (nanoseconds() < end);
    return false;
}

static void take_tasks(NnPool *p) {
    inside_task = true;
    for (;;) {
        const uint32_t task = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed);
        if (task >= p->tasks)
            break;
        p->fn(p->arg, task);
    }
    inside_task = false;
}

static bool enter(NnPool *p) {
    uint32_t gate = atomic_load_explicit(&p->gate, memory_order_relaxed);
    while (gate & GATE_OPEN)
        if (atomic_compare_exchange_weak_explicit(&p->gate, &gate, gate + 1, memory_order_acquire,
                                                  memory_order_relaxed))
            return true;
    return false;
}

static void leave(NnPool *p) {
    const uint32_t gate = atomic_fetch_sub_explicit(&p->gate, 1, memory_order_release) - 1;
    if (gate == GATE_AWAITED)
        futex_wake(&p->gate, 1);
}

static void *worker(void *arg) {
    NnPool *p = arg;
    uint32_t seen = 0;
    while (!atomic_load_explicit(&p->stop, memory_order_acquire)) {
        if (!spin_while(&p->jobs, UINT32_MAX, seen, p->spin)) {
            (void)atomic_fetch_add(&p->sleepers, 1);
            futex_wait(&p->jobs, seen);
            (void)atomic_fetch_sub(&p->sleepers, 1);
        }
        const uint32_t jobs = atomic_load(&p->jobs);
        if (jobs == seen)
            continue;
        seen = jobs;
        if (enter(p)) {
            take_tasks(p);
            leave(p);
        }
    }
    return NULL;
}

static uint32_t cores_allowed(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return (uint32_t)CPU_COUNT(&set);
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (uint32_t)n : 1;
}

static uint32_t threads_wanted(uint32_t cores) {
    const char *text = secure_getenv("OMP_NUM_THREADS");
    const long n = text ? strtol(text, NULL, 10) : 0;
    return n > 0 && n <= (long)POOL_MAX ? (uint32_t)n : cores;
}

NnPool *nn_pool_new(uint32_t threads) {
    NnPool *p = aligned_alloc(64, (sizeof *p + 63) / 64 * 64);
    if (p == NULL)
        return NULL;
    *p = (NnPool){.threads = 1};
    const uint32_t cores = cores_allowed();
    p->threads = threads ? threads : threads_wanted(cores);
    if (p->threads > POOL_MAX)
        p->threads = POOL_MAX;
    /* With more threads than cores a spinning worker would keep a working one off its core. */
    p->spin = p->threads <= cores ? SPIN_NANOSECONDS : 0;
    p->workers = calloc(p->threads, sizeof *p->workers);
    if (p->workers == NULL) {
        free(p);
        return NULL;
    }
    return p;
}

void nn_pool_free(NnPool *p) {
    if (p == NULL)
        return;
    atomic_store(&p->stop, true);
    (void)atomic_fetch_add(&p->jobs, 1);
    futex_wake(&p->jobs, POOL_MAX);
    for (uint32_t i = 0; i < p->started; i++)
        (void)pthread_join(p->workers[i], NULL);
    free(p->workers);
    free(p);
}

uint32_t nn_pool_threads(const NnPool *p) { return p->threads; }

/* Workers take no signals: those are for the threads of the program. */
static void start_workers(NnPool *p) {
    sigset_t all, old;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    while (p->started + 1 < p->threads)
        if (pthread_create(&p->workers[p->started], NULL, worker, p) != 0) {
            p->threads = p->started + 1;
            break;
        } else {
            p->started++;
        }
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void await_others(NnPool *p) {
    uint32_t gate = atomic_fetch_and_explicit(&p->gate, ~GATE_OPEN, memory_order_acquire) & GATE_INSIDE;
    while (gate != 0) {
        if (!spin_while(&p->gate, GATE_INSIDE, gate, p->spin)) {
            gate = atomic_fetch_or_explicit(&p->gate, GATE_AWAITED, memory_order_acquire) | GATE_AWAITED;
            if (gate & GATE_INSIDE)
                futex_wait(&p->gate, gate);
        }
        gate = atomic_load_explicit(&p->gate, memory_order_acquire) & GATE_INSIDE;
    }
}

void nn_pool_parallel(NnPool *p, uint32_t tasks, void (*fn)(void *, uint32_t), void *arg) {
    if (tasks <= 1 || p->threads == 1 || inside_task ||
        atomic_exchange_explicit(&p->busy, true, memory_order_acquire)) {
        for (uint32_t i = 0; i < tasks; i++)
            fn(arg, i);
        return;
    }
    if (p->started + 1 < p->threads)
        start_workers(p);
    p->fn = fn;
    p->arg = arg;
    p->tasks = tasks;
    atomic_store_explicit(&p->next, 0, memory_order_relaxed);
    atomic_store_explicit(&p->gate, GATE_OPEN, memory_order_release);
    (void)atomic_fetch_add(&p->jobs, 1);
    const uint32_t sleepers = atomic_load(&p->sleepers);
    if (sleepers > 0)
        futex_wake(&p->jobs, sleepers < tasks - 1 ? sleepers : tasks - 1);
    take_tasks(p);
    await_others(p);
    atomic_store_explicit(&p->busy, false, memory_order_release);
}
