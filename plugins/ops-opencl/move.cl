/* SPDX-License-Identifier: Apache-2.0 */
/* Elements moved as they are (T: an integer of their size), from one arrangement of strides to another; and
 * filled in. Dimensions with the last one first. */
#define DIMS 8

typedef struct {
    uint count, n, dims[DIMS];
    int from, to, from_strides[DIMS], to_strides[DIMS];
} Params;

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define T16 JOIN(T, 16)

/* Where number `at` of the dimensions from d on begins, on both sides. */
void begin_of(uint at, uint d, const Params *p, int *from, int *to);
void begin_of(uint at, uint d, const Params *p, int *from, int *to) {
    *from = p->from;
    *to = p->to;
    for (; d < p->n; d++) {
        const int k = (int)(at % p->dims[d]);
        at /= p->dims[d];
        *from += k * p->from_strides[d];
        *to += k * p->to_strides[d];
    }
}

#ifdef CPU
/* An item takes a piece of a row, which is the last dimension. */
#define PIECE 4096u
__kernel void move(__global const T *x, ulong xo, __global T *y, ulong yo, Params p) {
    const uint pieces = (p.dims[0] + PIECE - 1) / PIECE, row = (uint)get_global_id(0) / pieces;
    const uint first = (uint)get_global_id(0) % pieces * PIECE, n = min(PIECE, p.dims[0] - first);
    if (row * p.dims[0] >= p.count)
        return;
    int from, to;
    begin_of(row, 1, &p, &from, &to);
    const int step = p.from_strides[0], stride = p.to_strides[0];
    x += (long)xo + from + (long)first * step;
    y += (long)yo + to + (long)first * stride;
    int k = 0;
    if (step == 1 && stride == 1)
        for (; k + 16 <= (int)n; k += 16)
            vstore16(vload16(0, x + k), 0, y + k);
    for (; k < (int)n; k++)
        y[k * stride] = x[k * step];
}

/* Two vectors made two that take turns; four rounds of it transpose sixteen. */
#define ROUND(to, from)                                                                                      \
    for (uint i = 0; i < 8; i++) {                                                                           \
        const T16 u = from[i], v = from[i + 8];                                                              \
        to[2 * i] = (T16)(u.s0, v.s0, u.s1, v.s1, u.s2, v.s2, u.s3, v.s3, u.s4, v.s4, u.s5, v.s5, u.s6,      \
                          v.s6, u.s7, v.s7);                                                                 \
        to[2 * i + 1] = (T16)(u.s8, v.s8, u.s9, v.s9, u.sa, v.sa, u.sb, v.sb, u.sc, v.sc, u.sd, v.sd, u.se,  \
                              v.se, u.sf, v.sf);                                                             \
    }

/* Dimension 0 lies side by side in Y, dimension 1 in X: an item takes a tile of them. */
__kernel void transpose(__global const T *x, ulong xo, __global T *y, ulong yo, Params p) {
    const uint across = (p.dims[0] + 15) / 16, down = (p.dims[1] + 15) / 16, at = (uint)get_global_id(0);
    const uint c = at % across * 16, r = at / across % down * 16;
    if (at / across / down * p.dims[0] * p.dims[1] >= p.count)
        return;
    const int step = p.from_strides[0], stride = p.to_strides[1];
    int from, to;
    begin_of(at / across / down, 2, &p, &from, &to);
    x += (long)xo + from + (int)c * step + (int)r;
    y += (long)yo + to + (int)c + (int)r * stride;
    if (c + 16 <= p.dims[0] && r + 16 <= p.dims[1]) {
        T16 a[16], b[16];
        for (int i = 0; i < 16; i++)
            a[i] = vload16(0, x + i * step);
        ROUND(b, a)
        ROUND(a, b)
        ROUND(b, a)
        ROUND(a, b)
        for (int i = 0; i < 16; i++)
            vstore16(a[i], 0, y + i * stride);
        return;
    }
    for (int i = 0; i < min(16, (int)(p.dims[1] - r)); i++)
        for (int k = 0; k < min(16, (int)(p.dims[0] - c)); k++)
            y[i * stride + k] = x[k * step + i];
}
#else
/* A row is the last dimension; its elements are shared by as many items as there are in dimension 0. */
__kernel void move(__global const T *x, ulong xo, __global T *y, ulong yo, Params p) {
    const uint row = (uint)get_global_id(1);
    if (row * p.dims[0] >= p.count)
        return;
    int from, to;
    begin_of(row, 1, &p, &from, &to);
    x += (long)xo + from;
    y += (long)yo + to;
    for (int k = (int)get_global_id(0); k < (int)p.dims[0]; k += (int)get_global_size(0))
        y[k * p.to_strides[0]] = x[k * p.from_strides[0]];
}

/* Dimension 0 lies side by side in Y, dimension 1 in X: a group takes a tile of them through local memory, where a row is one
 * longer so that columns lie in different banks. */
__kernel __attribute__((reqd_work_group_size(16, 8, 1))) void transpose(__global const T *x, ulong xo, __global T *y,
                                                                          ulong yo, Params p) {
    __local T tile[16][17];
    const uint c = (uint)get_group_id(0) * 16, r = (uint)get_group_id(1) * 16, s = (uint)get_local_id(0);
    int from, to;
    begin_of((uint)get_group_id(2), 2, &p, &from, &to);
    x += (long)xo + from;
    y += (long)yo + to;
    for (uint t = (uint)get_local_id(1); t < 16; t += 8)
        if (c + t < p.dims[0] && r + s < p.dims[1])
            tile[t][s] = x[(int)(c + t) * p.from_strides[0] + (int)(r + s)];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint t = (uint)get_local_id(1); t < 16; t += 8)
        if (r + t < p.dims[1] && c + s < p.dims[0])
            y[(int)(r + t) * p.to_strides[1] + (int)(c + s)] = tile[s][t];
}
#endif

/* The bits of an element in two words. */
__kernel void fill(__global T *y, ulong yo, Params p) {
    const uint i = (uint)get_global_id(0);
    if (i < p.count)
        y[yo + i] = (T)((ulong)p.dims[0] | (ulong)p.dims[1] << 32);
}

__kernel void fill_from(__global const T *value, ulong vo, __global T *y, ulong yo, Params p) {
    const uint i = (uint)get_global_id(0);
    if (i < p.count)
        y[yo + i] = value[vo];
}
