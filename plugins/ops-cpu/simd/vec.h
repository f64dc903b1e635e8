/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the kernels only: the vector types and the name suffix of the instruction set that is being compiled
 * for. SIMD_SUFFIX comes from local.mk. Vectors may be loaded from any address that is aligned for their
 * elements. */
#ifndef CPU_VEC_H
#define CPU_VEC_H

#define SIMD_PASTE2(a, b) a##_##b
#define SIMD_PASTE(a, b) SIMD_PASTE2(a, b)
#define SIMD_NAME(name) SIMD_PASTE(name, SIMD_SUFFIX)

#define INLINE static inline __attribute__((always_inline))

#if defined __AVX512F__
#define SIMD_BYTES 64
#elif defined __AVX2__
#define SIMD_BYTES 32
#else
#define SIMD_BYTES 16
#endif

#define VF ((int)(SIMD_BYTES / sizeof(float))) /* floats in a vector */

typedef float VecF __attribute__((vector_size(SIMD_BYTES), aligned(4), may_alias));
typedef double VecD __attribute__((vector_size(SIMD_BYTES), aligned(8), may_alias));
typedef float Vec4F __attribute__((vector_size(16), aligned(4), may_alias));
typedef double Vec4D __attribute__((vector_size(32), aligned(8), may_alias));

#endif
