/* SPDX-License-Identifier: Apache-2.0 */
/* Picking and placing by index. T: the elements, moved as they are; I: the indices. Data is [outer, axis, inner]. */
typedef struct {
    uint outer, axis, inner, count;
} Params;

#ifdef CPU
/* An item copies what belongs to an index. */
__kernel void gather(__global const T *x, ulong xo, __global const I *indices, ulong io, __global T *y, ulong yo,
                     __global uint *fault, ulong tag, Params p) {
    const uint row = (uint)get_global_id(0), o = row / p.count;
    if (o >= p.outer)
        return;
    long at = indices[io + row % p.count];
    if (!in_range(fault, tag, &at, p.axis, true))
        return;
    x += xo + (o * p.axis + (uint)at) * p.inner;
    y += yo + row * p.inner;
    uint c = 0;
    for (; c + 16 <= p.inner; c += 16)
        vstore16(vload16(0, x + c), 0, y + c);
    for (; c < p.inner; c++)
        y[c] = x[c];
}
#else
__kernel void gather(__global const T *x, ulong xo, __global const I *indices, ulong io, __global T *y, ulong yo,
                     __global uint *fault, ulong tag, Params p) {
    const uint i = (uint)get_global_id(0), c = i % p.inner, k = i / p.inner % p.count, o = i / p.inner / p.count;
    if (o >= p.outer)
        return;
    long at = indices[io + k];
    if (in_range(fault, tag, &at, p.axis, true))
        y[yo + i] = x[xo + ((ulong)o * p.axis + at) * p.inner + c];
}
#endif

/* [outer, inner] indices become [outer, axis, inner] of off and on. */
__kernel void one_hot(__global const I *indices, ulong io, __global const T *values, ulong vo, __global T *y, ulong yo,
                      Params p) {
    const uint i = (uint)get_global_id(0), c = i % p.inner, d = i / p.inner % p.axis, o = i / p.inner / p.axis;
    if (o >= p.outer)
        return;
    const long given = indices[io + o * p.inner + c], at = given < 0 ? given + p.axis : given;
    y[yo + i] = values[vo + (at == d ? 1 : 0)];
}
