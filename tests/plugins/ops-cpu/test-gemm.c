/* SPDX-License-Identifier: Apache-2.0 */
/* The fast matrix products against three loops in double: all transpositions, odd sizes, tails, padding
 * between rows, batches, epilogues, every instruction set, 1 to 3 tasks, and nothing written outside C and
 * the workspace. */
#include "../../../plugins/ops-cpu/simd/gemm.h"
#include "simd-test.h"

static double act(CpuAct a, double x) {
    switch (a) {
    case CPU_ACT_NONE: return x;
    case CPU_ACT_RELU: return x > 0 ? x : 0;
    case CPU_ACT_SIGMOID: return 1 / (1 + exp(-x));
    case CPU_ACT_TANH: return tanh(x);
    case CPU_ACT_GELU: return 0.5 * x * (1 + erf(x * sqrt(0.5)));
    case CPU_ACT_GELU_TANH:
        return 0.5 * x * (1 + tanh(sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
    case CPU_ACT_SILU: return x / (1 + exp(-x));
    }
    return NAN;
}

static double get(const void *p, size_t i, bool f64) {
    return f64 ? ((const double *)p)[i] : (double)((const float *)p)[i];
}

static void set(void *p, size_t i, bool f64, double x) {
    if (f64)
        ((double *)p)[i] = x;
    else
        ((float *)p)[i] = (float)x;
}

static bool one(const CpuSimd *simd, CpuGemm g, const CpuPool *pool, bool f64, size_t pad) {
    size_t size = f64 ? 8 : 4;
    g.lda = (g.trans_a ? g.m : g.k) + pad, g.ldb = (g.trans_b ? g.k : g.n) + pad, g.ldc = g.n + pad;
    g.stride_a = (g.trans_a ? g.k : g.m) * g.lda, g.stride_b = (g.trans_b ? g.n : g.k) * g.ldb,
    g.stride_c = g.m * g.ldc;
    size_t na = g.batch * g.stride_a, nb = g.batch * g.stride_b, nc = g.batch * g.stride_c;
    size_t nbias = g.m > g.n ? g.m : g.n;
    void *a = st_new(na * size), *b = st_new(nb * size), *c = st_new(nc * size), *bias = st_new(nbias * size);
    double *want = st_new(nc * sizeof *want);
    for (size_t i = 0; i < na; i++)
        set(a, i, f64, (double)st_real());
    for (size_t i = 0; i < nb; i++)
        set(b, i, f64, (double)st_real());
    for (size_t i = 0; i < nbias; i++)
        set(bias, i, f64, (double)st_real());
    for (size_t i = 0; i < nc; i++)
        set(c, i, f64, g.beta != 0 || i % g.ldc >= g.n ? (double)st_real() : NAN);
    for (size_t i = 0; i < nc; i++)
        want[i] = get(c, i, f64);
    for (size_t q = 0; q < g.batch; q++)
        for (size_t i = 0; i < g.m; i++)
            for (size_t j = 0; j < g.n; j++) {
                double s = 0, *w = &want[q * g.stride_c + i * g.ldc + j];
                for (size_t k = 0; k < g.k; k++)
                    s += get(a, q * g.stride_a + (g.trans_a ? k * g.lda + i : i * g.lda + k), f64) *
                         get(b, q * g.stride_b + (g.trans_b ? j * g.ldb + k : k * g.ldb + j), f64);
                s *= g.alpha;
                if (g.beta != 0)
                    s += g.beta * *w;
                if (g.bias_axis != CPU_BIAS_NONE)
                    s += get(bias, g.bias_axis == CPU_BIAS_ROW ? i : j, f64);
                *w = act(g.act, s);
            }
    g.a = a, g.b = b, g.c = c, g.bias = g.bias_axis == CPU_BIAS_NONE ? NULL : bias;
    const CpuGemmKernels *kernels = simd->gemm;
    size_t bytes = (f64 ? kernels->f64_workspace : kernels->f32_workspace)(&g, pool);
    void *work = st_new(bytes);
    (f64 ? kernels->f64 : kernels->f32)(&g, pool, work);
    double tolerance = (f64 ? 2e-15 : 1e-6) * (4 + sqrt((double)g.k)), worst = 0;
    for (size_t i = 0; i < nc; i++) {
        double e = fabs(get(c, i, f64) - want[i]) / (1 + fabs(want[i]));
        worst = e <= worst ? worst : isnan(e) ? INFINITY : e;
    }
    bool ok = worst <= tolerance && st_intact(c, nc * size) && st_intact(work, bytes);
    if (!ok)
        printf("# %s %s ta %d tb %d m %zu n %zu k %zu batch %zu alpha %g beta %g act %d bias %d tasks %u: "
               "error %g\n",
               simd->name, f64 ? "f64" : "f32", g.trans_a, g.trans_b, g.m, g.n, g.k, g.batch, g.alpha, g.beta,
               g.act, g.bias_axis, pool->threads, worst);
    st_free(a), st_free(b), st_free(c), st_free(bias), st_free(want), st_free(work);
    return ok;
}

static bool sweep(const CpuSimd *simd, bool f64, size_t rounds, size_t largest) {
    static const size_t sizes[] = {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40, 63, 64, 65, 100, 128};
    size_t count = sizeof sizes / sizeof *sizes;
    bool ok = true;
    for (size_t r = 0; r < rounds; r++)
        for (int t = 0; t < 4; t++) {
            CpuGemm g = {.trans_a = t & 1, .trans_b = t & 2, .batch = r % 5 == 4 ? 3 : 1};
            g.m = sizes[st_pick(count)], g.n = sizes[st_pick(count)], g.k = sizes[st_pick(count)];
            if (largest)
                g.m += st_pick(largest), g.n += st_pick(largest), g.k += st_pick(5 * largest);
            static const double scales[] = {0, 1, -0.5};
            g.alpha = scales[1 + st_pick(2)], g.beta = scales[st_pick(3)];
            g.act = (CpuAct)st_pick(2 * CPU_ACT_SILU + 2);
            g.act = g.act > CPU_ACT_SILU ? CPU_ACT_NONE : g.act;
            g.bias_axis = (CpuBias)st_pick(3);
            ok &= one(simd, g, &st_pools[st_pick(3)], f64, st_pick(3));
        }
    return ok;
}

static void all(const CpuSimd *simd) {
    st_verdict(sweep(simd, false, 300, 0), simd->name, "gemm-f32-small");
    st_verdict(sweep(simd, true, 150, 0), simd->name, "gemm-f64-small");
    st_verdict(sweep(simd, false, 5, 500), simd->name, "gemm-f32-large");
    st_verdict(sweep(simd, true, 3, 300), simd->name, "gemm-f64-large");
}

int main(void) { return st_main(all); }
