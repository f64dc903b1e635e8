/* SPDX-License-Identifier: Apache-2.0 */
/* What bench/devices measures: graphs of one operator each, whose operands are variables, so that they lie on
 * the device. */
#ifndef BENCH_DEVICES_H
#define BENCH_DEVICES_H

#include "nn/nn.h"
#include "nn/plugin.h"

typedef struct Bench {
    const NnHost *nn;
    NnGraph *graph;
    uint32_t n; /* operands so far */
} Bench;

typedef struct BenchCase {
    const char *name;
    NnValue *(*build)(Bench *);
    uint32_t calls; /* the time is divided by so many; 0: one */
} BenchCase;

extern const BenchCase bench_cases[];
extern const uint32_t bench_n_cases;

/* devices-opencl.c: what the platform's own calls cost, without us: seconds of a kernel that does nothing,
 * waited for, and of one of many in a row. false: there is no platform, or no header of OpenCL to build with.
 */
bool bench_empty_kernel(double seconds, double *alone, double *in_a_row);

double bench_now(void); /* seconds */
double bench_median(double *samples, uint32_t n);

#endif
