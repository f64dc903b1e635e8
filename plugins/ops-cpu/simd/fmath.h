/* SPDX-License-Identifier: Apache-2.0 */
/* Single-precision elementary functions without branches, so that loops over them become vector code.
 *
 * Coefficients are minimax fits in the style of N. Juffa's published ones; reductions follow Cody and Waite
 * (Software Manual for the Elementary Functions, 1980). NaN goes in and comes out, infinities give the
 * limits, denormals are kept. Largest error in ulp over every 101st float, as
 * tests/plugins/ops-cpu/test-fmath measures it, with fused multiply-add (and without): exp 0.85 (1.14),
 * expm1 1.39 (1.51), tanh 2.39, sigmoid 2.22, log 0.83 (1.07), log1p 2.42, erf 0.97 (1.15), softplus 2.72,
 * gelu 1.39 (of 1 where the result is below 1: it cancels on the far negative side). */
#ifndef CPU_FMATH_H
#define CPU_FMATH_H

#include "vec.h"
#include <math.h>
#include <stdint.h>

INLINE int32_t fm_bits(float x) {
    int32_t i;
    __builtin_memcpy(&i, &x, sizeof i);
    return i;
}

INLINE float fm_float(int32_t i) {
    float x;
    __builtin_memcpy(&x, &i, sizeof x);
    return x;
}

INLINE float fm_copysign(float magnitude, float sign) {
    return fm_float((fm_bits(magnitude) & 0x7fffffff) | (fm_bits(sign) & INT32_MIN));
}

/* 2^n for -126 <= n <= 127 */
INLINE float fm_pow2i(int32_t n) { return fm_float((int32_t)(((uint32_t)n + 127u) << 23)); }

/* x = n ln 2 + r, |r| <= ln 2 / 2; adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits. ln 2
 * is split so that n times its high part is exact for every n that can occur. */
INLINE float fm_reduce(float x, int32_t *n) {
    float t = x * 1.44269504f + 12582912.0f;
    *n = fm_bits(t) - 0x4b400000;
    t -= 12582912.0f;
    return (x - t * 0.693145752f) - t * 1.42860677e-6f;
}

INLINE float fm_exp(float x) {
    int32_t n;
    float c = x > 104.0f ? 104.0f : x;
    c = c < -104.0f ? -104.0f : c;
    float f = fm_reduce(c, &n);
    float r = 1.37805939e-3f;
    r = r * f + 8.37312452e-3f;
    r = r * f + 4.16695364e-2f;
    r = r * f + 1.66664720e-1f;
    r = r * f + 4.99999851e-1f;
    r = r * f + 1.0f;
    r = r * f + 1.0f;
    int32_t half = n >> 1; /* two factors: one would leave the range before the result does */
    return r * fm_pow2i(half) * fm_pow2i(n - half);
}

/* exp(x) - 1 for |x| <= 87, without cancellation near zero */
INLINE float fm_expm1_small(float x) {
    int32_t n;
    float f = fm_reduce(x, &n), s = f * f;
    float r = 1.97350979e-4f;
    r = r * f + 1.39309070e-3f;
    r = r * f + 8.33343994e-3f;
    r = r * f + 4.16668020e-2f;
    r = r * f + 1.66666716e-1f;
    r = r * f + 4.99999970e-1f;
    float p = fm_pow2i(n);
    return p * (r * s + f) + (p - 1.0f);
}

INLINE float fm_expm1(float x) {
    float c = x > 80.0f ? 80.0f : x, e = fm_exp(x);
    c = c < -80.0f ? -80.0f : c;
    return x > 80.0f ? e : fm_expm1_small(c);
}

INLINE float fm_tanh(float x) {
    float a = fm_float(fm_bits(x) & 0x7fffffff);
    a = a > 9.1f ? 9.1f : a; /* from there on 1 in single precision */
    float e = fm_expm1_small(2.0f * a);
    return fm_copysign(e / (e + 2.0f), x);
}

INLINE float
fm_sigmoid(float x) { /* exp of what is not positive: its overflow would lose the smallest results */
    float e = fm_exp(x < 0.0f ? x : -x);
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

INLINE float fm_log(float x) {
    float big = x < 1.17549435e-38f ? x * 8388608.0f : x;
    float i = x < 1.17549435e-38f ? -23.0f : 0.0f;
    uint32_t bits = (uint32_t)fm_bits(big), e = (bits - 0x3f2aaaabu) & 0xff800000u;
    float f = fm_float((int32_t)(bits - e)) - 1.0f, s = f * f;
    i += (float)(int32_t)e * 1.19209290e-7f;
    float r = -0.130310059f, t = 0.140869141f;
    r = r * s - 0.121483512f;
    t = t * s + 0.139814854f;
    r = r * s - 0.166846126f;
    t = t * s + 0.200120345f;
    r = r * s - 0.249996200f;
    r = t * f + r;
    r = r * f + 0.333331972f;
    r = r * f - 0.5f;
    r = r * s + f;
    r = i * 0.693147182f + r;
    r = x > 0.0f ? r : NAN;
    r = x == 0.0f ? -INFINITY : r;
    return x == INFINITY ? x : r;
}

/* log(1 + x), by the quotient that cancels the rounding of 1 + x (Kahan) */
INLINE float fm_log1p(float x) {
    float u = 1.0f + x, d = u - 1.0f;
    float r = fm_log(u) * (x / d);
    r = d == 0.0f ? x : r;
    return x == INFINITY ? x : r;
}

INLINE float fm_softplus(float x) {
    float a = fm_float(fm_bits(x) & 0x7fffffff);
    return (x > 0.0f ? x : (x == x ? 0.0f : x)) + fm_log1p(fm_exp(-a));
}

INLINE float fm_erf(float x) {
    float a = fm_float(fm_bits(x) & 0x7fffffff), s = x * x;
    float t = a > 4.0f ? 4.0f : a, q = t * t;
    float r = t * -1.72853470e-5f + 3.83197126e-4f;
    r = r * q + (t * -3.88396438e-3f + 2.42546219e-2f);
    r = r * t - 1.06777877e-1f;
    r = r * t - 6.34846687e-1f;
    r = r * t - 1.28717512e-1f;
    r = r * t - t;
    float large = fm_copysign(1.0f - fm_exp(r), x);
    float p = -5.96761703e-4f;
    p = p * s + 4.99119423e-3f;
    p = p * s - 2.67681349e-2f;
    p = p * s + 1.12819925e-1f;
    p = p * s - 3.76125336e-1f;
    p = p * s + 1.28379166e-1f;
    p = p * x + x;
    return a > 0.927734375f ? large : p;
}

INLINE float fm_gelu(float x) { return 0.5f * x * (1.0f + fm_erf(x * 0.707106781f)); }

INLINE float fm_gelu_tanh(float x) {
    return 0.5f * x * (1.0f + fm_tanh(0.797884561f * (x + 0.044715f * x * x * x)));
}

#endif
