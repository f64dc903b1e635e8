/* SPDX-License-Identifier: Apache-2.0 */
/* The body of gemm.c for one element type. Before it is included: REAL, VEC (a vector of REAL), LANES,
 * GEMM(name), act_row (the activation over a row).
 *
 * Words: the *row side* is the operand that is broadcast, the *vector side* the one that vectors run along.
 * For C itself they are op(A) and op(B); where that saves a transposing copy, C is computed as op(B)' op(A)'
 * with the sides exchanged, and each tile is transposed as it is stored. */

#define PANEL (2 * LANES)
#define GROUP 8 /* strips gathered together */
#define SHORT 4

typedef struct GEMM(Plan) {
    const CpuGemm *g;
    bool swapped;
    size_t m, n, k;          /* after the exchange: m rows are broadcast, n columns are vectors */
    const REAL *rows, *cols; /* of batch item 0 */
    size_t row_step, row_k;  /* element (i, k) of the row side is rows[i row_step + k row_k] */
    size_t col_ld;           /* a stored row of the vector side */
    bool transpose_cols;     /* it is stored n x k */
    bool direct;             /* it is read where it lies */
    size_t row_stride, col_stride;
    size_t kb, nb;             /* extents of a packed block of the vector side */
    uint32_t parts_m, parts_n; /* tasks per batch item */
    uint32_t batch_tasks;
    char *workspace;
    size_t task_bytes;
} GEMM(Plan);

/* One tile: t[i][j] = sum over k of row(i, k) col(k, j), i < mr, j < nv vectors, kept in registers. */
INLINE void GEMM(tile)(size_t k, const REAL *a, size_t row_step, size_t row_k, const REAL *b, size_t ldb,
                       REAL *c, size_t ldc, bool add, const int mr, const int nv) {
    VEC acc[ROWS][8];
#pragma GCC unroll 16
    for (int i = 0; i < mr; i++)
#pragma GCC unroll 8
        for (int j = 0; j < nv; j++)
            acc[i][j] = (VEC){0};
    for (; k; k--, a += row_k, b += ldb) {
        VEC col[8];
#pragma GCC unroll 8
        for (int j = 0; j < nv; j++)
            col[j] = *(const VEC *)(b + j * LANES);
#pragma GCC unroll 16
        for (int i = 0; i < mr; i++) {
            REAL s = a[(size_t)i * row_step];
#pragma GCC unroll 8
            for (int j = 0; j < nv; j++)
                acc[i][j] += s * col[j];
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < mr; i++)
#pragma GCC unroll 8
        for (int j = 0; j < nv; j++) {
            VEC *to = (VEC *)(c + (size_t)i * ldc + j * LANES);
            if (add)
                acc[i][j] += *to;
            *to = acc[i][j];
        }
}

typedef void GEMM(TileFn)(size_t k, const REAL *a, size_t row_step, size_t row_k, const REAL *b, size_t ldb,
                          REAL *c, size_t ldc, bool add);

#define TILE(mr, nv)                                                                                         \
    static void GEMM(tile_##mr##x##nv)(size_t k, const REAL *a, size_t row_step, size_t row_k,               \
                                       const REAL *b, size_t ldb, REAL *c, size_t ldc, bool add) {           \
        GEMM(tile)(k, a, row_step, row_k, b, ldb, c, ldc, add, mr, nv);                                      \
    }
/* clang-format off */
TILE(1, 8) TILE(2, 4)
TILE(1, 1) TILE(2, 1) TILE(3, 1) TILE(4, 1)
TILE(1, 2) TILE(2, 2) TILE(3, 2) TILE(4, 2)
#if ROWS >= 6
TILE(5, 1) TILE(6, 1) TILE(5, 2) TILE(6, 2)
#endif
#if ROWS >= 8
TILE(7, 1) TILE(8, 1) TILE(7, 2) TILE(8, 2)
#endif
/* clang-format on */
#undef TILE

            static GEMM(TileFn) *const GEMM(tiles)[ROWS][2] = {
                {GEMM(tile_1x1), GEMM(tile_1x2)}, {GEMM(tile_2x1), GEMM(tile_2x2)},
                {GEMM(tile_3x1), GEMM(tile_3x2)}, {GEMM(tile_4x1), GEMM(tile_4x2)},
#if ROWS >= 6
                {GEMM(tile_5x1), GEMM(tile_5x2)}, {GEMM(tile_6x1), GEMM(tile_6x2)},
#endif
#if ROWS >= 8
                {GEMM(tile_7x1), GEMM(tile_7x2)}, {GEMM(tile_8x1), GEMM(tile_8x2)},
#endif
};

/* to[j ldt + i] = from[i ldf + j], i < rows, j < columns. */
static __attribute__((noinline)) void GEMM(transpose)(size_t rows, size_t columns, const REAL *from,
                                                      size_t ldf, REAL *to, size_t ldt) {
    size_t i = 0;
    for (; i + 4 <= rows; i += 4) {
        size_t j = 0;
        for (; j + 4 <= columns; j += 4)
            TRANSPOSE4(from + i * ldf + j, ldf, to + j * ldt + i, ldt);
        for (; j < columns; j++)
            for (size_t r = i; r < i + 4; r++)
                to[j * ldt + r] = from[r * ldf + j];
    }
    for (size_t r = 0; r < (rows & 3); r++)
        for (size_t j = 0; j < columns; j++)
            to[j * ldt + i + r] = from[(i + r) * ldf + j];
}

/* A short row. Library calls and byte loops cost more than the copy here. */
INLINE void GEMM(copy)(REAL *to, const REAL *from, size_t n) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        *(VEC *)(to + i) = *(const VEC *)(from + i);
    for (; i + 4 <= n; i += 4)
        *(QUAD *)(to + i) = *(const QUAD *)(from + i);
    for (; i < n; i++)
        to[i] = from[i];
}

/* Packs `width` columns of the vector side by k rows into panels of k rows; the last panel is as wide as the
 * next multiple of LANES and padded with zeros. */
static void GEMM(pack)(const GEMM(Plan) * p, const REAL *from, size_t k, size_t width, REAL *to) {
    size_t full = width / PANEL, rest = width % PANEL, ld = rest > LANES ? PANEL : LANES;
    if (p->transpose_cols) {
        for (size_t q = 0; q < full; q++)
            GEMM(transpose)(PANEL, k, from + q * PANEL * p->col_ld, p->col_ld, to + q * PANEL * k, PANEL);
        to += full * PANEL * k;
        if (rest && rest < ld)
            memset(to, 0, k * ld * sizeof *to);
        GEMM(transpose)(rest, k, from + full * PANEL * p->col_ld, p->col_ld, to, ld);
        return;
    }
    REAL *last = to + full * PANEL * k;
    if (rest && rest < ld)
        memset(last, 0, k * ld * sizeof *to);
    for (size_t r = 0; r < k; r++, from += p->col_ld) {
        for (size_t q = 0; q < full; q++)
            GEMM(copy)(to + (q * k + r) * PANEL, from + q * PANEL, PANEL);
        GEMM(copy)(last + r * ld, from + full * PANEL, rest);
    }
}

/* Puts a finished tile (mr x nr, row length ld) where it belongs in C: alpha, what C held times beta, and,
 * when this was the last part of the sum, bias and activation. i, j: its place on the row and the vector
 * side. */
static void GEMM(store)(const GEMM(Plan) * p, REAL *tile, size_t ld, size_t mr, size_t nr, REAL *c, size_t i,
                        size_t j, REAL beta, bool last) {
    const CpuGemm *g = p->g;
    REAL turned[PANEL * ROWS], alpha = (REAL)g->alpha;
    if (p->swapped) {
        GEMM(transpose)(mr, nr, tile, ld, turned, mr);
        size_t t = mr;
        mr = nr, nr = ld = t;
        t = i;
        i = j, j = t;
        tile = turned;
    }
    const REAL *bias = last ? g->bias : NULL;
    for (size_t r = 0; r < mr; r++) {
        REAL *restrict to = c + (i + r) * g->ldc + j;
        REAL *restrict t = tile + r * ld;
        if (alpha != 1)
            for (size_t s = 0; s < nr; s++)
                t[s] *= alpha;
        if (beta != 0)
            for (size_t s = 0; s < nr; s++)
                t[s] += beta * to[s];
        if (bias && g->bias_axis == CPU_BIAS_COL)
            for (size_t s = 0; s < nr; s++)
                t[s] += bias[j + s];
        else if (bias && g->bias_axis == CPU_BIAS_ROW)
            for (size_t s = 0; s < nr; s++)
                t[s] += bias[i + r];
        if (last && g->act != CPU_ACT_NONE)
            GEMM(act)(g->act, t, nr);
        GEMM(copy)(to, t, nr);
    }
}

/* Strips s .. s + GROUP of a row side whose k runs down the memory, each made contiguous: with long sums the
 * eight-wide pieces would fall into few sets of the caches. A group is as wide as two cache lines. */
static void GEMM(gather)(const GEMM(Plan) * p, const REAL *rows, size_t k, size_t m0, size_t m, uint32_t s,
                         uint32_t strips, REAL *to) {
    uint32_t count = strips - s < GROUP ? strips - s : GROUP;
    size_t start[GROUP + 1];
    for (uint32_t t = 0; t <= count; t++)
        start[t] = m0 + cpu_part(m, s + t, strips);
    for (size_t r = 0; r < k; r++)
        for (uint32_t t = 0; t < count; t++) {
            const REAL *from = rows + r * p->row_k + start[t];
            if (start[t + 1] - start[t] == ROWS) /* of known length, so without loops */
                GEMM(copy)(to + (t * k + r) * ROWS, from, ROWS);
            else
                GEMM(copy)(to + (t * k + r) * ROWS, from, start[t + 1] - start[t]);
        }
}

/* Rows m0 .. m1 by columns n0 .. n1 of one batch item. */
static void GEMM(block)(const GEMM(Plan) * p, const REAL *rows, const REAL *cols, REAL *c, size_t m0,
                        size_t m1, size_t n0, size_t n1, REAL *packed) {
    const CpuGemm *g = p->g;
    REAL tile[ROWS * PANEL] __attribute__((aligned(64)));
    REAL *strip = packed + p->kb * (p->direct ? PANEL : p->nb);
    size_t strips = (m1 - m0 + ROWS - 1) / ROWS;
    bool plain = !p->swapped && g->alpha == 1 && g->act == CPU_ACT_NONE && g->bias_axis == CPU_BIAS_NONE;
    bool direct = p->direct;
    size_t wide = m1 - m0 == 1   ? 8
                  : m1 - m0 == 2 ? 4
                                 : 0; /* enough sums in flight, and longer runs of memory */
    for (size_t jb = n0; jb < n1; jb += p->nb) {
        size_t je = jb + p->nb < n1 ? jb + p->nb : n1;
        size_t kb = 0;
        do {
            size_t k = p->k - kb < p->kb ? p->k - kb : p->kb;
            bool first = kb == 0, last = kb + k == p->k;
            REAL beta = first ? (REAL)g->beta : 1;
            bool gather = p->row_k > 1 && k > 256 && je - jb > 2 * PANEL;
            size_t whole =
                p->direct ? (je - jb) / LANES * LANES : 0; /* columns that are read where they lie */
            if (jb + whole < je)
                GEMM(pack)
            (p, cols + (p->transpose_cols ? jb * p->col_ld + kb : kb * p->col_ld + jb + whole), k,
             je - jb - whole, packed);
            bool in_place = plain && (beta == 0 || beta == 1);
            for (uint32_t s = 0; s < strips; s++) {
                size_t i = m0 + cpu_part(m1 - m0, s, (uint32_t)strips);
                size_t mr = m0 + cpu_part(m1 - m0, s + 1, (uint32_t)strips) - i;
                const REAL *a = rows + i * p->row_step + kb * p->row_k;
                size_t step = p->row_step, next = p->row_k;
                if (gather) {
                    if (s % GROUP == 0)
                        GEMM(gather)(p, rows + kb * p->row_k, k, m0, m1 - m0, s, (uint32_t)strips, strip);
                    a = strip + s % GROUP * ROWS * k, step = 1, next = ROWS;
                }
                REAL *b = packed;
                for (size_t j = jb, nr; j < je; j += nr) {
                    nr = je - j < PANEL ? je - j : PANEL;
                    if (direct && wide && je - j >= wide * LANES)
                        nr = wide * LANES;
                    if (direct && nr > LANES && nr < PANEL)
                        nr = LANES; /* the whole vector is read where it lies, the rest was packed */
                    size_t nv = (nr + LANES - 1) / LANES, ldb = nv * LANES;
                    const REAL *panel = b;
                    if (j - jb < whole)
                        panel = cols + kb * p->col_ld + j, ldb = p->col_ld;
                    else
                        b += k * ldb;
                    GEMM(TileFn) *fn = nv == 8   ? GEMM(tile_1x8)
                                       : nv == 4 ? GEMM(tile_2x4)
                                                 : GEMM(tiles)[mr - 1][nv - 1];
                    if (in_place && nr == nv * LANES) {
                        fn(k, a, step, next, panel, ldb, c + i * g->ldc + j, g->ldc, beta == 1);
                        continue;
                    }
                    fn(k, a, step, next, panel, ldb, tile, nv * LANES, false);
                    GEMM(store)(p, tile, nv * LANES, mr, nr, c, i, j, beta, last);
                }
            }
            kb += k;
        } while (kb < p->k);
    }
}

/* Sums of a long side against a short one (at most SHORT), both contiguous in k: what a matrix times a
 * vector, or a handful of them, comes down to when the matrix need not be turned. Four long rows at a time
 * share each load. */
INLINE void GEMM(dots)(size_t k, const REAL *rows, size_t row_ld, const REAL *cols, size_t col_ld, REAL *c,
                       size_t long_step, size_t short_step, const int nr, const int ns) {
    VEC acc[8][SHORT];
#pragma GCC unroll 8
    for (int i = 0; i < nr; i++)
#pragma GCC unroll 4
        for (int s = 0; s < ns; s++)
            acc[i][s] = (VEC){0};
    REAL tail[8 + SHORT][LANES];
    size_t whole = k - k % LANES;
    for (size_t r = 0; r < k; r += LANES) {
        if (r == whole) { /* the rest, padded with zeros; every row is now a row of tail */
            memset(tail, 0, sizeof tail);
            for (int i = 0; i < nr; i++)
                memcpy(tail[i], rows + (size_t)i * row_ld + r, (k - r) * sizeof(REAL));
            for (int s = 0; s < ns; s++)
                memcpy(tail[8 + s], cols + (size_t)s * col_ld + r, (k - r) * sizeof(REAL));
            rows = tail[0] - r, row_ld = LANES, cols = tail[8] - r, col_ld = LANES;
        }
        VEC col[SHORT];
#pragma GCC unroll 4
        for (int s = 0; s < ns; s++)
            col[s] = *(const VEC *)(cols + (size_t)s * col_ld + r);
#pragma GCC unroll 8
        for (int i = 0; i < nr; i++) {
            VEC row = *(const VEC *)(rows + (size_t)i * row_ld + r);
#pragma GCC unroll 4
            for (int s = 0; s < ns; s++)
                acc[i][s] += row * col[s];
        }
    }
    for (int i = 0; i < nr; i++)
        for (int s = 0; s < ns; s++) {
            REAL sum[LANES];
            memcpy(sum, &acc[i][s], sizeof sum);
#pragma GCC unroll 4
            for (int w = LANES / 2; w; w /= 2)
#pragma GCC unroll 8
                for (int l = 0; l < w; l++)
                    sum[l] += sum[l + w];
            c[(size_t)i * long_step + (size_t)s * short_step] = sum[0];
        }
}

static void GEMM(dots_task)(void *arg, uint32_t task) {
    const GEMM(Plan) *p = arg;
    const CpuGemm *g = p->g;
    REAL tile[PANEL * SHORT];
    size_t end = cpu_part(p->m, task + 1, p->parts_m);
    for (size_t q = 0; q < g->batch; q++) {
        const REAL *rows = p->rows + q * p->row_stride, *cols = p->cols + q * p->col_stride;
        for (size_t i = cpu_part(p->m, task, p->parts_m), n; i < end; i += n) {
            n = end - i < PANEL ? end - i : PANEL;
            size_t long_step = p->swapped ? 1 : SHORT, short_step = p->swapped ? PANEL : 1;
            for (size_t r = 0, nr; r < n; r += nr) {
                nr = n - r < 4 ? 1 : p->n > 1 || n - r < 8 ? 4 : 8;
                const REAL *from = rows + (i + r) * p->row_step;
                REAL *to = tile + r * long_step;
#define DOTS(nr, ns) GEMM(dots)(p->k, from, p->row_step, cols, p->col_ld, to, long_step, short_step, nr, ns)
                if (nr == 1)
                    for (size_t s = 0; s < p->n; s++)
                        GEMM(dots)(p->k, from, 0, cols + s * p->col_ld, 0, to + s * short_step, 0, 0, 1, 1);
                else if (nr == 8)
                    DOTS(8, 1);
                else if (p->n == 1)
                    DOTS(4, 1);
                else if (p->n == 2)
                    DOTS(4, 2);
                else if (p->n == 3)
                    DOTS(4, 3);
                else
                    DOTS(4, 4);
#undef DOTS
            }
            GEMM(Plan) as_is = {.g = g};
            REAL *c = (REAL *)g->c + q * g->stride_c;
            if (p->swapped)
                GEMM(store)(&as_is, tile, PANEL, p->n, n, c, 0, i, (REAL)g->beta, true);
            else
                GEMM(store)(&as_is, tile, SHORT, n, p->n, c, i, 0, (REAL)g->beta, true);
        }
    }
}

/* Whether `dots` serves this product; fills p as it wants it. */
static bool GEMM(plan_dots)(const CpuGemm *g, const CpuPool *pool, GEMM(Plan) * p) {
    bool a_runs = !g->trans_a || (g->m == 1 && g->lda == 1),
         b_runs = g->trans_b || (g->n == 1 && g->ldb == 1);
    if (!a_runs || !b_runs || (g->m > SHORT && g->n > SHORT))
        return false;
    *p = (GEMM(Plan)){.g = g, .k = g->k, .swapped = g->m < g->n};
    const REAL *a = g->a, *b = g->b;
    p->m = p->swapped ? g->n : g->m, p->n = p->swapped ? g->m : g->n;
    p->rows = p->swapped ? b : a, p->cols = p->swapped ? a : b;
    p->row_step = p->swapped ? g->ldb : g->lda, p->col_ld = p->swapped ? g->lda : g->ldb;
    p->row_stride = p->swapped ? g->stride_b : g->stride_a,
    p->col_stride = p->swapped ? g->stride_a : g->stride_b;
    p->parts_m = (double)p->m * (double)p->k * sizeof(REAL) > CPU_GEMM_TASK_BYTES && pool ? pool->threads : 1;
    return true;
}

static void GEMM(task)(void *arg, uint32_t task) {
    const GEMM(Plan) *p = arg;
    const CpuGemm *g = p->g;
    uint32_t per_item = p->parts_m * p->parts_n, group = task / per_item, part = task % per_item;
    uint32_t pm = part / p->parts_n, pn = part % p->parts_n;
    size_t panels = (p->n + PANEL - 1) / PANEL;
    size_t m0 = cpu_part(p->m, pm, p->parts_m), m1 = cpu_part(p->m, pm + 1, p->parts_m);
    size_t n0 = cpu_part(panels, pn, p->parts_n) * PANEL, n1 = cpu_part(panels, pn + 1, p->parts_n) * PANEL;
    if (n1 > p->n)
        n1 = p->n;
    for (size_t i = cpu_part(g->batch, group, p->batch_tasks);
         i < cpu_part(g->batch, group + 1, p->batch_tasks); i++)
        GEMM(block)
    (p, p->rows + i * p->row_stride, p->cols + i * p->col_stride, (REAL *)g->c + i * g->stride_c, m0, m1, n0,
     n1, (REAL *)(void *)(p->workspace + task * p->task_bytes));
}

/* Cycles, roughly, of one item computed with m rows broadcast against n columns in vectors; ROWS x PANEL is
 * the tile that keeps both multipliers busy, and a transposed element costs about a third of a cycle. */
static double GEMM(cost)(size_t m, size_t n, size_t k, bool transpose_cols, bool transpose_c) {
    size_t strips = (m + ROWS - 1) / ROWS, panels = (n + PANEL - 1) / PANEL;
    double rows = (double)m / (double)strips, width = n % PANEL && n % PANEL <= LANES ? 0.56 : 1;
    double tile = rows < 4 ? 4 : rows;
    return ((double)panels - 1 + width) * (double)strips * tile * (double)k +
           (transpose_cols ? 0.35 * (double)n * (double)k : 0.1 * (double)n * (double)k) +
           (transpose_c ? 0.4 * (double)m * (double)n : 0);
}

static size_t GEMM(blocks)(size_t total, size_t most, size_t multiple) {
    size_t parts = (total + most - 1) / most;
    size_t size = parts ? (total + parts - 1) / parts : 1;
    return (size + multiple - 1) / multiple * multiple;
}

static GEMM(Plan) GEMM(plan)(const CpuGemm *g, const CpuPool *pool) {
    GEMM(Plan) p = {.g = g};
    double straight = GEMM(cost)(g->m, g->n, g->k, g->trans_b, false);
    double exchanged = GEMM(cost)(g->n, g->m, g->k, !g->trans_a, true);
    p.swapped = exchanged < straight;
    p.k = g->k;
    if (p.swapped) {
        p.m = g->n, p.n = g->m;
        p.rows = g->b, p.cols = g->a;
        p.row_step = g->trans_b ? g->ldb : 1, p.row_k = g->trans_b ? 1 : g->ldb;
        p.col_ld = g->lda, p.transpose_cols = !g->trans_a;
        p.row_stride = g->stride_b, p.col_stride = g->stride_a;
    } else {
        p.m = g->m, p.n = g->n;
        p.rows = g->a, p.cols = g->b;
        p.row_step = g->trans_a ? 1 : g->lda, p.row_k = g->trans_a ? g->lda : 1;
        p.col_ld = g->ldb, p.transpose_cols = g->trans_b;
        p.row_stride = g->stride_a, p.col_stride = g->stride_b;
    }
    uint32_t threads = pool && pool->threads ? pool->threads : 1;
    double work = 2.0 * (double)g->m * (double)g->n * (double)g->k * (double)g->batch;
    if (work < 2 * CPU_GEMM_TASK_FLOP)
        threads = 1;
    p.batch_tasks = g->batch < threads ? (g->batch ? (uint32_t)g->batch : 1) : threads;
    p.parts_m = 1;
    p.parts_n = threads / p.batch_tasks;
    /* Whole panels go to each task; rows are split instead where panels would leave a thread with too little.
     */
    size_t panels = (p.n + PANEL - 1) / PANEL;
    if (p.parts_n > 1 && (panels + p.parts_n - 1) / p.parts_n * p.parts_n * 20 > panels * 21 &&
        p.m >= p.parts_n * ROWS)
        p.parts_m = p.parts_n, p.parts_n = 1;
    if (p.parts_n > panels)
        p.parts_n = panels ? (uint32_t)panels : 1;
    p.kb = GEMM(blocks)(p.k, p.row_k > 1 ? CPU_GEMM_BLOCK_K / 4 : CPU_GEMM_BLOCK_K, 1);
    size_t n_task = (panels + p.parts_n - 1) / p.parts_n * PANEL;
    size_t fit = (p.row_k > 1 ? CPU_GEMM_BLOCK_BYTES / 2 : CPU_GEMM_BLOCK_BYTES) / (p.kb * sizeof(REAL)) /
                 PANEL * PANEL;
    p.nb = GEMM(blocks)(n_task, fit ? fit : PANEL, PANEL);
    size_t packed = p.nb;
    p.direct = !p.transpose_cols && p.m <= 2 * ROWS * p.parts_m;
    if (p.direct) /* too few rows to win the packing back; only a last, narrow panel is packed */
        p.nb = n_task ? n_task : PANEL, packed = PANEL;
    p.task_bytes = (p.kb * (packed + GROUP * ROWS) * sizeof(REAL) + 127) / 64 * 64;
    return p;
}

static size_t GEMM(workspace)(const CpuGemm *g, const CpuPool *pool) {
    GEMM(Plan) p;
    if (GEMM(plan_dots)(g, pool, &p))
        return 0;
    p = GEMM(plan)(g, pool);
    return p.task_bytes * p.batch_tasks * p.parts_m * p.parts_n;
}

static void GEMM(run)(const CpuGemm *g, const CpuPool *pool, void *workspace) {
    if (!g->m || !g->n || !g->batch)
        return;
    GEMM(Plan) p;
    if (GEMM(plan_dots)(g, pool, &p)) {
        cpu_pool_run(pool, p.parts_m, GEMM(dots_task), &p);
        return;
    }
    p = GEMM(plan)(g, pool);
    p.workspace = workspace;
    cpu_pool_run(pool, p.batch_tasks * p.parts_m * p.parts_n, GEMM(task), &p);
}

#undef PANEL
#undef GROUP
#undef SHORT
