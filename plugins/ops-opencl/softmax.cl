/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax, its logarithm, their gradients and the loss on top. Tensors are [outer, n, inner]; an item makes a row. */
typedef struct {
    uint outer, n, inner, mean, none, weighted, ignores;
    int ignored[2];
} Params;

#define ROW                                                                                                  \
    const uint i = (uint)get_global_id(0);                                                                   \
    if (i >= p.outer * p.inner)                                                                              \
        return;                                                                                              \
    const ulong at = (ulong)(i / p.inner) * p.n * p.inner + i % p.inner;

real largest(__global const elem *x, const Params *p);
real largest(__global const elem *x, const Params *p) {
    real most = -INFINITY;
    for (uint k = 0; k < p->n; k++) {
        const real v = LOAD(x, k * p->inner);
        most = v > most || v != v ? v : most;
    }
    return most;
}

real sum_exp(__global const elem *x, const Params *p, real most);
real sum_exp(__global const elem *x, const Params *p, real most) {
    real sum = 0;
    for (uint k = 0; k < p->n; k++)
        sum += exp(LOAD(x, k * p->inner) - most);
    return sum;
}

__kernel void softmax(__global const elem *x, ulong xo, __global elem *y, ulong yo, Params p) {
    ROW
    const real most = largest(x + xo + at, &p), sum = sum_exp(x + xo + at, &p, most);
    for (uint k = 0; k < p.n; k++)
        STORE(y, yo + at + k * p.inner, exp(LOAD(x, xo + at + k * p.inner) - most) / sum);
}

__kernel void log_softmax(__global const elem *x, ulong xo, __global elem *y, ulong yo, Params p) {
    ROW
    const real most = largest(x + xo + at, &p), norm = log(sum_exp(x + xo + at, &p, most));
    for (uint k = 0; k < p.n; k++)
        STORE(y, yo + at + k * p.inner, LOAD(x, xo + at + k * p.inner) - most - norm);
}

__kernel void softmax_grad(__global const elem *dy, ulong dyo, __global const elem *y, ulong yo, __global elem *dx,
                           ulong dxo, Params p) {
    ROW
    real sum = 0;
    for (uint k = 0; k < p.n; k++)
        sum += LOAD(dy, dyo + at + k * p.inner) * LOAD(y, yo + at + k * p.inner);
    for (uint k = 0; k < p.n; k++)
        STORE(dx, dxo + at + k * p.inner,
              LOAD(y, yo + at + k * p.inner) * (LOAD(dy, dyo + at + k * p.inner) - sum));
}

__kernel void log_softmax_grad(__global const elem *dy, ulong dyo, __global const elem *y, ulong yo,
                               __global elem *dx, ulong dxo, Params p) {
    ROW
    real sum = 0;
    for (uint k = 0; k < p.n; k++)
        sum += LOAD(dy, dyo + at + k * p.inner);
    for (uint k = 0; k < p.n; k++)
        STORE(dx, dxo + at + k * p.inner,
              LOAD(dy, dyo + at + k * p.inner) - exp(LOAD(y, yo + at + k * p.inner)) * sum);
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

/* Loss and weight of each position. */
__kernel void positions(__global const elem *lp, ulong lpo, __global const I *labels, ulong lo,
                        __global const elem *weights, ulong wo, __global uint *fault, ulong tag, __global elem *loss,
                        ulong losso, __global elem *weight, ulong weighto, Params p) {
    ROW
    uint label;
    const real w = label_of(labels + lo, weights + wo, i, &p, fault, tag, &label);
    STORE(loss, losso + i, w == 0 ? 0 : -w * LOAD(lp, lpo + at + label * p.inner));
    STORE(weight, weighto + i, w);
}

/* The sums of n losses and of n weights, each in a fixed order, for the first item of the group. */
#define GROUP 64
real2 sums(__global const elem *loss, __global const elem *weight, uint n, __local real *a, __local real *b);
real2 sums(__global const elem *loss, __global const elem *weight, uint n, __local real *a, __local real *b) {
    const uint t = (uint)get_local_id(0);
    real sum = 0, all = 0;
    for (uint k = t; k < n; k += GROUP) {
        sum += LOAD(loss, k);
        all += LOAD(weight, k);
    }
    a[t] = sum;
    b[t] = all;
    for (uint reach = GROUP / 2; reach > 0; reach /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (t < reach) {
            a[t] += a[t + reach];
            b[t] += b[t + reach];
        }
    }
    return (real2)(a[0], b[0]);
}

/* The sum of the losses over that of the weights, or alone. */
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void total(__global const elem *loss, ulong losso,
                                                                         __global const elem *weight, ulong weighto,
                                                                         __global elem *y, ulong yo, Params p) {
    __local real a[GROUP], b[GROUP];
    const real2 s = sums(loss + losso, weight + weighto, p.outer * p.inner, a, b);
    if (get_local_id(0) == 0)
        STORE(y, yo, p.mean ? s.x / s.y : s.x);
}

/* The weights of all positions, summed where the mean wants it; then the gradient of each row. */
__kernel void weights_of(__global const I *labels, ulong lo, __global const elem *weights, ulong wo,
                         __global uint *fault, ulong tag, __global elem *weight, ulong weighto, Params p) {
    ROW
    uint label;
    (void)at;
    STORE(weight, weighto + i, label_of(labels + lo, weights + wo, i, &p, fault, tag, &label));
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void total_weight(__global const elem *weight,
                                                                                ulong weighto, __global real *all,
                                                                                ulong allo, Params p) {
    __local real a[GROUP], b[GROUP];
    const real2 s = sums(weight + weighto, weight + weighto, p.outer * p.inner, a, b);
    if (get_local_id(0) == 0)
        all[allo] = s.x;
}

__kernel void loss_grad(__global const elem *dy, ulong dyo, __global const elem *lp, ulong lpo,
                        __global const I *labels, ulong lo, __global const elem *weight, ulong weighto,
                        __global const real *all, ulong allo, __global elem *dx, ulong dxo, Params p) {
    ROW
    const long label = labels[lo + i];
    const real w = LOAD(weight, weighto + i);
    real scale = w * LOAD(dy, dyo + (p.none ? i : 0));
    if (p.mean)
        scale /= all[allo];
    for (uint k = 0; k < p.n; k++)
        STORE(dx, dxo + at + k * p.inner,
              w == 0 ? 0 : scale * (exp(LOAD(lp, lpo + at + k * p.inner)) - (k == label ? 1 : 0)));
}
