# SPDX-License-Identifier: Apache-2.0
# The CPU's kernels, once per instruction set, in a convenience library that any object of ops-cpu may link. One line
# in simd_sources is one source file.
#
# The flags: products may be fused with sums (the reference kernels promise bits, these promise a tolerance), there is no
# errno and no trap to keep, and loops are vectorised where it pays whatever -O the build asks for. The hardening flags of the
# compiler are left out: zeroing what a tile is about to overwrite, or a guard word per call, costs up to a tenth
# here, in code that indexes by what it computed itself.

simd_sources = \
	plugins/ops-cpu/simd/chain.c \
	plugins/ops-cpu/simd/chain.h \
	plugins/ops-cpu/simd/philox.c \
	plugins/ops-cpu/simd/philox.h \
	plugins/ops-cpu/simd/reduce.c \
	plugins/ops-cpu/simd/reduce.h \
	plugins/ops-cpu/simd/rows.c \
	plugins/ops-cpu/simd/rows.h \
	plugins/ops-cpu/simd/conv-weight.c \
	plugins/ops-cpu/simd/conv.c \
	plugins/ops-cpu/simd/conv.h \
	plugins/ops-cpu/simd/correlate.h \
	plugins/ops-cpu/simd/gemm.c \
	plugins/ops-cpu/simd/gemm.h \
	plugins/ops-cpu/simd/gemm-template.h \
	plugins/ops-cpu/simd/norm.c \
	plugins/ops-cpu/simd/norm.h \
	plugins/ops-cpu/simd/pooling.c \
	plugins/ops-cpu/simd/pooling.h \
	plugins/ops-cpu/simd/fmath.h \
	plugins/ops-cpu/simd/simd.h \
	plugins/ops-cpu/simd/vec.h

simd_cflags = $(WARN_CFLAGS) -fvisibility=hidden -O3 -ffp-contract=fast -fno-math-errno -fno-trapping-math \
	-ftree-vectorize -fvect-cost-model=dynamic -funswitch-loops -fno-strict-aliasing $(SANITIZE_CFLAGS)

noinst_LTLIBRARIES += plugins/ops-cpu/libcpu-simd.la plugins/ops-cpu/libsimd-generic.la

plugins_ops_cpu_libsimd_generic_la_SOURCES = $(simd_sources)
plugins_ops_cpu_libsimd_generic_la_CPPFLAGS = $(AM_CPPFLAGS) -DSIMD_SUFFIX=generic
plugins_ops_cpu_libsimd_generic_la_CFLAGS = $(simd_cflags)
plugins_ops_cpu_libsimd_generic_la_LDFLAGS = $(HARDEN_LDFLAGS)

plugins_ops_cpu_libcpu_simd_la_SOURCES = plugins/ops-cpu/simd/simd.c
plugins_ops_cpu_libcpu_simd_la_CPPFLAGS = $(AM_CPPFLAGS)
plugins_ops_cpu_libcpu_simd_la_LDFLAGS = $(HARDEN_LDFLAGS)
plugins_ops_cpu_libcpu_simd_la_LIBADD = plugins/ops-cpu/libsimd-generic.la

if HOST_X86
noinst_LTLIBRARIES += plugins/ops-cpu/libsimd-avx2.la plugins/ops-cpu/libsimd-avx512.la

plugins_ops_cpu_libsimd_avx2_la_SOURCES = $(simd_sources)
plugins_ops_cpu_libsimd_avx2_la_CPPFLAGS = $(AM_CPPFLAGS) -DSIMD_SUFFIX=avx2
plugins_ops_cpu_libsimd_avx2_la_CFLAGS = $(simd_cflags) -mavx2 -mfma -mbmi2
plugins_ops_cpu_libsimd_avx2_la_LDFLAGS = $(HARDEN_LDFLAGS)

plugins_ops_cpu_libsimd_avx512_la_SOURCES = $(simd_sources)
plugins_ops_cpu_libsimd_avx512_la_CPPFLAGS = $(AM_CPPFLAGS) -DSIMD_SUFFIX=avx512
plugins_ops_cpu_libsimd_avx512_la_CFLAGS = $(simd_cflags) -mavx512f -mavx512vl -mavx512dq -mavx512bw -mfma -mbmi2 \
	-mprefer-vector-width=512
plugins_ops_cpu_libsimd_avx512_la_LDFLAGS = $(HARDEN_LDFLAGS)

plugins_ops_cpu_libcpu_simd_la_CPPFLAGS += -DCPU_SIMD_X86
plugins_ops_cpu_libcpu_simd_la_LIBADD += plugins/ops-cpu/libsimd-avx2.la plugins/ops-cpu/libsimd-avx512.la
endif

# Measurements of single kernels, built on demand: make bench/kernels-gemm
kernel_benches = bench/kernels-conv bench/kernels-gemm
EXTRA_PROGRAMS += $(kernel_benches)
CLEANFILES += $(kernel_benches)
bench_kernels_gemm_SOURCES = bench/kernels-gemm.c bench/kernels.h
bench_kernels_gemm_LDFLAGS = $(HARDEN_LDFLAGS)
bench_kernels_gemm_LDADD = plugins/ops-cpu/libcpu-simd.la $(DL_LIBS) $(PTHREAD_LIBS)
bench_kernels_conv_SOURCES = bench/kernels-conv.c bench/kernels.h
bench_kernels_conv_LDFLAGS = $(HARDEN_LDFLAGS)
bench_kernels_conv_LDADD = plugins/ops-cpu/libcpu-simd.la $(PTHREAD_LIBS)
