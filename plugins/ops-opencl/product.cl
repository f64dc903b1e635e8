/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums of products over a depth: Y = alpha * A B + beta * E. What stands before this text says where row i,
 * depth k and column j of a problem are (gemm.cl, conv.cl), so that a convolution is a matrix product whose
 * matrices nobody ever writes down. An element of A is at a_row(i) + da(k); of B at column(j) + db(k), and is 0
 * where B_AT finds it outside.
 *
 * On processors a work item makes a tile of 32 by 32: it packs a panel of B and runs over it with vectors in
 * registers. Elsewhere a group of 16 by 16 items makes a tile of 64 by 64 through local memory. The depth may
 * be cut into parts that different groups sum; `fold` adds them up in their order.
 */

#define TILE 32
#define PANEL 128

/* One sum goes to its place, or where it is folded. */
void put(const Params *p, uint batch, uint part, uint i, uint j, uint at, float sum, __global const float *e, ulong eo,
         __global float *y);
void put(const Params *p, uint batch, uint part, uint i, uint j, uint at, float sum, __global const float *e, ulong eo,
         __global float *y) {
    if (p->parts > 1)
        y[((ulong)part * p->batches + batch) * p->m * p->n + (ulong)i * p->n + j] = sum;
    else
        y[y_batch(p, batch) + (ulong)i * p->y_row + at] = finish(p, batch, i, j, sum, e, eo);
}

#ifdef CPU

#define EACH_ROW(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define DECLARE(r)                                                                                           \
    float16 x##r = vload16(0, &sum[i + r][0]), y##r = vload16(0, &sum[i + r][16]);                           \
    __global const float *a##r = a + rows[i + r];
#define STEP(r)                                                                                              \
    x##r = fma((float16)(a##r[d]), b0, x##r);                                                                \
    y##r = fma((float16)(a##r[d]), b1, y##r);
#define STORE(r)                                                                                             \
    vstore16(x##r, 0, &sum[i + r][0]);                                                                       \
    vstore16(y##r, 0, &sum[i + r][16]);

__kernel void product(__global const float *a, ulong ao, __global const float *b, ulong bo,
                      __global const float *e, ulong eo, __global float *y, ulong yo, Params p) {
    const uint i0 = (uint)get_global_id(0) * TILE, j0 = (uint)get_global_id(1) * TILE,
               part = (uint)get_global_id(2) % p.parts, batch = (uint)get_global_id(2) / p.parts;
    float sum[TILE][TILE], panel[PANEL][TILE];
    int cb[TILE], cv[TILE], cu[TILE];
    uint cy[TILE];
    uint rows[TILE], da[PANEL];
    a += ao + a_batch(&p, batch);
    b += bo + b_batch(&p, batch);
    for (uint i = 0; i < TILE; i++) {
        rows[i] = a_row(&p, min(i0 + i, p.m - 1));
        for (uint j = 0; j < TILE; j++)
            sum[i][j] = 0;
    }
    Place t = column_place(&p, j0);
    for (uint j = 0; j < TILE; j++) {
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
    const uint used = min((uint)TILE, p.m - i0);
    for (uint k0 = part * p.part; k0 < end; k0 += PANEL) {
        const uint depth = min((uint)PANEL, end - k0);
        for (uint k = 0; k < depth; k++) {
            const Depth d = depth_at(&p, t, k0 + k);
            da[k] = d.a;
            next_depth(&p, &t);
#ifdef ROWS
            if (j0 + TILE <= p.n) {
                vstore16(vload16(0, b + d.b + j0), 0, &panel[k][0]);
                vstore16(vload16(0, b + d.b + j0 + 16), 0, &panel[k][16]);
                continue;
            }
#endif
            for (uint j = 0; j < TILE; j++)
                panel[k][j] = B_AT(b, p, d, cb[j], cv[j], cu[j]);
        }
        for (uint i = 0; i < used; i += 8) {
            EACH_ROW(DECLARE)
            for (uint k = 0; k < depth; k++) {
                const float16 b0 = vload16(0, &panel[k][0]), b1 = vload16(0, &panel[k][16]);
                const uint d = da[k];
                EACH_ROW(STEP)
            }
            EACH_ROW(STORE)
        }
    }
    const uint wide = min((uint)TILE, p.n - j0);
    for (uint i = 0; i < used; i++) {
        __global float *to = y + yo;
        if (p.parts > 1 || p.e_column) {
            for (uint j = 0; j < wide; j++)
                put(&p, batch, part, i0 + i, j0 + j, cy[j], sum[i][j], e, eo, to);
            continue;
        }
        const float more = p.with_e ? p.beta * e[eo + (ulong)(batch * p.m + i0 + i) * p.e_row] : 0;
        to += y_batch(&p, batch) + (ulong)(i0 + i) * p.y_row;
        for (uint j = 0; j < wide; j++)
            to[cy[j]] = p.alpha * sum[i][j] + more;
    }
}

#else

#define WIDE 64
#define DEEP 16

__kernel __attribute__((reqd_work_group_size(16, 16, 1))) void
product(__global const float *a, ulong ao, __global const float *b, ulong bo, __global const float *e, ulong eo,
        __global float *y, ulong yo, Params p) {
    const uint i0 = (uint)get_group_id(0) * WIDE, j0 = (uint)get_group_id(1) * WIDE,
               part = (uint)get_group_id(2) % p.parts, batch = (uint)get_group_id(2) / p.parts,
               li = (uint)get_local_id(1), lj = (uint)get_local_id(0), item = li * 16 + lj;
    __local float la[DEEP][WIDE], lb[DEEP][WIDE];
    float sum[4][4];
    a += ao + a_batch(&p, batch);
    b += bo + b_batch(&p, batch);
    for (uint i = 0; i < 4; i++)
        for (uint j = 0; j < 4; j++)
            sum[i][j] = 0;
    const uint row = a_row(&p, min(i0 + item % WIDE, p.m - 1));
    const uint mine = min(j0 + item % WIDE, p.n - 1);
    const Column at = column(&p, column_place(&p, mine), mine);
    const uint end = min(p.k, (part + 1) * p.part);
    for (uint k0 = part * p.part; k0 < end; k0 += DEEP) {
        for (uint k = item / WIDE; k < DEEP; k += 4) {
            const uint deep = min(k0 + k, p.k - 1);
            const Depth d = depth_at(&p, depth_place(&p, deep), deep);
            const bool in = k0 + k < end;
            la[k][item % WIDE] = in ? a[row + d.a] : 0;
            lb[k][item % WIDE] = in ? B_AT(b, p, d, at.b, at.v, at.u) : 0;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (uint k = 0; k < DEEP; k++)
            for (uint i = 0; i < 4; i++)
                for (uint j = 0; j < 4; j++)
                    sum[i][j] = mad(la[k][li + 16 * i], lb[k][lj + 16 * j], sum[i][j]);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    for (uint i = 0; i < 4; i++)
        for (uint j = 0; j < 4; j++) {
            const uint r = i0 + li + 16 * i, c = j0 + lj + 16 * j;
            if (r < p.m && c < p.n)
                put(&p, batch, part, r, c, column(&p, column_place(&p, c), c).y, sum[i][j], e, eo, y + yo);
        }
}

#endif

/* Y = alpha * (the sum of the parts) + beta * E. */
__kernel void fold(__global const float *w, ulong wo, __global const float *e, ulong eo, __global float *y, ulong yo,
                   Params p) {
    const uint at = (uint)get_global_id(0), i = at / p.n % p.m, j = at % p.n, batch = at / p.n / p.m;
    if (batch >= p.batches)
        return;
    float sum = 0;
    for (uint k = 0; k < p.parts; k++)
        sum += w[wo + (ulong)k * p.batches * p.m * p.n + at];
    y[yo + y_batch(&p, batch) + i * p.y_row + column(&p, column_place(&p, j), j).y] = finish(&p, batch, i, j, sum, e, eo);
}
