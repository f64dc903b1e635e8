/* SPDX-License-Identifier: Apache-2.0 */
/* The fast kernels of the CPU: plain C functions that know nothing of graphs, nodes or plug-ins.
 *
 * Every source file of this folder is compiled once per instruction set (generic, AVX2 + FMA, AVX-512) with
 * the flags of local.mk; cpu_simd() picks the best that the machine runs, once. Vectors are written with
 * GCC's vector extensions or left to the vectoriser, so that there is one source for all of them.
 *
 * Rules that hold for all functions: nothing is allocated (the caller brings the workspace that the matching
 * _workspace function asked for, aligned to 64 bytes), nothing outside the stated extents is read or written,
 * sizes may be zero, and results do not depend on the number of threads unless the function says so. */
#ifndef CPU_SIMD_H
#define CPU_SIMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Runs fn(arg, 0 .. tasks-1), on several threads where there are some, and returns when all are done. */
typedef struct CpuPool {
    void (*parallel)(const void *self, uint32_t tasks, void (*fn)(void *arg, uint32_t task), void *arg);
    const void *self;
    uint32_t
        threads; /* how many tasks run at the same time; 1: fn is called in place, parallel may be NULL */
} CpuPool;

/* fn on 0 .. tasks-1 through the pool, or in place when there is one thread, one task, or no pool. */
static inline void cpu_pool_run(const CpuPool *pool, uint32_t tasks, void (*fn)(void *arg, uint32_t task),
                                void *arg) {
    if (pool && pool->threads > 1 && tasks > 1) {
        pool->parallel(pool->self, tasks, fn, arg);
        return;
    }
    for (uint32_t i = 0; i < tasks; i++)
        fn(arg, i);
}

/* Part i of n of `total`: the parts differ by at most one and cover 0 .. total in order. */
static inline size_t cpu_part(size_t total, uint32_t i, uint32_t n) {
    return total / n * i + (total % n < i ? total % n : i);
}

struct CpuGemmKernels;
struct CpuChainKernels;
struct CpuReduceKernels;
struct CpuRowsKernels;
struct CpuPhiloxKernels;
struct CpuConvKernels;
struct CpuPoolingKernels;
struct CpuNormKernels;

typedef struct CpuSimd {
    const char *name; /* "generic", "avx2", "avx512" */
    const struct CpuGemmKernels *gemm;
    const struct CpuChainKernels *chain;
    const struct CpuReduceKernels *reduce;
    const struct CpuRowsKernels *rows;
    const struct CpuPhiloxKernels *philox;
    const struct CpuConvKernels *conv;
    const struct CpuPoolingKernels *pooling;
    const struct CpuNormKernels *norm;
} CpuSimd;

/* The best set for this machine. */
const CpuSimd *cpu_simd(void);

/* The set of that name, or NULL where the machine or the build lacks it. */
const CpuSimd *cpu_simd_named(const char *name);

#endif
