/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers in bulk, by Philox 4x32-10 with the counters of plugins/ops/family/philox.h: the same bits
 * as the reference. */
#ifndef CPU_PHILOX_H
#define CPU_PHILOX_H

#include "simd.h"

typedef struct CpuRandom {
    uint32_t key[2], step, salt;
} CpuRandom;

typedef struct CpuPhiloxKernels {
    /* Elements 4 first .. 4 first + n: uniform in [0, 1) with 24 bits. */
    void (*uniform)(const CpuRandom *, uint64_t first, size_t n, float *y);
} CpuPhiloxKernels;

#endif
