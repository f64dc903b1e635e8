/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reductions. The result's elements are walked over the kept dimensions, each one's row over the reduced ones,
 * the last of them innermost. Sums are compensated (Kahan 1965), so that a row of a hundred thousand elements
 * keeps its digits. Few long rows get a group each; otherwise an item makes an element.
 */
#define DIMS 6
#define GROUP 64

typedef struct {
    uint count, kept, reduced, outer, inner, inner_stride; /* dimensions; rows are outer times inner elements */
    float scale;
    uint kept_dims[DIMS], kept_strides[DIMS], outer_dims[DIMS], outer_strides[DIMS]; /* last one first */
} Params;

uint place(uint at, uint n, const uint *dims, const uint *strides);
uint place(uint at, uint n, const uint *dims, const uint *strides) {
    uint to = 0;
    for (uint d = 0; d < n; d++) {
        to += at % dims[d] * strides[d];
        at /= dims[d];
    }
    return to;
}

/* The sum so far, and what rounding has taken from it. */
typedef struct {
    float sum, lost;
} Acc;

#if defined(SQUARES)
#define VALUE(v) ((v) * (v))
#elif defined(MAGNITUDES)
#define VALUE(v) fabs(v)
#else
#define VALUE(v) (v)
#endif

#if defined(SUM)
#define FIRST 0
void step(Acc *a, float v) {
    const float y = VALUE(v) - a->lost, t = a->sum + y;
    /* An infinite sum has lost nothing that counts. */
    a->lost = isfinite(t) ? (t - a->sum) - y : 0;
    a->sum = t;
}
#define JOIN(a, b) ((a) + (b))
#elif defined(MAX)
#define FIRST -INFINITY
#define JOIN(a, b) ((b) > (a) || (b) != (b) ? (b) : (a))
#elif defined(MIN)
#define FIRST INFINITY
#define JOIN(a, b) ((b) < (a) || (b) != (b) ? (b) : (a))
#else
#define FIRST 1
#define JOIN(a, b) ((a) * (b))
#endif
#ifndef SUM
void step(Acc *a, float v) { a->sum = JOIN(a->sum, v); }
#endif

#ifdef ROOT
#define FINISH(v) sqrt(v)
#else
#define FINISH(v) ((v) * p.scale)
#endif

/* n elements, `stride` apart, more of the sum in `a`. */
void add_row(Acc *a, __global const float *x, uint n, uint stride);
void add_row(Acc *a, __global const float *x, uint n, uint stride) {
    uint k = 0;
#ifdef SUM
    if (stride == 1 && n >= 32) { /* sixteen compensated sums side by side */
        float16 sum = 0, lost = 0;
        for (; k + 16 <= n; k += 16) {
            const float16 y = VALUE(vload16(0, x + k)) - lost, t = sum + y;
            lost = (t - sum) - y;
            sum = t;
        }
        float all[16];
        vstore16(sum - lost, 0, all);
        float check = 0;
        for (uint i = 0; i < 16; i++)
            check += all[i];
        if (isfinite(check))
            for (uint i = 0; i < 16; i++) {
                const float y = all[i] - a->lost, t = a->sum + y;
                a->lost = (t - a->sum) - y;
                a->sum = t;
            }
        else
            k = 0; /* infinities want the slow way */
    }
#endif
    for (; k < n; k++)
        step(a, x[k * stride]);
}

__kernel void items(__global const float *x, ulong xo, __global float *y, ulong yo, Params p) {
    const uint i = (uint)get_global_id(0);
    if (i >= p.count)
        return;
    const ulong base = xo + place(i, p.kept, p.kept_dims, p.kept_strides);
    Acc a = {FIRST, 0};
    for (uint o = 0; o < p.outer; o++)
        add_row(&a, x + base + place(o, p.reduced, p.outer_dims, p.outer_strides), p.inner, p.inner_stride);
    y[yo + i] = FINISH(a.sum);
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void groups(__global const float *x, ulong xo,
                                                                          __global float *y, ulong yo, Params p) {
    __local float part[GROUP];
    const uint i = (uint)get_group_id(0), t = (uint)get_local_id(0);
    const ulong base = xo + place(i, p.kept, p.kept_dims, p.kept_strides);
    Acc a = {FIRST, 0};
#ifdef CPU
    /* A row for each item in turn, or a piece of the only one. */
    const uint pieces = p.outer < GROUP ? GROUP / p.outer : 1, piece = (p.inner + pieces - 1) / pieces;
    for (uint r = t; r < p.outer * pieces; r += GROUP) {
        const uint begin = min(p.inner, r % pieces * piece);
        add_row(&a, x + base + place(r / pieces, p.reduced, p.outer_dims, p.outer_strides) + begin * p.inner_stride,
                min(p.inner - begin, piece), p.inner_stride);
    }
#else
    for (uint o = 0; o < p.outer; o++) {
        const ulong at = base + place(o, p.reduced, p.outer_dims, p.outer_strides);
        for (uint k = t; k < p.inner; k += GROUP)
            step(&a, x[at + k * p.inner_stride]);
    }
#endif
    part[t] = a.sum;
    for (uint reach = GROUP / 2; reach > 0; reach /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (t < reach)
            part[t] = JOIN(part[t], part[t + reach]);
    }
    if (t == 0)
        y[yo + i] = FINISH(part[0]);
}

/* Y = (first ? true : Y) and every element of X is finite. */
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void finite(__global const float *x, ulong xo,
                                                                          __global uchar *y, ulong yo, Params p) {
    __local uint bad[GROUP];
    const uint t = (uint)get_local_id(0);
    uint mine = 0;
    for (uint k = t; k < p.inner; k += GROUP)
        mine |= !isfinite(x[xo + k]);
    bad[t] = mine;
    for (uint reach = GROUP / 2; reach > 0; reach /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (t < reach)
            bad[t] |= bad[t + reach];
    }
    if (t == 0)
        y[yo] = (p.count ? 1 : y[yo]) && !bad[0];
}
