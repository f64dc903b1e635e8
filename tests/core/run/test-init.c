/* SPDX-License-Identifier: Apache-2.0 */
/* Initialisers: moments, orthogonality, independence of names, and the sentence for an unknown one. */
#include "run/session.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#define ROWS 64
#define COLUMNS 100
#define COUNT (ROWS * COLUMNS)

static void fill(const char *init, const char *name, double a, double b, double *to) {
    const int64_t dims[] = {ROWS, COLUMNS};
    const NnVariableSpec spec = {.struct_size = sizeof spec,
                                 .type = NN_F64,
                                 .name = name,
                                 .rank = 2,
                                 .dims = dims,
                                 .init = init,
                                 .a = a,
                                 .b = b};
    cr_assert_eq(nn_variable_fill(&spec, 1, to, NULL), NN_OK);
}

static void moments(const double *x, double *mean, double *deviation) {
    *mean = *deviation = 0;
    for (int i = 0; i < COUNT; i++)
        *mean += x[i] / COUNT;
    for (int i = 0; i < COUNT; i++)
        *deviation += (x[i] - *mean) * (x[i] - *mean) / COUNT;
    *deviation = sqrt(*deviation);
}

Test(init, moments_are_the_declared_ones) {
    static double x[COUNT];
    const struct {
        const char *init;
        double a, b, mean, deviation;
    } cases[] = {
        {"zeros", 0, 0, 0, 0},
        {"constant", 2.5, 0, 2.5, 0},
        {"uniform", -1, 3, 1, 4 / sqrt(12)},
        {"normal", 2, 0.5, 2, 0.5},
        {"he_normal", 0, 0, 0, sqrt(2.0 / COLUMNS)},
        {"he_uniform", 0, 0, 0, sqrt(2.0 / COLUMNS)},
        {"lecun_normal", 0, 0, 0, sqrt(1.0 / COLUMNS)},
        {"xavier_uniform", 0, 0, 0, sqrt(2.0 / (ROWS + COLUMNS))},
        {"xavier_normal", 0, 0, 0, sqrt(2.0 / (ROWS + COLUMNS))},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double mean, deviation;
        fill(cases[i].init, "w", cases[i].a, cases[i].b, x);
        moments(x, &mean, &deviation);
        cr_expect_float_eq(mean, cases[i].mean, 0.05 * (cases[i].deviation + 1e-9) + 1e-12, "%s",
                           cases[i].init);
        cr_expect_float_eq(deviation, cases[i].deviation, 0.05 * cases[i].deviation + 1e-12, "%s",
                           cases[i].init);
    }
}

Test(init, orthogonal_rows_are_orthonormal) {
    static double x[COUNT];
    fill("orthogonal", "w", 0, 0, x);
    for (int i = 0; i < ROWS; i += 7)
        for (int j = 0; j <= i; j += 7) {
            double dot = 0;
            for (int k = 0; k < COLUMNS; k++)
                dot += x[i * COLUMNS + k] * x[j * COLUMNS + k];
            cr_expect_float_eq(dot, i == j, 1e-9);
        }
}

Test(init, depends_on_the_name_alone) {
    static double x[COUNT], y[COUNT];
    fill("normal", "w", 0, 1, x);
    fill("normal", "w", 0, 1, y);
    cr_assert_eq(memcmp(x, y, sizeof x), 0);
    fill("normal", "v", 0, 1, y);
    cr_assert_neq(memcmp(x, y, sizeof x), 0);
}

Test(init, unknown_ones_are_named) {
    const int64_t dims[] = {1};
    const NnVariableSpec spec = {
        .struct_size = sizeof spec, .type = NN_F32, .name = "w", .rank = 1, .dims = dims, .init = "glorot"};
    float x;
    NnStatus *status = nn_status_new();
    cr_assert_eq(nn_variable_fill(&spec, 1, &x, status), NN_INVALID);
    cr_assert(strstr(nn_status_message(status), "variable w: unknown initialiser \"glorot\""));
    nn_status_free(status);
}

Test(init, a_value_is_taken_as_it_is) {
    const float value[] = {1.5f, -0.0f, 3};
    const int64_t dims[] = {3};
    const NnVariableSpec spec = {.struct_size = sizeof spec,
                                 .type = NN_F32,
                                 .name = "w",
                                 .rank = 1,
                                 .dims = dims,
                                 .init = "ones",
                                 .value = value};
    float to[3];
    cr_assert_eq(nn_variable_fill(&spec, 1, to, NULL), NN_OK);
    cr_assert_arr_eq(to, value, sizeof value);
}
