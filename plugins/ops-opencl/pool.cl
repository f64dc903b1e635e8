/* SPDX-License-Identifier: Apache-2.0 */
/* Pools over planes [planes, h, w] -> [planes, out_h, out_w], and their gradients. */
typedef struct {
    uint planes, h, w, out_h, out_w, kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, padding;
    int pad_h, pad_w, end_h, end_w; /* where the padding behind ends */
    uint columns, with_indices;
} Params;

/* Items come in rows of the result. */
#define OUTPUT                                                                                               \
    const uint column = (uint)get_global_id(0), row = (uint)get_global_id(1), plane = row / p.out_h;         \
    if (column >= p.out_w)                                                                                   \
        return;                                                                                              \
    const uint i = row * p.out_w + column;                                                                   \
    const int v0 = (int)(row % p.out_h * p.stride_h) - p.pad_h, u0 = (int)(column * p.stride_w) - p.pad_w;

__kernel void max_pool(__global const float *x, ulong xo, __global float *y, ulong yo, __global long *indices, ulong io,
                       Params p) {
    OUTPUT
    float best = -INFINITY;
    int best_v = -1, best_u = 0;
    x += xo + (ulong)plane * p.h * p.w;
    for (uint kv = 0; kv < p.kernel_h; kv++)
        for (uint ku = 0; ku < p.kernel_w; ku++) {
            const int v = v0 + (int)(kv * p.dilation_h), u = u0 + (int)(ku * p.dilation_w);
            if ((uint)v >= p.h || (uint)u >= p.w)
                continue;
            const float e = x[(uint)v * p.w + (uint)u];
            if (best_v >= 0 && !(e > best) && !(e != e && best == best))
                continue;
            best = e;
            best_v = v;
            best_u = u;
        }
    y[yo + i] = best;
    if (p.with_indices)
        indices[io + i] = (long)plane * p.h * p.w +
                          (best_v < 0 ? 0 : p.columns ? best_v + (int)p.h * best_u : best_v * (int)p.w + best_u);
}

/* One item a plane, in the order of the windows; h and w are those of X, out_h and out_w of dY. */
__kernel void max_pool_grad(__global const float *dy, ulong dyo, __global const long *indices, ulong io,
                            __global float *dx, ulong dxo, __global uint *fault, ulong tag, Params p) {
    const uint plane = (uint)get_global_id(0), inputs = p.h * p.w, outputs = p.out_h * p.out_w;
    if (plane >= p.planes)
        return;
    dx += dxo + (ulong)plane * inputs;
    for (uint k = 0; k < inputs; k++)
        dx[k] = 0;
    for (uint k = 0; k < outputs; k++) {
        long at = indices[io + (ulong)plane * outputs + k] - (long)plane * inputs;
        if (in_range(fault, tag, &at, inputs, false))
            dx[at] += dy[dyo + (ulong)plane * outputs + k];
    }
}

/* How many elements a window averages over. */
float divisor(int v0, int u0, const Params *p);
float divisor(int v0, int u0, const Params *p) {
    uint rows = 0, columns = 0;
    for (uint k = 0; k < p->kernel_h; k++) {
        const int v = v0 + (int)(k * p->dilation_h);
        rows += p->padding ? v >= -p->pad_h && v < p->end_h : (uint)v < p->h;
    }
    for (uint k = 0; k < p->kernel_w; k++) {
        const int u = u0 + (int)(k * p->dilation_w);
        columns += p->padding ? u >= -p->pad_w && u < p->end_w : (uint)u < p->w;
    }
    return max(rows * columns, 1u);
}

__kernel void average_pool(__global const float *x, ulong xo, __global float *y, ulong yo, Params p) {
    OUTPUT
    float sum = 0;
    x += xo + (ulong)plane * p.h * p.w;
    for (uint kv = 0; kv < p.kernel_h; kv++)
        for (uint ku = 0; ku < p.kernel_w; ku++) {
            const int v = v0 + (int)(kv * p.dilation_h), u = u0 + (int)(ku * p.dilation_w);
            if ((uint)v < p.h && (uint)u < p.w)
                sum += x[(uint)v * p.w + (uint)u];
        }
    y[yo + i] = sum / divisor(v0, u0, &p);
}

/* One item an element of dX: the windows that hold it. */
__kernel void average_pool_grad(__global const float *dy, ulong dyo, __global float *dx, ulong dxo, Params p) {
    const uint i = (uint)get_global_id(0), plane = i / p.w / p.h;
    if (plane >= p.planes)
        return;
    const int v = (int)(i / p.w % p.h) + p.pad_h, u = (int)(i % p.w) + p.pad_w;
    float sum = 0;
    dy += dyo + (ulong)plane * p.out_h * p.out_w;
    for (uint kv = 0; kv < p.kernel_h; kv++)
        for (uint ku = 0; ku < p.kernel_w; ku++) {
            const int a = v - (int)(kv * p.dilation_h), b = u - (int)(ku * p.dilation_w);
            if (a < 0 || b < 0 || a % (int)p.stride_h || b % (int)p.stride_w)
                continue;
            const uint ov = (uint)a / p.stride_h, ou = (uint)b / p.stride_w;
            if (ov < p.out_h && ou < p.out_w)
                sum += dy[ov * p.out_w + ou] / divisor((int)(ov * p.stride_h) - p.pad_h, (int)(ou * p.stride_w) - p.pad_w, &p);
        }
    dx[dxo + i] = sum;
}
