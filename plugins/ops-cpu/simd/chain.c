/* SPDX-License-Identifier: Apache-2.0 */
/* Runs chains of element-wise operations, a block at a time. Each operation is a plain loop that the compiler
 * turns into vector code; the switch around them costs a few nanoseconds a block. */
#include "chain.h"
#include "fmath.h"

#include <string.h>

#define EACH _Pragma("GCC ivdep") for (size_t i = 0; i < n; i++)
#define UNARY(code, value)                                                                                   \
    case code:                                                                                               \
        EACH {                                                                                               \
            const float x = a[i];                                                                            \
            y[i] = (value);                                                                                  \
        }                                                                                                    \
        return;
#define BINARY(code, value)                                                                                  \
    case code:                                                                                               \
        EACH {                                                                                               \
            const float x = a[i], z = b[i];                                                                  \
            y[i] = (value);                                                                                  \
        }                                                                                                    \
        return;
#define TERNARY(code, value)                                                                                 \
    case code:                                                                                               \
        EACH {                                                                                               \
            const float x = a[i], z = b[i], w = c[i];                                                        \
            y[i] = (value);                                                                                  \
        }                                                                                                    \
        return;

/* NaN wins, whichever side it is on. */
INLINE float larger(float x, float z) { return x > z || x != x ? x : z; }
INLINE float smaller(float x, float z) { return x < z || x != x ? x : z; }
/* A bound that is no number does not bind, as ONNX writes Clip with Less and Where. */
INLINE float at_least(float x, float low) { return x < low ? low : x; }
INLINE float at_most(float x, float high) { return high < x ? high : x; }

static void step(const CpuChainStep *s, size_t n, float *y, const float *a, const float *b, const float *c) {
    const float k = s->k;
    switch ((CpuChainCode)s->code) {
        BINARY(CPU_ADD, x + z)
        BINARY(CPU_SUB, x - z)
        BINARY(CPU_MUL, x * z)
        BINARY(CPU_DIV, x / z)
        BINARY(CPU_MAX, larger(x, z))
        BINARY(CPU_MIN, smaller(x, z))
        BINARY(CPU_POW, z == 2.0f ? x * x : powf(x, z))
        BINARY(CPU_LESS, x < z ? 1.0f : 0.0f)
        BINARY(CPU_LESS_EQUAL, x <= z ? 1.0f : 0.0f)
        BINARY(CPU_GREATER, x > z ? 1.0f : 0.0f)
        BINARY(CPU_GREATER_EQUAL, x >= z ? 1.0f : 0.0f)
        BINARY(CPU_EQUAL, x == z ? 1.0f : 0.0f)
        BINARY(CPU_AND, x != 0 && z != 0 ? 1.0f : 0.0f)
        BINARY(CPU_OR, x != 0 || z != 0 ? 1.0f : 0.0f)
        UNARY(CPU_COPY, x)
        UNARY(CPU_NEG, -x)
        UNARY(CPU_ABS, fm_float(fm_bits(x) & 0x7fffffff))
        UNARY(CPU_SIGN, x > 0 ? 1.0f : x < 0 ? -1.0f : x)
        UNARY(CPU_RECIPROCAL, 1.0f / x)
        UNARY(CPU_SQUARE, x * x)
        UNARY(CPU_SQRT, __builtin_sqrtf(x))
        UNARY(CPU_EXP, fm_exp(x))
        UNARY(CPU_LOG, fm_log(x))
        UNARY(CPU_ERF, fm_erf(x))
        UNARY(CPU_FLOOR, __builtin_floorf(x))
        UNARY(CPU_CEIL, __builtin_ceilf(x))
        UNARY(CPU_NOT, x != 0 ? 0.0f : 1.0f)
        UNARY(CPU_RELU, x < 0 ? 0.0f : x)
        UNARY(CPU_LEAKY_RELU, x < 0 ? k * x : x)
        UNARY(CPU_SIGMOID, fm_sigmoid(x))
        UNARY(CPU_TANH, fm_tanh(x))
        UNARY(CPU_SOFTPLUS, fm_softplus(x))
        UNARY(CPU_GELU, fm_gelu(x))
        UNARY(CPU_GELU_TANH, fm_gelu_tanh(x))
        UNARY(CPU_ELU, x < 0 ? k * fm_expm1(x) : x)
        BINARY(CPU_RELU_GRAD, z > 0 ? x : 0.0f)
        BINARY(CPU_LEAKY_RELU_GRAD, z < 0 ? k * x : x)
        BINARY(CPU_SIGMOID_GRAD, x * z * (1.0f - z))
        BINARY(CPU_TANH_GRAD, x * (1.0f - z * z))
        TERNARY(CPU_WHERE, x != 0 ? z : w)
        BINARY(CPU_AT_LEAST, at_least(x, z))
        BINARY(CPU_AT_MOST, at_most(x, z))
        TERNARY(CPU_CLIP, at_most(at_least(x, z), w))
    }
}

#define LOAD(type)                                                                                           \
    for (size_t i = 0; i < n; i++)                                                                           \
        to[i] = (float)((const type *)from)[at + i * stride];                                                \
    return;

static void load_run(uint8_t type, const void *from, size_t at, size_t stride, size_t n, float *to) {
    switch ((CpuChainType)type) {
    case CPU_CHAIN_F32: LOAD(float)
    case CPU_CHAIN_BOOL:
        for (size_t i = 0; i < n; i++)
            to[i] = ((const uint8_t *)from)[at + i * stride] ? 1.0f : 0.0f;
        return;
    case CPU_CHAIN_U8: LOAD(uint8_t)
    case CPU_CHAIN_I32: LOAD(int32_t)
    case CPU_CHAIN_I64: LOAD(int64_t)
    case CPU_CHAIN_F64: LOAD(double)
    }
}

/* Elements begin .. begin + n of the chain's extents from an input that lies otherwise, run by run of the
 * last dimension. */
static void load(const CpuChain *chain, const CpuChainInput *in, const void *from, size_t begin, size_t n,
                 float *to) {
    const uint32_t last = chain->n_dims - 1;
    size_t index[CPU_CHAIN_DIMS] = {0}, at = 0, rest = begin;
    for (uint32_t d = chain->n_dims; d-- > 0;) {
        index[d] = rest % chain->dims[d];
        rest /= chain->dims[d];
        at += index[d] * in->strides[d];
    }
    while (n > 0) {
        const size_t left = chain->dims[last] - index[last], run = left < n ? left : n;
        load_run(in->type, from, at, in->strides[last], run, to);
        to += run;
        n -= run;
        at += run * in->strides[last];
        index[last] += run;
        for (uint32_t d = last; index[d] == chain->dims[d];) {
            at -= index[d] * in->strides[d];
            index[d] = 0;
            if (d == 0)
                break;
            d--;
            index[d]++;
            at += in->strides[d];
        }
    }
}

static void run(const CpuChain *chain, const void *const *inputs, void *const *outputs, size_t begin,
                size_t end) {
    float store[CPU_CHAIN_REGS][CPU_CHAIN_BLOCK] __attribute__((aligned(64)));
    const float *read[CPU_CHAIN_REGS];
    float *write[CPU_CHAIN_REGS];
    for (uint32_t r = 0; r < chain->n_regs; r++)
        read[r] = write[r] = store[r];
    for (uint32_t i = 0; i < chain->n_inputs; i++)
        if (chain->inputs[i].scalar) {
            load_run(chain->inputs[i].type, inputs[i], 0, 0,
                     CPU_CHAIN_BLOCK < end - begin ? CPU_CHAIN_BLOCK : end - begin, store[i]);
        }
    for (size_t at = begin; at < end; at += CPU_CHAIN_BLOCK) {
        const size_t n = end - at < CPU_CHAIN_BLOCK ? end - at : CPU_CHAIN_BLOCK;
        for (uint32_t i = 0; i < chain->n_inputs; i++) {
            const CpuChainInput *in = &chain->inputs[i];
            if (in->scalar)
                continue;
            if (in->whole && in->type == CPU_CHAIN_F32)
                read[i] = (const float *)inputs[i] + at;
            else if (in->whole)
                load_run(in->type, inputs[i], at, 1, n, store[i]);
            else
                load(chain, in, inputs[i], at, n, store[i]);
        }
        for (uint32_t k = 0; k < chain->n_outputs; k++)
            if (chain->out_type[k] == CPU_CHAIN_F32)
                read[chain->out_reg[k]] = write[chain->out_reg[k]] = (float *)outputs[k] + at;
        for (uint32_t s = 0; s < chain->n_steps; s++) {
            const CpuChainStep *now = &chain->steps[s];
            step(now, n, write[now->to], read[now->a], read[now->b], read[now->c]);
        }
        for (uint32_t k = 0; k < chain->n_outputs; k++)
            if (chain->out_type[k] == CPU_CHAIN_BOOL)
                for (size_t i = 0; i < n; i++)
                    ((uint8_t *)outputs[k])[at + i] = read[chain->out_reg[k]][i] != 0;
    }
}

const CpuChainKernels SIMD_NAME(cpu_chain) = {.run = run};
