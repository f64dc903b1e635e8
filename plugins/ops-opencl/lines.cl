/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Along the lines of [outer, n, inner]: running sums and products, the best elements, the first maximum, lengths. With
 * REALS elements are real numbers, else of the type T. An item makes a line, in the order of its elements; where lines
 * are few and long and the device is no processor, GROUP items share one.
 */
#define GROUP 64

typedef struct {
    uint lines, n, inner, k, reverse, exclusive, largest, p;
} Params;

#ifdef REALS
typedef real number;
#define NAN_IS(v) ((v) != (v))
#else
typedef T elem, number;
#define LOAD(p, i) ((p)[i])
#define STORE(p, i, v) ((p)[i] = (v))
#define NAN_IS(v) false
#endif

/* Where the elements of line i begin; they are `inner` apart. */
#define LINE(i, length) ((ulong)((i) / p.inner) * (length) * p.inner + (i) % p.inner)
#define EACH_LINE                                                                                            \
    const uint line = (uint)get_global_id(0);                                                                \
    if (line >= p.lines)                                                                                     \
        return;                                                                                              \
    const ulong from = LINE(line, p.n);

/* ---- running sums and products ---- */

typedef struct {
    number value, lost;
} Acc;

#ifdef PRODUCTS
#define FIRST 1
void accumulate(Acc *a, number v);
void accumulate(Acc *a, number v) { a->value *= v; }
#elif defined(REALS)
#define FIRST 0
/* Compensated (Kahan 1965); an infinite sum has lost nothing that counts. */
void accumulate(Acc *a, number v);
void accumulate(Acc *a, number v) {
    const number y = v - a->lost, t = a->value + y;
    a->lost = isfinite(t) ? (t - a->value) - y : 0;
    a->value = t;
}
#else
#define FIRST 0
void accumulate(Acc *a, number v);
void accumulate(Acc *a, number v) { a->value += v; }
#endif

/* Element j of a line in the direction of the walk. */
#define AT(j) (from + (ulong)(p.reverse ? p.n - 1 - (j) : (j)) * p.inner)

void walk(__global const elem *x, __global elem *y, ulong from, uint begin, uint end, Acc a, const Params *params);
void walk(__global const elem *x, __global elem *y, ulong from, uint begin, uint end, Acc a, const Params *params) {
    const Params p = *params;
    for (uint j = begin; j < end; j++) {
        const number before = a.value;
        accumulate(&a, LOAD(x, AT(j)));
        STORE(y, AT(j), p.exclusive ? before : a.value);
    }
}

__kernel void scan(__global const elem *x, ulong xo, __global elem *y, ulong yo, Params p) {
    EACH_LINE
    const Acc a = {FIRST, 0};
    walk(x + xo, y + yo, from, 0, p.n, a, &p);
}

/* Pieces of a line: their sums first, then each goes on from the sum of those before. */
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void scan_group(__global const elem *x, ulong xo,
                                                                              __global elem *y, ulong yo, Params p) {
    __local number part[GROUP];
    const uint line = (uint)get_group_id(0), t = (uint)get_local_id(0), piece = (p.n + GROUP - 1) / GROUP,
               begin = min(p.n, t * piece), end = min(p.n, begin + piece);
    const ulong from = LINE(line, p.n);
    Acc a = {FIRST, 0};
    for (uint j = begin; j < end; j++)
        accumulate(&a, LOAD(x, xo + AT(j)));
    part[t] = a.value;
    barrier(CLK_LOCAL_MEM_FENCE);
    a = (Acc){FIRST, 0};
    for (uint k = 0; k < t; k++)
        accumulate(&a, part[k]);
    walk(x + xo, y + yo, from, begin, end, a, &p);
}

#if defined(REALS) && defined(PRODUCTS)
/* dx[j] is the product in front of j times what arrives behind it, as plugins/ops/cum-prod.c has it; no division. */
__kernel void product_grad(__global const elem *dy, ulong dyo, __global const elem *x, ulong xo, __global elem *dx,
                           ulong dxo, __global real *sums, ulong so, Params p) {
    EACH_LINE
    real sum = 0, product = 1, behind = 0;
    for (uint j = p.n; j-- > 0;) {
        const real arrives = LOAD(dy, dyo + AT(j));
        sum += p.exclusive ? behind : arrives;
        sums[so + AT(j)] = sum;
        sum *= LOAD(x, xo + AT(j));
        behind = arrives;
    }
    for (uint j = 0; j < p.n; j++) {
        STORE(dx, dxo + AT(j), product * sums[so + AT(j)]);
        product *= LOAD(x, xo + AT(j));
    }
}
#endif

/* ---- the best elements ---- */

/* Does element a of a line come before b? A NaN is the largest; among equal ones the lower index is first. */
bool before(__global const elem *x, uint a, uint b, const Params *p);
bool before(__global const elem *x, uint a, uint b, const Params *p) {
    const number u = LOAD(x, (ulong)a * p->inner), v = LOAD(x, (ulong)b * p->inner);
    if (NAN_IS(u) || NAN_IS(v))
        return NAN_IS(u) && NAN_IS(v) ? a < b : NAN_IS(u) == (p->largest != 0);
    return u != v ? (u > v) == (p->largest != 0) : a < b;
}

/* By insertion; the places found so far are the result's own. */
__kernel void top(__global const elem *x, ulong xo, __global elem *y, ulong yo, __global long *at, ulong ao, Params p) {
    EACH_LINE
    const ulong to = LINE(line, p.k);
    x += xo + from;
    y += yo + to;
    at += ao + to;
    for (uint i = 0; i < p.n && p.k > 0; i++) {
        uint place = min(i, p.k);
        if (place == p.k && !before(x, i, (uint)at[(ulong)(p.k - 1) * p.inner], &p))
            continue;
        for (; place > 0 && before(x, i, (uint)at[(ulong)(place - 1) * p.inner], &p); place--)
            if (place < p.k)
                at[(ulong)place * p.inner] = at[(ulong)(place - 1) * p.inner];
        at[(ulong)place * p.inner] = i;
    }
    for (uint i = 0; i < p.k; i++)
        STORE(y, (ulong)i * p.inner, LOAD(x, (ulong)at[(ulong)i * p.inner] * p.inner));
}

/* One after the other: the best of those that come behind the last one. */
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void top_group(__global const elem *x, ulong xo,
                                                                             __global elem *y, ulong yo,
                                                                             __global long *at, ulong ao, Params p) {
    __local uint best[GROUP];
    const uint line = (uint)get_group_id(0), t = (uint)get_local_id(0);
    const ulong to = LINE(line, p.k);
    uint last = p.n;
    x += xo + LINE(line, p.n);
    for (uint i = 0; i < p.k; i++) {
        uint mine = p.n;
        for (uint e = t; e < p.n; e += GROUP)
            if ((last == p.n || before(x, last, e, &p)) && (mine == p.n || before(x, e, mine, &p)))
                mine = e;
        best[t] = mine;
        for (uint reach = GROUP / 2; reach > 0; reach /= 2) {
            barrier(CLK_LOCAL_MEM_FENCE);
            if (t < reach && best[t + reach] < p.n &&
                (best[t] == p.n || before(x, best[t + reach], best[t], &p)))
                best[t] = best[t + reach];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        last = best[0];
        barrier(CLK_LOCAL_MEM_FENCE);
        if (t == 0) {
            at[ao + to + (ulong)i * p.inner] = last;
            STORE(y, yo + to + (ulong)i * p.inner, LOAD(x, (ulong)last * p.inner));
        }
    }
}

#ifdef REALS
__kernel void hardmax(__global const elem *x, ulong xo, __global elem *y, ulong yo, Params p) {
    EACH_LINE
    uint best = 0;
    x += xo + from;
    for (uint k = 1; k < p.n; k++)
        if (LOAD(x, (ulong)k * p.inner) > LOAD(x, (ulong)best * p.inner))
            best = k;
    for (uint k = 0; k < p.n; k++)
        STORE(y, yo + from + (ulong)k * p.inner, (real)(k == best));
}

/* Divided by its length: the sum of magnitudes, or the Euclidean one; a line of zeros stays one. */
__kernel void unit(__global const elem *x, ulong xo, __global elem *y, ulong yo, Params p) {
    EACH_LINE
    Acc a = {0, 0};
    x += xo + from;
    for (uint k = 0; k < p.n; k++) {
        const real v = LOAD(x, (ulong)k * p.inner);
        accumulate(&a, p.p == 1 ? fabs(v) : v * v);
    }
    const real length = p.p == 1 ? a.value : sqrt(a.value), by = length == 0 ? 1 : length;
    for (uint k = 0; k < p.n; k++)
        STORE(y, yo + from + (ulong)k * p.inner, LOAD(x, (ulong)k * p.inner) / by);
}
#endif
