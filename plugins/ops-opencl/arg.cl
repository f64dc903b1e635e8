/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the best element of a row stands, the first of equals or (LAST) the last; the first NaN is better than any
 * number. Tensors are [outer, n, inner]. With -DROWS, where inner is 1, the lanes of an item, or the items of a group
 * (-DGROUPS), look at a row together; otherwise an item looks at as many neighbouring columns as it has lanes.
 */
typedef struct {
    uint outer, n, inner;
} Params;

#define GROUP 64
#ifdef MOST
#define ABOVE(a, b) ((a > b) | ((a != a) & (b == b)))
#else
#define ABOVE(a, b) ((a < b) | ((a != a) & (b == b)))
#endif
#if LAST
#define TAKES(a, b) (ABOVE(a, b) | (a == b))
#else
#define TAKES(a, b) ABOVE(a, b)
#endif

/* The best of n elements and where they stand, in any order. */
whole best_of(const real *v, const whole *at, uint n);
whole best_of(const real *v, const whole *at, uint n) {
    uint best = 0;
    for (uint l = 1; l < n; l++)
        if (ABOVE(v[l], v[best]) || (v[l] == v[best] && (LAST ? at[l] > at[best] : at[l] < at[best])) ||
            (v[l] != v[l] && v[best] != v[best] && at[l] < at[best]))
            best = l;
    return at[best];
}

#ifdef GROUPS
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void arg(__global const elem *x, ulong xo, __global long *y,
                                                                       ulong yo, Params p) {
    __local real v[GROUP];
    __local whole at[GROUP];
    const uint row = (uint)get_group_id(0), t = (uint)get_local_id(0);
    x += xo + row * p.n;
    uint best = t;
    for (uint k = t + GROUP; k < p.n; k += GROUP) {
        const real a = LOAD(x, k), b = LOAD(x, best);
        best = TAKES(a, b) ? k : best;
    }
    at[t] = (whole)best;
    v[t] = t < p.n ? LOAD(x, best) : 0;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (t > 0)
        return;
    real all[GROUP];
    whole places[GROUP];
    for (uint l = 0; l < GROUP; l++) {
        all[l] = v[l];
        places[l] = at[l];
    }
    y[yo + row] = best_of(all, places, min(p.n, (uint)GROUP));
}
#else
__kernel void arg(__global const elem *x, ulong xo, __global long *y, ulong yo, Params p) {
#ifdef ROWS
    const uint row = (uint)get_global_id(0), lanes = p.n, total = p.outer * p.n - row * p.n;
    if (row >= p.outer)
        return;
    x += xo + row * p.n;
    const M first = IOTA;
#else
    const uint blocks = (p.inner + LANES - 1) / LANES, outer = (uint)get_global_id(0) / blocks;
    const uint column = (uint)get_global_id(0) % blocks * LANES, stride = p.inner, lanes = p.inner - column;
    const uint begin = outer * p.n * p.inner + column, total = p.outer * p.n * p.inner - begin;
    if (outer >= p.outer)
        return;
    x += xo + begin;
    const M first = 0;
#endif
    V best = get(x, lanes, total, 0);
    M at = first;
#ifdef ROWS
    for (uint k = LANES; k < p.n; k += LANES) {
        const V a = get(x + k, p.n - k, total - k, 0);
        const M here = (M)(int)k + first, better = TAKES(a, best) & (here < (M)(int)p.n);
#else
    for (uint k = 1; k < p.n; k++) {
        const V a = get(x + k * stride, lanes, total - k * stride, 0);
        const M here = (M)(int)k, better = TAKES(a, best);
#endif
        best = better ? a : best;
        at = better ? here : at;
    }
#ifdef ROWS
    real all[LANES];
    whole places[LANES];
    TO_ARRAY(best, all);
    TO_ARRAY(at, places);
    y[yo + row] = best_of(all, places, min(p.n, (uint)LANES));
#else
    put_long(y + yo + outer * p.inner + column, lanes, LONG(at));
#endif
}
#endif
