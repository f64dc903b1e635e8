/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Products on processors of which one side is thin, at most 8 rows of A or (SWAP) columns of B, such as a layer that is asked
 * for one sample. The other operand is read once, from where it lies; a chunk of the thin one is brought close. DOT: the long
 * operand lies along the depth, vectors run along it, and an item has 16 of its rows; else vectors run across,
 * and an item has four of them. Behind gemm.cl.
 */
#define THIN 8
#define CHUNK 512

#ifdef SWAP
#define SIDE p.n
#define LONG p.m
#define THIN_AT(t) b + (t) * p.b_column
#define THIN_STEP p.b_depth
#define LONG_AT(j, k) (a + (j) * p.a_row + (k) * p.a_depth)
#define PUT(t, j, v) STORE(y, (j) * p.y_row + (t), finish(&p, batch, j, t, v, e, eo))
#else
#define SIDE p.m
#define LONG p.n
#define THIN_AT(t) a + (t) * p.a_row
#define THIN_STEP p.a_depth
#define LONG_AT(j, k) (b + (j) * p.b_column + (k) * p.b_depth)
#define PUT(t, j, v) STORE(y, (t) * p.y_row + (j), finish(&p, batch, t, j, v, e, eo))
#endif

#define ROWS(X) X(0) X(1) X(2) X(3)
#define DECLARE(r)                                                                                           \
    realv *s##r = sum + (t + r) * VECTORS + v;                                                               \
    realv w##r = s##r[0], x##r = s##r[1], y##r = s##r[2], z##r = s##r[3];                                    \
    const real *f##r = side + (t + r) * CHUNK;
#define STEP(r)                                                                                              \
    {                                                                                                        \
        const realv f = FACTOR(f##r);                                                                        \
        w##r = fma(f, b0, w##r);                                                                             \
        x##r = fma(f, b1, x##r);                                                                             \
        y##r = fma(f, b2, y##r);                                                                             \
        z##r = fma(f, b3, z##r);                                                                             \
    }
#define KEEP(r) s##r[0] = w##r, s##r[1] = x##r, s##r[2] = y##r, s##r[3] = z##r;

#ifdef DOT
#define VECTORS 16 /* of sums, one for each of the item's rows */
#define ITEM VECTORS
#define FACTOR(f) VLOAD(f + k)
real total(realv v);
real total(realv v) {
    real t = 0;
    const real *each = (const real *)&v;
    for (uint i = 0; i < VEC; i++)
        t += each[i];
    return t;
}
#else
#define VECTORS 4
#define ITEM (VECTORS * VEC)
#define FACTOR(f) (realv)(f[k])
#endif

__kernel void thin(__global const elem *a, ulong ao, __global const elem *b, ulong bo, __global const elem *e, ulong eo,
                   __global elem *y, ulong yo, Params p) {
    const uint from = (uint)get_global_id(0) * ITEM, batch = (uint)get_global_id(1), used = min((uint)ITEM, LONG - from);
    real side[THIN * CHUNK];
    realv sum[THIN * VECTORS];
    a += ao + a_batch(&p, batch);
    b += bo + b_batch(&p, batch);
    y += yo + y_batch(&p, batch);
    for (uint i = 0; i < THIN * CHUNK; i += VEC)
        VSTORE((realv)(0), side + i);
    for (uint i = 0; i < THIN * VECTORS; i++)
        sum[i] = 0;
#ifdef DOT
    real rest[THIN * VECTORS];
    for (uint i = 0; i < THIN * VECTORS; i++)
        rest[i] = 0;
    const uint j0 = from;
#else
    const uint j0 = min(from, LONG - ITEM); /* the last item's first columns are the one's before */
#endif
    for (uint k0 = 0; k0 < p.k; k0 += CHUNK) {
        const uint deep = min((uint)CHUNK, p.k - k0);
        for (uint t = 0; t < SIDE; t++) {
            __global const elem *x = THIN_AT(t) + k0 * THIN_STEP;
            if (THIN_STEP == 1)
                bring(side + t * CHUNK, x, deep);
            else
                for (uint k = 0; k < deep; k++)
                    side[t * CHUNK + k] = LOAD(x, k * THIN_STEP);
        }
#ifdef DOT
        for (uint v = 0; v < used; v += 4) {
            __global const elem *g0 = LONG_AT(j0 + v, k0), *g1 = LONG_AT(min(j0 + v + 1, LONG - 1), k0),
                                *g2 = LONG_AT(min(j0 + v + 2, LONG - 1), k0), *g3 = LONG_AT(min(j0 + v + 3, LONG - 1), k0);
            for (uint t = 0; t < SIDE; t += 4) {
                ROWS(DECLARE)
                uint k = 0;
                for (; k + VEC <= deep; k += VEC) {
                    const realv b0 = VLOAD_ELEM(g0 + k), b1 = VLOAD_ELEM(g1 + k), b2 = VLOAD_ELEM(g2 + k),
                                b3 = VLOAD_ELEM(g3 + k);
                    ROWS(STEP)
                }
                ROWS(KEEP)
                for (; k < deep; k++)
                    for (uint r = t; r < t + 4; r++) {
                        const real f = side[r * CHUNK + k];
                        rest[r * VECTORS + v] = fma(f, LOAD(g0, k), rest[r * VECTORS + v]);
                        rest[r * VECTORS + v + 1] = fma(f, LOAD(g1, k), rest[r * VECTORS + v + 1]);
                        rest[r * VECTORS + v + 2] = fma(f, LOAD(g2, k), rest[r * VECTORS + v + 2]);
                        rest[r * VECTORS + v + 3] = fma(f, LOAD(g3, k), rest[r * VECTORS + v + 3]);
                    }
            }
        }
#else
        const uint v = 0;
        for (uint t = 0; t < SIDE; t += 4) {
            ROWS(DECLARE)
            for (uint k = 0; k < deep; k++) {
                __global const elem *g = LONG_AT(j0, k0 + k);
                const realv b0 = VLOAD_ELEM(g), b1 = VLOAD_ELEM(g + VEC), b2 = VLOAD_ELEM(g + 2 * VEC),
                            b3 = VLOAD_ELEM(g + 3 * VEC);
                ROWS(STEP)
            }
            ROWS(KEEP)
        }
#endif
    }
    for (uint t = 0; t < SIDE; t++)
        for (uint j = from; j < from + used; j++) {
#ifdef DOT
            PUT(t, j, total(sum[t * VECTORS + j - j0]) + rest[t * VECTORS + j - j0]);
#else
            PUT(t, j, ((const real *)(sum + t * VECTORS))[j - j0]);
#endif
        }
}
