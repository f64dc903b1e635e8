/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real numbers of one type a program: `elem` is what lies in memory, `real` what is computed with. -DREAL_F64 makes both
 * double; -DREAL_F16 half and float, by the loads and stores that every device has, rounding to nearest even; neither
 * float. LOAD(p, i) and STORE(p, i, v) are one element; LOADV(n, p) and STOREV(n, p, v) are n side by side (2, 4, 8 or
 * 16), aligned as one is. R(1.5) is a constant, a literal with a point. `whole` is an integer as wide as a real: what a
 * comparison of vectors gives.
 */
#ifdef REAL_F64
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
typedef double elem, real;
typedef double2 real2;
typedef double4 real4;
typedef double8 real8;
typedef double16 real16;
typedef long whole;
typedef long16 whole16;
#define R(c) c
#define REAL_MAX DBL_MAX
#define REAL_EPSILON DBL_EPSILON
#else
#ifdef REAL_F16
typedef half elem;
#else
typedef float elem;
#endif
typedef float real;
typedef float2 real2;
typedef float4 real4;
typedef float8 real8;
typedef float16 real16;
typedef int whole;
typedef int16 whole16;
#define R(c) c##f
#define REAL_MAX FLT_MAX
#define REAL_EPSILON FLT_EPSILON
#endif

#ifdef REAL_F16
/* Vectors of halves go by way of integers: PoCL reads and writes them as if they were aligned as wholes. */
#define HALVES(n)                                                                                                        \
    real##n load_half##n(__global const half *p);                                                                        \
    real##n load_half##n(__global const half *p) {                                                                       \
        const ushort##n bits = vload##n(0, (__global const ushort *)p);                                                  \
        return vload_half##n(0, (const half *)&bits);                                                                    \
    }                                                                                                                    \
    void store_half##n(__global half *p, real##n v);                                                                     \
    void store_half##n(__global half *p, real##n v) {                                                                    \
        ushort##n bits;                                                                                                  \
        vstore_half##n##_rte(v, 0, (half *)&bits);                                                                       \
        vstore##n(bits, 0, (__global ushort *)p);                                                                        \
    }
HALVES(2)
HALVES(4)
HALVES(8)
HALVES(16)
#define LOAD(p, i) vload_half(i, p)
#define STORE(p, i, v) vstore_half_rte((real)(v), i, p)
#define LOADV(n, p) load_half##n(p)
#define STOREV(n, p, v) store_half##n(p, v)
#else
#define LOAD(p, i) ((p)[i])
#define STORE(p, i, v) ((p)[i] = (v))
#define LOADV(n, p) vload##n(0, p)
#define STOREV(n, p, v) vstore##n(v, 0, p)
#endif
