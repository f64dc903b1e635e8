/* SPDX-License-Identifier: Apache-2.0 */
/* The fast convolutions and their gradients against loops in double: random extents, strides, dilations,
 * groups, paddings (negative too), the networks' shapes, every instruction set, 1 to 3 tasks, guards around
 * every block. */
#include "../../../plugins/ops-cpu/simd/conv.h"
#include "simd-test.h"

/* One loop over all products serves all three passes. */
static void naive(const CpuConv *c, const double *x, const double *w, const double *dy, double *y, double *dx,
                  double *dw) {
    size_t in = c->in_channels / c->groups, out = c->out_channels / c->groups;
    for (size_t n = 0; n < c->batch; n++)
        for (size_t m = 0; m < c->out_channels; m++)
            for (size_t oh = 0; oh < c->out_h; oh++)
                for (size_t ow = 0; ow < c->out_w; ow++)
                    for (size_t i = 0; i < in; i++)
                        for (size_t kh = 0; kh < c->kernel_h; kh++)
                            for (size_t kw = 0; kw < c->kernel_w; kw++) {
                                ptrdiff_t h = (ptrdiff_t)(oh * c->stride_h + kh * c->dilation_h) - c->pad_top;
                                ptrdiff_t v =
                                    (ptrdiff_t)(ow * c->stride_w + kw * c->dilation_w) - c->pad_left;
                                if (h < 0 || v < 0 || h >= (ptrdiff_t)c->in_h || v >= (ptrdiff_t)c->in_w)
                                    continue;
                                size_t ch = m / out * in + i;
                                size_t at =
                                    ((n * c->in_channels + ch) * c->in_h + (size_t)h) * c->in_w + (size_t)v;
                                size_t to = ((n * c->out_channels + m) * c->out_h + oh) * c->out_w + ow;
                                size_t wi = ((m * in + i) * c->kernel_h + kh) * c->kernel_w + kw;
                                y[to] += x[at] * w[wi];
                                dx[at] += dy[to] * w[wi];
                                dw[wi] += dy[to] * x[at];
                            }
}

static double *doubles(const float *from, size_t n) {
    double *p = st_new(n * sizeof *p);
    for (size_t i = 0; i < n; i++)
        p[i] = from ? (double)from[i] : 0;
    return p;
}

static bool one(const CpuSimd *simd, CpuConv c, const CpuPool *pool, bool bias, CpuAct act) {
    size_t nx = c.batch * c.in_channels * c.in_h * c.in_w, ny = c.batch * c.out_channels * c.out_h * c.out_w;
    size_t nw = c.out_channels * (c.in_channels / c.groups) * c.kernel_h * c.kernel_w,
           plane = c.out_h * c.out_w;
    float *x = st_floats(nx), *w = st_floats(nw), *dy = st_floats(ny), *b = st_floats(c.out_channels);
    float *y = st_new(ny * 4), *dx = st_new(nx * 4), *dw = st_new(nw * 4), *db = st_new(c.out_channels * 4);
    double *X = doubles(x, nx), *W = doubles(w, nw), *DY = doubles(dy, ny), *Y = doubles(NULL, ny),
           *DX = doubles(NULL, nx);
    double *DW = doubles(NULL, nw), *DB = doubles(NULL, c.out_channels);
    naive(&c, X, W, DY, Y, DX, DW);
    for (size_t i = 0; i < ny; i++) {
        size_t m = i / plane % c.out_channels;
        DB[m] += DY[i];
        Y[i] += bias ? (double)b[m] : 0;
        Y[i] = act == CPU_ACT_RELU && Y[i] < 0 ? 0 : Y[i];
    }
    const CpuConvKernels *k = simd->conv;
    bool intact = true;
    for (CpuConvPass pass = CPU_CONV_FORWARD; pass <= CPU_CONV_GRAD_WEIGHT; pass++) {
        size_t bytes = k->workspace(&c, pass, pool);
        void *work = st_new(bytes);
        if (pass == CPU_CONV_FORWARD)
            k->forward(&c, pool, x, w, bias ? b : NULL, act, y, work);
        else if (pass == CPU_CONV_GRAD_INPUT)
            k->grad_input(&c, pool, dy, w, dx, work);
        else
            k->grad_weight(&c, pool, dy, x, dw, bias ? db : NULL, work);
        intact = intact && st_intact(work, bytes);
        st_free(work);
    }
    intact = intact && st_intact(y, ny * 4) && st_intact(dx, nx * 4) && st_intact(dw, nw * 4);
    double ey = st_error(y, Y, ny), ex = st_error(dx, DX, nx), ew = st_error(dw, DW, nw);
    double eb = bias ? st_error(db, DB, c.out_channels) : 0;
    double terms = sqrt((double)(c.batch * plane)), reach = sqrt((double)nw);
    bool ok = intact && ey < 1e-6 * (4 + reach) && ex < 1e-6 * (4 + reach) && ew < 1e-6 * (4 + terms) &&
              eb < 1e-6 * (4 + terms);
    if (!ok)
        printf("# n %zu g %zu c %zu m %zu in %zux%zu out %zux%zu k %zux%zu s %zux%zu d %zux%zu pad %td,%td "
               "tasks %u bias %d: "
               "y %g dx %g dw %g db %g intact %d\n",
               c.batch, c.groups, c.in_channels, c.out_channels, c.in_h, c.in_w, c.out_h, c.out_w, c.kernel_h,
               c.kernel_w, c.stride_h, c.stride_w, c.dilation_h, c.dilation_w, c.pad_top, c.pad_left,
               pool->threads, bias, ey, ex, ew, eb, intact);
    st_free(x), st_free(w), st_free(dy), st_free(b), st_free(y), st_free(dx), st_free(dw), st_free(db);
    st_free(X), st_free(W), st_free(DY), st_free(Y), st_free(DX), st_free(DW), st_free(DB);
    return ok;
}

static bool random_shapes(const CpuSimd *simd, size_t rounds, size_t extent, size_t channels) {
    bool ok = true;
    for (size_t r = 0; r < rounds; r++) {
        CpuConv c = {.batch = st_pick(5), .groups = 1 + st_pick(3)};
        c.in_channels = c.groups * (1 + st_pick(channels)),
        c.out_channels = c.groups * (1 + st_pick(channels));
        c.kernel_h = 1 + st_pick(5), c.kernel_w = 1 + st_pick(5);
        c.stride_h = 1 + st_pick(3), c.stride_w = 1 + st_pick(3);
        c.dilation_h = 1 + st_pick(3) / 2, c.dilation_w = 1 + st_pick(3) / 2;
        c.in_h = 1 + st_pick(extent), c.in_w = 1 + st_pick(extent);
        c.pad_top = (ptrdiff_t)st_pick(5) - 1, c.pad_left = (ptrdiff_t)st_pick(5) - 1;
        ptrdiff_t h =
            (ptrdiff_t)(c.in_h + st_pick(3)) + c.pad_top - (ptrdiff_t)((c.kernel_h - 1) * c.dilation_h + 1);
        ptrdiff_t w =
            (ptrdiff_t)(c.in_w + st_pick(3)) + c.pad_left - (ptrdiff_t)((c.kernel_w - 1) * c.dilation_w + 1);
        c.out_h = h < 0 ? 0 : (size_t)h / c.stride_h + 1, c.out_w = w < 0 ? 0 : (size_t)w / c.stride_w + 1;
        ok &= one(simd, c, &st_pools[st_pick(3)], r & 1, st_pick(2) ? CPU_ACT_RELU : CPU_ACT_NONE);
    }
    return ok;
}

static CpuConv square(size_t batch, size_t in, size_t out, size_t extent, size_t kernel, size_t stride,
                      size_t pad) {
    size_t o = (extent + 2 * pad - kernel) / stride + 1;
    return (CpuConv){batch,  1,      in, out, extent,         extent,        o, o, kernel, kernel,
                     stride, stride, 1,  1,   (ptrdiff_t)pad, (ptrdiff_t)pad};
}

static bool networks(const CpuSimd *simd) {
    const CpuConv shapes[] = {
        square(5, 1, 6, 28, 5, 1, 0),   square(5, 6, 16, 12, 5, 1, 0),  square(3, 1, 20, 28, 5, 1, 2),
        square(3, 20, 50, 14, 5, 1, 0), square(3, 16, 24, 17, 3, 2, 1), square(9, 40, 48, 4, 3, 1, 1),
        square(2, 33, 20, 9, 1, 1, 0),  square(2, 16, 8, 9, 1, 2, 0),   square(1, 8, 9, 40, 3, 1, 1),
        square(1, 64, 16, 60, 3, 1, 1),
    };
    bool ok = true;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (size_t p = 0; p < 3; p++)
            ok &= one(simd, shapes[i], &st_pools[p], p & 1, CPU_ACT_RELU);
    return ok;
}

static void all(const CpuSimd *simd) {
    st_verdict(random_shapes(simd, 300, 9, 4), simd->name, "conv-small");
    st_verdict(random_shapes(simd, 40, 40, 20), simd->name, "conv-larger");
    st_verdict(networks(simd), simd->name, "conv-networks");
}

int main(void) { return st_main(all); }
