/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images [maps, in...] and the columns of their blocks [maps, block..., out...], with three spatial dimensions. Without
 * REALS, T is an integer of the elements' size, and elements are moved.
 */
typedef struct {
    uint count, in[3], block[3], out[3], stride[3], dilation[3];
    int before[3];
} Params;

#define ALL(v) ((v)[0] * (v)[1] * (v)[2])

void split(uint at, const uint *extents, uint *index);
void split(uint at, const uint *extents, uint *index) {
    index[2] = at % extents[2];
    index[1] = at / extents[2] % extents[1];
    index[0] = at / extents[2] / extents[1];
}

#ifdef REALS
/* An item makes an element of the image: the sum over the places of a block that it can have, in their order. */
__kernel void to_image(__global const elem *x, ulong xo, __global elem *y, ulong yo, Params p) {
    const uint i = (uint)get_global_id(0), map = i / ALL(p.in);
    uint at[3], k[3];
    real sum = 0;
    if (i >= p.count)
        return;
    split(i % ALL(p.in), p.in, at);
    for (uint b = 0; b < ALL(p.block); b++) {
        uint place = 0;
        bool inside = true;
        split(b, p.block, k);
        for (uint d = 0; d < 3; d++) {
            const int from = (int)at[d] + p.before[d] - (int)(k[d] * p.dilation[d]);
            const uint o = (uint)from / p.stride[d];
            inside = inside && from >= 0 && o * p.stride[d] == (uint)from && o < p.out[d];
            place = place * p.out[d] + o;
        }
        if (inside)
            sum += LOAD(x, xo + ((ulong)map * ALL(p.block) + b) * ALL(p.out) + place);
    }
    STORE(y, yo + i, sum);
}

#else

__kernel void to_columns(__global const T *x, ulong xo, __global T *y, ulong yo, Params p) {
    const uint i = (uint)get_global_id(0), row = i / ALL(p.out);
    uint o[3], k[3], pixel = 0;
    bool inside = true;
    if (i >= p.count)
        return;
    split(i % ALL(p.out), p.out, o);
    split(row % ALL(p.block), p.block, k);
    for (uint d = 0; d < 3; d++) {
        const int at = (int)(o[d] * p.stride[d] + k[d] * p.dilation[d]) - p.before[d];
        inside = inside && at >= 0 && at < (int)p.in[d];
        pixel = pixel * p.in[d] + (uint)at;
    }
    y[yo + i] = inside ? x[xo + (ulong)(row / ALL(p.block)) * ALL(p.in) + pixel] : 0;
}
#endif
