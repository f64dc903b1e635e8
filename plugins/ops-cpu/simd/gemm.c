/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products for one instruction set: constants and the two element types. The method is in
 * gemm-template.h. */
#include "gemm.h"
#include "fmath.h"
#include "vec.h"
#include <string.h>

/* Rows of a tile: with two vectors per row, the accumulators, two columns and a broadcast fit the registers,
 * and there are enough independent sums to cover the latency of a multiply-add (4 cycles, two units). */
#if SIMD_BYTES == 64
#define ROWS 8
#elif SIMD_BYTES == 32
#define ROWS 6
#else
#define ROWS 4
#endif

#define CPU_GEMM_BLOCK_K 1024             /* eight rows of it stay in L1 */
#define CPU_GEMM_BLOCK_BYTES (256u << 10) /* a packed block stays in L2, beside much else */
#define CPU_GEMM_TASK_BYTES                                                                                  \
    (256u << 10)                 /* matrix times vector is bound by memory: below this one thread does it */
#define CPU_GEMM_TASK_FLOP 500e3 /* below this a second thread costs more than it brings */

INLINE void transpose4_f32(const float *from, size_t ldf, float *to, size_t ldt) {
    Vec4F a = *(const Vec4F *)from, b = *(const Vec4F *)(from + ldf);
    Vec4F c = *(const Vec4F *)(from + 2 * ldf), d = *(const Vec4F *)(from + 3 * ldf);
    Vec4F ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), AB = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    Vec4F cd = __builtin_shufflevector(c, d, 0, 4, 1, 5), CD = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *(Vec4F *)to = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
    *(Vec4F *)(to + ldt) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
    *(Vec4F *)(to + 2 * ldt) = __builtin_shufflevector(AB, CD, 0, 1, 4, 5);
    *(Vec4F *)(to + 3 * ldt) = __builtin_shufflevector(AB, CD, 2, 3, 6, 7);
}

INLINE void transpose4_f64(const double *from, size_t ldf, double *to, size_t ldt) {
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++)
            to[j * ldt + i] = from[i * ldf + j];
}

#define EACH(expression)                                                                                     \
    for (size_t i = 0; i < n; i++)                                                                           \
        x[i] = (expression);                                                                                 \
    break

static void act_f32(CpuAct act, float *restrict x, size_t n) {
    switch (act) {
    case CPU_ACT_NONE: break;
    case CPU_ACT_RELU: EACH(x[i] < 0 ? 0 : x[i]);
    case CPU_ACT_SIGMOID: EACH(fm_sigmoid(x[i]));
    case CPU_ACT_TANH: EACH(fm_tanh(x[i]));
    case CPU_ACT_GELU: EACH(fm_gelu(x[i]));
    case CPU_ACT_GELU_TANH: EACH(fm_gelu_tanh(x[i]));
    case CPU_ACT_SILU: EACH(x[i] * fm_sigmoid(x[i]));
    }
}

static void act_f64(CpuAct act, double *restrict x, size_t n) {
    switch (act) {
    case CPU_ACT_NONE: break;
    case CPU_ACT_RELU: EACH(x[i] < 0 ? 0 : x[i]);
    case CPU_ACT_SIGMOID: EACH(1 / (1 + exp(-x[i])));
    case CPU_ACT_TANH: EACH(tanh(x[i]));
    case CPU_ACT_GELU: EACH(0.5 * x[i] * (1 + erf(x[i] * 0.70710678118654752)));
    case CPU_ACT_GELU_TANH:
        EACH(0.5 * x[i] * (1 + tanh(0.79788456080286536 * (x[i] + 0.044715 * x[i] * x[i] * x[i]))));
    case CPU_ACT_SILU: EACH(x[i] / (1 + exp(-x[i])));
    }
}

#define REAL float
#define VEC VecF
#define QUAD Vec4F
#define LANES VF
#define GEMM(name) name##_f32
#define TRANSPOSE4 transpose4_f32
#include "gemm-template.h"
#undef REAL
#undef VEC
#undef QUAD
#undef LANES
#undef GEMM
#undef TRANSPOSE4

#define REAL double
#define VEC VecD
#define QUAD Vec4D
#define LANES (VF / 2)
#define GEMM(name) name##_f64
#define TRANSPOSE4 transpose4_f64
#include "gemm-template.h"

extern const CpuGemmKernels SIMD_NAME(cpu_gemm);
const CpuGemmKernels SIMD_NAME(cpu_gemm) = {
    .f32_workspace = workspace_f32,
    .f32 = run_f32,
    .f64_workspace = workspace_f64,
    .f64 = run_f64,
};
