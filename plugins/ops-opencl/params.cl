/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of a product; product.h has the same struct. */
typedef struct {
    uint m, n, k, batches, parts, part, y_row, e_row, e_column, with_e;
    uint tile_m, tile_n, deep; /* of an item on a processor */
    float alpha, beta;
    uint a_row, a_depth, b_depth, b_column; /* gemm: strides */
    uint dims[4], a_strides[4], b_strides[4], y_stride; /* gemm: the batch */
    uint c, filters, h, w, out_h, out_w, kernel_h, kernel_w; /* conv: of one group */
    uint stride_h, stride_w, dilation_h, dilation_w, all_c, all_filters;
    int pad_h, pad_w;
} Params;

typedef struct {
    uint a;
    int b, y, x;
} Depth;

typedef struct {
    int b, v, u;
    uint y;
} Column;

real finish(const Params *p, uint batch, uint i, uint j, real sum, __global const elem *e, ulong eo);
real finish(const Params *p, uint batch, uint i, uint j, real sum, __global const elem *e, ulong eo) {
    const real v = (real)p->alpha * sum;
    return p->with_e ? v + (real)p->beta * LOAD(e, eo + (ulong)(batch * p->m + i) * p->e_row + j * p->e_column) : v;
}
