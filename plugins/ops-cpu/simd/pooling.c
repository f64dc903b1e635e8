/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling, row by row: for each kernel element one loop along the row, so that windows lie side by side in a
 * vector. */
#include "pooling.h"
#include "vec.h"
#include <math.h>
#include <string.h>

enum {
    CHUNK = 128, /* columns taken at a time, so that the running results have a place on the stack */
    SMALL = 1024
};

typedef struct Job {
    const CpuPooling *p;
    const float *x;
    float *y;
    int64_t *to_index;
    const int64_t *index;
    uint32_t tasks;
    bool bad; /* set by any task, never cleared */
} Job;

/* The columns of a chunk whose window element at `shift` lies inside. */
static void inside(const CpuPooling *p, size_t first, size_t n, ptrdiff_t shift, size_t *lo, size_t *hi) {
    ptrdiff_t begin = (ptrdiff_t)(first * p->stride_w) + shift, step = (ptrdiff_t)p->stride_w;
    ptrdiff_t room = (ptrdiff_t)p->in_w - begin;
    size_t from = begin >= 0 ? 0 : (size_t)((-begin + step - 1) / step);
    size_t end = room <= 0 ? 0 : (size_t)((room + step - 1) / step);
    *hi = end < n ? end : n;
    *lo = from < *hi ? from : *hi;
}

/* As integers: comparisons joined by && or || would be branches, which keep a loop from becoming vector code.
 */
INLINE int32_t wins(float x, float best) {
    return (x > best ? -1 : 0) | ((x != x ? -1 : 0) & (best == best ? -1 : 0));
}

INLINE float pick(int32_t mask, float yes, float no) { return mask ? yes : no; }

INLINE void take_max(size_t n, const float *restrict x, size_t step, int32_t at, float *restrict best,
                     int32_t *restrict where) {
    for (size_t i = 0; i < n; i++) {
        float v = x[i * step];
        int32_t w = wins(v, best[i]) | (where[i] < 0 ? -1 : 0);
        best[i] = pick(w, v, best[i]);
        where[i] = w ? at + (int32_t)i * (int32_t)step : where[i];
    }
}

/* The larger of each pair, and where it stood, counted from `at`. */
static void larger(size_t n, const float *restrict x, int32_t at, float *restrict best,
                   int32_t *restrict where) {
    for (size_t i = 0; i < n; i++) {
        int32_t w = wins(x[2 * i + 1], x[2 * i]);
        best[i] = pick(w, x[2 * i + 1], x[2 * i]);
        where[i] = at + 2 * (int32_t)i - w;
    }
}

/* Hands on a chunk's results; plain loops, because for short rows a call or a string instruction costs more.
 */
static void put(size_t n, const float *restrict best, const int32_t *restrict where, int64_t base,
                float *restrict y, int64_t *restrict index) {
    for (size_t i = 0; i < n; i++)
        y[i] = best[i];
    if (index)
        for (size_t i = 0; i < n; i++)
            index[i] = base + (int64_t)(where[i] < 0 ? 0 : where[i]);
}

/* A small plane under the commonest window, 2 x 2 with stride 2 over all of its width: the pairs of all rows
 * in one loop, then upper rows against lower ones, for whole vectors, so that short rows need no loop over
 * single elements. */
static void max_small_2x2(const CpuPooling *p, const float *x, int64_t base, float *y, int64_t *index) {
    float pair[SMALL + 16], best[SMALL / 2 + 16];
    int32_t at[SMALL + 16], where[SMALL / 2 + 16];
    size_t n = p->out_w, total = p->out_h * n;
    memset(pair + 2 * total, 0, 16 * sizeof *pair);
    memset(at + 2 * total, 0, 16 * sizeof *at);
    larger(2 * total, x, 0, pair, at);
    for (size_t oh = 0; oh < p->out_h; oh++) {
        const float *restrict upper = pair + 2 * oh * n, *restrict lower = upper + n;
        const int32_t *restrict upper_at = at + 2 * oh * n, *restrict lower_at = upper_at + n;
        float *restrict to = best + oh * n;
        int32_t *restrict to_at = where + oh * n;
        for (size_t b = 0; b < n; b += 16)
            for (size_t i = b; i < b + 16; i++) {
                int32_t w = wins(lower[i], upper[i]);
                to[i] = pick(w, lower[i], upper[i]);
                to_at[i] = w ? lower_at[i] : upper_at[i];
            }
    }
    put(total, best, where, base, y, index);
}

static void max_plane(const Job *j, size_t plane) {
    const CpuPooling *p = j->p;
    const float *x = j->x + plane * p->in_h * p->in_w;
    int64_t base = (int64_t)(plane * p->in_h * p->in_w);
    float *y = j->y + plane * p->out_h * p->out_w;
    int64_t *index = j->to_index ? j->to_index + plane * p->out_h * p->out_w : NULL;
    if (p->kernel_h == 2 && p->kernel_w == 2 && p->stride_h == 2 && p->stride_w == 2 && p->dilation_h == 1 &&
        p->dilation_w == 1 && p->pad_top == 0 && p->pad_left == 0 && 2 * p->out_h <= p->in_h &&
        2 * p->out_w == p->in_w && 2 * p->out_h * p->out_w <= SMALL) {
        max_small_2x2(p, x, base, y, index);
        return;
    }
    for (size_t oh = 0; oh < p->out_h; oh++) {
        for (size_t ow = 0; ow < p->out_w; ow += CHUNK) {
            size_t n = p->out_w - ow < CHUNK ? p->out_w - ow : CHUNK;
            float best[CHUNK];
            int32_t where[CHUNK];
            for (size_t i = 0; i < n; i++)
                best[i] = -INFINITY, where[i] = -1;
            for (size_t kh = 0; kh < p->kernel_h; kh++) {
                ptrdiff_t h = (ptrdiff_t)(oh * p->stride_h + kh * p->dilation_h) - p->pad_top;
                if (h < 0 || h >= (ptrdiff_t)p->in_h)
                    continue;
                for (size_t kw = 0; kw < p->kernel_w; kw++) {
                    size_t lo, hi;
                    ptrdiff_t shift = (ptrdiff_t)(kw * p->dilation_w) - p->pad_left;
                    inside(p, ow, n, shift, &lo, &hi);
                    if (lo == hi)
                        continue;
                    ptrdiff_t at = h * (ptrdiff_t)p->in_w + (ptrdiff_t)((ow + lo) * p->stride_w) + shift;
                    if (p->stride_w == 1)
                        take_max(hi - lo, x + at, 1, (int32_t)at, best + lo, where + lo);
                    else if (p->stride_w == 2)
                        take_max(hi - lo, x + at, 2, (int32_t)at, best + lo, where + lo);
                    else
                        take_max(hi - lo, x + at, p->stride_w, (int32_t)at, best + lo, where + lo);
                }
            }
            put(n, best, where, base, y + oh * p->out_w + ow, index ? index + oh * p->out_w + ow : NULL);
        }
    }
}

static bool max_grad_plane(const Job *j, size_t plane) {
    const CpuPooling *p = j->p;
    size_t inputs = p->in_h * p->in_w, outputs = p->out_h * p->out_w;
    const float *restrict dy = j->x + plane * outputs;
    const int64_t *restrict index = j->index + plane * outputs;
    float *restrict dx = j->y + plane * inputs;
    uint64_t base = plane * inputs;
    memset(dx, 0, inputs * sizeof *dx);
    for (size_t i = 0; i < outputs; i++) {
        uint64_t at = (uint64_t)index[i] - base;
        if (at >= inputs)
            return false;
        dx[at] += dy[i];
    }
    return true;
}

/* How many of a window's n elements, from `begin` on, lie in lo <= position < hi. */
static size_t counted(ptrdiff_t begin, size_t n, size_t dilation, ptrdiff_t lo, ptrdiff_t hi) {
    size_t count = 0;
    for (size_t k = 0; k < n; k++) {
        ptrdiff_t at = begin + (ptrdiff_t)(k * dilation);
        count += at >= lo && at < hi;
    }
    return count;
}

/* What the sums of a chunk of a row are divided by. */
static void divisors(const CpuPooling *p, size_t oh, size_t ow, size_t n, float *to) {
    ptrdiff_t lo_h = p->count_pad ? -p->pad_top : 0, lo_w = p->count_pad ? -p->pad_left : 0;
    ptrdiff_t hi_h = (ptrdiff_t)p->in_h + (p->count_pad ? p->pad_bottom : 0);
    ptrdiff_t hi_w = (ptrdiff_t)p->in_w + (p->count_pad ? p->pad_right : 0);
    size_t rows = counted((ptrdiff_t)(oh * p->stride_h) - p->pad_top, p->kernel_h, p->dilation_h, lo_h, hi_h);
    for (size_t i = 0; i < n; i++) {
        ptrdiff_t begin = (ptrdiff_t)((ow + i) * p->stride_w) - p->pad_left;
        size_t count = rows * counted(begin, p->kernel_w, p->dilation_w, lo_w, hi_w);
        to[i] = count ? (float)count : 1;
    }
}

/* Both directions walk the same way; the forward one gathers x into sums, the backward one spreads parts into
 * dx. */
static void mean_plane(const Job *j, size_t plane, bool backward) {
    const CpuPooling *p = j->p;
    size_t inputs = p->in_h * p->in_w, outputs = p->out_h * p->out_w;
    const float *x = j->x + plane * (backward ? outputs : inputs);
    float *y = j->y + plane * (backward ? inputs : outputs);
    if (backward)
        memset(y, 0, inputs * sizeof *y);
    for (size_t oh = 0; oh < p->out_h; oh++)
        for (size_t ow = 0; ow < p->out_w; ow += CHUNK) {
            size_t n = p->out_w - ow < CHUNK ? p->out_w - ow : CHUNK, row = oh * p->out_w + ow;
            float part[CHUNK], by[CHUNK];
            divisors(p, oh, ow, n, by);
            for (size_t i = 0; i < n; i++)
                part[i] = backward ? x[row + i] / by[i] : 0;
            for (size_t kh = 0; kh < p->kernel_h; kh++) {
                ptrdiff_t h = (ptrdiff_t)(oh * p->stride_h + kh * p->dilation_h) - p->pad_top;
                if (h < 0 || h >= (ptrdiff_t)p->in_h)
                    continue;
                for (size_t kw = 0; kw < p->kernel_w; kw++) {
                    size_t lo, hi;
                    ptrdiff_t shift = (ptrdiff_t)(kw * p->dilation_w) - p->pad_left;
                    inside(p, ow, n, shift, &lo, &hi);
                    if (lo == hi)
                        continue;
                    ptrdiff_t at = h * (ptrdiff_t)p->in_w + (ptrdiff_t)((ow + lo) * p->stride_w) + shift;
                    const float *restrict from = x + at;
                    float *restrict to = y + at;
                    if (backward)
                        for (size_t i = lo; i < hi; i++)
                            to[(i - lo) * p->stride_w] += part[i];
                    else if (p->stride_w == 1)
                        for (size_t i = lo; i < hi; i++)
                            part[i] += from[i - lo];
                    else
                        for (size_t i = lo; i < hi; i++)
                            part[i] += from[(i - lo) * p->stride_w];
                }
            }
            for (size_t i = 0; !backward && i < n; i++)
                y[row + i] = part[i] / by[i];
        }
}

#define EACH_PLANE(name, call)                                                                               \
    static void name(void *arg, uint32_t task) {                                                             \
        Job *j = arg;                                                                                        \
        for (size_t i = cpu_part(j->p->planes, task, j->tasks);                                              \
             i < cpu_part(j->p->planes, task + 1, j->tasks); i++)                                            \
            call;                                                                                            \
    }
EACH_PLANE(max_task, max_plane(j, i))
EACH_PLANE(mean_task, mean_plane(j, i, false))
EACH_PLANE(mean_grad_task, mean_plane(j, i, true))
EACH_PLANE(max_grad_task, if (!max_grad_plane(j, i)) __atomic_store_n(&j->bad, true, __ATOMIC_RELAXED))

static void run(Job *j, const CpuPool *pool, void (*fn)(void *, uint32_t)) {
    size_t work = j->p->planes * (j->p->in_h * j->p->in_w + j->p->out_h * j->p->out_w);
    j->tasks =
        pool && pool->threads && work > 16384 ? pool->threads : 1; /* less is not worth waking a thread for */
    cpu_pool_run(pool, j->tasks, fn, j);
}

static void max_forward(const CpuPooling *p, const CpuPool *pool, const float *x, float *y,
                        int64_t *indices) {
    Job j = {.p = p, .x = x, .y = y, .to_index = indices};
    run(&j, pool, max_task);
}

static bool max_grad(const CpuPooling *p, const CpuPool *pool, const float *dy, const int64_t *indices,
                     float *dx) {
    Job j = {.p = p, .x = dy, .y = dx, .index = indices};
    run(&j, pool, max_grad_task);
    return !j.bad;
}

static void mean_forward(const CpuPooling *p, const CpuPool *pool, const float *x, float *y) {
    Job j = {.p = p, .x = x, .y = y};
    run(&j, pool, mean_task);
}

static void mean_grad(const CpuPooling *p, const CpuPool *pool, const float *dy, float *dx) {
    Job j = {.p = p, .x = dy, .y = dx};
    run(&j, pool, mean_grad_task);
}

extern const CpuPoolingKernels SIMD_NAME(cpu_pooling);
const CpuPoolingKernels SIMD_NAME(cpu_pooling) = {
    .max = max_forward,
    .max_grad = max_grad,
    .mean = mean_forward,
    .mean_grad = mean_grad,
};
