/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elements picked and placed by an index each, or slices by vectors of indices. An update meets what is there in the
 * order of the updates, whoever runs beside: an item owns every `ranges`-th row of its columns, and goes through all
 * updates for them. Without REALS, T is the type of the elements, or an integer of their size. HOW: MEET_...
 */
#define MEET_NONE 0
#define MEET_ADD 1
#define MEET_MUL 2
#define MEET_MIN 3
#define MEET_MAX 4
#define DIMS 8
#define NOWHERE 0xffffffffu

typedef struct {
    uint count, inner, axis, ranges; /* rows of `inner` elements; updates; ranges: a power of two */
    uint depth, batch, batch_rows;   /* indices of a vector; vectors that share a batch, and its rows in data */
    uint n, step, at_step;           /* dimensions beside the axis; along the axis, in data and among the indices */
    uint dims[DIMS], strides[DIMS], at_strides[DIMS]; /* last one first; of vectors: first one first */
} Params;

#ifdef REALS
typedef real number;
#define WRAPPED(a) (a)
#else
typedef T elem, number;
#define WRAPPED(a) ((ulong)(a)) /* sums and products leave the range without harm */
#define LOAD(p, i) ((p)[i])
#define STORE(p, i, v) ((p)[i] = (v))
#endif

/* What a place holds after b has met a. */
#if HOW == MEET_ADD
#define MEET(a, b) (WRAPPED(a) + WRAPPED(b))
#elif HOW == MEET_MUL
#define MEET(a, b) (WRAPPED(a) * WRAPPED(b))
#elif HOW == MEET_MIN
#define MEET(a, b) ((b) < (a) ? (b) : (a))
#else
#define MEET(a, b) ((b) > (a) ? (b) : (a))
#endif
#if HOW == MEET_NONE
#define PUT(y, i, u, k) ((y)[i] = (u)[k])
#else
#define PUT(y, i, u, k) STORE(y, i, (number)MEET(LOAD(y, i), LOAD(u, k)))
#endif

__kernel void clear(__global elem *y, ulong yo, Params p) {
    const uint i = (uint)get_global_id(0);
    if (i < p.count)
        STORE(y, yo + i, (number)0);
}

/* ---- slices ---- */

/* The row of data that vector k names. */
bool row_of(__global const I *indices, uint k, const Params *p, __global uint *fault, ulong tag, uint *row);
bool row_of(__global const I *indices, uint k, const Params *p, __global uint *fault, ulong tag, uint *row) {
    bool inside = true;
    *row = k / p->batch * p->batch_rows;
    for (uint d = 0; d < p->depth; d++) {
        long at = indices[k * p->depth + d];
        inside = in_range(fault, tag, &at, p->dims[d], true) && inside;
        *row += (uint)at * p->strides[d];
    }
    return inside;
}

/* A row of elements goes along dimension 0, to as many items as there are. */
#define ROW(i) for (uint i = (uint)get_global_id(0); i < p.inner; i += (uint)get_global_size(0))

#if HOW == MEET_NONE
__kernel void gather_rows(__global const elem *restrict x, ulong xo, __global const I *indices, ulong io,
                          __global elem *restrict y, ulong yo, __global uint *fault, ulong tag, Params p) {
    const uint k = (uint)get_global_id(1);
    uint row;
    if (k >= p.count || !row_of(indices + io, k, &p, fault, tag, &row))
        return;
    x += xo + (ulong)row * p.inner;
    y += yo + (ulong)k * p.inner;
    ROW(i)
        y[i] = x[i];
}
#endif

__kernel void rows(__global const I *indices, ulong io, __global uint *to, ulong too, __global uint *fault, ulong tag,
                   Params p) {
    const uint k = (uint)get_global_id(0);
    uint row;
    if (k < p.count)
        to[too + k] = row_of(indices + io, k, &p, fault, tag, &row) ? row : NOWHERE;
}

/* Dimension 2: data of the same indices, `axis` rows each. */
__kernel void scatter_rows(__global const elem *restrict u, ulong uo, __global const uint *restrict to, ulong too,
                           __global elem *restrict y, ulong yo, Params p) {
    const uint range = (uint)get_global_id(1), mask = p.ranges - 1;
    u += uo + (ulong)get_global_id(2) * p.count * p.inner;
    y += yo + (ulong)get_global_id(2) * p.axis * p.inner;
    to += too;
    for (uint k = 0; k < p.count; k++) {
        const uint row = to[k];
        if ((row & mask) != range || row == NOWHERE)
            continue;
        __global elem *restrict at = y + (ulong)row * p.inner;
        __global const elem *restrict from = u + (ulong)k * p.inner;
        ROW(i)
            PUT(at, i, from, i);
    }
}

/* ---- elements: columns along the axis ---- */

/* Where a column begins, in data and among the indices. */
void column_of(uint column, const Params *p, uint *from, uint *at);
void column_of(uint column, const Params *p, uint *from, uint *at) {
    *from = *at = 0;
    for (uint d = 0; d < p->n; d++) {
        const uint k = column % p->dims[d];
        column /= p->dims[d];
        *from += k * p->strides[d];
        *at += k * p->at_strides[d];
    }
}

#if HOW == MEET_NONE
/* An item picks an element: columns along dimension 0, places along the axis in dimension 1. */
__kernel void gather_elements(__global const elem *x, ulong xo, __global const I *indices, ulong io, __global elem *y,
                              ulong yo, __global uint *fault, ulong tag, Params p) {
    const uint column = (uint)get_global_id(0);
    uint from, at;
    if (column >= p.inner)
        return;
    column_of(column, &p, &from, &at);
    at += (uint)get_global_id(1) * p.at_step;
    long row = indices[io + at];
    if (in_range(fault, tag, &row, p.axis, true))
        y[yo + at] = x[xo + from + (uint)row * p.step];
}
#endif

__kernel void scatter_elements(__global const I *indices, ulong io, __global const elem *u, ulong uo, __global elem *y,
                               ulong yo, __global uint *fault, ulong tag, Params p) {
    const uint column = (uint)get_global_id(0), range = (uint)get_global_id(1), mask = p.ranges - 1;
    uint from, at;
    if (column >= p.inner)
        return;
    column_of(column, &p, &from, &at);
    y += yo + from;
    for (uint k = 0; k < p.count; k++, at += p.at_step) {
        long row = indices[io + at];
        if (in_range(fault, tag, &row, p.axis, true) && ((uint)row & mask) == range)
            PUT(y, (uint)row * p.step, u, uo + at);
    }
}
