/* SPDX-License-Identifier: Apache-2.0 */
/* The fast pools and their gradients against plain loops: random windows, paddings, ties, NaN, a bad index.
 */
#include "../../../plugins/ops-cpu/simd/pooling.h"
#include "simd-test.h"

typedef struct Naive {
    double *max, *mean, *dmax, *dmean;
    int64_t *at;
} Naive;

static void naive(const CpuPooling *p, const float *x, const float *dy, Naive *n) {
    size_t inputs = p->in_h * p->in_w, outputs = p->out_h * p->out_w;
    memset(n->dmax, 0, p->planes * inputs * sizeof(double));
    memset(n->dmean, 0, p->planes * inputs * sizeof(double));
    for (size_t o = 0; o < p->planes * outputs; o++) {
        size_t base = o / outputs * inputs, counted = 0;
        bool any = false;
        double best = -INFINITY, sum = 0;
        n->at[o] = (int64_t)base;
        for (int pass = 0; pass < 2; pass++)
            for (size_t k = 0; k < p->kernel_h * p->kernel_w; k++) {
                ptrdiff_t h =
                    (ptrdiff_t)(o % outputs / p->out_w * p->stride_h + k / p->kernel_w * p->dilation_h) -
                    p->pad_top;
                ptrdiff_t v =
                    (ptrdiff_t)(o % p->out_w * p->stride_w + k % p->kernel_w * p->dilation_w) - p->pad_left;
                bool in = h >= 0 && v >= 0 && h < (ptrdiff_t)p->in_h && v < (ptrdiff_t)p->in_w;
                bool pad = p->count_pad && h >= -p->pad_top && v >= -p->pad_left &&
                           h < (ptrdiff_t)p->in_h + p->pad_bottom && v < (ptrdiff_t)p->in_w + p->pad_right;
                size_t at = base + (size_t)(h * (ptrdiff_t)p->in_w + v);
                if (pass == 0)
                    counted += p->count_pad ? pad : in;
                if (pass == 1 && in)
                    n->dmean[at] += (double)dy[o] / (double)(counted ? counted : 1);
                if (pass == 1 || !in)
                    continue;
                sum += (double)x[at];
                if (!any || (double)x[at] > best || (isnan(x[at]) && !isnan(best)))
                    best = (double)x[at], n->at[o] = (int64_t)at;
                any = true;
            }
        n->max[o] = best;
        n->mean[o] = sum / (double)(counted ? counted : 1);
        n->dmax[n->at[o]] += (double)dy[o];
    }
}

static bool one(const CpuSimd *simd, CpuPooling p, const CpuPool *pool, bool nan) {
    size_t nx = p.planes * p.in_h * p.in_w, ny = p.planes * p.out_h * p.out_w;
    if (!p.in_h || !p.in_w)
        return true;
    float *x = st_floats(nx), *dy = st_floats(ny), *y = st_new(ny * 4), *dx = st_new(nx * 4);
    int64_t *at = st_new(ny * 8);
    Naive n = {st_new(ny * 8), st_new(ny * 8), st_new(nx * 8), st_new(nx * 8), st_new(ny * 8)};
    for (size_t i = 0; i < nx; i++)
        x[i] = nan && st_pick(9) == 0 ? NAN : (float)st_pick(5);
    naive(&p, x, dy, &n);
    const CpuPoolingKernels *k = simd->pooling;
    k->max(&p, pool, x, y, NULL);
    bool ok = st_error(y, n.max, ny) == 0;
    memset(y, 0xff, ny * 4);
    k->max(&p, pool, x, y, at);
    ok = ok && st_error(y, n.max, ny) == 0 && memcmp(at, n.at, ny * 8) == 0 && st_intact(at, ny * 8);
    ok = ok && k->max_grad(&p, pool, dy, at, dx) && st_error(dx, n.dmax, nx) < 1e-5;
    k->mean(&p, pool, x, y);
    ok = ok && (nan || st_error(y, n.mean, ny) < 1e-6);
    k->mean_grad(&p, pool, dy, dx);
    ok = ok && st_error(dx, n.dmean, nx) < 1e-5 && st_intact(y, ny * 4) && st_intact(dx, nx * 4);
    if (ny) {
        at[ny - 1] = st_pick(2) ? (int64_t)nx : -1;
        ok = ok && !k->max_grad(&p, pool, dy, at, dx);
    }
    if (!ok)
        printf(
            "# planes %zu in %zux%zu out %zux%zu k %zux%zu s %zux%zu d %zux%zu pad %td,%td count %d nan %d\n",
            p.planes, p.in_h, p.in_w, p.out_h, p.out_w, p.kernel_h, p.kernel_w, p.stride_h, p.stride_w,
            p.dilation_h, p.dilation_w, p.pad_top, p.pad_left, p.count_pad, nan);
    st_free(x), st_free(dy), st_free(y), st_free(dx), st_free(at);
    st_free(n.max), st_free(n.mean), st_free(n.dmax), st_free(n.dmean), st_free(n.at);
    return ok;
}

static void all(const CpuSimd *simd) {
    bool ok = true;
    for (size_t r = 0; r < 400; r++) {
        CpuPooling p = {.planes = st_pick(5), .count_pad = r & 1};
        p.kernel_h = 1 + st_pick(4), p.kernel_w = 1 + st_pick(4), p.stride_h = 1 + st_pick(3),
        p.stride_w = 1 + st_pick(3);
        p.dilation_h = 1 + st_pick(3) / 2, p.dilation_w = 1 + st_pick(3) / 2;
        p.in_h = st_pick(12), p.in_w = st_pick(r % 8 ? 40 : 400);
        p.pad_top = (ptrdiff_t)st_pick(4) - 1, p.pad_left = (ptrdiff_t)st_pick(4) - 1;
        p.pad_bottom = (ptrdiff_t)st_pick(3), p.pad_right = (ptrdiff_t)st_pick(3);
        ptrdiff_t h =
            (ptrdiff_t)p.in_h + p.pad_top + p.pad_bottom - (ptrdiff_t)((p.kernel_h - 1) * p.dilation_h + 1);
        ptrdiff_t w =
            (ptrdiff_t)p.in_w + p.pad_left + p.pad_right - (ptrdiff_t)((p.kernel_w - 1) * p.dilation_w + 1);
        p.out_h = h < 0 ? 0 : (size_t)h / p.stride_h + 1, p.out_w = w < 0 ? 0 : (size_t)w / p.stride_w + 1;
        ok &= one(simd, p, &st_pools[r % 3], r % 4 == 3);
    }
    st_verdict(ok, simd->name, "pooling-random");
    ok = true;
    for (size_t extent = 2; extent < 40; extent++) {
        CpuPooling p = {24, extent, extent + 1, extent / 2, (extent + 1) / 2, 2, 2, 2, 2, 1, 1, 0,
                        0,  0,      0,          false};
        ok &= one(simd, p, &st_pools[extent % 3], extent & 1);
    }
    st_verdict(ok, simd->name, "pooling-2x2");
}

int main(void) { return st_main(all); }
