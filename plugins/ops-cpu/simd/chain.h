/* SPDX-License-Identifier: Apache-2.0 */
/* Chains of element-wise operations: a small program that is run block by block, so that what lies between
 * two operations stays in the first-level cache and memory is read and written once. One operation alone is a
 * chain of length one.
 *
 * Registers are blocks of floats: first the inputs, then the temporaries. bool values are 0 and 1. */
#ifndef CPU_CHAIN_H
#define CPU_CHAIN_H

#include "simd.h"

#define CPU_CHAIN_BLOCK 512u
#define CPU_CHAIN_REGS 48u
#define CPU_CHAIN_STEPS 96u
#define CPU_CHAIN_OUTPUTS 16u
#define CPU_CHAIN_DIMS 4u

typedef enum CpuChainCode {
    CPU_ADD,
    CPU_SUB,
    CPU_MUL,
    CPU_DIV,
    CPU_MAX,
    CPU_MIN,
    CPU_POW,
    CPU_LESS,
    CPU_LESS_EQUAL,
    CPU_GREATER,
    CPU_GREATER_EQUAL,
    CPU_EQUAL,
    CPU_AND,
    CPU_OR,
    CPU_COPY,
    CPU_NEG,
    CPU_ABS,
    CPU_SIGN,
    CPU_RECIPROCAL,
    CPU_SQUARE,
    CPU_SQRT,
    CPU_EXP,
    CPU_LOG,
    CPU_ERF,
    CPU_FLOOR,
    CPU_CEIL,
    CPU_NOT,
    CPU_RELU,
    CPU_LEAKY_RELU,
    CPU_SIGMOID,
    CPU_TANH,
    CPU_SOFTPLUS,
    CPU_GELU,
    CPU_GELU_TANH,
    CPU_ELU,
    CPU_RELU_GRAD,
    CPU_LEAKY_RELU_GRAD,
    CPU_SIGMOID_GRAD,
    CPU_TANH_GRAD, /* a: dY, b: the result (LeakyRelu: the input) */
    CPU_WHERE,
    CPU_AT_LEAST,
    CPU_AT_MOST, /* Clip with one bound */
    CPU_CLIP
} CpuChainCode;

typedef struct CpuChainStep {
    uint8_t code, to, a, b, c;
    float k; /* LeakyRelu's and Elu's slope */
} CpuChainStep;

typedef enum CpuChainType {
    CPU_CHAIN_F32,
    CPU_CHAIN_BOOL,
    CPU_CHAIN_U8,
    CPU_CHAIN_I32,
    CPU_CHAIN_I64,
    CPU_CHAIN_F64
} CpuChainType;

/* An input over the chain's extents: strides in elements, 0 where it is broadcast. `whole`: as the outputs
 * lie. */
typedef struct CpuChainInput {
    uint8_t type; /* CpuChainType */
    bool whole, scalar;
    size_t strides[CPU_CHAIN_DIMS];
} CpuChainInput;

typedef struct CpuChain {
    uint32_t n_inputs, n_outputs, n_steps, n_regs, n_dims;
    size_t dims[CPU_CHAIN_DIMS],
        count; /* extents of the outputs, broadcast neighbours merged; their product */
    CpuChainInput inputs[CPU_CHAIN_REGS];
    uint8_t out_reg[CPU_CHAIN_OUTPUTS], out_type[CPU_CHAIN_OUTPUTS]; /* F32 or BOOL */
    CpuChainStep steps[CPU_CHAIN_STEPS];
} CpuChain;

typedef struct CpuChainKernels {
    /* Elements begin .. end of the outputs. An output may be the same memory as a whole f32 input. */
    void (*run)(const CpuChain *, const void *const *inputs, void *const *outputs, size_t begin, size_t end);
} CpuChainKernels;

#endif
