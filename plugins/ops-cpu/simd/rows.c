/* SPDX-License-Identifier: Apache-2.0 */
/* Sums run in as many lanes as four vectors have, so that they are fast and their rounding errors stay small.
 */
#include "rows.h"
#include "fmath.h"

#define LANES_ALL (4 * VF)

INLINE float join_lanes(float *part) {
    for (int step = LANES_ALL / 2; step > 0; step /= 2)
        for (int l = 0; l < step; l++)
            part[l] += part[l + step];
    return part[0];
}

/* The sum of `value` over a row, i counting its elements. */
#define SUM(result, value)                                                                                   \
    do {                                                                                                     \
        float part[LANES_ALL] = {0};                                                                         \
        size_t at = 0;                                                                                       \
        for (; at + LANES_ALL <= n; at += LANES_ALL)                                                         \
            for (int l = 0; l < LANES_ALL; l++) {                                                            \
                const size_t i = at + (size_t)l;                                                             \
                part[l] += (value);                                                                          \
            }                                                                                                \
        for (int l = 0; at < n; at++, l++) {                                                                 \
            const size_t i = at;                                                                             \
            part[l] += (value);                                                                              \
        }                                                                                                    \
        (result) = join_lanes(part);                                                                         \
    } while (0)

static float largest(const float *x, size_t n) {
    float part[LANES_ALL];
    for (int l = 0; l < LANES_ALL; l++)
        part[l] = x[0];
    size_t i = 0;
    for (; i + LANES_ALL <= n; i += LANES_ALL)
        for (int l = 0; l < LANES_ALL; l++)
            part[l] = x[i + (size_t)l] > part[l] ? x[i + (size_t)l] : part[l];
    for (int l = 0; i < n; i++, l++)
        part[l] = x[i] > part[l] ? x[i] : part[l];
    float top = part[0];
    for (int l = 1; l < LANES_ALL; l++)
        top = part[l] > top ? part[l] : top;
    return top;
}

static void softmax(const float *x, float *y, size_t n) {
    if (n == 0)
        return;
    const float top = largest(x, n);
    float sum;
    for (size_t i = 0; i < n; i++)
        y[i] = fm_exp(x[i] - top);
    SUM(sum, y[i]);
    for (size_t i = 0; i < n; i++)
        y[i] /= sum;
}

static void log_softmax(const float *x, float *y, size_t n) {
    if (n == 0)
        return;
    const float top = largest(x, n);
    float sum;
    SUM(sum, fm_exp(x[i] - top));
    const float norm = fm_log(sum);
    for (size_t i = 0; i < n; i++)
        y[i] = (x[i] - top) - norm;
}

static void softmax_grad(const float *dy, const float *y, float *dx, size_t n) {
    float sum;
    SUM(sum, dy[i] * y[i]);
    for (size_t i = 0; i < n; i++)
        dx[i] = y[i] * (dy[i] - sum);
}

static void log_softmax_grad(const float *dy, const float *y, float *dx, size_t n) {
    float sum;
    SUM(sum, dy[i]);
    for (size_t i = 0; i < n; i++)
        dx[i] = dy[i] - fm_exp(y[i]) * sum;
}

static void cross_entropy_grad(const float *log_prob, size_t label, float scale, float *dx, size_t n) {
    for (size_t i = 0; i < n; i++)
        dx[i] = scale * fm_exp(log_prob[i]);
    dx[label] -= scale;
}

const CpuRowsKernels SIMD_NAME(cpu_rows) = {.softmax = softmax,
                                            .log_softmax = log_softmax,
                                            .softmax_grad = softmax_grad,
                                            .log_softmax_grad = log_softmax_grad,
                                            .cross_entropy_grad = cross_entropy_grad};
