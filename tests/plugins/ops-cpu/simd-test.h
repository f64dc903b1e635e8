/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the fast kernels share: every instruction set the machine runs, a pool that runs its
 * tasks backwards, blocks with guards on both sides, and verdicts in the form tests/run reads. */
#ifndef SIMD_TEST_H
#define SIMD_TEST_H

#include "../../../plugins/ops-cpu/simd/simd.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int st_failures;

static void st_backwards(const void *self, uint32_t tasks, void (*fn)(void *arg, uint32_t task), void *arg) {
    (void)self;
    while (tasks--)
        fn(arg, tasks);
}

static const CpuPool st_pools[] = {{NULL, NULL, 1}, {st_backwards, NULL, 2}, {st_backwards, NULL, 3}};

static uint64_t st_state = 88172645463325252u;

static uint64_t st_next(void) {
    st_state ^= st_state << 13;
    st_state ^= st_state >> 7;
    return st_state ^= st_state << 17;
}

static inline size_t st_pick(size_t below) { return (size_t)(st_next() >> 11) % below; }

/* uniform in -1 .. 1 */
static inline float st_real(void) { return (float)(st_next() >> 40) / 8388608.0f - 1.0f; }

enum { ST_GUARD = 64 };

/* A block of `bytes`, 64-aligned, between two guards; filled with quiet NaNs so that a read of what nobody
 * wrote shows. */
static inline void *st_new(size_t bytes) {
    size_t whole = (bytes + 63) / 64 * 64 + 2 * ST_GUARD;
    unsigned char *p = aligned_alloc(64, whole);
    if (!p) {
        puts("not ok out of memory");
        exit(1);
    }
    memset(p, 0xff, whole);
    return p + ST_GUARD;
}

static inline bool st_intact(const void *block, size_t bytes) {
    const unsigned char *p = block;
    for (size_t i = 0; i < ST_GUARD; i++)
        if (p[bytes + i] != 0xff || p[-1 - (ptrdiff_t)i] != 0xff)
            return false;
    return true;
}

static inline void st_free(void *block) {
    if (block)
        free((unsigned char *)block - ST_GUARD);
}

static inline float *st_floats(size_t n) {
    float *p = st_new(n * sizeof *p);
    for (size_t i = 0; i < n; i++)
        p[i] = st_real();
    return p;
}

/* Largest |got - want| / (1 + |want|); a NaN that is not wanted counts as infinite. */
static inline double st_error(const float *got, const double *want, size_t n) {
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(want[i]) && isnan(got[i]))
            continue;
        if (isinf(want[i]) && (double)got[i] == want[i])
            continue;
        double e = fabs((double)got[i] - want[i]) / (1 + fabs(want[i]));
        if (!(e <= worst))
            worst = isnan(e) ? INFINITY : e;
    }
    return worst;
}

static inline void st_verdict(bool ok, const char *isa, const char *name) {
    printf("%s %s %s\n", ok ? "ok" : "not ok", isa, name);
    st_failures += !ok;
}

/* Runs `all` for each instruction set there is. */
static inline int st_main(void (*all)(const CpuSimd *)) {
    static const char *const names[] = {"generic", "avx2", "avx512"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const CpuSimd *set = cpu_simd_named(names[i]);
        if (set)
            all(set);
        else
            printf("skip %s this machine or build lacks it\n", names[i]);
    }
    return st_failures != 0;
}

#endif
