/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elementary functions of vectors of W elements, where the compiler's library takes one element after the other or lets
 * one element disturb its neighbours. Of float: minimax fits without branches, as plugins/ops-cpu/simd/fmath.h has them,
 * which states their errors. FUNCTION(name, T) is the one to call for elements of type T, a scalar's being the library's.
 */
#if W == 1
#define FUNCTION(name, T) name
#else
#define FUNCTION(name, T) name##_##T
#define tanh_double tanh
#define erf_double erf
#define expm1_double expm1
typedef VECTOR(float) floats;
typedef VECTOR(int) ints;
#define BITS(x) PASTE(as_int, W)(x)
#define FLOATS(bits) PASTE(as_float, W)(bits)
#define POWER_OF_2(n) FLOATS(((n) + 127) << 23)

/* exp(x) - 1 for |x| <= 87: x = n ln 2 + f, where ln 2 is split (Cody, Waite 1980); adding 1.5 * 2^23 rounds. */
floats expm1_small(floats x);
floats expm1_small(floats x) {
    floats t = x * 1.44269504f + 12582912.0f;
    const floats p = POWER_OF_2(BITS(t) - 0x4b400000);
    t -= 12582912.0f;
    const floats f = (x - t * 0.693145752f) - t * 1.42860677e-6f;
    floats r = 1.97350979e-4f;
    r = r * f + 1.39309070e-3f;
    r = r * f + 8.33343994e-3f;
    r = r * f + 4.16668020e-2f;
    r = r * f + 1.66666716e-1f;
    r = r * f + 4.99999970e-1f;
    return p * (r * (f * f) + f) + (p - 1.0f);
}

floats expm1_float(floats x);
floats expm1_float(floats x) {
    const floats low = x > 80.0f ? 80.0f : x;
    return x > 80.0f ? exp(x) : expm1_small(low < -80.0f ? -80.0f : low);
}

floats tanh_float(floats x);
floats tanh_float(floats x) {
    const floats a = fabs(x), e = expm1_small(2.0f * (a > 9.1f ? 9.1f : a)); /* from there on 1 */
    return copysign(e / (e + 2.0f), x);
}

floats erf_float(floats x);
floats erf_float(floats x) {
    const floats a = fabs(x), s = x * x, t = a > 4.0f ? 4.0f : a, q = t * t;
    floats r = t * -1.72853470e-5f + 3.83197126e-4f;
    r = r * q + (t * -3.88396438e-3f + 2.42546219e-2f);
    r = r * t - 1.06777877e-1f;
    r = r * t - 6.34846687e-1f;
    r = r * t - 1.28717512e-1f;
    r = r * t - t;
    floats p = -5.96761703e-4f;
    p = p * s + 4.99119423e-3f;
    p = p * s - 2.67681349e-2f;
    p = p * s + 1.12819925e-1f;
    p = p * s - 3.76125336e-1f;
    p = p * s + 1.28379166e-1f;
    return a > 0.927734375f ? copysign(1.0f - exp(r), x) : p * x + x;
}

/* Elements beyond `limit`, infinities and what is not a number are left to the scalar function: a library that works in
 * vectors may reduce all arguments in the way that only the largest needs, and small ones badly. */
#define PERIODIC(name, T, limit)                                                                                         \
    VECTOR(T) name##_##T(VECTOR(T) x);                                                                                   \
    VECTOR(T) name##_##T(VECTOR(T) x) {                                                                                  \
        VECTOR(T) y = name(fabs(x) < limit ? x : 0);                                                                     \
        if (all(fabs(x) < limit))                                                                                        \
            return y;                                                                                                    \
        T in[W], out[W];                                                                                                 \
        PASTE(vstore, W)(x, 0, in);                                                                                      \
        PASTE(vstore, W)(y, 0, out);                                                                                     \
        for (uint k = 0; k < W; k++)                                                                                     \
            if (!(fabs(in[k]) < limit))                                                                                  \
                out[k] = name(in[k]);                                                                                    \
        return PASTE(vload, W)(0, out);                                                                                  \
    }
PERIODIC(sin, float, 100.0f)
PERIODIC(cos, float, 100.0f)
PERIODIC(tan, float, 100.0f)
#ifdef DOUBLE
PERIODIC(sin, double, 14.0)
PERIODIC(cos, double, 14.0)
PERIODIC(tan, double, 14.0)
#endif
#endif
