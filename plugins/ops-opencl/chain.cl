/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words that the text of a chain is written in. W elements lie side by side in a work item: 1, or on processors 16,
 * because a mathematical function of a vector costs there what that of a scalar costs. The last item of a row has fewer
 * elements; it computes in vectors like the others, so that bits do not depend on the place. Elements of type f16 are
 * floats here, rounded after every node, so that bits do not depend on what was put together either.
 */
#ifdef DOUBLE
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#endif

#define GLUE(a, b) a##b
#define PASTE(a, b) GLUE(a, b)

#if W == 1
#define VECTOR(T) T
#define CONVERT(T, e) PASTE(convert_, T)(e)
#define SATURATE(T, e) convert_##T##_sat_rtz(e)
#define TRUTH(e) ((uchar)(e))        /* what a comparison says, as an element of type bool */
#define CHOOSE(M, e) (e)             /* a bool as a condition over elements as wide as M */
#define SAME_BITS(T, e) as_##T(e)
#define STEP(e) (-(e))               /* -1 where a comparison of f64 holds, else 0 */
#define LOAD_HALF(p) vload_half(0, p)
#define STORE_HALF(v, p) vstore_half_rte(v, 0, p)
#else
#define VECTOR(T) PASTE(T, W)
#define CONVERT(T, e) PASTE(PASTE(convert_, T), W)(e)
#define SATURATE(T, e) PASTE(PASTE(convert_##T, W), _sat_rtz)(e)
#define TRUTH(e) CONVERT(uchar, -(e))
#define CHOOSE(M, e) CONVERT(M, (e) != (VECTOR(uchar))(0))
#define SAME_BITS(T, e) PASTE(as_##T, W)(e)
#define STEP(e) CONVERT(int, e)
#define LOAD_HALF(p) PASTE(vload_half, W)(0, p)
#define STORE_HALF(v, p) PASTE(PASTE(vstore_half, W), _rte)(v, 0, p)
#endif
#define AS(T, e) ((VECTOR(T))(e))

/* How elements of type T come from memory and go there; `left` are left in the row. */
#define FIRST(T)                                                                                                         \
    T first_##T(__global const T *p);                                                                                    \
    T first_##T(__global const T *p) { return *p; }
#if W == 1
#define ACCESS(T)                                                                                                        \
    FIRST(T)                                                                                                             \
    T read_##T(__global const T *p, uint left);                                                                          \
    T read_##T(__global const T *p, uint left) { return *p; }                                                            \
    void write_##T(T v, __global T *p, uint left);                                                                       \
    void write_##T(T v, __global T *p, uint left) { *p = v; }
#else
#define ACCESS(T)                                                                                                        \
    FIRST(T)                                                                                                             \
    VECTOR(T) read_##T(__global const T *p, uint left);                                                                  \
    VECTOR(T) read_##T(__global const T *p, uint left) {                                                                 \
        T some[W];                                                                                                       \
        if (left >= W)                                                                                                   \
            return PASTE(vload, W)(0, p);                                                                                \
        for (uint k = 0; k < W; k++)                                                                                     \
            some[k] = p[k < left ? k : 0];                                                                               \
        return PASTE(vload, W)(0, some);                                                                                 \
    }                                                                                                                    \
    void write_##T(VECTOR(T) v, __global T *p, uint left);                                                               \
    void write_##T(VECTOR(T) v, __global T *p, uint left) {                                                              \
        T some[W];                                                                                                       \
        if (left >= W) {                                                                                                 \
            PASTE(vstore, W)(v, 0, p);                                                                                   \
            return;                                                                                                      \
        }                                                                                                                \
        PASTE(vstore, W)(v, 0, some);                                                                                    \
        for (uint k = 0; k < left; k++)                                                                                  \
            p[k] = some[k];                                                                                              \
    }
#endif

#ifdef HALF
/* To and from memory as integers: PoCL stores vectors of halves as if they were aligned as wholes. */
ACCESS(ushort)

VECTOR(float) widen(VECTOR(ushort) bits);
VECTOR(float) widen(VECTOR(ushort) bits) { return LOAD_HALF((const half *)&bits); }

VECTOR(ushort) narrow(VECTOR(float) v);
VECTOR(ushort) narrow(VECTOR(float) v) {
    VECTOR(ushort) bits;
    STORE_HALF(v, (half *)&bits);
    return bits;
}

float first_half(__global const half *p);
float first_half(__global const half *p) { return vload_half(0, p); }

VECTOR(float) read_half(__global const half *p, uint left);
VECTOR(float) read_half(__global const half *p, uint left) { return widen(read_ushort((__global const ushort *)p, left)); }

void write_half(VECTOR(float) v, __global half *p, uint left);
void write_half(VECTOR(float) v, __global half *p, uint left) { write_ushort(narrow(v), (__global ushort *)p, left); }

VECTOR(float) round_half(VECTOR(float) v);
VECTOR(float) round_half(VECTOR(float) v) { return widen(narrow(v)); }
#endif

/* The float next to x towards 0, its last bit set where that is not x itself: rounded to f16 it gives what x gives. */
#if defined HALF && defined DOUBLE
VECTOR(float) odd_float(VECTOR(double) x);
VECTOR(float) odd_float(VECTOR(double) x) {
    const VECTOR(float) near = CONVERT(float, x);
    const VECTOR(double) back = CONVERT(double, near);
    VECTOR(int) bits = SAME_BITS(int, near);
    bits += STEP(fabs(back) > fabs(x));
    bits |= STEP(back != x) & 1;
    return SAME_BITS(float, bits);
}
#endif
