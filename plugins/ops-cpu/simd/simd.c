/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses the instruction set. The only file of this folder that is compiled once. */
#include "simd.h"
#include <string.h>

#define KERNELS(group, Type)                                                                                 \
    extern const struct Type cpu_##group##_generic, cpu_##group##_avx2, cpu_##group##_avx512;
KERNELS(gemm, CpuGemmKernels)
KERNELS(chain, CpuChainKernels)
KERNELS(reduce, CpuReduceKernels)
KERNELS(rows, CpuRowsKernels)
KERNELS(philox, CpuPhiloxKernels)
KERNELS(conv, CpuConvKernels)
KERNELS(pooling, CpuPoolingKernels)
KERNELS(norm, CpuNormKernels)

#define SET(isa)                                                                                             \
    {                                                                                                        \
#isa, &cpu_gemm_##isa, &cpu_chain_##isa, &cpu_reduce_##isa, &cpu_rows_##isa, &cpu_philox_##isa,      \
            &cpu_conv_##isa, &cpu_pooling_##isa, &cpu_norm_##isa                                             \
    }

static const CpuSimd generic = SET(generic);

#ifdef CPU_SIMD_X86
static const CpuSimd avx2 = SET(avx2), avx512 = SET(avx512);

static const CpuSimd *best(void) {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("fma"))
        return &avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return &avx2;
    return &generic;
}
#else
static const CpuSimd *best(void) { return &generic; }
#endif

const CpuSimd *cpu_simd(void) {
    static const CpuSimd *chosen; /* the same value whoever writes it first */
    const CpuSimd *set = __atomic_load_n(&chosen, __ATOMIC_RELAXED);
    if (!set) {
        set = best();
        __atomic_store_n(&chosen, set, __ATOMIC_RELAXED);
    }
    return set;
}

const CpuSimd *cpu_simd_named(const char *name) {
    if (!strcmp(name, "generic"))
        return &generic;
#ifdef CPU_SIMD_X86
    if (!strcmp(name, "avx2") && best() != &generic)
        return &avx2;
    if (!strcmp(name, "avx512") && best() == &avx512)
        return &avx512;
#endif
    return NULL;
}
