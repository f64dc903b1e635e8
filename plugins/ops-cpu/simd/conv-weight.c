/* SPDX-License-Identifier: Apache-2.0 */
/* The gradient of a convolution with respect to its weights: dw(m, k) is the inner product, over all images
 * and output positions, of channel m of dy with the input shifted as kernel element k says. Vectors run along
 * the positions, and each sum is kept as a vector until the last image, so that the horizontal sums are taken
 * once. */
#include "conv.h"
#include "correlate.h"

#define SUM_VECTORS                                                                                          \
    ((size_t)8192) /* kept per task: 512 KiB with AVX-512; channels are taken in parts to fit it */
#define GROUP_POSITIONS                                                                                      \
    ((size_t)1024) /* small images are taken together, to load and store the sums less often */

typedef struct Job {
    const CpuConv *c;
    Correlation t; /* of `part` channels */
    Layout l;
    size_t in, out, taps, part; /* channels of one group; kernel elements of a channel */
    size_t together;            /* images */
    const float *dy, *x;
    const uint32_t *offset;
    float *workspace;
    size_t task_floats, result;
    uint32_t tasks;
} Job;

typedef struct Piece {
    const float *dy, *copy;
    size_t dy_ld, dy_next, copy_next, count, vectors;
} Piece;

/* sums[i][k] += dy row i times tap k, over all images of the piece */
INLINE void dots(const Piece *p, const float *dy, const uint32_t *offset, VecF *sums, size_t ld, const int mr,
                 const int kr) {
    VecF acc[4][6];
#pragma GCC unroll 4
    for (int i = 0; i < mr; i++)
#pragma GCC unroll 6
        for (int k = 0; k < kr; k++)
            acc[i][k] = sums[(size_t)i * ld + (size_t)k];
    const float *copy = p->copy;
    for (size_t q = 0; q < p->count; q++, dy += p->dy_next, copy += p->copy_next) {
        const float *tap[6];
#pragma GCC unroll 6
        for (int k = 0; k < kr; k++)
            tap[k] = copy + offset[k];
        for (size_t v = 0; v < p->vectors * VF; v += VF) {
            VecF row[4];
#pragma GCC unroll 4
            for (int i = 0; i < mr; i++)
                row[i] = *(const VecF *)(dy + (size_t)i * p->dy_ld + v);
#pragma GCC unroll 6
            for (int k = 0; k < kr; k++) {
                VecF col = *(const VecF *)(tap[k] + v);
#pragma GCC unroll 4
                for (int i = 0; i < mr; i++)
                    acc[i][k] += row[i] * col;
            }
        }
    }
#pragma GCC unroll 4
    for (int i = 0; i < mr; i++)
#pragma GCC unroll 6
        for (int k = 0; k < kr; k++)
            sums[(size_t)i * ld + (size_t)k] = acc[i][k];
}

typedef void DotsFn(const Piece *p, const float *dy, const uint32_t *offset, VecF *sums, size_t ld);

/* clang-format off */
#define DOTS(mr, kr)                                                                                         \
    static void dots_##mr##x##kr(const Piece *p, const float *dy, const uint32_t *offset, VecF *sums, size_t ld) { \
        dots(p, dy, offset, sums, ld, mr, kr);                                                               \
    }
DOTS(1, 1) DOTS(1, 3) DOTS(1, 6) DOTS(2, 1) DOTS(2, 3) DOTS(2, 6)
DOTS(3, 1) DOTS(3, 3) DOTS(3, 6) DOTS(4, 1) DOTS(4, 3) DOTS(4, 6)

static DotsFn *const dots_fns[4][3] = {
    {dots_1x1, dots_1x3, dots_1x6}, {dots_2x1, dots_2x3, dots_2x6},
    {dots_3x1, dots_3x3, dots_3x6}, {dots_4x1, dots_4x3, dots_4x6},
};
/* clang-format on */

static float total(VecF v) {
    float s[VF];
    memcpy(s, &v, sizeof s);
    for (int w = VF / 2; w; w /= 2)
        for (int i = 0; i < w; i++)
            s[i] += s[i + w];
    return s[0];
}

/* The sums of one piece of the batch: images from q on (count of them), rows from `first` on. */
static void piece(const Job *j, size_t group, size_t channel, size_t q, size_t count, size_t first,
                  float *copy, float *rows, float *window, VecF *sums) {
    const CpuConv *c = j->c;
    const Correlation *t = &j->t;
    Correlation cut = *t;
    size_t plane = c->in_h * c->in_w, out_plane = c->out_h * c->out_w, stride = layout_floats(&j->l);
    cut.channels = j->in - channel < j->part ? j->in - channel : j->part;
    size_t height = c->out_h - first < j->l.rows ? c->out_h - first : j->l.rows;
    size_t positions = height * c->out_w, padded = round_up(positions, (size_t)VF),
           taps = cut.channels * j->taps;
    const float *end = j->x + c->batch * c->in_channels * plane;
    for (size_t i = 0; i < count; i++) {
        const float *x = j->x + ((q + i) * c->in_channels + group * j->in + channel) * plane;
        expand(&cut, &j->l, first, 0, x, end, copy + i * stride, window);
    }
    Piece p = {.copy = copy, .copy_next = stride, .count = count, .vectors = padded / VF};
    p.dy = j->dy + (q * c->out_channels + group * j->out) * out_plane + first * c->out_w;
    p.dy_ld = out_plane, p.dy_next = c->out_channels * out_plane;
    if (padded != positions) { /* rows of dy end in the middle of a vector: zeros must follow */
        for (size_t i = 0; i < count; i++)
            for (size_t m = 0; m < j->out; m++) {
                float *to = rows + (i * j->out + m) * padded;
                memcpy(to, p.dy + i * p.dy_next + m * p.dy_ld, positions * sizeof *to);
                memset(to + positions, 0, (padded - positions) * sizeof *to);
            }
        p.dy = rows, p.dy_ld = padded, p.dy_next = j->out * padded;
    }
    for (size_t k = 0, width; k < taps; k += width) { /* a few taps stay in L1 while dy goes by */
        width = taps - k >= 6 ? 6 : taps - k >= 3 ? 3 : 1;
        for (size_t m = 0; m < j->out; m += 4) {
            size_t mr = j->out - m < 4 ? j->out - m : 4;
            dots_fns[mr - 1][width == 6   ? 2
                             : width == 3 ? 1
                                          : 0](&p, p.dy + m * p.dy_ld, j->offset + k, sums + m * taps + k,
                                               taps);
        }
    }
}

static size_t padded_plane(const Job *j) { return round_up(j->l.rows * j->c->out_w, (size_t)VF); }

static void task(void *arg, uint32_t n) {
    const Job *j = arg;
    const CpuConv *c = j->c;
    float *copy = j->workspace + n * j->task_floats, *rows = copy + j->together * layout_floats(&j->l);
    float *window = rows + round_up(j->together * j->out * padded_plane(j), 16);
    VecF *sums = (VecF *)(void *)(window + round_up(window_floats(&j->t, &j->l), 16));
    float *result = (float *)(void *)(sums + j->out * j->part * j->taps);
    size_t begin = cpu_part(c->batch, n, j->tasks), end = cpu_part(c->batch, n + 1, j->tasks);
    memset(copy, 0,
           (size_t)((float *)(void *)sums - copy) * sizeof *copy); /* behind the copies, zeros are read */
    for (size_t group = 0; group < c->groups; group++)
        for (size_t channel = 0; channel < j->in; channel += j->part) {
            size_t channels = j->in - channel < j->part ? j->in - channel : j->part,
                   taps = channels * j->taps;
            memset(sums, 0, j->out * taps * sizeof *sums);
            for (size_t q = begin; q < end; q += j->together)
                for (size_t first = 0; first < c->out_h; first += j->l.rows)
                    piece(j, group, channel, q, end - q < j->together ? end - q : j->together, first, copy,
                          rows, window, sums);
            for (size_t m = 0; m < j->out; m++)
                for (size_t k = 0; k < taps; k++)
                    result[((group * j->out + m) * j->in + channel) * j->taps + k] =
                        total(sums[m * taps + k]);
        }
}

extern const CpuGemmKernels SIMD_NAME(cpu_gemm);

/* A 1x1 kernel that visits every pixel: dw is the sum over the images of dy x', products of matrices that are
 * there. */
static bool pointwise(const CpuConv *c) {
    return c->kernel_h == 1 && c->kernel_w == 1 && c->stride_h == 1 && c->stride_w == 1 && c->groups == 1 &&
           c->pad_top == 0 && c->pad_left == 0 && c->out_h == c->in_h && c->out_w == c->in_w && c->batch > 0;
}

static CpuGemm product(const CpuConv *c) {
    size_t plane = c->in_h * c->in_w;
    return (CpuGemm){.trans_b = true,
                     .m = c->out_channels,
                     .n = c->in_channels,
                     .k = plane,
                     .alpha = 1,
                     .beta = 1,
                     .lda = plane,
                     .ldb = plane,
                     .ldc = c->in_channels,
                     .batch = 1};
}

static Job plan(const CpuConv *c, const CpuPool *pool) {
    Job j = {.c = c,
             .in = c->in_channels / c->groups,
             .out = c->out_channels / c->groups,
             .taps = c->kernel_h * c->kernel_w};
    uint32_t threads = pool && pool->threads ? pool->threads : 1;
    j.tasks = c->batch < threads ? (c->batch ? (uint32_t)c->batch : 1) : threads;
    size_t sums = j.out * j.taps;
    j.part = sums && SUM_VECTORS / sums ? SUM_VECTORS / sums : 1;
    j.part = j.part < j.in ? j.part : j.in;
    j.t = (Correlation){.channels = j.part,
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
    j.l = layout_fit(&j.t, 1);
    size_t positions = c->out_h * c->out_w, fit = BLOCK_FLOATS / layout_floats(&j.l);
    j.together =
        j.l.rows == c->out_h && positions && positions < GROUP_POSITIONS ? GROUP_POSITIONS / positions : 1;
    j.together = j.together > fit ? fit : j.together;
    j.together = j.together ? j.together : 1;
    j.result = c->out_channels * j.in * j.taps;
    j.task_floats = j.together * layout_floats(&j.l) + round_up(j.together * j.out * padded_plane(&j), 16) +
                    round_up(window_floats(&j.t, &j.l), 16) + j.out * j.part * j.taps * VF +
                    round_up(j.result, 16);
    return j;
}

extern size_t SIMD_NAME(cpu_conv_grad_weight_workspace)(const CpuConv *, const CpuPool *);
size_t SIMD_NAME(cpu_conv_grad_weight_workspace)(const CpuConv *c, const CpuPool *pool) {
    if (pointwise(c)) {
        CpuGemm g = product(c);
        return SIMD_NAME(cpu_gemm).f32_workspace(&g, pool);
    }
    Job j = plan(c, pool);
    return (round_up(j.part * j.taps, 16) + j.tasks * j.task_floats) * sizeof(float);
}

static void sum_taps(const CpuConv *c, const CpuPool *pool, const float *dy, const float *x, float *dw,
                     void *workspace) {
    Job j = plan(c, pool);
    j.dy = dy, j.x = x;
    uint32_t *offset = workspace;
    layout_offsets(&j.t, &j.l, offset);
    j.offset = offset;
    j.workspace = (float *)workspace + round_up(j.part * j.taps, 16);
    cpu_pool_run(pool, j.tasks, task, &j);
    for (uint32_t n = 0; n < j.tasks; n++) {
        const float *from = j.workspace + (n + 1) * j.task_floats - round_up(j.result, 16);
        for (size_t i = 0; i < j.result; i++)
            dw[i] = n ? dw[i] + from[i] : from[i];
    }
}

extern void SIMD_NAME(cpu_conv_grad_weight)(const CpuConv *, const CpuPool *, const float *dy, const float *x,
                                            float *dw, float *dbias, void *workspace);
void SIMD_NAME(cpu_conv_grad_weight)(const CpuConv *c, const CpuPool *pool, const float *dy, const float *x,
                                     float *dw, float *dbias, void *workspace) {
    if (pointwise(c)) {
        CpuGemm g = product(c);
        g.c = dw;
        for (size_t q = 0; q < c->batch; q++) {
            g.a = dy + q * g.m * g.k, g.b = x + q * g.n * g.k, g.beta = q ? 1 : 0;
            SIMD_NAME(cpu_gemm).f32(&g, pool, workspace);
        }
    } else
        sum_taps(c, pool, dy, x, dw, workspace);
    size_t plane = c->out_h * c->out_w;
    for (size_t m = 0; dbias && m < c->out_channels; m++) {
        VecF sum = {0};
        float rest = 0;
        for (size_t q = 0; q < c->batch; q++) {
            const float *from = dy + (q * c->out_channels + m) * plane;
            size_t i = 0;
            for (; i + VF <= plane; i += VF)
                sum += *(const VecF *)(from + i);
            for (; i < plane; i++)
                rest += from[i];
        }
        dbias[m] = total(sum) + rest;
    }
}
