/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products at the shapes networks use: ours beside OpenBLAS opened with its AVX-512 kernels, in one
 * run, turn and turn about. `kernels-gemm [threads [isa]]` prints microseconds, GFLOP/s, the ratio. */
#include "../plugins/ops-cpu/simd/gemm.h"
#include "kernels.h"
#include <dlfcn.h>

typedef void Sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda,
                   const float *b, int ldb, float beta, float *c, int ldc);

typedef struct Case {
    const char *what;
    bool ta, tb;
    size_t m, n, k, batch;
} Case;

static const Case cases[] = {
    {"square", 0, 0, 256, 256, 256, 1},
    {"square", 0, 0, 1024, 1024, 1024, 1},
    {"square", 0, 1, 1024, 1024, 1024, 1},
    {"square", 1, 0, 1024, 1024, 1024, 1},
    {"mlp forward 1", 0, 1, 128, 512, 784, 1},
    {"mlp forward 2", 0, 1, 128, 512, 512, 1},
    {"mlp forward 3", 0, 1, 128, 10, 512, 1},
    {"mlp forward 1, w in x out", 0, 0, 128, 512, 784, 1},
    {"mlp forward 2, w in x out", 0, 0, 128, 512, 512, 1},
    {"mlp forward 3, w in x out", 0, 0, 128, 10, 512, 1},
    {"mlp weight gradient 1", 1, 0, 512, 784, 128, 1},
    {"mlp weight gradient 2", 1, 0, 512, 512, 128, 1},
    {"mlp weight gradient 3", 1, 0, 10, 512, 128, 1},
    {"mlp weight gradient 1, in x out", 1, 0, 784, 512, 128, 1},
    {"mlp data gradient 2", 0, 0, 128, 512, 512, 1},
    {"mlp data gradient 3", 0, 0, 128, 512, 10, 1},
    {"mlp data gradient 2, in x out", 0, 1, 128, 512, 512, 1},
    {"lstm step", 0, 1, 32, 1024, 512, 1},
    {"lstm step, in x out", 0, 0, 32, 1024, 512, 1},
    {"lstm weight gradient", 1, 0, 1024, 512, 32, 1},
    {"gpt qkv", 0, 1, 2048, 384, 128, 1},
    {"gpt feed-forward", 0, 1, 2048, 512, 128, 1},
    {"gpt weight gradient", 1, 0, 512, 128, 2048, 1},
    {"lstm weight gradient, 64 steps", 1, 0, 1024, 512, 2048, 1},
    {"gpt scores", 0, 1, 128, 128, 32, 64},
    {"im2col 3x3 64", 0, 0, 64, 3136, 576, 1},
    {"im2col lenet 2", 0, 0, 16, 64, 150, 1},
    {"lenet dense 1", 0, 1, 64, 120, 400, 1},
    {"lenet dense 2", 0, 1, 64, 84, 120, 1},
    {"batch 1", 0, 1, 1, 512, 784, 1},
    {"batch 1, in x out", 0, 0, 1, 512, 784, 1},
    {"batch 4", 0, 1, 4, 512, 784, 1},
    {"batch 8", 0, 1, 8, 512, 784, 1},
    {"batch 8, in x out", 0, 0, 8, 512, 784, 1},
};

static const CpuSimd *simd;
static CpuPool pool;
static Sgemm *sgemm;
static CpuGemm g;
static void *workspace;

static void ours(void *unused) {
    (void)unused;
    simd->gemm->f32(&g, &pool, workspace);
}

static void theirs(void *unused) {
    (void)unused;
    for (size_t i = 0; i < g.batch; i++)
        sgemm(101, g.trans_a ? 112 : 111, g.trans_b ? 112 : 111, (int)g.m, (int)g.n, (int)g.k, 1,
              (const float *)g.a + i * g.stride_a, (int)g.lda, (const float *)g.b + i * g.stride_b,
              (int)g.ldb, 0, (float *)g.c + i * g.stride_c, (int)g.ldc);
}

int main(int argc, char **argv) {
    uint32_t threads = argc > 1 ? (uint32_t)atoi(argv[1]) : 1;
    simd = argc > 2 ? cpu_simd_named(argv[2]) : cpu_simd();
    if (!simd)
        return 2;
    if (!strcmp(simd->name, "avx512"))
        setenv("OPENBLAS_CORETYPE", "SKYLAKEX", 1);
    void *blas = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (blas) {
        *(void **)&sgemm = dlsym(blas, "cblas_sgemm");
        void (*set)(int);
        *(void **)&set = dlsym(blas, "openblas_set_num_threads");
        if (set)
            set((int)threads);
    }
    pool = bk_pool(threads);
    printf("%s, %u threads\n%-32s %4s %5s %5s %5s | %9s %8s | %9s %8s | %s\n", simd->name, threads, "shape",
           "op", "m", "n", "k", "us", "GFLOP/s", "OpenBLAS", "GFLOP/s", "theirs/ours");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const Case *c = &cases[i];
        g = (CpuGemm){.trans_a = c->ta,
                      .trans_b = c->tb,
                      .m = c->m,
                      .n = c->n,
                      .k = c->k,
                      .alpha = 1,
                      .batch = c->batch};
        g.lda = c->ta ? c->m : c->k, g.ldb = c->tb ? c->k : c->n, g.ldc = c->n;
        g.stride_a = c->m * c->k, g.stride_b = c->k * c->n, g.stride_c = c->m * c->n;
        g.a = bk_floats(c->batch * g.stride_a), g.b = bk_floats(c->batch * g.stride_b);
        g.c = bk_floats(c->batch * g.stride_c);
        workspace = bk_floats(simd->gemm->f32_workspace(&g, &pool) / 4 + 16);
        double flop = 2e-9 * (double)c->m * (double)c->n * (double)c->k * (double)c->batch;
        double us = bk_time(ours, NULL), them = sgemm ? bk_time(theirs, NULL) : 0;
        printf("%-32s   %c%c %5zu %5zu %5zu | %9.2f %8.1f | %9.2f %8.1f | %.2f\n", c->what, c->ta ? 'T' : 'N',
               c->tb ? 'T' : 'N', c->m, c->n, c->k, us * 1e6, flop / us, them * 1e6,
               them > 0 ? flop / them : 0, them / us);
        free((void *)(uintptr_t)g.a), free((void *)(uintptr_t)g.b), free(g.c), free(workspace);
    }
    return 0;
}
