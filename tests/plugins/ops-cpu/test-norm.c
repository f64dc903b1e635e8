/* SPDX-License-Identifier: Apache-2.0 */
/* The fast normalizations and their gradients against double: odd extents, large means, absent factors and
 * results, results in place, 1 to 3 tasks. */
#include "../../../plugins/ops-cpu/simd/norm.h"
#include "simd-test.h"

static const double epsilon = 1e-5;

/* One group of elements that share statistics: element i is at at[i], its factor scale[of[i]]. */
typedef struct Group {
    size_t n;
    size_t *at, *of;
} Group;

typedef struct Want {
    double *y, *dx, *dscale, *dbias, *mean, *variance;
} Want;

static void naive(const Group *g, size_t group, const float *x, const float *dy, const float *scale,
                  const float *bias, Want *w) {
    double mean = 0, variance = 0, sum = 0, product = 0, n = (double)g->n;
    for (size_t i = 0; i < g->n; i++)
        mean += (double)x[g->at[i]] / n;
    for (size_t i = 0; i < g->n; i++)
        variance += ((double)x[g->at[i]] - mean) * ((double)x[g->at[i]] - mean) / n;
    double inverse = 1 / sqrt(variance + epsilon);
    w->mean[group] = mean, w->variance[group] = variance;
    for (size_t i = 0; i < g->n; i++) {
        double normal = ((double)x[g->at[i]] - mean) * inverse, s = scale ? (double)scale[g->of[i]] : 1;
        double d = (double)dy[g->at[i]];
        w->y[g->at[i]] = normal * s + (bias ? (double)bias[g->of[i]] : 0);
        w->dscale[g->of[i]] += d * normal, w->dbias[g->of[i]] += d;
        sum += d * s / n, product += d * s * normal / n;
    }
    for (size_t i = 0; i < g->n; i++) {
        double normal = ((double)x[g->at[i]] - mean) * inverse, s = scale ? (double)scale[g->of[i]] : 1;
        w->dx[g->at[i]] = inverse * ((double)dy[g->at[i]] * s - sum - normal * product);
    }
}

static double *zeros(size_t n) {
    double *p = st_new(n * sizeof *p);
    memset(p, 0, n * sizeof *p);
    return p;
}

static bool one(const CpuSimd *simd, bool layer, size_t a, size_t b, size_t c, bool factors,
                const CpuPool *pool) {
    size_t total = a * b * c, groups = layer ? a : b, shared = layer ? b : b,
           each = groups ? total / groups : 0;
    float *x = st_floats(total), *dy = st_floats(total), *scale = st_floats(shared),
          *bias = st_floats(shared);
    float *y = st_new(total * 4), *dx = st_new(total * 4), *dscale = st_new(shared * 4),
          *dbias = st_new(shared * 4);
    float *mean = st_new(groups * 4), *second = st_new(groups * 4);
    for (size_t i = 0; i < total; i++)
        x[i] += 10;
    Want w = {zeros(total), zeros(total), zeros(shared), zeros(shared), zeros(groups), zeros(groups)};
    Group g = {each, st_new(each * sizeof(size_t)), st_new(each * sizeof(size_t))};
    for (size_t q = 0; q < groups; q++) {
        for (size_t i = 0; i < each; i++) {
            g.at[i] = layer ? q * b + i : (i / c * b + q) * c + i % c;
            g.of[i] = layer ? i : q;
        }
        naive(&g, q, x, dy, factors ? scale : NULL, factors ? bias : NULL, &w);
    }
    const CpuNormKernels *k = simd->norm;
    bool intact = true;
    if (layer) {
        CpuLayerNorm l = {a, b, epsilon, factors ? scale : NULL, factors ? bias : NULL};
        size_t bytes = k->layer_grad_workspace(&l);
        void *work = st_new(bytes);
        k->layer(&l, pool, x, y, mean, second);
        memcpy(dx, dy, total * 4);
        k->layer_grad(&l, pool, dx, x, mean, second, dx, dscale, dbias, work);
        k->layer_grad(&l, pool, dy, x, mean, second, NULL, dscale, NULL, work);
        for (size_t q = 0; q < groups; q++)
            w.variance[q] = 1 / sqrt(w.variance[q] + epsilon);
        intact = st_intact(work, bytes);
        st_free(work);
    } else {
        CpuBatchNorm n = {a, b, c, epsilon, factors ? scale : NULL, factors ? bias : NULL};
        k->batch_statistics(&n, pool, x, mean, second);
        memcpy(y, x, total * 4);
        k->batch(&n, pool, y, mean, second, y);
        memcpy(dx, dy, total * 4);
        k->batch_grad(&n, pool, dx, x, dx, dscale, dbias);
        k->batch_grad(&n, pool, dy, x, NULL, dscale, NULL);
    }
    double many = sqrt((double)total);
    bool ok = intact && st_error(mean, w.mean, groups) < 1e-6 &&
              st_error(second, w.variance, groups) < 2e-4 && st_intact(y, total * 4) &&
              st_intact(dx, total * 4) && st_intact(mean, groups * 4);
    double ey = st_error(y, w.y, total), ex = st_error(dx, w.dx, total);
    double es = st_error(dscale, w.dscale, shared), eb = st_error(dbias, w.dbias, shared);
    /* The mean, about 10, is a float: its rounding, 5e-7, over the deviation limits what any of these can
     * reach. */
    double spread = each > 8 ? 1 : each > 3 ? 20 : 400;
    ok = ok && ey < 1e-5 * spread && ex < 3e-5 * spread && es < 1e-6 * (40 + many) * spread &&
         eb < 1e-6 * (4 + many);
    if (!ok)
        printf("# %s %zu %zu %zu factors %d tasks %u: y %g dx %g dscale %g dbias %g\n",
               layer ? "layer" : "batch", a, b, c, factors, pool->threads, ey, ex, es, eb);
    st_free(x), st_free(dy), st_free(scale), st_free(bias), st_free(y), st_free(dx), st_free(dscale),
        st_free(dbias);
    st_free(mean), st_free(second), st_free(w.y), st_free(w.dx), st_free(w.dscale), st_free(w.dbias),
        st_free(w.mean);
    st_free(w.variance), st_free(g.at), st_free(g.of);
    return ok;
}

static void all(const CpuSimd *simd) {
    static const size_t extents[] = {4, 5, 7, 15, 16, 17, 33, 64, 100, 130, 257};
    bool ok = true;
    for (size_t r = 0; r < 120; r++)
        ok &= one(simd, true, st_pick(70), extents[st_pick(11)], 1, r & 1, &st_pools[r % 3]);
    ok &= one(simd, true, 100, 1024, 1, true, &st_pools[1]);
    st_verdict(ok, simd->name, "layer-norm");
    ok = true;
    for (size_t r = 0; r < 120; r++)
        ok &= one(simd, false, 4 + st_pick(9), st_pick(40), r % 3 ? extents[st_pick(11)] : 1 + st_pick(3),
                  r & 1, &st_pools[r % 3]);
    ok &=
        one(simd, false, 64, 300, 1, true, &st_pools[2]) & one(simd, false, 8, 16, 1024, true, &st_pools[1]);
    st_verdict(ok, simd->name, "batch-norm");
}

int main(void) { return st_main(all); }
