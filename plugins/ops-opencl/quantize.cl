/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real numbers as integers on a linear scale, and back. X, S, Y: the types of the elements, of the scale and of what is
 * made, with LOAD_... and STORE_Y for each; a half is loaded and stored as every device can. Computed in `number`, which
 * is double with -DWIDE. A quotient is rounded to a type of PRECISION bits.
 */
#ifdef WIDE
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
typedef double number;
#else
typedef float number;
#endif

typedef struct {
    uint count, scales, extent, inner, block, blocks, zeros; /* extent 0: one scale for all */
} Params;

#define PLAIN_LOAD(p, i) ((number)(p)[i])
#define HALF_LOAD(p, i) ((number)vload_half(i, p))
#define PLAIN_STORE(p, i, v) ((p)[i] = (v))
#define HALF_STORE(p, i, v) vstore_half_rte(v, i, p)

number to_half(number v);
number to_half(number v) {
    ushort bits[1];
    vstore_half_rte(v, 0, (half *)bits);
    return vload_half(0, (half *)bits);
}

#if PRECISION == 16
#define ROUNDED(v) to_half(v)
#elif PRECISION == 32
#define ROUNDED(v) ((float)(v))
#else
#define ROUNDED(v) (v)
#endif

/* The scale of element i. */
uint scale_of(uint i, const Params *p);
uint scale_of(uint i, const Params *p) {
    if (p->extent == 0)
        return 0;
    const uint at = i / p->inner % p->extent;
    return p->block ? (i / p->inner / p->extent * p->blocks + at / p->block) * p->inner + i % p->inner : at;
}

#ifdef QUANTIZES
__kernel void quantize(__global const X *x, ulong xo, __global const S *scale, ulong so, __global const Y *zero, ulong zo,
                       __global Y *y, ulong yo, Params p) {
    const uint i = (uint)get_global_id(0);
    if (i >= p.count)
        return;
    const uint k = scale_of(i, &p);
    const number q = ROUNDED(ROUNDED(LOAD_X(x, xo + i)) / ROUNDED(LOAD_S(scale, so + k)));
    y[yo + i] = SATURATE(rint(q) + (p.zeros ? (number)zero[zo + k] : 0));
}

#else

/* Element i less its zero point, which may have more digits than a float. */
number centred(__global const X *x, uint i, __global const X *zero, uint k, const Params *p);
number centred(__global const X *x, uint i, __global const X *zero, uint k, const Params *p) {
    return (number)((long)x[i] - (p->zeros ? zero[k] : 0));
}

__kernel void dequantize(__global const X *x, ulong xo, __global const S *scale, ulong so, __global const X *zero, ulong zo,
                         __global Y *y, ulong yo, Params p) {
    const uint i = (uint)get_global_id(0);
    if (i >= p.count)
        return;
    const uint k = scale_of(i, &p);
    STORE_Y(y, yo + i, centred(x + xo, i, zero + zo, k, &p) * LOAD_S(scale, so + k));
}

/* The sum over what shares scale k of dY (here of type S) times the centred element; the result is of type Y. */
#define GROUP 64
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void scale_grad(__global const X *x, ulong xo,
                                                                              __global const X *zero, ulong zo,
                                                                              __global const S *dy, ulong dyo,
                                                                              __global Y *y, ulong yo, Params p) {
    __local number part[GROUP];
    const uint k = (uint)get_group_id(0), t = (uint)get_local_id(0);
    uint base = 0, step = 1, n = p.count, run = p.count > 0 ? p.count : 1; /* elements; those of a run are `step` apart */
    ulong stride = 0;                                                      /* between runs */
    if (p.block) {
        const uint c = k % p.inner, b = k / p.inner % p.blocks, o = k / p.inner / p.blocks;
        base = (o * p.extent + b * p.block) * p.inner + c;
        step = p.inner;
        n = run = min(p.block, p.extent - b * p.block);
    } else if (p.extent) {
        base = k * p.inner;
        run = p.inner;
        n = p.count / p.extent;
        stride = (ulong)p.extent * p.inner;
    }
    number sum = 0;
    for (uint e = t; e < n; e += GROUP) {
        const uint i = (uint)(base + e / run * stride + e % run * step);
        sum += LOAD_S(dy, dyo + i) * centred(x + xo, i, zero + zo, k, &p);
    }
    part[t] = sum;
    for (uint reach = GROUP / 2; reach > 0; reach /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (t < reach)
            part[t] += part[t + reach];
    }
    if (t == 0)
        STORE_Y(y, yo + k, part[0]);
}
#endif
