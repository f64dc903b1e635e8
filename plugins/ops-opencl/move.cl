/* SPDX-License-Identifier: Apache-2.0 */
/* Elements moved as they are (T: an integer of their size), from one arrangement of strides to another; and
 * filled in. Dimensions with the last one first. */
#define DIMS 8

typedef struct {
    uint count, n, dims[DIMS];
    int from, to, from_strides[DIMS], to_strides[DIMS];
} Params;

__kernel void move(__global const T *x, ulong xo, __global T *y, ulong yo, Params p) {
    uint i = (uint)get_global_id(0);
    if (i >= p.count)
        return;
    int from = p.from, to = p.to;
    for (uint d = 0; d < p.n; d++) {
        const int k = (int)(i % p.dims[d]);
        i /= p.dims[d];
        from += k * p.from_strides[d];
        to += k * p.to_strides[d];
    }
    y[yo + to] = x[xo + from];
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
