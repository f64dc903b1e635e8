/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Normalization. A group's elements are `outer` runs of memory, `groups` runs apart: a row of layer normalization is
 * one run, a channel of batch normalization a run of each image. Variances are taken about the mean (Chan, Golub,
 * LeVeque 1983), and what rounding took from that, `rest`, is put back, so that a large mean costs no digits. A
 * processor makes a group by one item with explicit vectors, other devices by 64 items. A program has one kernel, which
 * -DMAKE_... names, as all together take seconds to build.
 */
typedef struct {
    uint groups, outer, run, plane, channels, chunk, what;
    uint epsilon[2], momentum[2], beta[2]; /* the bits of a real */
} Params;

/* As normalization.c has them. ALONG: factors belong to the elements of a run, else to a channel. */
enum { CENTRED = 1, ALONG = 2, GIVEN = 4, DEVIATION = 8, SCALE = 16, BIAS = 32, MEAN = 64, INVERSE = 128 };
enum { NEW_MEAN = 256, NEW_VARIANCE = 512, DX = 1024, DSCALE = 2048, DBIAS = 4096, SUMS = 8192 };
#define HAS(flag) ((p.what & (flag)) != 0)

#ifdef REAL_F64
#define BITS(words) as_double((ulong)(words)[0] | (ulong)(words)[1] << 32)
#else
#define BITS(words) as_float((words)[0])
#endif

/* ---- vectors of V elements, and the items that share a group ---- */

#ifdef CPU
#define WORKERS 1
#define WORKER 0
#define GROUP_ID (uint) get_global_id(0)
#define SHARED
#define join(part, v) (v)
#else
#define WORKERS 64
#define WORKER (uint) get_local_id(0)
#define GROUP_ID (uint) get_group_id(0)
#define SHARED __attribute__((reqd_work_group_size(WORKERS, 1, 1)))
/* The sum over a group's items, in a fixed order, for all of them. */
real join(__local real *part, real v);
real join(__local real *part, real v) {
    const uint t = WORKER;
    barrier(CLK_LOCAL_MEM_FENCE);
    part[t] = v;
    for (uint reach = WORKERS / 2; reach > 0; reach /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (t < reach)
            part[t] += part[t + reach];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    return part[0];
}
#endif

#ifdef CPU
#define V 16
typedef real16 realv;
#define GET(p, i) LOADV(16, (p) + (i))
#define SET(p, i, v) STOREV(16, (p) + (i), v)
real across(realv v);
real across(realv v) {
    const real4 q = (v.lo.lo + v.lo.hi) + (v.hi.lo + v.hi.hi);
    return (q.x + q.y) + (q.z + q.w);
}
#else
#define V 1
typedef real realv;
#define GET LOAD
#define SET STORE
#define across(v) (v)
#endif

/* Adds A and B over the k of a run to a and b. Both are sums of sums of blocks, so that rounding stays small. */
#define BLOCK (32 * V * WORKERS)
#define ADD_RUN(A, B)                                                                                        \
    do {                                                                                                     \
        realv all_a = 0, all_b = 0;                                                                          \
        uint k = WORKER * V;                                                                                 \
        while (k + V <= p.run) {                                                                             \
            const uint end = min(p.run, k + BLOCK);                                                          \
            realv block_a = 0, block_b = 0;                                                                  \
            for (; k + V <= end; k += V * WORKERS) {                                                         \
                block_a += A(GET);                                                                         \
                block_b += B(GET);                                                                         \
            }                                                                                                \
            all_a += block_a;                                                                                \
            all_b += block_b;                                                                                \
        }                                                                                                    \
        real run_a = across(all_a), run_b = across(all_b);                                                   \
        for (k = p.run / V * V + WORKER; k < p.run; k += WORKERS) {                                          \
            run_a += A(LOAD);                                                                                \
            run_b += B(LOAD);                                                                                \
        }                                                                                                    \
        a += run_a;                                                                                          \
        b += run_b;                                                                                          \
    } while (0)

/* Y = VALUE for the k from `begin` to `end`. */
#define WRITE_RUN(y, begin, end, VALUE)                                                                      \
    do {                                                                                                     \
        uint k = (begin) + WORKER * V;                                                                       \
        for (; k + V <= (end); k += V * WORKERS)                                                             \
            SET(y, at + k, VALUE(GET));                                                                 \
        for (k = (begin) + ((end) - (begin)) / V * V + WORKER; k < (end); k += WORKERS)                      \
            STORE(y, at + k, VALUE(LOAD));                                                                   \
    } while (0)

/* The runs of a group from `at` on, and the planes of a run, which belong to channel `c` each. */
#define RUNS for (ulong at = (ulong)g * p.run, o = 0; o < p.outer; o++, at += (ulong)p.groups * p.run)
#define PLANES                                                                                               \
    for (uint begin = 0, c = g * (p.run / p.plane) % p.channels; begin < p.run;                              \
         begin += p.plane, c = (c + 1) % p.channels)

typedef struct {
    real mean, rest, variance;
} Stats;

Stats stats_of(real mean, real rests, real squares, real n);
Stats stats_of(real mean, real rests, real squares, real n) {
    const real rest = rests / n, variance = squares / n - rest * rest;
    return (Stats){mean, isfinite(rest) ? rest : 0, variance < 0 ? 0 : variance};
}

real inverse_of(real variance, const Params *params);
real inverse_of(real variance, const Params *params) {
    const Params p = *params;
    return HAS(DEVIATION) ? 1 / (sqrt(variance) + BITS(p.epsilon)) : 1 / sqrt(variance + BITS(p.epsilon));
}

#define NONE(L) 0
#define ELEMENT(L) L(x, at + k)
#define OFF(L) (L(x, at + k) - mean)
#define SQUARE(L) (OFF(L) * OFF(L))

Stats statistics(__global const elem *x, uint g, const Params *params, __local real *part);
Stats statistics(__global const elem *x, uint g, const Params *params, __local real *part) {
    const Params p = *params;
    const real n = (real)p.outer * (real)p.run;
    real a = 0, b = 0, mean = 0;
    if (HAS(CENTRED)) {
        RUNS
            ADD_RUN(ELEMENT, NONE);
        mean = join(part, a) / n;
    }
    a = b = 0;
    RUNS
        ADD_RUN(OFF, SQUARE);
    return stats_of(mean, HAS(CENTRED) ? join(part, a) : 0, join(part, b), n);
}

/* ---- groups ---- */

#define NORMAL(L) ((L(x, at + k) - s.mean - s.rest) * factor + shift)
#define ALONG_NORMAL(L) ((L(x, at + k) - s.mean - s.rest) * factor * L(scale, k))
#define ALONG_SHIFTED(L) ((L(x, at + k) - s.mean - s.rest) * factor * L(scale, k) + L(bias, k))

/* old_mean, old_variance: the given ones, or the running ones before. */
#ifdef MAKE_norm
__kernel SHARED void norm(__global const elem *x, ulong xo, __global const elem *scale, ulong so,
                          __global const elem *bias, ulong bo, __global const elem *old_mean, ulong omo,
                          __global const elem *old_variance, ulong ovo, __global elem *y, ulong yo,
                          __global real *to_mean, ulong tmo, __global real *to_inverse, ulong tio,
                          __global elem *new_mean, ulong nmo, __global elem *new_variance, ulong nvo, Params p) {
    __local real part[WORKERS];
    const uint g = GROUP_ID, channel = g % p.channels;
    if (g >= p.groups)
        return;
    x += xo;
    y += yo;
    scale += so;
    bias += bo;
    Stats s;
    if (HAS(GIVEN))
        s = (Stats){LOAD(old_mean, omo + channel), 0, LOAD(old_variance, ovo + channel)};
    else
        s = statistics(x, g, &p, part);
    const real inverse = inverse_of(s.variance, &p), keep = BITS(p.momentum);
    if (WORKER == 0) {
        if (HAS(MEAN))
            to_mean[tmo + g] = s.mean + s.rest;
        if (HAS(INVERSE))
            to_inverse[tio + g] = inverse;
        if (HAS(NEW_MEAN))
            STORE(new_mean, nmo + g, LOAD(old_mean, omo + g) * keep + (s.mean + s.rest) * (1 - keep));
        if (HAS(NEW_VARIANCE))
            STORE(new_variance, nvo + g, LOAD(old_variance, ovo + g) * keep + s.variance * (1 - keep));
    }
    RUNS {
        if (HAS(ALONG)) {
            const real factor = inverse;
            if (HAS(BIAS))
                WRITE_RUN(y, 0, p.run, ALONG_SHIFTED);
            else
                WRITE_RUN(y, 0, p.run, ALONG_NORMAL);
        } else
            PLANES {
                const real factor = HAS(SCALE) ? inverse * LOAD(scale, c) : inverse,
                           shift = HAS(BIAS) ? LOAD(bias, c) : 0;
                WRITE_RUN(y, begin, begin + p.plane, NORMAL);
            }
    }
}
#endif

#define GRAD(L) L(dy, at + k)
#define PRODUCT(L) (L(dy, at + k) * (L(x, at + k) - s.mean - s.rest))
#define SCALED(L) (GRAD(L) * L(scale, k))
#define SCALED_PRODUCT(L) (PRODUCT(L) * L(scale, k))
#define SLOPE(L) ((GRAD(L) - even - (L(x, at + k) - s.mean - s.rest) * tilt) * factor)
#define SCALED_SLOPE(L) ((SCALED(L) - even - (L(x, at + k) - s.mean - s.rest) * tilt) * factor)

/* With n = (x - mean) inverse and d = dy scale: dx = inverse (d - mean(d) - n mean(d n)). `sums`: of dy n, then of dy,
 * of each group. */
#ifdef MAKE_norm_grad
__kernel SHARED void norm_grad(__global const elem *dy, ulong dyo, __global const elem *x, ulong xo,
                               __global const elem *scale, ulong so, __global const real *means, ulong mo,
                               __global const real *inverses, ulong io, __global elem *dx, ulong dxo,
                               __global elem *dscale, ulong dso, __global elem *dbias, ulong dbo, __global real *sums,
                               ulong sumo, Params p) {
    __local real part[WORKERS];
    const uint g = GROUP_ID;
    if (g >= p.groups)
        return;
    dy += dyo;
    x += xo;
    dx += dxo;
    scale += so;
    Stats s;
    if (HAS(GIVEN))
        s = (Stats){means[mo + g], 0, 0};
    else
        s = statistics(x, g, &p, part);
    const real inverse = HAS(GIVEN) ? inverses[io + g] : inverse_of(s.variance, &p), n = (real)p.outer * (real)p.run;
    real a = 0, b = 0;
    RUNS {
        if (HAS(ALONG))
            ADD_RUN(SCALED, SCALED_PRODUCT);
        else
            ADD_RUN(GRAD, PRODUCT);
    }
    a = join(part, a);
    b = join(part, b);
    if (WORKER == 0) {
        if (HAS(DSCALE))
            STORE(dscale, dso + g, n == 0 ? 0 : b * inverse);
        if (HAS(DBIAS))
            STORE(dbias, dbo + g, a);
        if (HAS(SUMS)) {
            sums[sumo + g] = n == 0 ? 0 : b * inverse;
            sums[sumo + p.groups + g] = a;
        }
    }
    if (!HAS(DX))
        return;
    const real even = a / n, tilt = b * inverse * inverse / n,
               factor = HAS(ALONG) ? inverse : inverse * LOAD(scale, g % p.channels);
    RUNS {
        if (HAS(ALONG))
            WRITE_RUN(dx, 0, p.run, SCALED_SLOPE);
        else
            WRITE_RUN(dx, 0, p.run, SLOPE);
    }
}
#endif

/* ---- neighbouring channels (Krizhevsky, Sutskever, Hinton 2012) ---- */

/* t^-beta; the usual exponent needs no logarithm. */
#define POWER(t) (beta == R(0.75) ? 1 / (sqrt(t) * sqrt(sqrt(t))) : pow(t, -beta))

/* A run is a channel of an image, of which there are `channels`; `chunk` of them around are looked at. epsilon is what is
 * added, momentum the factor of the sum of squares. */
#ifdef MAKE_lrn
__kernel SHARED void lrn(__global const elem *x, ulong xo, __global elem *y, ulong yo, Params p) {
    const uint g = GROUP_ID, c = g % p.channels;
    if (g >= p.groups)
        return;
    const uint first = c - min(c, (p.chunk - 1) / 2), end = c + min(p.channels - 1 - c, p.chunk / 2) + 1;
    const real bias = BITS(p.epsilon), alpha = BITS(p.momentum), beta = BITS(p.beta);
    x += xo + (ulong)(g - c + first) * p.run;
    y += yo + (ulong)g * p.run;
#define NORMALISE(type, L, S)                                                                                \
    do {                                                                                                     \
        type sum = 0;                                                                                        \
        for (uint d = 0; d < end - first; d++)                                                               \
            sum += L(x, (ulong)d * p.run + k) * L(x, (ulong)d * p.run + k);                                  \
        const type t = bias + alpha * sum;                                                                   \
        S(y, k, L(x, (ulong)(c - first) * p.run + k) * POWER(t));                                            \
    } while (0)
    uint k = WORKER * V;
    for (; k + V <= p.run; k += V * WORKERS)
        NORMALISE(realv, GET, SET);
    for (k = p.run / V * V + WORKER; k < p.run; k += WORKERS)
        NORMALISE(real, LOAD, STORE);
}
#endif

/* ---- columns: V of them side by side, which are groups of runs of one element, or elements of rows ---- */

/* Up to V elements of the n from there on. */
realv take(__global const elem *x, uint n);
void put(__global elem *y, uint n, realv v);
void put_reals(__global real *y, uint n, realv v);
#ifdef CPU
realv take(__global const elem *x, uint n) {
    real lanes[V] = {0};
    if (n >= V)
        return GET(x, 0);
    for (uint i = 0; i < n; i++)
        lanes[i] = LOAD(x, i);
    return vload16(0, lanes);
}

void put(__global elem *y, uint n, realv v) {
    real lanes[V];
    if (n >= V) {
        SET(y, 0, v);
        return;
    }
    vstore16(v, 0, lanes);
    for (uint i = 0; i < n; i++)
        STORE(y, i, lanes[i]);
}

void put_reals(__global real *y, uint n, realv v) {
    real lanes[V];
    vstore16(v, 0, lanes);
    for (uint i = 0; i < V && i < n; i++)
        y[i] = lanes[i];
}
#else
realv take(__global const elem *x, uint n) { return LOAD(x, 0); }
void put(__global elem *y, uint n, realv v) { STORE(y, 0, v); }
void put_reals(__global real *y, uint n, realv v) { y[0] = v; }
#endif

/* Adds A and B over the rows from `begin` to `end` to a and b. */
#define ADD_ROWS(A, B)                                                                                       \
    for (uint o = begin; o < end;) {                                                                         \
        realv block_a = 0, block_b = 0;                                                                      \
        for (const uint stop = min(end, o + 32); o < stop; o++) {                                            \
            const ulong at = (ulong)o * p.groups + c;                                                        \
            block_a += A;                                                                                    \
            block_b += B;                                                                                    \
        }                                                                                                    \
        a += block_a;                                                                                        \
        b += block_b;                                                                                        \
    }

#define COLUMNS                                                                                              \
    const uint c = (uint)get_global_id(0) * V, begin = (uint)get_global_id(1) * p.chunk,                     \
               end = min(p.outer, begin + p.chunk), left = p.groups - c;                                     \
    if (c >= p.groups)                                                                                       \
        return;

typedef struct {
    realv mean, rest, variance;
} ColumnStats;

ColumnStats column_statistics(__global const elem *x, uint c, uint left, const Params *params);
ColumnStats column_statistics(__global const elem *x, uint c, uint left, const Params *params) {
    const Params p = *params;
    const uint begin = 0, end = p.outer;
    const real n = (real)p.outer;
    realv a = 0, b = 0;
    ADD_ROWS(take(x + at, left), 0)
    const realv mean = a / n;
    a = b = 0;
    ADD_ROWS(take(x + at, left) - mean, (take(x + at, left) - mean) * (take(x + at, left) - mean))
    const realv rest = a / n, variance = b / n - rest * rest;
    const realv none = 0;
    return (ColumnStats){mean, isfinite(rest) ? rest : none, variance < 0 ? none : variance};
}

#ifdef MAKE_norm_columns
__kernel void norm_columns(__global const elem *x, ulong xo, __global const elem *scale, ulong so,
                           __global const elem *bias, ulong bo, __global const elem *old_mean, ulong omo,
                           __global const elem *old_variance, ulong ovo, __global elem *y, ulong yo,
                           __global elem *new_mean, ulong nmo, __global elem *new_variance, ulong nvo, Params p) {
    COLUMNS
    const realv before = take(old_mean + omo + c, left), variance = take(old_variance + ovo + c, left);
    const real keep = BITS(p.momentum), epsilon = BITS(p.epsilon);
    ColumnStats s = {before, 0, variance};
    if (!HAS(GIVEN))
        s = column_statistics(x + xo, c, left, &p);
    if (HAS(NEW_MEAN))
        put(new_mean + nmo + c, left, before * keep + (s.mean + s.rest) * (1 - keep));
    if (HAS(NEW_VARIANCE))
        put(new_variance + nvo + c, left, variance * keep + s.variance * (1 - keep));
    const realv factor = take(scale + so + c, left) / sqrt(s.variance + epsilon), shift = take(bias + bo + c, left);
    for (uint o = begin; o < end; o++) {
        const ulong at = (ulong)o * p.groups + c;
        put(y + yo + at, left, (take(x + xo + at, left) - s.mean - s.rest) * factor + shift);
    }
}
#endif

#ifdef MAKE_norm_columns_grad
__kernel void norm_columns_grad(__global const elem *dy, ulong dyo, __global const elem *x, ulong xo,
                                __global const elem *scale, ulong so, __global elem *dx, ulong dxo,
                                __global elem *dscale, ulong dso, __global elem *dbias, ulong dbo, Params p) {
    COLUMNS
    const ColumnStats s = column_statistics(x + xo, c, left, &p);
    const realv inverse = 1 / sqrt(s.variance + BITS(p.epsilon));
    realv a = 0, b = 0;
    ADD_ROWS(take(dy + dyo + at, left), take(dy + dyo + at, left) * (take(x + xo + at, left) - s.mean - s.rest))
    if (HAS(DSCALE))
        put(dscale + dso + c, left, p.outer == 0 ? a : b * inverse);
    if (HAS(DBIAS))
        put(dbias + dbo + c, left, a);
    const real n = (real)p.outer;
    const realv even = a / n, tilt = b * inverse * inverse / n, factor = inverse * take(scale + so + c, left);
    for (uint o = begin; o < end && HAS(DX); o++) {
        const ulong at = (ulong)o * p.groups + c;
        put(dx + dxo + at, left,
            (take(dy + dyo + at, left) - even - (take(x + xo + at, left) - s.mean - s.rest) * tilt) * factor);
    }
}
#endif

/* Sums over chunks of rows [outer, groups] of dy n, then of dy, where n = (x - mean) inverse of each row. */
#ifdef MAKE_sum_columns
__kernel void sum_columns(__global const elem *dy, ulong dyo, __global const elem *x, ulong xo,
                          __global const real *means, ulong mo, __global const real *inverses, ulong io,
                          __global real *sums, ulong sumo, Params p) {
    COLUMNS
    realv a = 0, b = 0;
    ADD_ROWS(take(dy + dyo + at, left),
             take(dy + dyo + at, left) * ((take(x + xo + at, left) - means[mo + o]) * inverses[io + o]))
    const uint chunks = (uint)get_global_size(1);
    __global real *to = sums + sumo + (ulong)get_global_id(1) * p.groups + c;
    put_reals(to, left, b);
    put_reals(to + (ulong)chunks * p.groups, left, a);
}
#endif

/* The end of both: Y [groups] is the sum over the `outer` rows of one kind of sums, which stands at row `chunk`. */
#ifdef MAKE_sum_rows
__kernel void sum_rows(__global const real *sums, ulong sumo, __global elem *y, ulong yo, Params p) {
    const uint i = (uint)get_global_id(0);
    if (i >= p.groups)
        return;
    real sum = 0;
    sums += sumo + (ulong)p.chunk * p.groups + i;
    for (uint o = 0; o < p.outer;) {
        real block = 0;
        for (const uint stop = min(p.outer, o + 32); o < stop; o++)
            block += sums[(ulong)o * p.groups];
        sum += block;
    }
    STORE(y, yo + i, sum);
}
#endif
