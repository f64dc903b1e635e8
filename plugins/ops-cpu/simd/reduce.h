/* SPDX-License-Identifier: Apache-2.0 */
/* Reductions of dense f32 tensors over any of their dimensions, and the check that all elements are finite.
 */
#ifndef CPU_REDUCE_H
#define CPU_REDUCE_H

#include "simd.h"

#define CPU_REDUCE_DIMS 8u

typedef enum CpuReduceCode {
    CPU_REDUCE_SUM,
    CPU_REDUCE_MAX, /* NaN wins */
    CPU_REDUCE_MIN,
    CPU_REDUCE_PROD,
    CPU_REDUCE_SQUARES, /* sum of squares */
    CPU_REDUCE_ABS      /* sum of absolute values */
} CpuReduceCode;

/* Extents with neighbours of the same kind merged: kept and reduced ones alternate. Reducing nothing gives 0,
 * 1 or an infinity. */
typedef struct CpuReduce {
    CpuReduceCode code;
    uint32_t n_dims;
    size_t dims[CPU_REDUCE_DIMS];
    bool reduced[CPU_REDUCE_DIMS];
    size_t outputs, length; /* products of the kept and of the reduced extents */
    float scale;            /* the result is multiplied by it: 1 / length for a mean */
    bool root;              /* and its square root taken */
} CpuReduce;

typedef struct CpuReduceKernels {
    /* Results begin .. end, counted over the kept extents. */
    void (*run)(const CpuReduce *, const float *x, float *y, size_t begin, size_t end);
    bool (*finite)(const float *x, size_t n);
} CpuReduceKernels;

#endif
