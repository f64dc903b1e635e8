/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elements put elsewhere, or left out, by rules of their own: triangles, diagonals, even steps, reversed sequences,
 * caches that grow, planes that a pool came from. T: an integer of the elements' size, or what a range counts in.
 */
#define DIMS 8

typedef struct {
    uint count, rows, columns, inner; /* what each is, the kernels say */
    int diagonal;
    uint upper, circular, batch_first;
    uint words[4];                             /* bits of one or two numbers */
    uint n, dims[DIMS], strides[DIMS]; /* last one first */
} Params;

#define BITS(k) ((ulong)p.words[k] | (ulong)p.words[(k) + 1] << 32)

#define EACH                                                                                                 \
    const uint i = (uint)get_global_id(0);                                                                   \
    if (i >= p.count)                                                                                        \
        return;

/* Matrices [rows, columns]: what lies on the wrong side of a diagonal is 0. */
__kernel void trilu(__global const T *x, ulong xo, __global T *y, ulong yo, Params p) {
    EACH
    const int above = (int)(i % p.columns) - (int)(i / p.columns % p.rows) - p.diagonal;
    y[yo + i] = (p.upper ? above >= 0 : above <= 0) ? x[xo + i] : 0;
}

/* One, whose bits are given, on a diagonal. */
__kernel void eye(__global T *y, ulong yo, Params p) {
    EACH
    y[yo + i] = (int)(i % p.columns) - (int)(i / p.columns) == p.diagonal ? (T)BITS(0) : 0;
}

/* start + i delta */
#if defined(REALS)
#ifdef REAL_F64
#define NUMBER(k) as_double(BITS(k))
#else
#define NUMBER(k) as_float(p.words[k])
#endif
__kernel void range(__global elem *y, ulong yo, Params p) {
    EACH
    STORE(y, yo + i, NUMBER(0) + (real)i * NUMBER(2));
}
#else
__kernel void range(__global T *y, ulong yo, Params p) {
    EACH
    y[yo + i] = (T)(BITS(0) + i * BITS(2));
}
#endif

/* [rows, columns, inner], of which one is time and the other the sequences. */
__kernel void reverse(__global const T *x, ulong xo, __global const long *lengths, ulong lo, __global T *y, ulong yo,
                      __global uint *fault, ulong tag, Params p) {
    EACH
    const uint c = i % p.inner, column = i / p.inner % p.columns, row = i / p.inner / p.columns;
    const uint time = p.batch_first ? column : row, sequence = p.batch_first ? row : column;
    long length = lengths[lo + sequence];
    if (!in_range(fault, tag, &length, (p.batch_first ? p.columns : p.rows) + 1l, false))
        return;
    const uint from = time < length ? (uint)length - 1 - time : time;
    const ulong place = p.batch_first ? (ulong)row * p.columns + from : (ulong)from * p.columns + column;
    y[yo + i] = x[xo + place * p.inner + c];
}

/* Where element i of an update [n, columns, inner] stands in a cache [n, rows, inner]; `batch_first` of the n share a
 * beginning. */
bool entry(__global const long *starts, uint i, const Params *p, __global uint *fault, ulong tag, ulong *at);
bool entry(__global const long *starts, uint i, const Params *p, __global uint *fault, ulong tag, ulong *at) {
    const uint c = i % p->inner, s = i / p->inner % p->columns, o = i / p->inner / p->columns;
    long start = p->upper ? starts[o / p->batch_first] : 0;
    if (!in_range(fault, tag, &start, p->circular ? LONG_MAX : (long)p->rows - p->columns + 1, false))
        return false;
    const ulong row = p->circular ? (ulong)(start % p->rows + s) % p->rows : (ulong)start + s;
    *at = ((ulong)o * p->rows + row) * p->inner + c;
    return true;
}

__kernel void cache_write(__global const T *update, ulong uo, __global const long *starts, ulong so, __global T *y,
                          ulong yo, __global uint *fault, ulong tag, Params p) {
    EACH
    ulong at;
    if (entry(starts + so, i, &p, fault, tag, &at))
        y[yo + at] = update[uo + i];
}

__kernel void cache_read(__global const T *cache, ulong co, __global const long *starts, ulong so, __global T *y,
                         ulong yo, __global uint *fault, ulong tag, Params p) {
    EACH
    ulong at;
    if (entry(starts + so, i, &p, fault, tag, &at))
        y[yo + i] = cache[co + at];
}

/* ---- planes that a pool came from: indices count through `dims`, `rows` in all, which lie in a box of `columns` ---- */

bool unpooled(__global const long *indices, uint i, const Params *p, __global uint *fault, ulong tag, uint *at);
bool unpooled(__global const long *indices, uint i, const Params *p, __global uint *fault, ulong tag, uint *at) {
    long given = indices[i];
    if (!in_range(fault, tag, &given, p->rows, false))
        return false;
    uint rest = (uint)given;
    *at = 0;
    for (uint d = 0; d < p->n; d++) {
        *at += rest % p->dims[d] * p->strides[d];
        rest /= p->dims[d];
    }
    return true;
}

/* Of several that meet the last one stays: the largest number is noted at each place, and then looked up. */
__kernel void nobody(__global uint *who, ulong wo, Params p) {
    const uint i = (uint)get_global_id(0);
    if (i < p.columns)
        who[wo + i] = 0;
}

__kernel void claim(__global const long *indices, ulong io, __global uint *who, ulong wo, __global uint *fault,
                    ulong tag, Params p) {
    EACH
    uint at;
    if (unpooled(indices + io, i, &p, fault, tag, &at))
        atomic_max((volatile __global uint *)who + wo + at, i + 1);
}

__kernel void unpool(__global const T *x, ulong xo, __global const uint *who, ulong wo, __global T *y, ulong yo,
                     Params p) {
    const uint i = (uint)get_global_id(0);
    if (i < p.columns)
        y[yo + i] = who[wo + i] ? x[xo + who[wo + i] - 1] : 0;
}

__kernel void unpool_grad(__global const T *dy, ulong dyo, __global const long *indices, ulong io, __global T *dx,
                          ulong dxo, __global uint *fault, ulong tag, Params p) {
    EACH
    uint at;
    if (unpooled(indices + io, i, &p, fault, tag, &at))
        dx[dxo + i] = dy[dyo + at];
}
