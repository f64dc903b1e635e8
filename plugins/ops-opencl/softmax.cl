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

float largest(__global const float *x, const Params *p);
float largest(__global const float *x, const Params *p) {
    float most = -INFINITY;
    for (uint k = 0; k < p->n; k++)
        most = x[k * p->inner] > most || x[k * p->inner] != x[k * p->inner] ? x[k * p->inner] : most;
    return most;
}

float sum_exp(__global const float *x, const Params *p, float most);
float sum_exp(__global const float *x, const Params *p, float most) {
    float sum = 0;
    for (uint k = 0; k < p->n; k++)
        sum += exp(x[k * p->inner] - most);
    return sum;
}

__kernel void softmax(__global const float *x, ulong xo, __global float *y, ulong yo, Params p) {
    ROW
    const float most = largest(x + xo + at, &p), sum = sum_exp(x + xo + at, &p, most);
    for (uint k = 0; k < p.n; k++)
        y[yo + at + k * p.inner] = exp(x[xo + at + k * p.inner] - most) / sum;
}

__kernel void log_softmax(__global const float *x, ulong xo, __global float *y, ulong yo, Params p) {
    ROW
    const float most = largest(x + xo + at, &p), norm = log(sum_exp(x + xo + at, &p, most));
    for (uint k = 0; k < p.n; k++)
        y[yo + at + k * p.inner] = x[xo + at + k * p.inner] - most - norm;
}

__kernel void softmax_grad(__global const float *dy, ulong dyo, __global const float *y, ulong yo, __global float *dx,
                           ulong dxo, Params p) {
    ROW
    float sum = 0;
    for (uint k = 0; k < p.n; k++)
        sum += dy[dyo + at + k * p.inner] * y[yo + at + k * p.inner];
    for (uint k = 0; k < p.n; k++)
        dx[dxo + at + k * p.inner] = y[yo + at + k * p.inner] * (dy[dyo + at + k * p.inner] - sum);
}

__kernel void log_softmax_grad(__global const float *dy, ulong dyo, __global const float *y, ulong yo,
                               __global float *dx, ulong dxo, Params p) {
    ROW
    float sum = 0;
    for (uint k = 0; k < p.n; k++)
        sum += dy[dyo + at + k * p.inner];
    for (uint k = 0; k < p.n; k++)
        dx[dxo + at + k * p.inner] = dy[dyo + at + k * p.inner] - exp(y[yo + at + k * p.inner]) * sum;
}

/* ---- the loss: rows are positions ---- */

/* The label of a position and its weight, which is 0 for one that does not count. */
float label_of(__global const I *labels, __global const float *weights, uint i, const Params *p, __global uint *fault,
               ulong tag, uint *label);
float label_of(__global const I *labels, __global const float *weights, uint i, const Params *p, __global uint *fault,
               ulong tag, uint *label) {
    long given = labels[i];
    *label = 0;
    if ((p->ignores && given == (long)((ulong)(uint)p->ignored[0] | (ulong)(uint)p->ignored[1] << 32)) ||
        !in_range(fault, tag, &given, p->n, false))
        return 0;
    *label = (uint)given;
    return p->weighted ? weights[given] : 1;
}

/* Loss and weight of each position. */
__kernel void positions(__global const float *lp, ulong lpo, __global const I *labels, ulong lo,
                        __global const float *weights, ulong wo, __global uint *fault, ulong tag, __global float *loss,
                        ulong losso, __global float *weight, ulong weighto, Params p) {
    ROW
    uint label;
    const float w = label_of(labels + lo, weights + wo, i, &p, fault, tag, &label);
    loss[losso + i] = w == 0 ? 0 : -w * lp[lpo + at + label * p.inner];
    weight[weighto + i] = w;
}

/* The sum of the losses over that of the weights, or alone, in a fixed order. */
#define GROUP 64
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void total(__global const float *loss, ulong losso,
                                                                         __global const float *weight, ulong weighto,
                                                                         __global float *y, ulong yo, Params p) {
    __local float a[GROUP], b[GROUP];
    const uint t = (uint)get_local_id(0), n = p.outer * p.inner;
    float sum = 0, all = 0;
    for (uint k = t; k < n; k += GROUP) {
        sum += loss[losso + k];
        all += weight[weighto + k];
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
    if (t == 0)
        y[yo] = p.mean ? a[0] / b[0] : a[0];
}

/* The weights of all positions, summed where the mean wants it; then the gradient of each row. */
__kernel void weights_of(__global const I *labels, ulong lo, __global const float *weights, ulong wo,
                         __global uint *fault, ulong tag, __global float *weight, ulong weighto, Params p) {
    ROW
    uint label;
    (void)at;
    weight[weighto + i] = label_of(labels + lo, weights + wo, i, &p, fault, tag, &label);
}

__kernel void loss_grad(__global const float *dy, ulong dyo, __global const float *lp, ulong lpo,
                        __global const I *labels, ulong lo, __global const float *weight, ulong weighto,
                        __global const float *all, ulong allo, __global float *dx, ulong dxo, Params p) {
    ROW
    const long label = labels[lo + i];
    const float w = weight[weighto + i];
    float scale = w * dy[dyo + (p.none ? i : 0)];
    if (p.mean)
        scale /= all[allo];
    for (uint k = 0; k < p.n; k++)
        dx[dxo + at + k * p.inner] = w == 0 ? 0 : scale * (exp(lp[lpo + at + k * p.inner]) - (k == label ? 1 : 0));
}
