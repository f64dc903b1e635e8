/* SPDX-License-Identifier: Apache-2.0 */
/* The convolution and its gradient with respect to the input. The latter is, for each residue of the output
 * position modulo the strides, a convolution of dy with some of the weights, turned round: no zeros are
 * multiplied. */
#include "conv.h"
#include "correlate.h"

#if SIMD_BYTES == 64
#define ROWS 8
#elif SIMD_BYTES == 32
#define ROWS 6
#else
#define ROWS 4
#endif
#define PANEL ((size_t)(2 * VF))

typedef int32_t VecI __attribute__((vector_size(SIMD_BYTES)));

/* What all tasks of one correlation share. Images and their groups are counted together: image q is batch
 * item q / groups, group q % groups. */
typedef struct Job {
    Correlation t;
    Layout l;
    size_t batch, groups, out_channels; /* out_channels of one group */
    const float *src, *src_end, *weight, *bias;
    float *out;
    size_t out_plane, out_row, out_col; /* elements; out begins at this job's first element */
    bool relu;
    const uint32_t *offset;
    float *blocks;
    size_t block_floats, weight_group; /* weights of a group */
    uint32_t tasks;
} Job;

/* How many products of a sum are taken before the next tile: two vectors of each, and the weights, stay in
 * L1. */
#define BLOCK_K ((size_t)320)

/* c[i][j] = (add ? c[i][j] : bias[i]) + sum over k of a[i][k] b[offset[k] + j] */
typedef struct Tile {
    size_t k, lda, ldc;
    const float *a, *b, *bias;
    const uint32_t *offset;
    float *c;
    bool add, relu;
} Tile;

INLINE void tile(const Tile *t, const int mr, const int nv) {
    const float *a = t->a;
    size_t lda = t->lda, ldc = t->ldc;
    VecF acc[ROWS][2];
#pragma GCC unroll 8
    for (int i = 0; i < mr; i++)
#pragma GCC unroll 2
        for (int j = 0; j < nv; j++)
            if (t->add)
                acc[i][j] = *(const VecF *)(t->c + (size_t)i * ldc + j * VF);
            else
                acc[i][j] = (VecF){0} + (t->bias ? t->bias[i] : 0);
    for (size_t s = 0; s < t->k; s++) {
        const float *from = t->b + t->offset[s];
        VecF col[2];
#pragma GCC unroll 2
        for (int j = 0; j < nv; j++)
            col[j] = *(const VecF *)(from + j * VF);
#pragma GCC unroll 8
        for (int i = 0; i < mr; i++) {
            float w = a[(size_t)i * lda + s];
#pragma GCC unroll 2
            for (int j = 0; j < nv; j++)
                acc[i][j] += w * col[j];
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < mr; i++)
#pragma GCC unroll 2
        for (int j = 0; j < nv; j++) {
            if (t->relu) /* NaN stays */
                acc[i][j] = (VecF)((VecI)acc[i][j] & ~(acc[i][j] < 0));
            *(VecF *)(t->c + (size_t)i * ldc + j * VF) = acc[i][j];
        }
}

typedef void TileFn(const Tile *t);

/* clang-format off */
#define TILES(mr)                                                                                            \
    static void tile_##mr##x1(const Tile *t) { tile(t, mr, 1); }                                             \
    static void tile_##mr##x2(const Tile *t) { tile(t, mr, 2); }
TILES(1) TILES(2) TILES(3) TILES(4)
#if ROWS >= 6
TILES(5) TILES(6)
#endif
#if ROWS >= 8
TILES(7) TILES(8)
#endif

static TileFn *const tiles[ROWS][2] = {
    {tile_1x1, tile_1x2}, {tile_2x1, tile_2x2}, {tile_3x1, tile_3x2}, {tile_4x1, tile_4x2},
#if ROWS >= 6
    {tile_5x1, tile_5x2}, {tile_6x1, tile_6x2},
#endif
#if ROWS >= 8
    {tile_7x1, tile_7x2}, {tile_8x1, tile_8x2},
#endif
};
/* clang-format on */

/* Positions p .. p + n of a block, which are not one run of the output, from rows of PANEL to where they
 * belong. */
static void scatter(const Job *j, size_t image, size_t first_row, size_t positions, const float *from,
                    size_t p, size_t n) {
    size_t place[2 * VF];
    for (size_t s = 0; s < n; s++) {
        size_t q = (p + s) / positions, at = (p + s) % positions;
        size_t r = first_row + at / j->t.out_w, c = at % j->t.out_w;
        place[s] = (image + q) * j->out_channels * j->out_plane + r * j->out_row + c * j->out_col;
    }
    for (size_t m = 0; m < j->out_channels; m++)
        for (size_t s = 0; s < n; s++)
            j->out[m * j->out_plane + place[s]] = from[m * PANEL + s];
}

/* All output channels of the rows from `first` on, of l.images images from `image` on. */
static void block(const Job *j, size_t image, size_t first, float *copy) {
    const Correlation *t = &j->t;
    size_t images = j->batch * j->groups - image < j->l.images ? j->batch * j->groups - image : j->l.images;
    size_t rows = t->out_h - first < j->l.rows ? t->out_h - first : j->l.rows;
    size_t plane = t->src_h * t->src_w, k = t->channels * t->taps_r * t->taps_c;
    float *spare = copy + layout_floats(&j->l), *window = spare + j->out_channels * PANEL;
    for (size_t q = 0; q < images; q++)
        expand(t, &j->l, first, q, j->src + (image + q) * t->channels * plane, j->src_end, copy, window);
    size_t group = image % j->groups, strips = (j->out_channels + ROWS - 1) / ROWS;
    const float *weight = j->weight + group * j->weight_group;
    const float *bias = j->bias ? j->bias + group * j->out_channels : NULL;
    size_t positions = rows * t->out_w, total = images * positions;
    bool runs = images == 1 && j->out_col == 1 && j->out_row == t->out_w;
    for (size_t p = 0; p < total; p += PANEL) {
        size_t nr = total - p < PANEL ? total - p : PANEL, nv = (nr + VF - 1) / VF, kb = 0;
        bool direct = runs && nr == nv * VF;
        float *c = direct ? j->out + image * j->out_channels * j->out_plane + first * t->out_w + p : spare;
        size_t ldc = direct ? j->out_plane : PANEL;
        do {
            size_t part = k - kb < 2 * BLOCK_K ? k - kb : BLOCK_K;
            Tile at = {
                .k = part, .lda = k, .ldc = ldc, .b = copy + p, .offset = j->offset + kb, .add = kb > 0};
            kb += part;
            at.relu = j->relu && kb == k;
            for (uint32_t s = 0; s < strips; s++) {
                size_t m = cpu_part(j->out_channels, s, (uint32_t)strips);
                size_t mr = cpu_part(j->out_channels, s + 1, (uint32_t)strips) - m;
                at.a = weight + m * k + (kb - part), at.c = c + m * ldc, at.bias = bias ? bias + m : NULL;
                tiles[mr - 1][nv - 1](&at);
            }
        } while (kb < k);
        if (!direct)
            scatter(j, image, first, positions, spare, p, nr);
    }
}

static void task(void *arg, uint32_t n) {
    const Job *j = arg;
    size_t per_image = (j->t.out_h + j->l.rows - 1) / j->l.rows;
    size_t items = (j->batch * j->groups + j->l.images - 1) / j->l.images * per_image;
    for (size_t i = cpu_part(items, n, j->tasks); i < cpu_part(items, n + 1, j->tasks); i++)
        block(j, i / per_image * j->l.images, i % per_image * j->l.rows, j->blocks + n * j->block_floats);
}

static uint32_t tasks_of(const CpuPool *pool) { return pool && pool->threads ? pool->threads : 1; }

/* Several images side by side share their weights, so there must be one group; one item must not be all the
 * work. */
static Layout fit(const Correlation *t, size_t batch, size_t groups, const CpuPool *pool) {
    uint32_t threads = tasks_of(pool);
    Layout l = layout_fit(t, groups == 1 ? batch / threads : 1);
    if (batch * groups < threads && l.rows > (t->out_h + threads - 1) / threads)
        l = layout_of(t, (t->out_h + threads - 1) / threads, 1);
    return l;
}

/* What one task works in: the copies, a tile of every channel, a window. */
static size_t task_floats(const Correlation *t, const Layout *l, size_t out_channels) {
    return round_up(layout_floats(l) + out_channels * PANEL + (l->rows ? window_floats(t, l) : 0), 16);
}

static void run(Job *j, const CpuPool *pool, float *workspace) {
    size_t k = j->t.channels * j->t.taps_r * j->t.taps_c;
    if (!j->t.out_h || !j->t.out_w || !j->batch || !j->out_channels)
        return;
    j->l = fit(&j->t, j->batch, j->groups, pool);
    j->tasks = tasks_of(pool);
    uint32_t *offset = (uint32_t *)(void *)workspace;
    layout_offsets(&j->t, &j->l, offset);
    j->offset = offset;
    j->blocks = workspace + round_up(k, 16);
    j->block_floats = task_floats(&j->t, &j->l, j->out_channels);
    cpu_pool_run(pool, j->tasks, task, j);
}

static size_t run_floats(const Correlation *t, size_t out_channels, size_t batch, size_t groups,
                         const CpuPool *pool) {
    Layout l = fit(t, batch, groups, pool);
    return round_up(t->channels * t->taps_r * t->taps_c, 16) +
           tasks_of(pool) * task_floats(t, &l, out_channels);
}

static Correlation forward_of(const CpuConv *c) {
    return (Correlation){.channels = c->in_channels / c->groups,
                         .src_h = c->in_h,
                         .src_w = c->in_w,
                         .taps_r = c->kernel_h,
                         .taps_c = c->kernel_w,
                         .row0 = -c->pad_top,
                         .row_d = (ptrdiff_t)c->dilation_h,
                         .col0 = -c->pad_left,
                         .col_d = (ptrdiff_t)c->dilation_w,
                         .step_r = c->stride_h,
                         .step_c = c->stride_w,
                         .out_h = c->out_h,
                         .out_w = c->out_w};
}

/* A 1x1 kernel that visits every pixel is a plain product of matrices. */
static bool pointwise(const CpuConv *c) {
    return c->kernel_h == 1 && c->kernel_w == 1 && c->stride_h == 1 && c->stride_w == 1 && c->groups == 1 &&
           c->pad_top == 0 && c->pad_left == 0 && c->out_h == c->in_h && c->out_w == c->in_w;
}

extern const CpuGemmKernels SIMD_NAME(cpu_gemm);

static CpuGemm product(const CpuConv *c, bool forward) {
    size_t plane = c->in_h * c->in_w, m = forward ? c->out_channels : c->in_channels;
    size_t k = forward ? c->in_channels : c->out_channels;
    return (CpuGemm){.trans_a = !forward,
                     .m = m,
                     .n = plane,
                     .k = k,
                     .alpha = 1,
                     .lda = c->in_channels,
                     .ldb = plane,
                     .ldc = plane,
                     .batch = c->batch,
                     .stride_b = k * plane,
                     .stride_c = m * plane};
}

static void forward(const CpuConv *c, const CpuPool *pool, const float *x, const float *w, const float *bias,
                    CpuAct act, float *y, void *workspace) {
    if (pointwise(c)) {
        CpuGemm g = product(c, true);
        g.a = w, g.b = x, g.c = y, g.bias = bias, g.act = act;
        g.bias_axis = bias ? CPU_BIAS_ROW : CPU_BIAS_NONE;
        SIMD_NAME(cpu_gemm).f32(&g, pool, workspace);
        return;
    }
    Job j = {.t = forward_of(c),
             .batch = c->batch,
             .groups = c->groups,
             .src = x,
             .weight = w,
             .bias = bias,
             .out = y,
             .out_channels = c->out_channels / c->groups,
             .out_plane = c->out_h * c->out_w,
             .out_row = c->out_w,
             .out_col = 1,
             .relu = act == CPU_ACT_RELU};
    j.src_end = x + c->batch * c->in_channels * c->in_h * c->in_w;
    j.weight_group = j.out_channels * j.t.channels * c->kernel_h * c->kernel_w;
    run(&j, pool, workspace);
}

/* The kernel elements that reach input positions congruent to `residue`: first, first + step, ...; `count` of
 * them. The first lies `shift` source positions ahead, each further one `d` fewer. */
typedef struct Reach {
    size_t first, step, count;
    ptrdiff_t shift, d;
} Reach;

static Reach reach(size_t residue, ptrdiff_t pad, size_t stride, size_t dilation, size_t kernel) {
    Reach r = {.step = 1};
    while (r.step * dilation % stride != 0)
        r.step++;
    ptrdiff_t s = (ptrdiff_t)stride, at = (ptrdiff_t)residue + pad;
    while (r.first < kernel && r.first < r.step && (at - (ptrdiff_t)(r.first * dilation)) % s != 0)
        r.first++;
    if (r.first >= kernel || r.first >= r.step)
        return r;
    r.count = (kernel - r.first + r.step - 1) / r.step;
    r.shift = (at - (ptrdiff_t)(r.first * dilation)) / s;
    r.d = (ptrdiff_t)(r.step * dilation / stride);
    return r;
}

static Correlation gradient_of(const CpuConv *c, size_t row, size_t column, Reach *rows, Reach *columns) {
    *rows = reach(row, c->pad_top, c->stride_h, c->dilation_h, c->kernel_h);
    *columns = reach(column, c->pad_left, c->stride_w, c->dilation_w, c->kernel_w);
    return (Correlation){.channels = c->out_channels / c->groups,
                         .src_h = c->out_h,
                         .src_w = c->out_w,
                         .taps_r = rows->count,
                         .taps_c = columns->count,
                         .row0 = rows->shift,
                         .row_d = -rows->d,
                         .col0 = columns->shift,
                         .col_d = -columns->d,
                         .step_r = 1,
                         .step_c = 1,
                         .out_h = row < c->in_h ? (c->in_h - row + c->stride_h - 1) / c->stride_h : 0,
                         .out_w = column < c->in_w ? (c->in_w - column + c->stride_w - 1) / c->stride_w : 0};
}

static void grad_input(const CpuConv *c, const CpuPool *pool, const float *dy, const float *w, float *dx,
                       void *workspace) {
    if (pointwise(c)) {
        CpuGemm g = product(c, false);
        g.a = w, g.b = dy, g.c = dx;
        SIMD_NAME(cpu_gemm).f32(&g, pool, workspace);
        return;
    }
    size_t in = c->in_channels / c->groups, out = c->out_channels / c->groups;
    float *turned = workspace;
    for (size_t row = 0; row < c->stride_h; row++)
        for (size_t column = 0; column < c->stride_w; column++) {
            Reach rows, columns;
            Job j = {.t = gradient_of(c, row, column, &rows, &columns),
                     .batch = c->batch,
                     .groups = c->groups,
                     .src = dy,
                     .weight = turned,
                     .out = dx + row * c->in_w + column,
                     .out_channels = in,
                     .out_plane = c->in_h * c->in_w,
                     .out_row = c->stride_h * c->in_w,
                     .out_col = c->stride_w};
            j.src_end = dy + c->batch * c->out_channels * c->out_h * c->out_w;
            j.weight_group = in * out * rows.count * columns.count;
            float *to = turned;
            for (size_t g = 0; g < c->groups; g++)
                for (size_t i = 0; i < in; i++)
                    for (size_t o = 0; o < out; o++)
                        for (size_t r = 0; r < rows.count; r++)
                            for (size_t s = 0; s < columns.count; s++)
                                *to++ =
                                    w[(((g * out + o) * in + i) * c->kernel_h + rows.first + r * rows.step) *
                                          c->kernel_w +
                                      columns.first + s * columns.step];
            run(&j, pool, turned + round_up(c->groups * j.weight_group, 16));
        }
}

extern size_t SIMD_NAME(cpu_conv_grad_weight_workspace)(const CpuConv *, const CpuPool *);
extern void SIMD_NAME(cpu_conv_grad_weight)(const CpuConv *, const CpuPool *, const float *dy, const float *x,
                                            float *dw, float *dbias, void *workspace);

static size_t workspace_of(const CpuConv *c, CpuConvPass pass, const CpuPool *pool) {
    if (pass == CPU_CONV_GRAD_WEIGHT)
        return SIMD_NAME(cpu_conv_grad_weight_workspace)(c, pool);
    if (pointwise(c)) {
        CpuGemm g = product(c, pass == CPU_CONV_FORWARD);
        return SIMD_NAME(cpu_gemm).f32_workspace(&g, pool);
    }
    if (pass == CPU_CONV_FORWARD) {
        Correlation t = forward_of(c);
        return run_floats(&t, c->out_channels / c->groups, c->batch, c->groups, pool) * sizeof(float);
    }
    size_t most = 0;
    for (size_t row = 0; row < c->stride_h; row++)
        for (size_t column = 0; column < c->stride_w; column++) {
            Reach rows, columns;
            Correlation t = gradient_of(c, row, column, &rows, &columns);
            size_t need =
                round_up(c->groups * t.channels * (c->in_channels / c->groups) * rows.count * columns.count,
                         16) +
                run_floats(&t, c->in_channels / c->groups, c->batch, c->groups, pool);
            most = need > most ? need : most;
        }
    return most * sizeof(float);
}

extern const CpuConvKernels SIMD_NAME(cpu_conv);
const CpuConvKernels SIMD_NAME(cpu_conv) = {
    .workspace = workspace_of,
    .forward = forward,
    .grad_input = grad_input,
    .grad_weight = SIMD_NAME(cpu_conv_grad_weight),
};
