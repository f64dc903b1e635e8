/* SPDX-License-Identifier: Apache-2.0 */
/* Elements moved as they are (T: an integer of their size), from one arrangement of strides to another; and
 * filled in. Dimensions with the last one first. */
#define DIMS 8

typedef struct {
    uint count, n, dims[DIMS];
    int from, to, from_strides[DIMS], to_strides[DIMS];
} Params;

/* A row is the last dimension; its elements are shared by as many items as there are in dimension 0. */
__kernel void move(__global const T *x, ulong xo, __global T *y, ulong yo, Params p) {
    uint rest = (uint)get_global_id(1);
    if (rest * p.dims[0] >= p.count)
        return;
    int from = p.from, to = p.to;
    for (uint d = 1; d < p.n; d++) {
        const int k = (int)(rest % p.dims[d]);
        rest /= p.dims[d];
        from += k * p.from_strides[d];
        to += k * p.to_strides[d];
    }
    x += xo + from;
    y += yo + to;
    const int step = p.from_strides[0], stride = p.to_strides[0];
    for (int k = (int)get_global_id(0); k < (int)p.dims[0]; k += (int)get_global_size(0))
        y[k * stride] = x[k * step];
}

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
