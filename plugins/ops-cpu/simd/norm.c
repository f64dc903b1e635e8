/* SPDX-License-Identifier: Apache-2.0 */
/* Normalization. A row, or one channel of one image, is a run of memory; sums over a run are kept in vectors,
 * sums over runs in double. Channels without an inner extent are columns, which are taken side by side
 * instead. */
#include "norm.h"
#include "vec.h"
#include <math.h>
#include <string.h>

enum { CHUNKS = 16, COLUMNS = 128 };

static float across(VecF a, VecF b, VecF c, VecF d) {
    VecF v = (a + b) + (c + d);
    float s[VF];
    memcpy(s, &v, sizeof s);
    for (int w = VF / 2; w; w /= 2)
        for (int i = 0; i < w; i++)
            s[i] += s[i + w];
    return s[0];
}

/* The sum over a run of EXPRESSION(type), in which LOAD(p) is element i of p as a float or a vector of them.
 * Four sums cover the latency of the addition. */
#define SUM(total, n, EXPRESSION)                                                                            \
    do {                                                                                                     \
        VecF sum[4] = {{0}, {0}, {0}, {0}};                                                                  \
        size_t i = 0;                                                                                        \
        for (; i + 4 * VF <= (n); i += 4 * VF)                                                               \
            for (size_t s = 0; s < 4; s++)                                                                   \
                sum[s] += EXPRESSION(VECTOR, i + s * VF);                                                    \
        for (; i + VF <= (n); i += VF)                                                                       \
            sum[0] += EXPRESSION(VECTOR, i);                                                                 \
        (total) = across(sum[0], sum[1], sum[2], sum[3]);                                                    \
        for (; i < (n); i++)                                                                                 \
            (total) += EXPRESSION(SCALAR, i);                                                                \
    } while (0)
#define VECTOR(p, i) (*(const VecF *)((p) + (i)))
#define SCALAR(p, i) ((p)[i])

static float run_sum(const float *x, size_t n) {
    float total;
#define ELEMENT(LOAD, i) LOAD(x, i)
    SUM(total, n, ELEMENT);
#undef ELEMENT
    return total;
}

static float run_squares(const float *x, size_t n, float mean) {
    float total;
#define SQUARE(LOAD, i) (LOAD(x, i) - mean) * (LOAD(x, i) - mean)
    SUM(total, n, SQUARE);
#undef SQUARE
    return total;
}

/* sum of dy (x - mean) */
static float run_product(const float *dy, const float *x, size_t n, float mean) {
    float total;
#define PRODUCT(LOAD, i) LOAD(dy, i) * (LOAD(x, i) - mean)
    SUM(total, n, PRODUCT);
#undef PRODUCT
    return total;
}

static uint32_t tasks_of(const CpuPool *pool, size_t items, size_t elements) {
    uint32_t threads = pool && pool->threads && elements > 16384 ? pool->threads : 1;
    return items < threads ? (items ? (uint32_t)items : 1) : threads;
}

/* ---- layer normalization ---- */

typedef struct Layer {
    const CpuLayerNorm *l;
    const float *dy, *x, *mean, *inverse;
    float *y, *to_mean, *to_inverse, *sums;
    uint32_t tasks;
} Layer;

static void layer_task(void *arg, uint32_t task) {
    const Layer *j = arg;
    size_t n = j->l->n;
    const float *restrict scale = j->l->scale, *restrict bias = j->l->bias;
    for (size_t r = cpu_part(j->l->rows, task, j->tasks); r < cpu_part(j->l->rows, task + 1, j->tasks); r++) {
        const float *x = j->x + r * n;
        float *y = j->y + r * n;
        float mean = (float)((double)run_sum(x, n) / (double)n);
        float inverse = (float)(1 / sqrt((double)run_squares(x, n, mean) / (double)n + j->l->epsilon));
        if (j->to_mean)
            j->to_mean[r] = mean;
        if (j->to_inverse)
            j->to_inverse[r] = inverse;
        if (scale && bias)
            for (size_t i = 0; i < n; i++)
                y[i] = (x[i] - mean) * inverse * scale[i] + bias[i];
        else
            for (size_t i = 0; i < n; i++)
                y[i] = (x[i] - mean) * inverse * (scale ? scale[i] : 1) + (bias ? bias[i] : 0);
    }
}

static void layer(const CpuLayerNorm *l, const CpuPool *pool, const float *x, float *y, float *mean,
                  float *inverse) {
    Layer j = {.l = l, .x = x, .y = y, .to_mean = mean, .to_inverse = inverse};
    j.tasks = tasks_of(pool, l->rows, l->rows * l->n);
    cpu_pool_run(pool, j.tasks, layer_task, &j);
}

/* Chunk `task` of the rows: their dx, and their part of the sums over rows. The chunks are always the same,
 * so that the sums' bits are. With g = dy scale and n = (x - mean) inverse: dx = inverse (g - mean(g) - n
 * mean(g n)). */
static void layer_grad_task(void *arg, uint32_t task) {
    const Layer *j = arg;
    size_t n = j->l->n;
    const float *restrict scale = j->l->scale;
    float *restrict by_scale = j->sums + task * 2 * n, *restrict by_bias = by_scale + n;
    memset(by_scale, 0, 2 * n * sizeof *by_scale);
    for (size_t r = cpu_part(j->l->rows, task, CHUNKS); r < cpu_part(j->l->rows, task + 1, CHUNKS); r++) {
        const float *dy = j->dy + r * n, *x = j->x + r * n;
        float mean = j->mean[r], inverse = j->inverse[r], g_sum, gn_sum;
        for (size_t i = 0; i < n; i++) {
            by_scale[i] += dy[i] * ((x[i] - mean) * inverse);
            by_bias[i] += dy[i];
        }
        if (!j->y)
            continue;
        if (scale) {
#define G(LOAD, i) LOAD(dy, i) * LOAD(scale, i)
#define GN(LOAD, i) LOAD(dy, i) * LOAD(scale, i) * (LOAD(x, i) - mean)
            SUM(g_sum, n, G);
            SUM(gn_sum, n, GN);
#undef G
#undef GN
        } else {
            g_sum = run_sum(dy, n);
            gn_sum = run_product(dy, x, n, mean);
        }
        float a = g_sum / (float)n, b = gn_sum * inverse * inverse / (float)n;
        float *dx = j->y + r * n;
        if (scale)
            for (size_t i = 0; i < n; i++)
                dx[i] = (dy[i] * scale[i] - a - (x[i] - mean) * b) * inverse;
        else
            for (size_t i = 0; i < n; i++)
                dx[i] = (dy[i] - a - (x[i] - mean) * b) * inverse;
    }
}

static size_t layer_grad_workspace(const CpuLayerNorm *l) { return CHUNKS * 2 * l->n * sizeof(float); }

static void layer_grad(const CpuLayerNorm *l, const CpuPool *pool, const float *dy, const float *x,
                       const float *mean, const float *inverse, float *dx, float *dscale, float *dbias,
                       void *workspace) {
    Layer j = {.l = l, .dy = dy, .x = x, .mean = mean, .inverse = inverse, .y = dx, .sums = workspace};
    CpuPool alone = {.threads = 1};
    cpu_pool_run(tasks_of(pool, l->rows, l->rows * l->n) > 1 ? pool : &alone, CHUNKS, layer_grad_task, &j);
    for (uint32_t c = 0; c < CHUNKS; c++) {
        const float *from = j.sums + c * 2 * l->n;
        for (size_t i = 0; dscale && i < l->n; i++)
            dscale[i] = c ? dscale[i] + from[i] : from[i];
        for (size_t i = 0; dbias && i < l->n; i++)
            dbias[i] = c ? dbias[i] + from[l->n + i] : from[l->n + i];
    }
}

/* ---- batch normalization ---- */

typedef struct Batch {
    const CpuBatchNorm *b;
    const float *dy, *x, *mean, *variance;
    float *y, *to_mean, *to_variance, *dscale, *dbias;
    uint32_t tasks;
} Batch;

static double elements(const CpuBatchNorm *b) { return (double)b->batch * (double)b->inner; }

/* Of what was seen of one channel: how much, its mean, the sum of squares about the mean, the sum of dy and
 * that of dy (x - mean). */
typedef struct Sums {
    double n, mean, squares, dy, product;
} Sums;

/* Joins what two parts of a channel gave (Chan, Golub, LeVeque 1979), so that memory is read once, in its
 * order. */
static void join(Sums *a, Sums b) {
    double n = a->n + b.n, apart = b.mean - a->mean, mean = a->mean + apart * b.n / n;
    a->squares += b.squares + apart * apart * a->n * b.n / n;
    a->product += a->dy * (a->mean - mean) + b.product + b.dy * (b.mean - mean);
    a->dy += b.dy;
    a->mean = mean;
    a->n = n;
}

static const float *run_at(const CpuBatchNorm *b, const float *x, size_t image, size_t channel) {
    return x + (image * b->channels + channel) * b->inner;
}

/* Channels that are columns: two passes, all columns side by side. */
static void collect_columns(const CpuBatchNorm *b, const float *x, const float *dy, size_t first, size_t n,
                            Sums *to) {
    for (size_t q = 0; q < b->batch; q++)
        for (size_t i = 0; i < n; i++)
            to[i].mean += (double)run_at(b, x, q, first)[i] / (double)b->batch;
    for (size_t q = 0; q < b->batch; q++) {
        const float *row = run_at(b, x, q, first), *grad = dy ? run_at(b, dy, q, first) : NULL;
        for (size_t i = 0; i < n; i++) {
            double d = (double)row[i] - to[i].mean;
            to[i].squares += d * d;
            if (grad) {
                to[i].dy += (double)grad[i];
                to[i].product += (double)grad[i] * d;
            }
        }
    }
}

/* The sums of channels first .. first + n; dy or NULL. */
static void collect(const CpuBatchNorm *b, const float *x, const float *dy, size_t first, size_t n,
                    Sums *to) {
    memset(to, 0, n * sizeof *to);
    if (b->inner == 1)
        collect_columns(b, x, dy, first, n, to);
    for (size_t q = 0; b->inner > 1 && q < b->batch; q++)
        for (size_t i = 0; i < n; i++) {
            const float *run = run_at(b, x, q, first + i), *grad = dy ? run_at(b, dy, q, first + i) : NULL;
            float mean = run_sum(run, b->inner) / (float)b->inner;
            Sums s = {(double)b->inner, (double)mean, (double)run_squares(run, b->inner, mean), 0, 0};
            if (grad) {
                s.dy = (double)run_sum(grad, b->inner);
                s.product = (double)run_product(grad, run, b->inner, mean);
            }
            join(&to[i], s);
        }
}

static void statistics_task(void *arg, uint32_t task) {
    const Batch *j = arg;
    const CpuBatchNorm *b = j->b;
    size_t end = cpu_part(b->channels, task + 1, j->tasks);
    for (size_t c = cpu_part(b->channels, task, j->tasks), n; c < end; c += n) {
        Sums s[COLUMNS];
        n = end - c < COLUMNS ? end - c : COLUMNS;
        collect(b, j->x, NULL, c, n, s);
        for (size_t i = 0; i < n; i++) {
            j->to_mean[c + i] = elements(b) > 0 ? (float)s[i].mean : NAN;
            j->to_variance[c + i] = (float)(s[i].squares / elements(b));
        }
    }
}

static void apply_task(void *arg, uint32_t task) {
    const Batch *j = arg;
    const CpuBatchNorm *b = j->b;
    size_t end = cpu_part(b->channels, task + 1, j->tasks);
    for (size_t c = cpu_part(b->channels, task, j->tasks), n; c < end; c += n) {
        float factor[COLUMNS], shift[COLUMNS];
        n = end - c < COLUMNS ? end - c : COLUMNS;
        for (size_t i = 0; i < n; i++) {
            double scale = b->scale ? (double)b->scale[c + i] : 1, variance = (double)j->variance[c + i];
            factor[i] = (float)(scale / sqrt(variance + b->epsilon));
            shift[i] = b->bias ? b->bias[c + i] : 0;
        }
        const float *mean = j->mean + c;
        for (size_t q = 0; q < b->batch; q++) {
            const float *x = run_at(b, j->x, q, c);
            float *y = j->y + (x - j->x);
            if (b->inner == 1) {
                for (size_t i = 0; i < n; i++)
                    y[i] = (x[i] - mean[i]) * factor[i] + shift[i];
                continue;
            }
            for (size_t i = 0; i < n; i++, x += b->inner, y += b->inner) {
                float m = mean[i], f = factor[i], t = shift[i];
                for (size_t k = 0; k < b->inner; k++)
                    y[k] = (x[k] - m) * f + t;
            }
        }
    }
}

/* dscale = sum(dy n), dbias = sum(dy), dx = scale inverse (dy - mean(dy) - n mean(dy n)), n = (x - mean)
 * inverse. */
static void batch_grad_task(void *arg, uint32_t task) {
    const Batch *j = arg;
    const CpuBatchNorm *b = j->b;
    size_t end = cpu_part(b->channels, task + 1, j->tasks);
    for (size_t c = cpu_part(b->channels, task, j->tasks), n; c < end; c += n) {
        Sums s[COLUMNS];
        float mean[COLUMNS], factor[COLUMNS], even[COLUMNS], slope[COLUMNS];
        n = end - c < COLUMNS ? end - c : COLUMNS;
        collect(b, j->x, j->dy, c, n, s);
        for (size_t i = 0; i < n; i++) {
            double inverse = 1 / sqrt(s[i].squares / elements(b) + b->epsilon);
            if (j->dscale)
                j->dscale[c + i] = elements(b) > 0 ? (float)(s[i].product * inverse) : 0;
            if (j->dbias)
                j->dbias[c + i] = (float)s[i].dy;
            mean[i] = (float)s[i].mean;
            factor[i] = (float)((b->scale ? (double)b->scale[c + i] : 1) * inverse);
            even[i] = (float)(s[i].dy / elements(b));
            slope[i] = (float)(s[i].product * inverse * inverse / elements(b));
        }
        for (size_t q = 0; j->y && q < b->batch; q++) {
            const float *x = run_at(b, j->x, q, c), *dy = run_at(b, j->dy, q, c);
            float *dx = j->y + (x - j->x);
            if (b->inner == 1) {
                for (size_t i = 0; i < n; i++)
                    dx[i] = (dy[i] - even[i] - (x[i] - mean[i]) * slope[i]) * factor[i];
                continue;
            }
            for (size_t i = 0; i < n; i++, x += b->inner, dy += b->inner, dx += b->inner) {
                float m = mean[i], f = factor[i], e = even[i], t = slope[i];
                for (size_t k = 0; k < b->inner; k++)
                    dx[k] = (dy[k] - e - (x[k] - m) * t) * f;
            }
        }
    }
}

static void batch_run(Batch *j, const CpuPool *pool, void (*fn)(void *, uint32_t)) {
    j->tasks = tasks_of(pool, j->b->channels, j->b->batch * j->b->channels * j->b->inner);
    cpu_pool_run(pool, j->tasks, fn, j);
}

static void batch_statistics(const CpuBatchNorm *b, const CpuPool *pool, const float *x, float *mean,
                             float *variance) {
    Batch j = {.b = b, .x = x, .to_mean = mean, .to_variance = variance};
    batch_run(&j, pool, statistics_task);
}

static void batch_apply(const CpuBatchNorm *b, const CpuPool *pool, const float *x, const float *mean,
                        const float *variance, float *y) {
    Batch j = {.b = b, .x = x, .mean = mean, .variance = variance, .y = y};
    batch_run(&j, pool, apply_task);
}

static void batch_grad(const CpuBatchNorm *b, const CpuPool *pool, const float *dy, const float *x, float *dx,
                       float *dscale, float *dbias) {
    Batch j = {.b = b, .dy = dy, .x = x, .y = dx, .dscale = dscale, .dbias = dbias};
    batch_run(&j, pool, batch_grad_task);
}

extern const CpuNormKernels SIMD_NAME(cpu_norm);
const CpuNormKernels SIMD_NAME(cpu_norm) = {
    .layer = layer,
    .layer_grad_workspace = layer_grad_workspace,
    .layer_grad = layer_grad,
    .batch_statistics = batch_statistics,
    .batch = batch_apply,
    .batch_grad = batch_grad,
};
