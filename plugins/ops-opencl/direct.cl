/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolutions on processors, and their gradients, as correlations along a line. The planes of the source are thought of
 * as padded with zeros and as wide as a line: as many elements as a row of the result has and the kernel
 * reaches over. Then whatever the kernel's element, its source is at one fixed distance from the place of the
 * result, and vectors run along whole planes; what they make behind the end of a row is thrown away. Where the kernel
 * moves by strides, every remainder of row and column by them is a plane of its own, a phase: of the source in Conv, of the
 * result in ConvGradInput, where each phase has those elements of the kernel that meet it.
 *
 * `correlate` makes results (Conv and ConvGradInput): an item has tile_m planes and tile_n places of one sample.
 * `weigh` makes the kernel's gradient: an item has tile_m filters and tile_c channels, and one part of all places.
 */
typedef struct {
    uint m, channels, samples;                         /* planes of the result and of the source, in a group */
    uint src_h, src_w, dst_h, dst_w, kernel_h, kernel_w;
    uint stride_h, stride_w, dilation_h, dilation_w;
    uint step_h, step_w;                               /* of the result: the strides of ConvGradInput, whose own are 1 */
    int pad_h, pad_w, top, left;                       /* top, left: zeros before the source; negative ones crop */
    uint a_row, a_plane, a_group, with_e;              /* the kernel's strides */
    uint line, halo, segment, tiles;                   /* of a sample's places; segment: tile_n + halo */
    uint tile_m, tile_n, tile_c, parts, part, all;     /* tile_c: planes of the source side by side; all: of the gradient */
} Params;

#define ITEM 8192    /* reals of the source that an item has; a vector more is written to */
#define SUMS 8192    /* reals of results that it has; of rows of the gradient in `weigh` */
#define DEPTH 512    /* kernel elements of all planes side by side; columns of `weigh` */
#define VECTORS 1280 /* of sums of `weigh` */

/* n places from the j0-th on of a plane of h by w whose elements are at every s_h-th row, beginning with v0, and at every
 * s_w-th column, beginning with u0. */
void segment(real *to, __global const elem *plane, uint h, uint w, uint line, uint j0, uint n, uint s_h, uint s_w, int v0,
             int u0);
void segment(real *to, __global const elem *plane, uint h, uint w, uint line, uint j0, uint n, uint s_h, uint s_w, int v0,
             int u0) {
    const int first = u0 < 0 ? (int)(((uint)-u0 + s_w - 1) / s_w) : 0;
    const int last = u0 < (int)w ? min((int)((uint)((int)w - 1 - u0) / s_w) + 1, (int)line) : 0;
    const uint v = j0 / line;
    int row = (int)(v * s_h) + v0, done = 0;
    for (int at = (int)(v * line) - (int)j0; at < (int)n; at += (int)line, row += (int)s_h) {
        const int from = max(at + first, 0), end = min(at + last, (int)n);
        if ((uint)row >= h || from >= end)
            continue;
        for (; done < from; done += VEC)
            VSTORE((realv)(0), to + done);
        __global const elem *x = plane + (uint)row * w + (uint)(u0 + (from - at) * (int)s_w);
        if (s_w == 1)
            bring(to + from, x, (uint)(end - from));
        else
            for (int i = from; i < end; i++)
                to[i] = LOAD(x, (uint)(i - from) * s_w);
        done = end;
    }
    for (; done < (int)n; done += VEC)
        VSTORE((realv)(0), to + done);
}

/* Where the kernel's element (v, u) finds its source in a segment of phases. */
uint reach(const Params *p, uint v, uint u);
uint reach(const Params *p, uint v, uint u) {
    v *= p->dilation_h;
    u *= p->dilation_w;
    return (v % p->stride_h * p->stride_w + u % p->stride_w) * p->segment + v / p->stride_h * p->line + u / p->stride_w;
}

/* The phases of planes side by side. */
void sources(real *to, __global const elem *x, const Params *p, uint planes, uint j0);
void sources(real *to, __global const elem *x, const Params *p, uint planes, uint j0) {
    for (uint c = 0; c < planes; c++, x += p->src_h * p->src_w)
        for (uint v = 0; v < p->stride_h; v++)
            for (uint u = 0; u < p->stride_w; u++, to += p->segment)
                segment(to, x, p->src_h, p->src_w, p->line, j0, p->segment, p->stride_h, p->stride_w, (int)v - p->top,
                        (int)u - p->left);
}

#ifndef WEIGH

#define EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#ifdef LONE /* one plane of results in a group: eight vectors of it */
#define HIGH 1
#define BROAD (8 * VEC)
#define DECLARE(r) realv x##r = VLOAD(&sum[j + r * VEC]);
#define KERNEL LEFT(0)
#define READ const realv f = (realv)(a0[AT]);
#define STEP(r) x##r = fma(f, VLOAD(b + d.y + r * VEC), x##r);
#define KEEP(r) VSTORE(x##r, &sum[j + r * VEC]);
#else /* eight planes, two vectors of each */
#define HIGH 8
#define BROAD (2 * VEC)
#define DECLARE(r) realv x##r = VLOAD(&sum[(i + r) * p.tile_n + j]), y##r = VLOAD(&sum[(i + r) * p.tile_n + j + VEC]);
#define KERNEL EACH(LEFT)
#define READ const realv b0 = VLOAD(b + d.y), b1 = VLOAD(b + d.y + VEC);
#define STEP(r)                                                                                              \
    {                                                                                                        \
        const realv f = (realv)(a##r[AT]);                                                                   \
        x##r = fma(f, b0, x##r);                                                                             \
        y##r = fma(f, b1, y##r);                                                                             \
    }
#define KEEP(r)                                                                                              \
    VSTORE(x##r, &sum[(i + r) * p.tile_n + j]);                                                              \
    VSTORE(y##r, &sum[(i + r) * p.tile_n + j + VEC]);
#endif

/* Halves of the kernel are made reals, once for all places. */
#define ROW(r) a + min(i0 + i + (r), p.m - 1) * p.a_row
#ifdef REAL_F16
#define LEFT(r) const real *a##r = left + (r) * DEPTH;
#define AT k
#else
#define LEFT(r) __global const real *a##r = ROW(r);
#define AT d.x
#endif

/* Which rows (or columns) of the result a phase has, and which of the kernel's meet it: those with that rest. */
typedef struct {
    uint rest, first, n;
} Phase;
Phase phase_of(uint rest, uint step, int pad, uint extent);
Phase phase_of(uint rest, uint step, int pad, uint extent) {
    const int over = ((int)rest - pad) % (int)step;
    const uint first = (uint)(over < 0 ? over + (int)step : over);
    return (Phase){rest, first, first < extent ? (extent - first + step - 1) / step : 0};
}

#ifdef INPUT
#define ALONG(phase, at, step, pad, zeros) (((int)(phase).first + (pad) - (int)(at)) / (int)(step) + (zeros))
#define REACH(v, u)                                                                                          \
    ((uint)ALONG(rows, (v) * p.dilation_h, p.step_h, p.pad_h, p.top) * p.line +                              \
     (uint)ALONG(columns, (u) * p.dilation_w, p.step_w, p.pad_w, p.left))
#else
#define REACH(v, u) reach(&p, v, u)
#endif

__kernel void correlate(__global const elem *x, ulong xo, __global const elem *a, ulong ao, __global const elem *e,
                        ulong eo, __global elem *y, ulong yo, Params p) {
    const uint i0 = (uint)get_global_id(0) * p.tile_m, j0 = (uint)get_global_id(1) % p.tiles * p.tile_n,
               sample = (uint)get_global_id(1) / p.tiles, phases = p.step_h * p.step_w,
               phase = (uint)get_global_id(2) % phases, g = (uint)get_global_id(2) / phases,
               groups = (uint)get_global_size(2) / phases;
    const Phase rows = phase_of(phase / p.step_w, p.step_h, p.pad_h, p.dst_h),
                columns = phase_of(phase % p.step_w, p.step_w, p.pad_w, p.dst_w);
    real source[ITEM + VEC], sum[SUMS];
    uint2 depth[DEPTH];
#ifdef REAL_F16
    real left[HIGH * DEPTH];
#endif
    x += xo + (ulong)(sample * groups + g) * p.channels * p.src_h * p.src_w;
    y += yo + ((ulong)(sample * groups + g) * p.m + i0) * p.dst_h * p.dst_w;
    a += ao + (ulong)g * p.a_group;
    uint taps = 0;
    for (uint c = 0; c < p.tile_c; c++)
        for (uint v = 0; v < p.kernel_h; v++)
            for (uint u = 0; u < p.kernel_w; u++)
                if (v * p.dilation_h % p.step_h == rows.rest && u * p.dilation_w % p.step_w == columns.rest)
                    depth[taps++] = (uint2)(c * p.a_plane + v * p.kernel_w + u,
                                            c * p.stride_h * p.stride_w * p.segment + REACH(v, u));
    taps /= p.tile_c;
    const uint used = min(p.tile_m, p.m - i0);
    for (uint i = 0; i < p.tile_m * p.tile_n; i += VEC)
        VSTORE((realv)(0), sum + i);
    for (uint c = 0; c < p.channels; c += p.tile_c) {
        const uint side = min(p.tile_c, p.channels - c);
        sources(source, x, &p, side, j0);
        for (uint i = 0; i < used; i += HIGH) {
#ifdef REAL_F16
            for (uint r = 0; r < HIGH; r++)
                for (uint k = 0; k < side * taps; k++)
                    left[r * DEPTH + k] = LOAD((ROW(r)), depth[k].x);
#endif
            for (uint j = 0; j < p.tile_n; j += BROAD) {
                const real *b = source + j;
                EACH(DECLARE)
                KERNEL
                for (uint k = 0; k < side * taps; k++) {
                    const uint2 d = depth[k];
                    READ
                    EACH(STEP)
                }
                EACH(KEEP)
            }
        }
        x += p.tile_c * p.src_h * p.src_w;
        a += p.tile_c * p.a_plane;
    }
    const uint end = min(j0 + p.tile_n, rows.n * p.line);
    for (uint i = 0; i < used; i++, y += p.dst_h * p.dst_w) {
        const real more = p.with_e ? LOAD(e, eo + g * p.m + i0 + i) : 0;
        for (uint j = j0, next; j < end; j = next) {
            const uint v = j / p.line, u = j - v * p.line;
            next = min((v + 1) * p.line, end);
            const uint n = u < columns.n ? min(columns.n - u, next - j) : 0;
            __global elem *to = y + (v * p.step_h + rows.first) * p.dst_w + u * p.step_w + columns.first;
            const real *from = sum + i * p.tile_n + j - j0;
            if (p.step_w == 1)
                take(to, from, n, 1, more);
            else
                for (uint k = 0; k < n; k++)
                    STORE(to, k * p.step_w, from[k] + more);
        }
    }
}

#else

#define FEW_ROWS(X) X(0) X(1) X(2) X(3)
#define COLUMNS 5
#define DECLARE(r)                                                                                           \
    const real *a##r = rows + (i + r) * p.tile_n;                                                            \
    realv *s##r = sum + (i + r) * columns + k;                                                               \
    realv p##r = s##r[0], q##r = s##r[1], v##r = s##r[2], t##r = s##r[3], u##r = s##r[4];
#define STEP(r)                                                                                              \
    {                                                                                                        \
        const realv f = VLOAD(a##r + j);                                                                     \
        p##r = fma(f, b0, p##r);                                                                             \
        q##r = fma(f, b1, q##r);                                                                             \
        v##r = fma(f, b2, v##r);                                                                             \
        t##r = fma(f, b3, t##r);                                                                             \
        u##r = fma(f, b4, u##r);                                                                             \
    }
#define KEEP(r) s##r[0] = p##r, s##r[1] = q##r, s##r[2] = v##r, s##r[3] = t##r, s##r[4] = u##r;

real total(realv v);
real total(realv v) {
#ifndef REAL_F64
    const float8 w = v.lo + v.hi;
#else
    const double8 w = v;
#endif
    return ((w.s0 + w.s4) + (w.s2 + w.s6)) + ((w.s1 + w.s5) + (w.s3 + w.s7));
}

__kernel void weigh(__global const elem *dy, ulong dyo, __global const elem *x, ulong xo, __global real *w, ulong wo,
                    Params p) {
    const uint i0 = (uint)get_global_id(0) * p.tile_m, c0 = (uint)get_global_id(1) * p.tile_c,
               g = (uint)get_global_id(2) / p.parts, part = (uint)get_global_id(2) % p.parts,
               groups = (uint)get_global_size(2) / p.parts;
    real source[ITEM + VEC], rows[SUMS + VEC];
    realv sum[VECTORS];
    uint place[DEPTH + 8];
    const uint side = min(p.tile_c, p.channels - c0), used = min(p.tile_m, p.m - i0), taps = p.kernel_h * p.kernel_w,
               planes = p.stride_h * p.stride_w, n = side * taps, columns = (n + COLUMNS - 1) / COLUMNS * COLUMNS;
    for (uint k = 0; k < columns; k++) {
        const uint at = min(k, n - 1), c = at / taps, v = at % taps / p.kernel_w, u = at % p.kernel_w;
        place[k] = c * planes * p.segment + reach(&p, v, u);
    }
    for (uint i = 0; i < p.tile_m * columns; i++)
        sum[i] = 0;
    const uint end = min(p.samples * p.tiles, (part + 1) * p.part);
    for (uint t = part * p.part; t < end; t++) {
        const uint sample = t / p.tiles, j0 = t % p.tiles * p.tile_n;
        sources(source, x + xo + ((ulong)(sample * groups + g) * p.channels + c0) * p.src_h * p.src_w, &p, side, j0);
        for (uint i = 0; i < p.tile_m; i++)
            segment(rows + i * p.tile_n,
                    dy + dyo + ((ulong)(sample * groups + g) * p.m + min(i0 + i, p.m - 1)) * p.dst_h * p.dst_w, p.dst_h,
                    p.dst_w, p.line, j0, p.tile_n, 1, 1, 0, 0);
        for (uint k = 0; k < n; k += COLUMNS) {
            const real *x0 = source + place[k], *x1 = source + place[k + 1], *x2 = source + place[k + 2],
                       *x3 = source + place[k + 3], *x4 = source + place[k + 4];
            for (uint i = 0; i < used; i += 4) {
                FEW_ROWS(DECLARE)
                for (uint j = 0; j < p.tile_n; j += VEC) {
                    const realv b0 = VLOAD(x0 + j), b1 = VLOAD(x1 + j), b2 = VLOAD(x2 + j), b3 = VLOAD(x3 + j),
                                b4 = VLOAD(x4 + j);
                    FEW_ROWS(STEP)
                }
                FEW_ROWS(KEEP)
            }
        }
    }
    w += wo + ((ulong)((part * groups + g) * p.m + i0) * p.channels + c0) * taps;
    for (uint i = 0; i < used; i++)
        for (uint k = 0; k < n; k++)
            w[(ulong)i * p.channels * taps + k] = total(sum[i * columns + k]);
}

/* The sum of the parts, in their order. */
__kernel void fold(__global const real *w, ulong wo, __global elem *y, ulong yo, Params p) {
    const uint at = (uint)get_global_id(0);
    real sum = 0;
    for (uint k = 0; k < p.parts && at < p.all; k++)
        sum += w[wo + (ulong)k * p.all + at];
    if (at < p.all)
        STORE(y, yo + at, sum);
}

#endif
