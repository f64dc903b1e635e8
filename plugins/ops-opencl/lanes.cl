/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elements side by side that one item works on: LANES of them, 16 on a processor, whose vectors they are, 1 elsewhere. A V
 * is as many reals, an M as many numbers of lanes or answers of comparisons.
 */
#if LANES == 16
typedef real16 V;
typedef whole16 M;
#define IOTA ((M)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))

/* The first n elements at x, `fill` in the lanes behind. What the tensor has behind them (`room` elements from x on) is
 * read along and left out. */
V get(__global const elem *x, uint n, uint room, real fill);
V get(__global const elem *x, uint n, uint room, real fill) {
    if (n >= 16)
        return LOADV(16, x);
    if (room >= 16)
        return IOTA < (M)n ? LOADV(16, x) : (V)fill;
    real all[16];
    for (uint l = 0; l < 16; l++)
        all[l] = l < n ? LOAD(x, l) : fill;
    return vload16(0, all);
}

/* The first n lanes, by parts of 8, 4, 2 and 1. */
#define DEFINE_PUT(name, type, lanes, STORE_N, STORE_1)                                                             \
    void name(__global type *y, uint n, lanes v);                                                            \
    void name(__global type *y, uint n, lanes v) {                                                           \
        if (n >= 16) {                                                                                       \
            STORE_N(16, y, v);                                                                               \
            return;                                                                                          \
        }                                                                                                    \
        if (n & 8) {                                                                                         \
            STORE_N(8, y, v.lo);                                                                             \
            v.lo = v.hi;                                                                                     \
            y += 8;                                                                                          \
        }                                                                                                    \
        if (n & 4) {                                                                                         \
            STORE_N(4, y, v.s0123);                                                                          \
            v.s0123 = v.s4567;                                                                               \
            y += 4;                                                                                          \
        }                                                                                                    \
        if (n & 2) {                                                                                         \
            STORE_N(2, y, v.s01);                                                                            \
            v.s0 = v.s2;                                                                                     \
            y += 2;                                                                                          \
        }                                                                                                    \
        if (n & 1)                                                                                           \
            STORE_1(y, 0, v.s0);                                                                             \
    }
#define AS_IT_IS(n, y, v) vstore##n(v, 0, y)
#define AS_IT_IS_1(y, i, v) ((y)[i] = (v))
DEFINE_PUT(put, elem, V, STOREV, STORE)
DEFINE_PUT(put_real, real, V, AS_IT_IS, AS_IT_IS_1)
DEFINE_PUT(put_long, long, long16, AS_IT_IS, AS_IT_IS_1)

#define LONG(m) convert_long16(m)
#define LOAD_LANES(x) LOADV(16, x)
#define LANES_OF(array) vload16(0, array)
#define TO_ARRAY(v, array) vstore16(v, 0, array)
#define ANY(m) any(m)

/* real `to`: all lanes of v made one by JOIN(a, b), in pairs. */
#define FOLD(JOIN, v, to)                                                                                    \
    const real8 to##_8 = JOIN(v.lo, v.hi);                                                                   \
    const real4 to##_4 = JOIN(to##_8.lo, to##_8.hi);                                                         \
    const real2 to##_2 = JOIN(to##_4.lo, to##_4.hi);                                                         \
    const real to = JOIN(to##_2.x, to##_2.y)
#else
typedef real V;
typedef whole M;
#define IOTA 0
#define LOAD_LANES(x) LOAD(x, 0)
#define LANES_OF(array) ((array)[0])
#define TO_ARRAY(v, array) ((array)[0] = (v))
#define ANY(m) (m)
V get(__global const elem *x, uint n, uint room, real fill);
V get(__global const elem *x, uint n, uint room, real fill) { return LOAD(x, 0); }
void put(__global elem *y, uint n, V v);
void put(__global elem *y, uint n, V v) { STORE(y, 0, v); }
void put_real(__global real *y, uint n, V v);
void put_real(__global real *y, uint n, V v) { *y = v; }
void put_long(__global long *y, uint n, long v);
void put_long(__global long *y, uint n, long v) { *y = v; }
#define LONG(m) ((long)(m))
#define FOLD(JOIN, v, to) const real to = v
#endif
