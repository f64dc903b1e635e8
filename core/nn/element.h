/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elements of dense data by their type, for plug-ins that compute plainly: floats in double, integers in 64
 * bits. These are the only places where the element types differ. Rounding is to nearest even; out of range,
 * integers from floats saturate. Nothing here crosses the border.
 */
#ifndef NN_ELEMENT_H
#define NN_ELEMENT_H

#include "nn/plugin.h"

#include <math.h>

static inline double nn_from_f16(uint16_t h) {
    const int e = h >> 10 & 31, m = h & 1023;
    const double a = e == 31 ? (m ? (double)NAN : HUGE_VAL) : e ? ldexp(1024 + m, e - 25) : ldexp(m, -24);
    return h & 0x8000 ? -a : a;
}

static inline double nn_from_bf16(uint16_t h) {
    const uint32_t bits = (uint32_t)h << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return (double)f;
}

/* A 16-bit float with m bits of fraction and exponents from 1 - bias to bias. */
static inline uint16_t nn_to_small_float(double x, int m, int bias) {
    const uint32_t sign = signbit(x) ? 0x8000u : 0, infinite = (uint32_t)(2 * bias + 1) << m;
    const double a = fabs(x);
    if (isnan(x))
        return (uint16_t)(sign | infinite | 1u << (m - 1));
    if (a == 0)
        return (uint16_t)sign;
    if (isinf(a) || ilogb(a) > bias)
        return (uint16_t)(sign | infinite);
    const int e = ilogb(a) < 1 - bias ? 1 - bias : ilogb(a);
    /* Rounding up to the next power of two carries into the exponent by itself; a subnormal loses its hidden
     * bit. */
    const double fraction = nearbyint(ldexp(a, m - e));
    return (uint16_t)(sign | (((uint32_t)(e + bias) << m) + (uint32_t)fraction - (1u << m)));
}

static inline uint16_t nn_to_f16(double x) { return nn_to_small_float(x, 10, 15); }
static inline uint16_t nn_to_bf16(double x) { return nn_to_small_float(x, 7, 127); }

/* Element i of a tensor's data as a double. */
static inline double nn_load(const void *data, int32_t type, int64_t i) {
    switch (type) {
    case NN_F32: return (double)((const float *)data)[i];
    case NN_F64: return ((const double *)data)[i];
    case NN_F16: return nn_from_f16(((const uint16_t *)data)[i]);
    case NN_BF16: return nn_from_bf16(((const uint16_t *)data)[i]);
    case NN_I64: return (double)((const int64_t *)data)[i];
    case NN_I32: return ((const int32_t *)data)[i];
    case NN_I16: return ((const int16_t *)data)[i];
    case NN_I8: return ((const int8_t *)data)[i];
    case NN_U64: return (double)((const uint64_t *)data)[i];
    case NN_U32: return ((const uint32_t *)data)[i];
    case NN_U16: return ((const uint16_t *)data)[i];
    case NN_U8:
    case NN_BOOL: return ((const uint8_t *)data)[i];
    default: return 0;
    }
}

/* Out of range saturates; what is not a number becomes 0. */
static inline int64_t nn_to_i64(double x, double low, double high) {
    if (isnan(x))
        return 0;
    if (x <= low)
        return low <= -0x1p63 ? INT64_MIN : (int64_t)low;
    return x >= high ? (high >= 0x1p63 ? INT64_MAX : (int64_t)high) : (int64_t)x;
}

static inline uint64_t nn_to_u64(double x) { return !(x > 0) ? 0 : x >= 0x1p64 ? UINT64_MAX : (uint64_t)x; }

static inline void nn_store(void *data, int32_t type, int64_t i, double x) {
    switch (type) {
    case NN_F32: ((float *)data)[i] = (float)x; break;
    case NN_F64: ((double *)data)[i] = x; break;
    case NN_F16: ((uint16_t *)data)[i] = nn_to_f16(x); break;
    case NN_BF16: ((uint16_t *)data)[i] = nn_to_bf16(x); break;
    case NN_I64: ((int64_t *)data)[i] = nn_to_i64(x, -0x1p63, 0x1p63); break;
    case NN_I32: ((int32_t *)data)[i] = (int32_t)nn_to_i64(x, INT32_MIN, INT32_MAX); break;
    case NN_I16: ((int16_t *)data)[i] = (int16_t)nn_to_i64(x, INT16_MIN, INT16_MAX); break;
    case NN_I8: ((int8_t *)data)[i] = (int8_t)nn_to_i64(x, INT8_MIN, INT8_MAX); break;
    case NN_U64: ((uint64_t *)data)[i] = nn_to_u64(x); break;
    case NN_U32: ((uint32_t *)data)[i] = (uint32_t)nn_to_i64(x, 0, UINT32_MAX); break;
    case NN_U16: ((uint16_t *)data)[i] = (uint16_t)nn_to_i64(x, 0, UINT16_MAX); break;
    case NN_U8: ((uint8_t *)data)[i] = (uint8_t)nn_to_i64(x, 0, UINT8_MAX); break;
    case NN_BOOL: ((uint8_t *)data)[i] = x != 0; break;
    default: break;
    }
}

/* An integer or bool element in 64 bits; of u64, the same bits. */
static inline int64_t nn_load_int(const void *data, int32_t type, int64_t i) {
    switch (type) {
    case NN_U64:
    case NN_I64: return ((const int64_t *)data)[i];
    case NN_I32: return ((const int32_t *)data)[i];
    case NN_I16: return ((const int16_t *)data)[i];
    case NN_I8: return ((const int8_t *)data)[i];
    case NN_U32: return ((const uint32_t *)data)[i];
    case NN_U16: return ((const uint16_t *)data)[i];
    case NN_U8:
    case NN_BOOL: return ((const uint8_t *)data)[i];
    default: return nn_to_i64(nn_load(data, type, i), -0x1p63, 0x1p63);
    }
}

/* Keeps the low bits. */
static inline void nn_store_int(void *data, int32_t type, int64_t i, int64_t x) {
    switch (NN_MASK(type) & NN_INTEGERS ? nn_type_size(type) : 0) {
    case 8: ((int64_t *)data)[i] = x; break;
    case 4: ((uint32_t *)data)[i] = (uint32_t)x; break;
    case 2: ((uint16_t *)data)[i] = (uint16_t)x; break;
    case 1: ((uint8_t *)data)[i] = (uint8_t)x; break;
    default: nn_store(data, type, i, type == NN_BOOL ? x != 0 : (double)x);
    }
}

#endif
