/* SPDX-License-Identifier: Apache-2.0 */
/* Pools over planes [planes, h, w] -> [planes, out_h, out_w], and their gradients. An item makes as many neighbours in a row
 * of the result as it has lanes. */
typedef struct {
    uint planes, h, w, out_h, out_w, kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, padding;
    int pad_h, pad_w, end_h, end_w; /* where the padding behind ends */
    uint columns, with_indices;
} Params;

/* As far as an item goes down its columns. */
#if LANES == 16
#define DOWN 4
#else
#define DOWN 1
#endif

#define COLUMN                                                                                               \
    const uint blocks = (p.out_w + LANES - 1) / LANES, column = (uint)get_global_id(0) % blocks * LANES;     \
    const uint top = (uint)get_global_id(0) / blocks * DOWN, end = min(top + DOWN, p.planes * p.out_h);      \
    const uint left = p.out_w - column;                                                                      \
    const int u0 = (int)(column * p.stride_w) - p.pad_w;                                                     \
    const bool all_in = in_plane(u0, left, &p);

/* A row of it: the first element's place in the result, and the rows of X that its windows begin with. */
#define OUTPUT                                                                                               \
    const uint plane = row / p.out_h, i = row * p.out_w + column;                                            \
    const int v0 = (int)(row % p.out_h * p.stride_h) - p.pad_h;

/* Lanes of X from `at` on, a stride apart. Those outside of the plane hold anything; outside of the tensor nothing is read. */
#if LANES == 16
V taps(__global const elem *x, int at, const Params *p);
V taps(__global const elem *x, int at, const Params *p) {
    const int s = (int)p->stride_w, last = (int)(p->planes * p->h * p->w) - 1;
    if (at >= 0 && at + 15 * s <= last && s == 1)
        return LOADV(16, x + at);
    if (at >= 0 && at + 15 * s <= last && s == 2)
        return (V)(LOADV(16, x + at).even, LOADV(16, x + at + 15).odd);
    real all[LANES];
    for (int l = 0; l < LANES; l++)
        all[l] = LOAD(x, clamp(at + l * s, 0, last));
    return LANES_OF(all);
}
#else
#define taps(x, at, p) LOAD(x, at)
#endif

/* The windows' elements in order: `u`, their columns; `e`, for lanes that are `in` the plane. Where all lanes that count
 * are, as the caller says, there is nothing to ask. */
#define FIRST_COLUMN(ku) (u0 + (int)((ku) * p->dilation_w))
#define COLUMNS(ku) ((M)FIRST_COLUMN(ku) + IOTA * (M)(int)p->stride_w)
#define IN_PLANE(u) (((u) >= 0) & ((u) < (M)(int)p->w))
bool in_plane(int u0, uint left, const Params *p);
bool in_plane(int u0, uint left, const Params *p) {
    return u0 >= 0 && FIRST_COLUMN(p->kernel_w - 1) + (int)((min(left, (uint)LANES) - 1) * p->stride_w) < (int)p->w;
}

/* A copy for each answer to `all_in`. */
#define FOR_EACH __attribute__((always_inline))

/* The largest element of each lane's window and its place in the plane, -1 where the window has none; the first of equals, a
 * NaN before numbers. */
FOR_EACH V largest(__global const elem *x, uint plane, int v0, int u0, bool all_in, const Params *p, M *place);
V largest(__global const elem *x, uint plane, int v0, int u0, bool all_in, const Params *p, M *place) {
    V best = -INFINITY;
    *place = -1;
    for (uint kv = 0; kv < p->kernel_h; kv++) {
        const int v = v0 + (int)(kv * p->dilation_h);
        if ((uint)v >= p->h)
            continue;
        const int at = (int)((plane * p->h + (uint)v) * p->w);
        for (uint ku = 0; ku < p->kernel_w; ku++) {
            const M u = COLUMNS(ku);
            if (!all_in && !ANY(IN_PLANE(u)))
                continue;
            const V e = taps(x, at + FIRST_COLUMN(ku), p);
            M better = (*place < 0) | (!(e <= best) & (best == best));
            if (!all_in)
                better &= IN_PLANE(u);
            best = better ? e : best;
            *place = better ? (p->columns ? v + (M)(int)p->h * u : v * (M)(int)p->w + u) : *place;
        }
    }
    return best;
}

#if LANES == 16
/* The same for windows of two by two, two apart, in a plane: of X from x on, where w is its width. The first place is given, and
 * how far it is to the next column and row. */
V largest_of_four(__global const elem *x, uint w, M first, int right, int below, M *place);
V largest_of_four(__global const elem *x, uint w, M first, int right, int below, M *place) {
    const V a = LOADV(16, x), b = LOADV(16, x + 16), c = LOADV(16, x + w), d = LOADV(16, x + w + 16);
    V best = (V)(a.even, b.even);
    M at = first, better;
#define MEET(e, where)                                                                                       \
    better = !((e) <= best) & (best == best);                                                                \
    best = better ? (e) : best;                                                                              \
    at = better ? (where) : at;
    MEET((V)(a.odd, b.odd), first + right)
    MEET((V)(c.even, d.even), first + below)
    MEET((V)(c.odd, d.odd), first + (right + below))
    *place = at;
    return best;
}
#endif

__kernel void max_pool(__global const elem *x, ulong xo, __global elem *y, ulong yo, __global long *indices, ulong io,
                       Params p) {
    COLUMN
    x += xo;
#if LANES == 16
    const bool twos = all_in && p.kernel_h == 2 && p.kernel_w == 2 && p.stride_w == 2 && p.dilation_h == 1 && p.dilation_w == 1;
    const int right = p.columns ? (int)p.h : 1, below = p.columns ? 1 : (int)p.w;
#endif
    for (uint row = top; row < end; row++) {
        OUTPUT
        V best;
        M place;
#if LANES == 16
        const uint at = (plane * p.h + (uint)v0) * p.w + (uint)u0;
        if (twos && v0 >= 0 && v0 + 1 < (int)p.h && at + p.w + 32 <= p.planes * p.h * p.w)
            best = largest_of_four(x + at, p.w, (M)(v0 * below) + (u0 + IOTA * 2) * right, right, below, &place);
        else
#endif
            best = all_in ? largest(x, plane, v0, u0, true, &p, &place) : largest(x, plane, v0, u0, false, &p, &place);
        put(y + yo + i, left, best);
        if (p.with_indices)
            put_long(indices + io + i, left, (int)(plane * p.h * p.w) + LONG(place < 0 ? (M)0 : place));
    }
}

/* The gradients of a plane's maxima in the order of the windows. Each of the items that share it adds what belongs to every
 * SHARE-th of its places; h and w are those of X, out_h and out_w of dY. */
#ifdef CPU
#define SHARE 1
#else
#define SHARE 64
#endif
__kernel void max_pool_grad(__global const elem *dy, ulong dyo, __global const long *indices, ulong io,
                            __global real *dx, ulong dxo, __global uint *fault, ulong tag, Params p) {
    const uint plane = (uint)get_global_id(0) / SHARE, t = (uint)get_global_id(0) % SHARE;
    const uint inputs = p.h * p.w, outputs = p.out_h * p.out_w;
    if (plane >= p.planes)
        return;
    dx += dxo + plane * inputs;
    dy += dyo + plane * outputs;
    for (uint k = t; k < inputs; k += SHARE)
        dx[k] = 0;
    for (uint k = 0; k < outputs; k++) {
        long at = indices[io + plane * outputs + k] - (long)plane * inputs;
        if (in_range(fault, tag, &at, inputs, false) && (uint)at % SHARE == t)
            dx[at] += LOAD(dy, k);
    }
}

/* What was added in reals, as elements. */
__kernel void narrow(__global const real *x, ulong xo, __global elem *y, ulong yo, Params p) {
    const uint i = (uint)get_global_id(0);
    if (i < p.planes * p.h * p.w)
        STORE(y, yo + i, x[xo + i]);
}

/* How many of n places that begin at `first` and are `step` apart lie in [from, to). */
int inside(int first, int n, int step, int from, int to);
int inside(int first, int n, int step, int from, int to) {
    if (first >= from && first + (n - 1) * step < to)
        return n;
    const int skipped = first < from ? (from - first + step - 1) / step : 0;
    const int end = first < to ? min(n, (to - first + step - 1) / step) : 0;
    return max(end - skipped, 0);
}

/* How many elements the window averages over whose first place is v, or u, in its dimension. */
#define ROWS_OF(v)                                                                                           \
    inside(v, (int)p.kernel_h, (int)p.dilation_h, p.padding ? -p.pad_h : 0, p.padding ? p.end_h : (int)p.h)
#define COLUMNS_OF(u)                                                                                        \
    inside(u, (int)p.kernel_w, (int)p.dilation_w, p.padding ? -p.pad_w : 0, p.padding ? p.end_w : (int)p.w)

/* The windows' sums, row by row. */
FOR_EACH V sum_of(__global const elem *x, uint plane, int v0, int u0, bool all_in, const Params *p);
V sum_of(__global const elem *x, uint plane, int v0, int u0, bool all_in, const Params *p) {
    V sum = 0;
    for (uint kv = 0; kv < p->kernel_h; kv++) {
        const int v = v0 + (int)(kv * p->dilation_h);
        if ((uint)v >= p->h)
            continue;
        const int at = (int)((plane * p->h + (uint)v) * p->w);
        for (uint ku = 0; ku < p->kernel_w; ku++) {
            const M u = COLUMNS(ku);
            if (!all_in && !ANY(IN_PLANE(u)))
                continue;
            const V e = taps(x, at + FIRST_COLUMN(ku), p);
            sum += all_in ? e : IN_PLANE(u) ? e : (V)0;
        }
    }
    return sum;
}

__kernel void average_pool(__global const elem *x, ulong xo, __global elem *y, ulong yo, Params p) {
    COLUMN
    V columns = all_in ? (V)p.kernel_w : (V)0;
    for (uint ku = 0; ku < p.kernel_w && !all_in; ku++) {
        const M u = (M)(u0 + (int)(ku * p.dilation_w)) + IOTA * (M)(int)p.stride_w;
        const M counts = (u >= (M)(p.padding ? -p.pad_w : 0)) & (u < (M)(p.padding ? p.end_w : (int)p.w));
        columns += counts ? (V)1 : (V)0;
    }
    for (uint row = top; row < end; row++) {
        OUTPUT
        const V sum = all_in ? sum_of(x + xo, plane, v0, u0, true, &p) : sum_of(x + xo, plane, v0, u0, false, &p);
        const V n = columns * (V)ROWS_OF(v0);
        put(y + yo + i, left, sum / (n < 1 ? (V)1 : n));
    }
}

#ifdef CPU
/* One item a piece of a row of dX, to which it adds what each window of the rows that reach it gives. */
#define PIECE 64
__kernel void average_pool_grad(__global const elem *dy, ulong dyo, __global elem *dx, ulong dxo, Params p) {
    const uint pieces = (p.w + PIECE - 1) / PIECE, row = (uint)get_global_id(0) / pieces, plane = row / p.h;
    const int begin = (int)((uint)get_global_id(0) % pieces * PIECE), n = min(PIECE, (int)p.w - begin);
    const int reach = (int)((p.kernel_w - 1) * p.dilation_w), s = (int)p.stride_w;
    if (plane >= p.planes)
        return;
    real sum[PIECE];
    for (int k = 0; k < n; k++)
        sum[k] = 0;
    for (uint kv = 0; kv < p.kernel_h; kv++) {
        const int a = (int)(row % p.h) + p.pad_h - (int)(kv * p.dilation_h), ov = a / (int)p.stride_h;
        if (a < 0 || a % (int)p.stride_h || ov >= (int)p.out_h)
            continue;
        const real rows = ROWS_OF(a - p.pad_h);
        __global const elem *from = dy + dyo + (plane * p.out_h + (uint)ov) * p.out_w;
        const int lowest = max(0, begin + p.pad_w - reach + s - 1) / s;
        for (int ou = lowest; ou < (int)p.out_w && ou * s - p.pad_w < begin + n; ou++) {
            const int u = ou * s - p.pad_w - begin;
            const real g = LOAD(from, ou) / max(rows * COLUMNS_OF(u + begin), R(1.0));
            for (int ku = 0; ku <= reach; ku += (int)p.dilation_w)
                if (u + ku >= 0 && u + ku < n)
                    sum[u + ku] += g;
        }
    }
    for (int k = 0; k < n; k++)
        STORE(dx, dxo + row * p.w + (uint)begin + (uint)k, sum[k]);
}
#else
/* One item an element of dX: the windows that hold it. */
__kernel void average_pool_grad(__global const elem *dy, ulong dyo, __global elem *dx, ulong dxo, Params p) {
    const uint i = (uint)get_global_id(0), plane = i / p.w / p.h;
    if (plane >= p.planes)
        return;
    const int v = (int)(i / p.w % p.h) + p.pad_h, u = (int)(i % p.w) + p.pad_w;
    real sum = 0;
    dy += dyo + plane * p.out_h * p.out_w;
    for (uint kv = 0; kv < p.kernel_h; kv++)
        for (uint ku = 0; ku < p.kernel_w; ku++) {
            const int a = v - (int)(kv * p.dilation_h), b = u - (int)(ku * p.dilation_w);
            if (a < 0 || b < 0 || a % (int)p.stride_h || b % (int)p.stride_w)
                continue;
            const uint ov = (uint)a / p.stride_h, ou = (uint)b / p.stride_w;
            if (ov < p.out_h && ou < p.out_w)
                sum += LOAD(dy, ov * p.out_w + ou) / max(ROWS_OF(a - p.pad_h) * COLUMNS_OF(b - p.pad_w), 1);
        }
    STORE(dx, dxo + i, sum);
}
#endif
