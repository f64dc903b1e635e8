/* SPDX-License-Identifier: Apache-2.0 */
/* Convolutions at the networks' shapes, all three passes. `kernels-conv [threads [isa [shape]]]` prints
 * microseconds and GFLOP/s of the products that are needed. */
#include "../plugins/ops-cpu/simd/conv.h"
#include "kernels.h"

typedef struct Case {
    const char *what;
    size_t n, c, m, extent, kernel, stride, pad, groups;
} Case;

static const Case cases[] = {
    {"lenet 1, 6 channels", 64, 1, 6, 28, 5, 1, 0, 1},
    {"lenet 1, padded", 64, 1, 6, 28, 5, 1, 2, 1},
    {"lenet 1, 20 channels", 64, 1, 20, 28, 5, 1, 0, 1},
    {"lenet 2, 12x12", 64, 6, 16, 12, 5, 1, 0, 1},
    {"lenet 2, 14x14", 64, 6, 16, 14, 5, 1, 0, 1},
    {"lenet 2, 20 to 50", 64, 20, 50, 12, 5, 1, 0, 1},
    {"3x3 64 56x56", 8, 64, 64, 56, 3, 1, 1, 1},
    {"1x1 256-64 28x28", 8, 256, 64, 28, 1, 1, 0, 1},
    {"resnet 3x3 64 32x32", 32, 64, 64, 32, 3, 1, 1, 1},
    {"resnet 3x3 64-128 /2", 32, 64, 128, 32, 3, 2, 1, 1},
    {"resnet 3x3 512 4x4", 32, 512, 512, 4, 3, 1, 1, 1},
    {"depthwise 3x3 64 56x56", 8, 64, 64, 56, 3, 1, 1, 64},
    {"3x3 64 56x56, batch 1", 1, 64, 64, 56, 3, 1, 1, 1},
};

static const CpuSimd *simd;
static CpuPool pool;
static CpuConv c;
static float *x, *w, *y, *bias;
static void *workspace;

static void forward(void *unused) {
    (void)unused;
    simd->conv->forward(&c, &pool, x, w, bias, CPU_ACT_RELU, y, workspace);
}

static void grad_input(void *unused) {
    (void)unused;
    simd->conv->grad_input(&c, &pool, y, w, x, workspace);
}

static void grad_weight(void *unused) {
    (void)unused;
    simd->conv->grad_weight(&c, &pool, y, x, w, bias, workspace);
}

int main(int argc, char **argv) {
    pool = bk_pool(argc > 1 ? (uint32_t)atoi(argv[1]) : 1);
    simd = argc > 2 ? cpu_simd_named(argv[2]) : cpu_simd();
    if (!simd)
        return 2;
    printf("%s, %u threads\n%-24s | %9s %8s | %9s %8s | %9s %8s\n", simd->name, pool.threads, "shape",
           "fwd us", "GFLOP/s", "dx us", "GFLOP/s", "dw us", "GFLOP/s");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const Case *t = &cases[i];
        if (argc > 3 && !strstr(t->what, argv[3]))
            continue;
        size_t out = (t->extent + 2 * t->pad - t->kernel) / t->stride + 1;
        c = (CpuConv){t->n,
                      t->groups,
                      t->c,
                      t->m,
                      t->extent,
                      t->extent,
                      out,
                      out,
                      t->kernel,
                      t->kernel,
                      t->stride,
                      t->stride,
                      1,
                      1,
                      (ptrdiff_t)t->pad,
                      (ptrdiff_t)t->pad};
        x = bk_floats(t->n * t->c * t->extent * t->extent), y = bk_floats(t->n * t->m * out * out);
        w = bk_floats(t->m * t->c / t->groups * t->kernel * t->kernel), bias = bk_floats(t->m);
        double flop =
            2e-9 * (double)(t->n * t->m * out * out) * (double)(t->c / t->groups * t->kernel * t->kernel);
        printf("%-24s", t->what);
        void (*const passes[])(void *) = {forward, grad_input, grad_weight};
        for (CpuConvPass p = CPU_CONV_FORWARD; p <= CPU_CONV_GRAD_WEIGHT; p++) {
            workspace = bk_floats(simd->conv->workspace(&c, p, &pool) / 4 + 16);
            double s = bk_time(passes[p], NULL);
            printf(" | %9.1f %8.1f", s * 1e6, flop / s);
            free(workspace);
        }
        puts("");
        free(x), free(y), free(w), free(bias);
    }
    return 0;
}
