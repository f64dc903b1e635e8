/* SPDX-License-Identifier: Apache-2.0 */
/* The fast Fourier transform of any length. */
#ifndef OPS_FAMILY_FOURIER_H
#define OPS_FAMILY_FOURIER_H

#include <stdint.h>

typedef struct NnComplex {
    double re, im;
} NnComplex;

static inline NnComplex nn_complex_times(NnComplex a, NnComplex b) {
    return (NnComplex){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

/*
 * Cooley, Tukey 1965, for any factors: n numbers, `step` apart, of which `root` holds the powers of the
 * primitive root of order n * stride. `part` has room for the largest factor.
 */
static inline void nn_fourier(const NnComplex *x, int64_t step, NnComplex *y, int64_t n,
                              const NnComplex *root, int64_t stride, NnComplex *part) {
    int64_t p = 2;
    while (p * p <= n && n % p != 0)
        p++;
    p = n % p == 0 ? p : n;
    const int64_t m = n > 0 ? n / p : 0;
    if (n == 1)
        y[0] = x[0];
    if (n <= 1)
        return;
    for (int64_t r = 0; r < p; r++)
        nn_fourier(x + r * step, step * p, y + r * m, m, root, stride * p, part);
    for (int64_t k = 0; k < m; k++) {
        for (int64_t r = 0; r < p; r++)
            part[r] = nn_complex_times(y[r * m + k], root[r * k * stride]);
        for (int64_t q = 0; q < p; q++) {
            NnComplex sum = {0, 0};
            for (int64_t r = 0; r < p; r++) {
                const NnComplex term = nn_complex_times(part[r], root[r * q % p * m * stride]);
                sum.re += term.re;
                sum.im += term.im;
            }
            y[q * m + k] = sum;
        }
    }
}

#endif
