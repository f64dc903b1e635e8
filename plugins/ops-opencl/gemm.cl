/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products over a batch: where the elements are. */
typedef uint Place;
Place depth_place(const Params *p, uint k) { return k; }
Place column_place(const Params *p, uint j) { return j; }
void next_depth(const Params *p, Place *t) { ++*t; }
void next_column(const Params *p, Place *t) { ++*t; }
uint a_row(const Params *p, uint i) { return i * p->a_row; }
Depth depth_at(const Params *p, Place k, uint at) { return (Depth){k * p->a_depth, (int)(k * p->b_depth), 0, 0}; }
Column column(const Params *p, Place j, uint at) { return (Column){(int)(j * p->b_column), 0, 0, j}; }
#define B_AT(b, p, d, c_b, c_v, c_u) LOAD(b, (d).b + (c_b))
#define FLAT /* column j of the result is at j */

ulong strided(const uint *dims, const uint *strides, uint batch);
ulong strided(const uint *dims, const uint *strides, uint batch) {
    ulong at = 0;
    for (int i = 3; i >= 0; i--) {
        at += (ulong)(batch % dims[i]) * strides[i];
        batch /= dims[i];
    }
    return at;
}
ulong a_batch(const Params *p, uint batch) { return strided(p->dims, p->a_strides, batch); }
ulong b_batch(const Params *p, uint batch) { return strided(p->dims, p->b_strides, batch); }
ulong y_batch(const Params *p, uint batch) { return (ulong)batch * p->y_stride; }
