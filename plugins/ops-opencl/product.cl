/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums of products over a depth: Y = alpha * A B + beta * E. What stands before this text says where row i,
 * depth k and column j of a problem are (gemm.cl, conv.cl), so that a convolution is a matrix product whose
 * matrices nobody ever writes down. An element of A is at a_row(i) + da(k); of B at column(j) + db(k), and is 0
 * where B_AT finds it outside.
 *
 * On processors a work item makes a tile of tile_m by tile_n: it packs a panel of B, `deep` rows of it, and runs over it
 * with vectors in registers. Elsewhere a group of 16 by 16 items makes a tile of WIDE by WIDE through local memory, DEEP
 * at a time. The
 * depth may be cut into parts that different groups sum, in W; `fold` adds them up in their order.
 */

#ifdef CPU

#define TILE 8192    /* sums of an item, and elements of its panel */
#define EDGE 256     /* the longest side of a tile, and the deepest panel */
#define STRIP 32     /* columns of the panel that lie together */
#define HALVES 32768 /* of A, tile_m * deep */

#define EACH_ROW(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define DECLARE(r)                                                                                           \
    real *s##r = sum + (i + r) * p.tile_n + j;                                                               \
    realv x##r = VLOAD(s##r), y##r = VLOAD(s##r + VEC);                                                      \
    LEFT(r)
#define STEP(r)                                                                                              \
    {                                                                                                        \
        const realv f = (realv)(a##r[at]);                                                                   \
        x##r = fma(f, b0, x##r);                                                                             \
        y##r = fma(f, b1, y##r);                                                                             \
    }
#define KEEP(r)                                                                                              \
    VSTORE(x##r, s##r);                                                                                      \
    VSTORE(y##r, s##r + VEC);

/* Halves of A are made reals beside the panel, once for all columns. */
#ifdef REAL_F16
#define LEFT(r) const real *a##r = left + (i + r) * deep;
void pack_left(real *left, __global const elem *a, const uint *rows, uint n, const uint *da, uint deep);
void pack_left(real *left, __global const elem *a, const uint *rows, uint n, const uint *da, uint deep) {
    for (uint i = 0; i < n; i++, left += deep)
        if (da[deep - 1] - da[0] == deep - 1)
            bring(left, a + rows[i] + da[0], deep);
        else
            for (uint k = 0; k < deep; k++)
                left[k] = LOAD(a, rows[i] + da[k]);
}
#else
#define LEFT(r) __global const real *a##r = a + rows[i + r];
#endif

#ifdef FLAT
/* A row of sums to its place, n of them side by side. */
void row_out(__global elem *y, const real *sum, uint n, const Params *p, __global const elem *e);
void row_out(__global elem *y, const real *sum, uint n, const Params *p, __global const elem *e) {
    uint j = 0;
    for (; j + VEC <= n; j += VEC) {
        realv v = VLOAD(sum + j) * (real)p->alpha;
        if (p->with_e)
            v += (real)p->beta * (p->e_column ? VLOAD_ELEM(e + j) : (realv)(LOAD(e, 0)));
        VSTORE_ELEM(v, y + j);
    }
    for (; j < n; j++) {
        const real v = sum[j] * (real)p->alpha;
        STORE(y, j, p->with_e ? v + (real)p->beta * LOAD(e, p->e_column * j) : v);
    }
}
#endif

#ifdef COLUMNS
#define EIGHT_LANES(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#if VEC == 16
#define EACH_LANE(X) EIGHT_LANES(X) X(8) X(9) X(a) X(b) X(c) X(d) X(e) X(f)
#else
#define EACH_LANE EIGHT_LANES
#endif
/* Four columns that lie along the depth, turned. */
void turn(real *to, __global const elem *b0, __global const elem *b1, __global const elem *b2, __global const elem *b3,
          uint deep);
void turn(real *to, __global const elem *b0, __global const elem *b1, __global const elem *b2, __global const elem *b3,
          uint deep) {
    uint k = 0;
    for (; k + VEC <= deep; k += VEC, to += VEC * STRIP) {
        const realv c0 = VLOAD_ELEM(b0 + k), c1 = VLOAD_ELEM(b1 + k), c2 = VLOAD_ELEM(b2 + k), c3 = VLOAD_ELEM(b3 + k);
#define TURN(l) vstore4((real4)(c0.s##l, c1.s##l, c2.s##l, c3.s##l), 0, to + 0x##l * STRIP);
        EACH_LANE(TURN)
    }
    for (; k < deep; k++, to += STRIP)
        vstore4((real4)(LOAD(b0, k), LOAD(b1, k), LOAD(b2, k), LOAD(b3, k)), 0, to);
}
#endif

/* Rows k0 and on of B, `deep` of them, strip by strip; da gets where A's elements of that depth are. */
void pack(real *panel, uint *da, __global const elem *b, const Params *p, Place *t, uint k0, uint deep, uint j0,
          uint wide, const int *cb, const int *cv, const int *cu);
void pack(real *panel, uint *da, __global const elem *b, const Params *p, Place *t, uint k0, uint deep, uint j0,
          uint wide, const int *cb, const int *cv, const int *cu) {
#ifdef COLUMNS
    for (uint j = 0; j < wide; j += 4) /* columns that there are not are the last one again */
        turn(panel + j / STRIP * STRIP * deep + j % STRIP, b + cb[j] + k0, b + cb[j + 1] + k0, b + cb[j + 2] + k0,
             b + cb[j + 3] + k0, deep);
#endif
    for (uint k = 0; k < deep; k++) {
        const Depth d = depth_at(p, *t, k0 + k);
        da[k] = d.a;
        next_depth(p, t);
#if defined(ROWS)
        for (uint j = 0; j < wide; j += STRIP)
            bring(panel + j * deep + k * STRIP, b + d.b + j0 + j, min((uint)STRIP, wide - j));
#elif !defined(COLUMNS)
        for (uint j = 0; j < p->tile_n; j++)
            panel[j / STRIP * STRIP * deep + k * STRIP + j % STRIP] = B_AT(b, (*p), d, cb[j], cv[j], cu[j]);
#endif
    }
}

__kernel void product(__global const elem *a, ulong ao, __global const elem *b, ulong bo, __global const elem *e, ulong eo,
                      __global elem *y, ulong yo, __global real *w, ulong wo, Params p) {
    const uint i0 = (uint)get_global_id(0) * p.tile_m, j0 = (uint)get_global_id(1) * p.tile_n,
               part = (uint)get_global_id(2) % p.parts, batch = (uint)get_global_id(2) / p.parts;
    real sum[TILE], panel[TILE];
#ifdef REAL_F16
    real left[HALVES];
#endif
    int cb[EDGE], cv[EDGE], cu[EDGE];
    uint cy[EDGE], rows[EDGE], da[EDGE];
    a += ao + a_batch(&p, batch);
    b += bo + b_batch(&p, batch);
    const uint used = min(p.tile_m, p.m - i0), wide = min(p.tile_n, p.n - j0);
    for (uint i = 0; i < p.tile_m; i++)
        rows[i] = a_row(&p, min(i0 + i, p.m - 1));
    for (uint i = 0; i < min(p.tile_m, used + 7) * p.tile_n; i += VEC)
        VSTORE((realv)(0), sum + i);
#if defined(ROWS) || defined(COLUMNS)
    for (uint i = 0; i < TILE && j0 + p.tile_n > p.n; i += VEC)
        VSTORE((realv)(0), panel + i); /* columns that there are not */
#endif
    Place t = column_place(&p, j0);
    for (uint j = 0; j < p.tile_n; j++) {
        const Column c = column(&p, t, j0 + j);
        cb[j] = c.b;
        cv[j] = c.v;
        cu[j] = c.u;
        cy[j] = c.y;
        if (j0 + j + 1 < p.n)
            next_column(&p, &t);
    }
    t = depth_place(&p, part * p.part);
    const uint end = min(p.k, (part + 1) * p.part);
    for (uint k0 = part * p.part; k0 < end; k0 += p.deep) {
        const uint deep = min(p.deep, end - k0);
        pack(panel, da, b, &p, &t, k0, deep, j0, wide, cb, cv, cu);
#ifdef REAL_F16
        pack_left(left, a, rows, min(p.tile_m, used + 7), da, deep);
#endif
        for (uint j = 0; j < wide; j += 2 * VEC)
            for (uint i = 0; i < used; i += 8) {
                const real *strip = panel + j / STRIP * STRIP * deep + j % STRIP;
                EACH_ROW(DECLARE)
                for (uint k = 0; k < deep; k++) {
                    const realv b0 = VLOAD(strip + k * STRIP), b1 = VLOAD(strip + k * STRIP + VEC);
#ifdef REAL_F16
                    const uint at = k;
#else
                    const uint at = da[k];
#endif
                    EACH_ROW(STEP)
                }
                EACH_ROW(KEEP)
            }
    }
    for (uint i = 0; i < used; i++) {
        const real *from = sum + i * p.tile_n;
        if (p.parts > 1) {
            w += i == 0 ? wo + (((ulong)part * p.batches + batch) * p.m + i0) * p.n + j0 : p.n;
            for (uint j = 0; j < wide; j++)
                w[j] = from[j];
            continue;
        }
        __global elem *to = y + yo + y_batch(&p, batch) + (ulong)(i0 + i) * p.y_row;
#ifdef FLAT
        row_out(to + j0, from, wide, &p, e + eo + (ulong)(batch * p.m + i0 + i) * p.e_row + j0 * p.e_column);
#else
        for (uint j = 0; j < wide; j++)
            STORE(to, cy[j], finish(&p, batch, i0 + i, j0 + j, from[j], e, eo));
#endif
    }
}

#else

#define PER (WIDE / 16)

__kernel __attribute__((reqd_work_group_size(16, 16, 1))) void
product(__global const elem *a, ulong ao, __global const elem *b, ulong bo, __global const elem *e, ulong eo,
        __global elem *y, ulong yo, __global real *w, ulong wo, Params p) {
    const uint i0 = (uint)get_group_id(0) * WIDE, j0 = (uint)get_group_id(1) * WIDE,
               part = (uint)get_group_id(2) % p.parts, batch = (uint)get_group_id(2) / p.parts,
               li = (uint)get_local_id(1), lj = (uint)get_local_id(0), item = li * 16 + lj;
    __local real la[DEEP][WIDE], lb[DEEP][WIDE];
    real sum[PER][PER];
    a += ao + a_batch(&p, batch);
    b += bo + b_batch(&p, batch);
    for (uint i = 0; i < PER; i++)
        for (uint j = 0; j < PER; j++)
            sum[i][j] = 0;
    const uint row = a_row(&p, min(i0 + item % WIDE, p.m - 1));
    const uint mine = min(j0 + item % WIDE, p.n - 1);
    const Column at = column(&p, column_place(&p, mine), mine);
    const uint end = min(p.k, (part + 1) * p.part);
    for (uint k0 = part * p.part; k0 < end; k0 += DEEP) {
        for (uint k = item / WIDE; k < DEEP; k += 256 / WIDE) {
            const uint deep = min(k0 + k, p.k - 1);
            const Depth d = depth_at(&p, depth_place(&p, deep), deep);
            const bool in = k0 + k < end;
            la[k][item % WIDE] = in ? LOAD(a, row + d.a) : 0;
            lb[k][item % WIDE] = in ? B_AT(b, p, d, at.b, at.v, at.u) : 0;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (uint k = 0; k < DEEP; k++)
            for (uint i = 0; i < PER; i++)
                for (uint j = 0; j < PER; j++)
                    sum[i][j] = mad(la[k][li + 16 * i], lb[k][lj + 16 * j], sum[i][j]);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    for (uint i = 0; i < PER; i++)
        for (uint j = 0; j < PER; j++) {
            const uint r = i0 + li + 16 * i, c = j0 + lj + 16 * j;
            if (r >= p.m || c >= p.n)
                continue;
            if (p.parts > 1)
                w[wo + (((ulong)part * p.batches + batch) * p.m + r) * p.n + c] = sum[i][j];
            else
                STORE(y, yo + y_batch(&p, batch) + (ulong)r * p.y_row + column(&p, column_place(&p, c), c).y,
                      finish(&p, batch, r, c, sum[i][j], e, eo));
        }
}

#endif

/* Y = alpha * (the sum of the parts) + beta * E. */
__kernel void fold(__global const real *w, ulong wo, __global const elem *e, ulong eo, __global elem *y, ulong yo,
                   Params p) {
    const uint at = (uint)get_global_id(0), i = at / p.n % p.m, j = at % p.n, batch = at / p.n / p.m;
    if (batch >= p.batches)
        return;
    real sum = 0;
    for (uint k = 0; k < p.parts; k++)
        sum += w[wo + (ulong)k * p.batches * p.m * p.n + at];
    STORE(y, yo + y_batch(&p, batch) + i * p.y_row + column(&p, column_place(&p, j), j).y,
          finish(&p, batch, i, j, sum, e, eo));
}
