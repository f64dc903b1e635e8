/* SPDX-License-Identifier: Apache-2.0 */
/* Small floats go through frexp and ldexp, so that every platform rounds alike. */
#include "tensor.h"

#include <math.h>
#include <stdlib.h>

Tensor *tensor_new(int32_t type, int32_t rank, const int64_t *dims) {
    Tensor *x = calloc(1, sizeof *x);
    uint64_t n = 1;
    if (x == NULL)
        abort();
    for (int32_t i = rank - 1; i >= 0; i--) {
        x->dims[i] = dims[i];
        x->strides[i] = (int64_t)n;
        n *= (uint64_t)dims[i];
    }
    x->t = (NnTensor){.type = type, .rank = rank, .dims = x->dims, .strides = x->strides};
    x->t.buffer = calloc(n + 1, nn_type_size(type));
    if (x->t.buffer == NULL)
        abort();
    return x;
}

Tensor *tensor_copy(const NnTensor *from) {
    Tensor *x = tensor_new(from->type, from->rank, from->dims);
    if (tensor_bytes(from))
        memcpy(x->t.buffer, nn_data(from), tensor_bytes(from));
    return x;
}

void tensor_free(Tensor *x) {
    if (x)
        free(x->t.buffer);
    free(x);
}

bool tensor_same_shape(const NnTensor *a, const NnTensor *b) {
    return a->type == b->type && a->rank == b->rank &&
           memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims) == 0;
}

/* A 16-bit float with m bits of fraction and exponents from 1 - bias to bias. */
static double widen(uint16_t h, int m, int bias) {
    const int all = 2 * bias + 1, e = h >> m & all, fraction = h & ((1 << m) - 1);
    const double a = e == all ? (fraction ? (double)NAN : HUGE_VAL)
                     : e      ? ldexp((1 << m) + fraction, e - bias - m)
                              : ldexp(fraction, 1 - bias - m);
    return h & 0x8000 ? -a : a;
}

static uint16_t narrow(double x, int m, int bias) {
    const unsigned sign = signbit(x) ? 0x8000u : 0, infinite = (2 * (unsigned)bias + 1) << m;
    const double a = fabs(x);
    int e;
    if (isnan(x))
        return (uint16_t)(sign | infinite | 1u << (m - 1));
    if (isinf(a))
        return (uint16_t)(sign | infinite);
    (void)frexp(a, &e); /* a = 0.1.. * 2^e */
    e = a == 0 || e - 1 < 1 - bias ? 1 - bias : e - 1;
    const double units = nearbyint(ldexp(a, m - e)); /* at most 2^(m+1) */
    if (ldexp(units, e - m) >= ldexp(1, bias + 1))
        return (uint16_t)(sign | infinite);
    /* Below 2^m it is a subnormal; a carry out of the fraction is the next exponent. */
    const unsigned u = (unsigned)units, one = 1u << m;
    return (uint16_t)(sign | (u < one ? u : ((unsigned)(e + bias - 1) << m) + u));
}

static double saturate(double x, double low, double high) {
    return isnan(x) ? 0 : x < low ? low : x > high ? high : trunc(x);
}

double tensor_get(const NnTensor *t, int64_t i) {
    const void *data = nn_data(t);
    switch (t->type) {
    case NN_F32: return (double)((const float *)data)[i];
    case NN_F64: return ((const double *)data)[i];
    case NN_F16: return widen(((const uint16_t *)data)[i], 10, 15);
    case NN_BF16: return widen(((const uint16_t *)data)[i], 7, 127);
    case NN_U64: return (double)((const uint64_t *)data)[i];
    default: return (double)tensor_get_int(t, i);
    }
}

int64_t tensor_get_int(const NnTensor *t, int64_t i) {
    const void *data = nn_data(t);
    switch (t->type) {
    case NN_U64:
    case NN_I64: return ((const int64_t *)data)[i];
    case NN_I32: return ((const int32_t *)data)[i];
    case NN_I16: return ((const int16_t *)data)[i];
    case NN_I8: return ((const int8_t *)data)[i];
    case NN_U32: return ((const uint32_t *)data)[i];
    case NN_U16: return ((const uint16_t *)data)[i];
    case NN_U8:
    case NN_BOOL: return ((const uint8_t *)data)[i];
    default: return (int64_t)saturate(tensor_get(t, i), -0x1p62, 0x1p62);
    }
}

void tensor_set_int(NnTensor *t, int64_t i, int64_t x) {
    void *data = nn_data(t);
    switch (t->type) {
    case NN_U64:
    case NN_I64: ((int64_t *)data)[i] = x; break;
    case NN_U32:
    case NN_I32: ((uint32_t *)data)[i] = (uint32_t)x; break;
    case NN_U16:
    case NN_I16: ((uint16_t *)data)[i] = (uint16_t)x; break;
    case NN_U8:
    case NN_I8: ((uint8_t *)data)[i] = (uint8_t)x; break;
    default: tensor_set(t, i, (double)x);
    }
}

void tensor_set(NnTensor *t, int64_t i, double x) {
    void *data = nn_data(t);
    switch (t->type) {
    case NN_F32: ((float *)data)[i] = (float)x; break;
    case NN_F64: ((double *)data)[i] = x; break;
    case NN_F16: ((uint16_t *)data)[i] = narrow(x, 10, 15); break;
    case NN_BF16: ((uint16_t *)data)[i] = narrow(x, 7, 127); break;
    case NN_BOOL: ((uint8_t *)data)[i] = x != 0; break;
    case NN_U64: {
        const double most = 0x1p64;
        /* cppcheck-suppress floatConversionOverflow ; what is too large went elsewhere */
        ((uint64_t *)data)[i] = isnan(x) || x <= 0 ? 0 : x >= most ? UINT64_MAX : (uint64_t)x;
        break;
    }
    case NN_I64: {
        const double most = 0x1p63;
        ((int64_t *)data)[i] = isnan(x) ? 0 : x >= most ? INT64_MAX : x <= -most ? INT64_MIN : (int64_t)x;
        break;
    }
    case NN_I32: tensor_set_int(t, i, (int64_t)saturate(x, INT32_MIN, INT32_MAX)); break;
    case NN_I16: tensor_set_int(t, i, (int64_t)saturate(x, INT16_MIN, INT16_MAX)); break;
    case NN_I8: tensor_set_int(t, i, (int64_t)saturate(x, INT8_MIN, INT8_MAX)); break;
    case NN_U32: tensor_set_int(t, i, (int64_t)saturate(x, 0, UINT32_MAX)); break;
    case NN_U16: tensor_set_int(t, i, (int64_t)saturate(x, 0, UINT16_MAX)); break;
    case NN_U8: tensor_set_int(t, i, (int64_t)saturate(x, 0, UINT8_MAX)); break;
    default: break;
    }
}

double type_epsilon(int32_t type) {
    switch (type) {
    case NN_F64: return 0x1p-53;
    case NN_F16: return 0x1p-11;
    case NN_BF16: return 0x1p-8;
    default: return 0x1p-24;
    }
}
