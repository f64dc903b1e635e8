/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads that kernels share. The caller takes part; workers are made on first use, spin for a short
 * bounded time after a job and then sleep, so that a run of small kernels wakes nobody. A call from inside a
 * task, or while another thread has the pool, runs in place: kernels may call it without knowing where they
 * stand.
 */
#ifndef NN_RUN_POOL_H
#define NN_RUN_POOL_H

#include <stdint.h>

typedef struct NnPool NnPool;

/* threads 0: OMP_NUM_THREADS, else the cores that this process may use. Counts the caller. NULL: no memory.
 */
NnPool *nn_pool_new(uint32_t threads);
void nn_pool_free(NnPool *); /* not from within a task */
uint32_t nn_pool_threads(const NnPool *);
/* Runs fn(arg, 0 .. tasks-1), each once, in any order, and returns when all are done. */
void nn_pool_parallel(NnPool *, uint32_t tasks, void (*fn)(void *arg, uint32_t task), void *arg);

#endif
