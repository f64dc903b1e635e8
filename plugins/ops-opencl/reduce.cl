/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reductions. `rows`: a result's elements are runs of memory (the last dimension goes), which an item walks by vectors, or a
 * group together where the device is no processor; `few` where runs are short. `columns`: neighbours make neighbouring
 * results, and an item makes as many as it has lanes. Few results of many elements are made in pieces that `join` puts
 * together. Eight vectors are added in pairs, and what comes out to a compensated sum (Kahan 1965), so that a hundred
 * thousand elements keep their digits.
 */
#define DIMS 6
#define GROUP 64

/* Dimensions with the last one first. A result has outer times `parts` runs of up to `part` elements, inner_stride apart. */
typedef struct {
    uint count, total, kept, reduced, outer, inner, inner_stride, parts, part, pieces, mean;
    uint kept_dims[DIMS], kept_strides[DIMS], outer_dims[DIMS], outer_strides[DIMS];
} Params;

uint place(uint at, uint n, const uint *dims, const uint *strides);
uint place(uint at, uint n, const uint *dims, const uint *strides) {
    uint to = 0;
    for (uint d = 0; d < n; d++) {
        to += at % dims[d] * strides[d];
        at /= dims[d];
    }
    return to;
}

#if defined(SQUARES)
#define VALUE(v) ((v) * (v))
#elif defined(MAGNITUDES)
#define VALUE(v) fabs(v)
#else
#define VALUE(v) (v)
#endif

#ifdef SUM
#define FIRST 0
#define JOIN(a, b) ((a) + (b))
#elif defined(MAX)
#define FIRST -INFINITY
#define JOIN(a, b) ((((b) > (a)) | ((b) != (b))) ? (b) : (a))
#elif defined(MIN)
#define FIRST INFINITY
#define JOIN(a, b) ((((b) < (a)) | ((b) != (b))) ? (b) : (a))
#elif defined(LOGSUMEXP)
#define FIRST -INFINITY
/* ln(e^a + e^b), of infinities too: their difference is no number where they are the same. */
#define JOIN(a, b)                                                                                           \
    ((a) == (b) ? (a) + R(0.69314718055994531) : fmax(a, b) + log1p(exp(-fabs((a) - (b)))))
#else
#define FIRST 1
#define JOIN(a, b) ((a) * (b))
#endif

/* The result so far, and what rounding has taken from it; an infinite sum has lost nothing that counts. */
#ifdef SUM
#define TAKE(T, a, v)                                                                                        \
    const T y = (v) - (a)->lost, t = (a)->sum + y;                                                           \
    (a)->lost = fabs(t) <= REAL_MAX ? (t - (a)->sum) - y : (T)0;                                             \
    (a)->sum = t;
#else
#define TAKE(T, a, v) (a)->sum = JOIN((a)->sum, v);
#endif
typedef struct {
    V sum, lost;
} Acc;
typedef struct {
    real sum, lost;
} One;
void accumulate(Acc *a, V v);
void accumulate(Acc *a, V v) { TAKE(V, a, v) }
void accumulate_one(One *a, real v);
void accumulate_one(One *a, real v) { TAKE(real, a, v) }

#if defined(ROOT)
#define FINISH(v) sqrt(v)
#elif defined(LOG)
#define FINISH(v) log(v)
#elif defined(SUM)
#define FINISH(v) (p.mean ? (v) / ((real)p.outer * (real)p.inner) : (v))
#else
#define FINISH(v) (v)
#endif

V pairs(V a, V b, V c, V d);
V pairs(V a, V b, V c, V d) {
    const V ab = JOIN(a, b), cd = JOIN(c, d);
    return JOIN(ab, cd);
}

/* n vectors from `at` on, `stride` apart, of which `lanes` lanes count. */
void add_run(Acc *a, __global const elem *x, uint at, uint n, uint stride, uint lanes, const Params *p);
void add_run(Acc *a, __global const elem *x, uint at, uint n, uint stride, uint lanes, const Params *p) {
    uint k = 0;
    x += at;
    if (lanes >= LANES)
        for (; k + 8 <= n; k += 8) {
#define AT(i) VALUE(LOAD_LANES(x + (k + (i)) * stride))
            const V u = pairs(AT(0), AT(1), AT(2), AT(3)), v = pairs(AT(4), AT(5), AT(6), AT(7));
            accumulate(a, JOIN(u, v));
        }
    for (; k < n; k++)
        accumulate(a, VALUE(get(x + k * stride, lanes, p->total - at - k * stride, FIRST)));
}

/* The runs of a piece; where one of them begins, with its length. */
#define EACH_RUN(r, p)                                                                                       \
    const uint runs = (p)->outer * (p)->parts, share = (runs + (p)->pieces - 1) / (p)->pieces;               \
    for (uint r = q * share; r < min(runs, q * share + share); r++)
uint run_of(uint r, uint base, uint *n, const Params *p);
uint run_of(uint r, uint base, uint *n, const Params *p) {
    const uint begin = r % p->parts * p->part;
    *n = min(p->part, p->inner - begin);
    return base + place(r / p->parts, p->reduced, p->outer_dims, p->outer_strides) + begin * p->inner_stride;
}

/* Piece q of the row at `base`: what one item, number t of `items`, has a share of. */
V piece(__global const elem *x, uint base, uint q, uint t, uint items, const Params *p);
V piece(__global const elem *x, uint base, uint q, uint t, uint items, const Params *p) {
    const uint width = items * LANES;
    uint n;
    Acc a;
    a.sum = FIRST;
    a.lost = 0;
    EACH_RUN(r, p) {
        const uint at = run_of(r, base, &n, p) + t * LANES;
        add_run(&a, x, at, n / width, width, LANES, p);
        if (n % width > t * LANES)
            add_run(&a, x, at + n / width * width, 1, 0, n % width - t * LANES, p);
    }
    return a.sum - a.lost;
}

#define ARGUMENTS                                                                                            \
    __global const elem *x, ulong xo, __global elem *y, ulong yo, __global real *parts, ulong po, Params p
#define SHARE(index)                                                                                         \
    const uint i = (uint)(index) % p.count, q = (uint)(index) / p.count;                                     \
    const uint base = place(i, p.kept, p.kept_dims, p.kept_strides);
#define RESULT(v)                                                                                            \
    if (p.pieces == 1)                                                                                       \
        STORE(y, yo + i, FINISH(v));                                                                         \
    else                                                                                                     \
        parts[po + q * p.count + i] = v;

#ifdef CPU
__kernel void rows(ARGUMENTS) {
    SHARE(get_global_id(0))
    if (q >= p.pieces)
        return;
    const V lanes = piece(x + xo, base, q, 0, 1, &p);
    FOLD(JOIN, lanes, sum);
    RESULT(sum)
}
#else
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void rows(ARGUMENTS) {
    __local real part[GROUP];
    const uint t = (uint)get_local_id(0);
    SHARE(get_group_id(0))
    part[t] = piece(x + xo, base, q, t, GROUP, &p);
    for (uint reach = GROUP / 2; reach > 0; reach /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (t < reach)
            part[t] = JOIN(part[t], part[t + reach]);
    }
    if (t > 0)
        return;
    RESULT(part[0])
}
#endif

__kernel void few(ARGUMENTS) {
    SHARE(get_global_id(0))
    uint n;
    One a;
    a.sum = FIRST;
    a.lost = 0;
    if (q >= p.pieces)
        return;
    EACH_RUN(r, &p) {
        const uint at = run_of(r, base, &n, &p);
        for (uint k = 0; k < n; k++)
            accumulate_one(&a, VALUE(LOAD(x + xo, at + k)));
    }
    RESULT(a.sum - a.lost)
}

/* As many vectors side by side as make a stretch of memory that is worth going to. */
#if LANES == 16
#define WIDE 4
#else
#define WIDE 1
#endif

/* n rows of WIDE vectors. */
void add_rows(Acc *a, __global const elem *x, uint n, uint stride);
void add_rows(Acc *a, __global const elem *x, uint n, uint stride) {
    uint k = 0;
    for (; k + 8 <= n; k += 8)
        for (uint b = 0; b < WIDE; b++) {
#define IN(i) VALUE(LOAD_LANES(x + (k + (i)) * stride + b * LANES))
            const V u = pairs(IN(0), IN(1), IN(2), IN(3)), v = pairs(IN(4), IN(5), IN(6), IN(7));
            accumulate(a + b, JOIN(u, v));
        }
    for (; k < n; k++)
        for (uint b = 0; b < WIDE; b++)
            accumulate(a + b, VALUE(LOAD_LANES(x + k * stride + b * LANES)));
}

__kernel void columns(ARGUMENTS) {
    const uint blocks = (p.kept_dims[0] + WIDE * LANES - 1) / (WIDE * LANES), all = p.count / p.kept_dims[0] * blocks;
    const uint block = (uint)get_global_id(0) % all, q = (uint)get_global_id(0) / all;
    const uint column = block % blocks * WIDE * LANES, lanes = p.kept_dims[0] - column;
    const uint i = block / blocks * p.kept_dims[0] + column, base = place(i, p.kept, p.kept_dims, p.kept_strides);
    uint n;
    Acc a[WIDE];
    for (uint b = 0; b < WIDE; b++) {
        a[b].sum = FIRST;
        a[b].lost = 0;
    }
    if (q >= p.pieces)
        return;
    EACH_RUN(r, &p) {
        const uint at = run_of(r, base, &n, &p);
        if (lanes >= WIDE * LANES)
            add_rows(a, x + xo + at, n, p.inner_stride);
        else
            for (uint b = 0; b < WIDE && b * LANES < lanes; b++)
                add_run(&a[b], x + xo, at + b * LANES, n, p.inner_stride, lanes - b * LANES, &p);
    }
    for (uint b = 0; b < WIDE && b * LANES < lanes; b++) {
        const V sum = a[b].sum - a[b].lost;
        if (p.pieces == 1)
            put(y + yo + i + b * LANES, lanes - b * LANES, FINISH(sum));
        else
            put_real(parts + po + q * p.count + i + b * LANES, lanes - b * LANES, sum);
    }
}

__kernel void join(__global const real *parts, ulong po, __global elem *y, ulong yo, Params p) {
    const uint i = (uint)get_global_id(0);
    if (i >= p.count)
        return;
    real sum = FIRST;
    for (uint q = 0; q < p.pieces; q++)
        sum = JOIN(sum, parts[po + q * p.count + i]);
    STORE(y, yo + i, FINISH(sum));
}

/* Whether all elements are finite: the only item says it, or each of several takes back what `yes` has said. */
__kernel void finite(__global const elem *x, ulong xo, __global uchar *y, ulong yo, Params p) {
    const uint i = (uint)get_global_id(0);
    M bad = 0;
    x += xo;
#ifdef CPU
    const uint from = i * p.part, to = min(p.total, from + p.part), step = LANES;
#else
    const uint from = i, to = p.total, step = p.pieces;
#endif
    for (uint k = from; k < to && i < p.pieces; k += step)
        bad |= fabs(get(x + k, to - k, p.total - k, 0)) <= REAL_MAX ? (M)0 : (M)-1;
    if (p.pieces == 1 && i == 0)
        y[yo] = !ANY(bad);
    else if (ANY(bad))
        y[yo] = 0;
}

__kernel void yes(__global uchar *y, ulong yo, Params p) {
    (void)p;
    y[yo] = 1;
}
