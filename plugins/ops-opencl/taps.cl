/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One dimension of [outer, in or out, inner], of which each element of the result is a weighted sum of some elements of
 * the input. The table has where each one's list begins, and the end of all; then the places; with REALS from word
 * `weights` on the weights. NOWHERE is what stands beyond. Without REALS, T is an integer of the elements' size.
 */
typedef struct {
    uint in, out, inner, weights;
    uint beyond[2]; /* bits of an element, or of a real */
} Params;
#define NOWHERE 0xffffffffu

#ifdef REALS
#ifdef REAL_F64
#define BEYOND as_double((ulong)p.beyond[0] | (ulong)p.beyond[1] << 32)
#else
#define BEYOND as_float(p.beyond[0])
#endif
#define PLAIN_LOAD(x, i) ((x)[i])
#define PLAIN_STORE(y, i, v) ((y)[i] = (v))
#define PLAIN_LOADV(n, x) vload##n(0, x)
#define PLAIN_STOREV(n, y, v) vstore##n(v, 0, y)

/* From elements or reals to elements or reals: between dimensions nothing is rounded. An item makes an element;
 * `rows`: one of [out] by sixteen elements at a time. */
#define PASS(name, from_type, L, LV, to_type, S, SV)                                                         \
    __kernel void name(__global const from_type *x, ulong xo, __global to_type *y, ulong yo, Params p,       \
                       __global const uint *table) {                                                         \
        const uint i = (uint)get_global_id(0), outer = (uint)get_global_id(1);                               \
        const uint j = p.inner == 1 ? i : i / p.inner, c = i - j * p.inner;                                  \
        if (j >= p.out)                                                                                      \
            return;                                                                                          \
        __global const real *weight = (__global const real *)(table + p.weights);                            \
        __global const uint *place = table + p.out + 1;                                                      \
        x += xo + (ulong)outer * p.in * p.inner + c;                                                         \
        real sum = 0;                                                                                        \
        for (uint k = table[j]; k < table[j + 1]; k++)                                                       \
            sum = place[k] == NOWHERE ? BEYOND : sum + weight[k] * L(x, (ulong)place[k] * p.inner);          \
        S(y, yo + (ulong)outer * p.out * p.inner + i, sum);                                                  \
    }                                                                                                        \
    __kernel void name##_rows(__global const from_type *x, ulong xo, __global to_type *y, ulong yo, Params p, \
                              __global const uint *table) {                                                  \
        const uint j = (uint)get_global_id(0), outer = (uint)get_global_id(1);                               \
        if (j >= p.out)                                                                                      \
            return;                                                                                          \
        __global const real *weight = (__global const real *)(table + p.weights);                            \
        __global const uint *place = table + p.out + 1;                                                      \
        x += xo + (ulong)outer * p.in * p.inner;                                                             \
        y += yo + ((ulong)outer * p.out + j) * p.inner;                                                      \
        uint c = 0;                                                                                          \
        for (; c + 16 <= p.inner; c += 16) {                                                                 \
            real16 sum = 0;                                                                                  \
            for (uint k = table[j]; k < table[j + 1]; k++)                                                   \
                sum = place[k] == NOWHERE ? BEYOND : sum + weight[k] * LV(16, x + (ulong)place[k] * p.inner + c); \
            SV(16, y + c, sum);                                                                              \
        }                                                                                                    \
        for (; c < p.inner; c++) {                                                                           \
            real sum = 0;                                                                                    \
            for (uint k = table[j]; k < table[j + 1]; k++)                                                   \
                sum = place[k] == NOWHERE ? BEYOND : sum + weight[k] * L(x, (ulong)place[k] * p.inner + c);  \
            S(y, c, sum);                                                                                    \
        }                                                                                                    \
    }

PASS(only, elem, LOAD, LOADV, elem, STORE, STOREV)
PASS(first, elem, LOAD, LOADV, real, PLAIN_STORE, PLAIN_STOREV)
PASS(middle, real, PLAIN_LOAD, PLAIN_LOADV, real, PLAIN_STORE, PLAIN_STOREV)
PASS(last, real, PLAIN_LOAD, PLAIN_LOADV, elem, STORE, STOREV)

#else

#define BEYOND (T)((ulong)p.beyond[0] | (ulong)p.beyond[1] << 32)

__kernel void pick(__global const T *x, ulong xo, __global T *y, ulong yo, Params p, __global const uint *table) {
    const uint i = (uint)get_global_id(0), outer = (uint)get_global_id(1);
    const uint j = p.inner == 1 ? i : i / p.inner, c = i - j * p.inner;
    if (j >= p.out)
        return;
    const uint place = table[p.out + 1 + j];
    y[yo + (ulong)outer * p.out * p.inner + i] =
        place == NOWHERE ? BEYOND : x[xo + ((ulong)outer * p.in + place) * p.inner + c];
}

__kernel void pick_rows(__global const T *restrict x, ulong xo, __global T *restrict y, ulong yo, Params p,
                        __global const uint *table) {
    const uint j = (uint)get_global_id(0), outer = (uint)get_global_id(1);
    if (j >= p.out)
        return;
    const uint place = table[p.out + 1 + j];
    x += xo + ((ulong)outer * p.in + (place == NOWHERE ? 0 : place)) * p.inner;
    y += yo + ((ulong)outer * p.out + j) * p.inner;
    for (uint c = 0; c < p.inner; c++)
        y[c] = place == NOWHERE ? BEYOND : x[c];
}
#endif
