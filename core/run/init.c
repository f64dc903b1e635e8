/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What variables start as. Element i is a function of (seed, name, i) alone: Philox is keyed with the seed
 * mixed with the name's FNV-1a, so neither the order of declaration nor the number of threads changes a
 * weight.
 */
#include "run/philox.h"
#include "run/session.h"

#include "nn/element.h"
#include <stdlib.h>

static uint64_t name_hash(const char *name) {
    uint64_t h = UINT64_C(14695981039346656037);
    for (; *name; name++)
        h = (h ^ (uint8_t)*name) * UINT64_C(1099511628211);
    return h;
}

/* In (0, 1), from 32 bits; word 0 or 1 of element i. */
static double draw_uniform(const uint32_t *key, uint64_t i, int word) {
    const uint32_t counter[4] = {(uint32_t)i, (uint32_t)(i >> 32), 0, 0};
    uint32_t out[4];
    nn_philox(counter, key, out);
    return (out[word] + 0.5) * 0x1p-32;
}

/* Box, Muller 1958. */
static double draw_normal(const uint32_t *key, uint64_t i) {
    return sqrt(-2.0 * log(draw_uniform(key, i, 0))) *
           cos(6.283185307179586476925286766559 * draw_uniform(key, i, 1));
}

uint64_t nn_variable_bytes(const NnVariableSpec *v) {
    return (uint64_t)nn_product(v->dims, 0, v->rank) * nn_type_size(v->type);
}

static void fans(const NnVariableSpec *v, double *in, double *out) {
    const double first = v->rank > 0 ? (double)v->dims[0] : 1;
    const double second = v->rank > 1 ? (double)v->dims[1] : first;
    const double field = v->rank > 2 ? (double)nn_product(v->dims, 2, v->rank) : 1;
    *in = v->fan_in > 0 ? (double)v->fan_in : second * field;
    *out = v->fan_out > 0 ? (double)v->fan_out : first * field;
    *in = *in < 1 ? 1 : *in;
    *out = *out < 1 ? 1 : *out;
}

/* Rows (or columns, when there are fewer of them) of a normal matrix, made orthonormal by modified
 * Gram-Schmidt. */
static int32_t fill_orthogonal(const NnVariableSpec *v, const uint32_t *key, void *to, NnStatus *status) {
    const uint64_t n = (uint64_t)nn_product(v->dims, 0, v->rank);
    const uint64_t rows = v->rank > 0 && n > 0 ? (uint64_t)v->dims[0] : 1;
    const uint64_t cols = n / rows;
    const uint64_t count = rows < cols ? rows : cols, length = rows < cols ? cols : rows;
    double *q = malloc((n ? n : 1) * sizeof *q);
    if (q == NULL)
        return nn_status_fail(status, NN_OUT_OF_MEMORY, "no memory to initialise %s", v->name);
    for (uint64_t i = 0; i < n; i++)
        q[i] = draw_normal(key, i);
    for (uint64_t k = 0; k < count; k++) {
        double *row = q + k * length, norm = 0;
        for (uint64_t j = 0; j < k; j++) {
            double dot = 0;
            for (uint64_t i = 0; i < length; i++)
                dot += row[i] * q[j * length + i];
            for (uint64_t i = 0; i < length; i++)
                row[i] -= dot * q[j * length + i];
        }
        for (uint64_t i = 0; i < length; i++)
            norm += row[i] * row[i];
        norm = norm > 0 ? 1 / sqrt(norm) : 0;
        for (uint64_t i = 0; i < length; i++)
            row[i] *= norm;
    }
    for (uint64_t i = 0; i < n; i++)
        nn_store(to, v->type, (int64_t)i, rows <= cols ? q[i] : q[i % cols * length + i / cols]);
    free(q);
    return NN_OK;
}

typedef enum Spread { SPREAD_CONSTANT, SPREAD_UNIFORM, SPREAD_NORMAL } Spread;

int32_t nn_variable_fill(const NnVariableSpec *v, uint64_t seed, void *to, NnStatus *status) {
    const char *init = v->init ? v->init : "zeros";
    double in, out;
    if (v->value) {
        memcpy(to, v->value, nn_variable_bytes(v));
        return NN_OK;
    }
    fans(v, &in, &out);
    const double glorot = sqrt(6 / (in + out)), he = sqrt(6 / in);
    const struct {
        const char *name;
        Spread spread;
        double a, b;
    } table[] = {
        {"zeros", SPREAD_CONSTANT, 0, 0},
        {"ones", SPREAD_CONSTANT, 1, 0},
        {"constant", SPREAD_CONSTANT, v->a, 0},
        {"uniform", SPREAD_UNIFORM, v->a, v->b},
        {"normal", SPREAD_NORMAL, v->a, v->b},
        {"xavier_uniform", SPREAD_UNIFORM, -glorot, glorot},
        {"xavier_normal", SPREAD_NORMAL, 0, sqrt(2 / (in + out))},
        {"he_uniform", SPREAD_UNIFORM, -he, he},
        {"he_normal", SPREAD_NORMAL, 0, sqrt(2 / in)},
        {"lecun_normal", SPREAD_NORMAL, 0, sqrt(1 / in)},
    };
    const uint64_t mixed = nn_splitmix(seed ^ nn_splitmix(name_hash(v->name)));
    const uint32_t key[2] = {(uint32_t)mixed, (uint32_t)(mixed >> 32)};
    const uint64_t n = (uint64_t)nn_product(v->dims, 0, v->rank);
    if (strcmp(init, "orthogonal") == 0)
        return fill_orthogonal(v, key, to, status);
    for (uint32_t k = 0; k < NN_COUNT(table); k++) {
        if (strcmp(init, table[k].name) != 0)
            continue;
        for (uint64_t i = 0; i < n; i++) {
            double x = table[k].a;
            if (table[k].spread == SPREAD_UNIFORM)
                x += (table[k].b - table[k].a) * draw_uniform(key, i, 0);
            else if (table[k].spread == SPREAD_NORMAL)
                x += table[k].b * draw_normal(key, i);
            nn_store(to, v->type, (int64_t)i, x);
        }
        return NN_OK;
    }
    return nn_status_fail(status, NN_INVALID,
                          "variable %s: unknown initialiser \"%s\", expected zeros, ones, constant, uniform, "
                          "normal, xavier_uniform, "
                          "xavier_normal, he_uniform, he_normal, lecun_normal or orthogonal",
                          v->name, init);
}
