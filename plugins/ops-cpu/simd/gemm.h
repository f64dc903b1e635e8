/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products: C = act(alpha op(A) op(B) + beta C + bias), row-major, all four transpositions, single or
 * batched, f32 and f64.
 *
 * The method is the packed, register-blocked one of Goto and van de Geijn (Anatomy of High-Performance Matrix
 * Multiplication, 2008) with one change: only the operand that vectors run along is packed. The other is
 * broadcast element by element straight from where it lies, eight rows at a time, which costs nothing as long
 * as the eight streams stay in L1, and saves the packing that dominates at the sizes networks use.
 *
 * Beside OpenBLAS 0.3.21 with its AVX-512 kernels (one thread on Zen 5, medians of one run of
 * bench/kernels-gemm on a machine with little else to do, GFLOP/s, ours to theirs): 128x512x784, B
 * transposed, 229 to 215; the weight gradient 512x784x128 248 to 238; 128x10x512 121 to 67; the LSTM step
 * 32x1024x512 200 to 137; 8 vectors 106 to 57; squares of 1024 209 to 208. It is behind where A is transposed
 * and k is long (1024 cubed 180 to 230, 1024x512x2048 207 to 226), for 64x3136x576 (149 to 167) and for a
 * single vector (48 to 51, bound by memory). */
#ifndef CPU_GEMM_H
#define CPU_GEMM_H

#include "simd.h"

typedef enum CpuAct {
    CPU_ACT_NONE,
    CPU_ACT_RELU,
    CPU_ACT_SIGMOID,
    CPU_ACT_TANH,
    CPU_ACT_GELU,      /* x/2 (1 + erf(x/sqrt 2)) */
    CPU_ACT_GELU_TANH, /* the tanh approximation */
    CPU_ACT_SILU,
} CpuAct;

typedef enum CpuBias {
    CPU_BIAS_NONE,
    CPU_BIAS_COL, /* bias[n], one value per column of C: the features of a dense layer */
    CPU_BIAS_ROW, /* bias[m], one value per row of C: the channels of a convolution */
} CpuBias;

/* op(A) is m x k, op(B) is k x n, C is m x n. lda, ldb, ldc: elements from one stored row to the next (>= its
 * length). A stored row of A has k elements, or m when trans_a; of B n, or k when trans_b. With beta 0, C is
 * not read. k 0 gives act(beta C + bias). Batch item i starts stride_a i, stride_b i, stride_c i elements
 * further; the bias is shared. All elements and the bias are float for the f32 functions, double for the f64
 * ones. C overlaps neither operand. */
typedef struct CpuGemm {
    bool trans_a, trans_b;
    CpuAct act;
    CpuBias bias_axis;
    size_t m, n, k;
    double alpha, beta;
    const void *a, *b, *bias;
    void *c;
    size_t lda, ldb, ldc;
    size_t batch, stride_a, stride_b, stride_c;
} CpuGemm;

typedef struct CpuGemmKernels {
    /* Bytes of workspace for a product on this pool; the pointers need not be set yet. */
    size_t (*f32_workspace)(const CpuGemm *, const CpuPool *);
    void (*f32)(const CpuGemm *, const CpuPool *, void *workspace);
    size_t (*f64_workspace)(const CpuGemm *, const CpuPool *);
    void (*f64)(const CpuGemm *, const CpuPool *, void *workspace);
} CpuGemmKernels;

#endif
