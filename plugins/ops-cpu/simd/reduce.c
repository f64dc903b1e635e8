/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the last dimension is reduced, a row is summed in four vectors, which also keeps the rounding error
 * small; where it is kept, whole stretches of results are accumulated at once, so that memory is read in
 * order either way.
 */
#include "reduce.h"
#include "vec.h"

#include <math.h>
#include <string.h>

#define STRETCH 1024u
#define LANES_ALL (4 * VF)

INLINE float start_of(CpuReduceCode code) {
    return code == CPU_REDUCE_MAX    ? -INFINITY
           : code == CPU_REDUCE_MIN  ? INFINITY
           : code == CPU_REDUCE_PROD ? 1.0f
                                     : 0.0f;
}

INLINE float join_one(CpuReduceCode code, float s, float x) {
    switch (code) {
    case CPU_REDUCE_MAX: return x > s || x != x ? x : s;
    case CPU_REDUCE_MIN: return x < s || x != x ? x : s;
    case CPU_REDUCE_PROD: return s * x;
    case CPU_REDUCE_SQUARES: return s + x * x;
    case CPU_REDUCE_ABS: return s + __builtin_fabsf(x);
    default: return s + x;
    }
}

/* Two partial results; of sums of squares the sum. */
INLINE float join_parts(CpuReduceCode code, float a, float b) {
    return code == CPU_REDUCE_SQUARES || code == CPU_REDUCE_ABS ? a + b : join_one(code, a, b);
}

INLINE float row_of(CpuReduceCode code, const float *x, size_t n) {
    float part[LANES_ALL];
    for (int l = 0; l < LANES_ALL; l++)
        part[l] = start_of(code);
    size_t i = 0;
    for (; i + LANES_ALL <= n; i += LANES_ALL)
        for (int l = 0; l < LANES_ALL; l++)
            part[l] = join_one(code, part[l], x[i + (size_t)l]);
    for (int l = 0; i < n; i++, l++)
        part[l] = join_one(code, part[l], x[i]);
    for (int step = LANES_ALL / 2; step > 0; step /= 2)
        for (int l = 0; l < step; l++)
            part[l] = join_parts(code, part[l], part[l + step]);
    return part[0];
}

static float reduce_row(CpuReduceCode code, const float *x, size_t n) {
    switch (code) {
    case CPU_REDUCE_MAX: return row_of(CPU_REDUCE_MAX, x, n);
    case CPU_REDUCE_MIN: return row_of(CPU_REDUCE_MIN, x, n);
    case CPU_REDUCE_PROD: return row_of(CPU_REDUCE_PROD, x, n);
    case CPU_REDUCE_SQUARES: return row_of(CPU_REDUCE_SQUARES, x, n);
    case CPU_REDUCE_ABS: return row_of(CPU_REDUCE_ABS, x, n);
    default: return row_of(CPU_REDUCE_SUM, x, n);
    }
}

#define STRETCH_OF(code)                                                                                     \
    case code:                                                                                               \
        for (size_t i = 0; i < n; i++)                                                                       \
            y[i] = join_one(code, y[i], x[i]);                                                               \
        return;

static void join_stretch(CpuReduceCode code, const float *restrict x, float *restrict y, size_t n) {
    switch (code) {
        STRETCH_OF(CPU_REDUCE_SUM)
        STRETCH_OF(CPU_REDUCE_MAX)
        STRETCH_OF(CPU_REDUCE_MIN)
        STRETCH_OF(CPU_REDUCE_PROD)
        STRETCH_OF(CPU_REDUCE_SQUARES)
        STRETCH_OF(CPU_REDUCE_ABS)
    }
}

/* Where the elements of one result, or of one stretch of results, begin: odometers over the kept and the
 * reduced extents. */
typedef struct Walk {
    const CpuReduce *r;
    size_t strides[CPU_REDUCE_DIMS];
    size_t index[CPU_REDUCE_DIMS];
    size_t at;
    uint32_t last; /* dimensions below `last` are walked */
} Walk;

static void walk_start(Walk *w, const CpuReduce *r, uint32_t last, size_t kept_index) {
    memset(w, 0, sizeof *w);
    w->r = r;
    w->last = last;
    size_t step = 1;
    for (uint32_t d = r->n_dims; d-- > 0;) {
        w->strides[d] = step;
        step *= r->dims[d];
    }
    for (uint32_t d = last; d-- > 0;)
        if (!r->reduced[d]) {
            w->index[d] = kept_index % r->dims[d];
            kept_index /= r->dims[d];
            w->at += w->index[d] * w->strides[d];
        }
}

/* The next combination of the extents of one kind; false: they have all been seen, and the walk is where it
 * began. */
static bool walk_next(Walk *w, bool reduced) {
    for (uint32_t d = w->last; d-- > 0;) {
        if (w->r->reduced[d] != reduced)
            continue;
        w->at += w->strides[d];
        if (++w->index[d] < w->r->dims[d])
            return true;
        w->at -= w->index[d] * w->strides[d];
        w->index[d] = 0;
    }
    return false;
}

static float finish(const CpuReduce *r, float s) {
    s *= r->scale;
    return r->root ? sqrtf(s) : s;
}

static void run_rows(const CpuReduce *r, const float *x, float *y, size_t begin, size_t end) {
    const size_t n = r->dims[r->n_dims - 1];
    Walk w;
    walk_start(&w, r, r->n_dims - 1, begin);
    for (size_t o = begin; o < end; o++) {
        float s = start_of(r->code);
        do
            s = join_parts(r->code, s, reduce_row(r->code, x + w.at, n));
        while (walk_next(&w, true));
        y[o] = finish(r, s);
        (void)walk_next(&w, false);
    }
}

static void run_stretches(const CpuReduce *r, const float *x, float *y, size_t begin, size_t end) {
    const size_t n = r->dims[r->n_dims - 1];
    for (size_t o = begin; o < end;) {
        const size_t column = o % n, left = n - column < end - o ? n - column : end - o,
                     m = left < STRETCH ? left : STRETCH;
        Walk w;
        walk_start(&w, r, r->n_dims - 1, o / n);
        for (size_t i = 0; i < m; i++)
            y[o + i] = start_of(r->code);
        do
            join_stretch(r->code, x + w.at + column, y + o, m);
        while (walk_next(&w, true));
        for (size_t i = 0; i < m; i++)
            y[o + i] = finish(r, y[o + i]);
        o += m;
    }
}

static void run(const CpuReduce *r, const float *x, float *y, size_t begin, size_t end) {
    if (begin == end)
        return;
    if (r->length == 0)
        for (size_t o = begin; o < end; o++)
            y[o] = finish(r, start_of(r->code));
    else if (r->reduced[r->n_dims - 1])
        run_rows(r, x, y, begin, end);
    else
        run_stretches(r, x, y, begin, end);
}

static bool all_finite(const float *x, size_t n) {
    const uint32_t *bits = (const uint32_t *)(const void *)x;
    uint32_t bad = 0;
    for (size_t i = 0; i < n; i++)
        bad |= (bits[i] & 0x7f800000u) == 0x7f800000u;
    return bad == 0;
}

const CpuReduceKernels SIMD_NAME(cpu_reduce) = {.run = run, .finite = all_finite};
