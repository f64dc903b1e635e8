/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Softmax, its logarithm, their gradients and the loss on top. Tensors are [outer, n, inner]. With -DROWS, where inner is 1, an
 * item makes a row, vector by vector, or a group does (-DGROUPS); otherwise an item makes as many neighbouring columns as
 * it has lanes.
 */
typedef struct {
    uint outer, n, inner, mean, none, weighted, ignores, groups;
    int ignored[2];
} Params;

#define GROUP 64
#define ADD(a, b) ((a) + (b))
#define LARGER(a, b) ((b) > (a) ? (b) : (a))
real sum_of(V v);
real sum_of(V v) {
    FOLD(ADD, v, sum);
    return sum;
}
real largest_of(V v);
real largest_of(V v) {
    FOLD(LARGER, v, largest);
    return largest;
}

/* `row`, the place of its element `at`, and its elements: EACH walks over k, LEFT is how many there are from k on, CLASS
 * the class of a lane. */
#if defined(ROWS) && defined(GROUPS)
#define KERNEL __kernel __attribute__((reqd_work_group_size(GROUP, 1, 1)))
#define ROW                                                                                                  \
    __local real part[GROUP];                                                                                \
    const uint row = (uint)get_group_id(0), at = row * p.n;
#define EACH for (uint k = (uint)get_local_id(0); k < p.n; k += GROUP)
#define WHERE(k) (at + (k))
#define LEFT(k) 1
#define CLASS(k) (k)
real over_group(real v, __local real *part, bool adds);
real over_group(real v, __local real *part, bool adds) {
    const uint t = (uint)get_local_id(0);
    barrier(CLK_LOCAL_MEM_FENCE);
    part[t] = v;
    for (uint reach = GROUP / 2; reach > 0; reach /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (t < reach)
            part[t] = adds ? part[t] + part[t + reach] : LARGER(part[t], part[t + reach]);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    return part[0];
}
#define TOTAL(v) over_group(v, part, true)
#define LARGEST(v) over_group(v, part, false)
#elif defined(ROWS)
#define KERNEL __kernel
#define ROW                                                                                                  \
    const uint row = (uint)get_global_id(0), at = row * p.n;                                                 \
    if (row >= p.outer)                                                                                      \
        return;
#define EACH for (uint k = 0; k < p.n; k += LANES)
#define WHERE(k) (at + (k))
#define LEFT(k) (p.n - (k))
#define CLASS(k) ((M)(k) + IOTA)
#define TOTAL(v) sum_of(v)
#define LARGEST(v) largest_of(v)
#else
#define KERNEL __kernel
#define ROW                                                                                                  \
    const uint blocks = (p.inner + LANES - 1) / LANES, outer = (uint)get_global_id(0) / blocks,              \
               column = (uint)get_global_id(0) % blocks * LANES, row = outer * p.inner + column,             \
               at = outer * p.n * p.inner + column;                                                          \
    if (outer >= p.outer)                                                                                    \
        return;
#define EACH for (uint k = 0; k < p.n; k++)
#define WHERE(k) (at + (k) * p.inner)
#define LEFT(k) (p.inner - column)
#define CLASS(k) ((M)(k))
#define TOTAL(v) (v)
#define LARGEST(v) (v)
#endif
#define ALL (p.outer * p.n * p.inner)
#define GET(x, k, fill) get((x) + (x##o) + WHERE(k), LEFT(k), ALL - WHERE(k), fill)
#define PUT(y, k, v) put((y) + (y##o) + WHERE(k), LEFT(k), v)

KERNEL void softmax(__global const elem *x, ulong xo, __global elem *y, ulong yo, Params p) {
    ROW
    V top = -INFINITY, sum = 0;
    EACH top = LARGER(top, GET(x, k, -INFINITY));
    const V most = LARGEST(top);
    EACH {
        const V e = exp(GET(x, k, -INFINITY) - most);
        sum += e;
#ifndef REAL_F16
        PUT(y, k, e);
#endif
    }
    const V total = TOTAL(sum);
#ifdef REAL_F16 /* which would be rounded twice */
    EACH PUT(y, k, exp(GET(x, k, 0) - most) / total);
#else
    EACH PUT(y, k, GET(y, k, 0) / total);
#endif
}

KERNEL void log_softmax(__global const elem *x, ulong xo, __global elem *y, ulong yo, Params p) {
    ROW
    V top = -INFINITY, sum = 0;
    EACH top = LARGER(top, GET(x, k, -INFINITY));
    const V most = LARGEST(top);
    EACH sum += exp(GET(x, k, -INFINITY) - most);
    const V norm = log((V)TOTAL(sum));
    EACH PUT(y, k, GET(x, k, 0) - most - norm);
}

KERNEL void softmax_grad(__global const elem *dy, ulong dyo, __global const elem *y, ulong yo, __global elem *dx,
                         ulong dxo, Params p) {
    ROW
    V sum = 0;
    EACH sum += GET(dy, k, 0) * GET(y, k, 0);
    const V total = TOTAL(sum);
    EACH PUT(dx, k, GET(y, k, 0) * (GET(dy, k, 0) - total));
}

KERNEL void log_softmax_grad(__global const elem *dy, ulong dyo, __global const elem *y, ulong yo, __global elem *dx,
                             ulong dxo, Params p) {
    ROW
    V sum = 0;
    EACH sum += GET(dy, k, 0);
    const V total = TOTAL(sum);
    EACH PUT(dx, k, GET(dy, k, 0) - exp(GET(y, k, 0)) * total);
}

/* ---- the loss: rows are positions ---- */

/* The label of a position and its weight, which is 0 for one that does not count. */
real label_of(__global const I *labels, __global const elem *weights, uint i, const Params *p, __global uint *fault,
              ulong tag, uint *label);
real label_of(__global const I *labels, __global const elem *weights, uint i, const Params *p, __global uint *fault,
              ulong tag, uint *label) {
    long given = labels[i];
    *label = 0;
    if ((p->ignores && given == (long)((ulong)(uint)p->ignored[0] | (ulong)(uint)p->ignored[1] << 32)) ||
        !in_range(fault, tag, &given, p->n, false))
        return 0;
    *label = (uint)given;
    return p->weighted ? LOAD(weights, given) : 1;
}

#define LABELS                                                                                               \
    __global const I *labels, ulong lo, __global const elem *weights, ulong wo, __global uint *fault, ulong tag
#define LABEL_OF(i, label) label_of(labels + lo, weights + wo, i, &p, fault, tag, label)

/* The loss of each position, from the logarithms of the probabilities. */
real loss_of(__global const elem *lp, uint i, const Params *p, real w, uint label);
real loss_of(__global const elem *lp, uint i, const Params *p, real w, uint label) {
    return w == 0 ? 0 : -w * LOAD(lp, i / p->inner * p->n * p->inner + label * p->inner + i % p->inner);
}

__kernel void loss_each(__global const elem *lp, ulong lpo, LABELS, __global elem *y, ulong yo, Params p) {
    const uint i = (uint)get_global_id(0);
    if (i >= p.outer * p.inner)
        return;
    uint label;
    const real w = LABEL_OF(i, &label);
    STORE(y, yo + i, loss_of(lp + lpo, i, &p, w, label));
}

/* A pair of sums over a group, for its first item. */
real2 pair_over_group(real x, real y, __local real2 *part);
real2 pair_over_group(real x, real y, __local real2 *part) {
    const uint t = (uint)get_local_id(0);
    part[t] = (real2)(x, y);
    for (uint reach = GROUP / 2; reach > 0; reach /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (t < reach)
            part[t] += part[t + reach];
    }
    return part[t];
}

/* Losses and weights in a fixed order: the result, where one group adds all; else a pair for each group. Without log
 * probabilities it is the weights alone. */
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void loss_sums(__global const elem *lp, ulong lpo, LABELS,
                                                                             __global real2 *sums, ulong so,
                                                                             __global elem *y, ulong yo, Params p) {
    __local real2 part[GROUP];
    real loss = 0, all = 0;
    for (uint i = (uint)get_global_id(0); i < p.outer * p.inner; i += (uint)get_global_size(0)) {
        uint label;
        const real w = LABEL_OF(i, &label);
        all += w;
        if (lp)
            loss += loss_of(lp + lpo, i, &p, w, label);
    }
    const real2 s = pair_over_group(loss, all, part);
    if (get_local_id(0) == 0 && y)
        STORE(y, yo, p.mean ? s.x / s.y : s.x);
    else if (get_local_id(0) == 0)
        sums[so + get_group_id(0)] = s;
}

__kernel void loss_total(__global const real2 *sums, ulong so, __global elem *y, ulong yo, Params p) {
    real2 s = 0;
    for (uint k = 0; k < p.groups; k++)
        s += sums[so + k];
    STORE(y, yo, p.mean ? s.x / s.y : s.x);
}

/* scale * (softmax - one hot); the mean's scale has the sum of the weights, or the number of positions without groups. */
KERNEL void loss_grad(__global const elem *dy, ulong dyo, __global const elem *lp, ulong lpo, LABELS,
                      __global const real2 *sums, ulong so, __global elem *dx, ulong dxo, Params p) {
    ROW
    real all = p.mean ? p.groups > 0 ? 0 : p.outer * p.inner : 1;
    for (uint k = 0; p.mean && k < p.groups; k++)
        all += sums[so + k].y;
#ifdef ROWS
    uint label;
    const real w = LABEL_OF(row, &label), scale = w * LOAD(dy, dyo + (p.none ? row : 0)) / all;
#else
    real scales[LANES], ws[LANES];
    whole places[LANES];
    for (uint l = 0; l < LANES; l++) {
        const uint i = l < p.inner - column ? row + l : row;
        uint place;
        ws[l] = LABEL_OF(i, &place);
        scales[l] = ws[l] * LOAD(dy, dyo + (p.none ? i : 0)) / all;
        places[l] = (whole)place;
    }
    const V w = LANES_OF(ws), scale = LANES_OF(scales);
    const M label = LANES_OF(places);
#endif
    EACH {
        const V hit = CLASS(k) == (M)label ? (V)1 : (V)0;
        PUT(dx, k, (V)w == 0 ? (V)0 : scale * (exp(GET(lp, k, 0)) - hit));
    }
}
