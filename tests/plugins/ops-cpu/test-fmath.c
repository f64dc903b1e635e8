/* SPDX-License-Identifier: Apache-2.0 */
/* The elementary functions of simd/fmath.h against libm in double: every float with an argument of 1 as the
 * step, else every 1009th. `test-fmath 1` prints the largest errors, which fmath.h states. Compiled without
 * fused multiply-add, the worse case. */
#define SIMD_SUFFIX test
#include "../../../plugins/ops-cpu/simd/fmath.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static double ln(double x) { return log(x); }
static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double softplus(double x) { return x > 40 ? x : log1p(exp(x)); }
static double gelu(double x) { return 0.5 * x * erfc(-x * 0.70710678118654752); }

static float f_exp(float x) { return fm_exp(x); }
static float f_expm1(float x) { return fm_expm1(x); }
static float f_tanh(float x) { return fm_tanh(x); }
static float f_sigmoid(float x) { return fm_sigmoid(x); }
static float f_log(float x) { return fm_log(x); }
static float f_log1p(float x) { return fm_log1p(x); }
static float f_softplus(float x) { return fm_softplus(x); }
static float f_erf(float x) { return fm_erf(x); }
static float f_gelu(float x) { return fm_gelu(x); }

/* |got - want| in units of the last place of want, denormals counting as the smallest normal numbers do. Gelu
 * cancels on the far negative side: it is measured against 1 there. */
static double ulps(float got, double want, bool absolute) {
    if (isnan(want) || isnan(got))
        return isnan(want) && isnan(got) ? 0 : INFINITY;
    if ((double)got == want || (double)got == (double)(float)want)
        return 0;
    if (isinf(got) && fabs(want) < 3.4028235e38)
        return INFINITY;
    int e;
    (void)frexp(absolute && fabs(want) < 1 ? 1 : want, &e);
    e = e < -125 ? -125 : e > 128 ? 128 : e;
    return fabs((double)got - want) / ldexp(1, e - 24);
}

static const struct {
    const char *name;
    float (*f)(float);
    double (*want)(double);
    double limit;
    bool absolute;
} cases[] = {
    {"exp", f_exp, exp, 2, false},    {"expm1", f_expm1, expm1, 2.5, false},
    {"tanh", f_tanh, tanh, 3, false}, {"sigmoid", f_sigmoid, sigmoid, 3, false},
    {"log", f_log, ln, 2, false},     {"log1p", f_log1p, log1p, 3.5, false},
    {"erf", f_erf, erf, 2, false},    {"softplus", f_softplus, softplus, 3.5, false},
    {"gelu", f_gelu, gelu, 2, true},
};

int main(int argc, char **argv) {
    uint32_t step = argc > 1 ? (uint32_t)atoi(argv[1]) : 1009;
    bool failed = false;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        double worst = 0;
        float at = 0;
        for (uint64_t bits = 0; bits < UINT64_C(0x100000000); bits += step ? step : 1) {
            float x = fm_float((int32_t)(uint32_t)bits);
            double e = ulps(cases[c].f(x), cases[c].want((double)x), cases[c].absolute);
            if (e > worst)
                worst = e, at = x;
        }
        bool ok = worst <= cases[c].limit;
        failed |= !ok;
        if (argc > 1 || !ok)
            printf("# %s: %.3f ulp at %.9g\n", cases[c].name, worst, (double)at);
        printf("%s fmath-%s\n", ok ? "ok" : "not ok", cases[c].name);
    }
    return failed;
}
