/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one sum behind Conv, ConvTranspose and their gradients: over all pairs of an input element x and an
 * output element y that a weight w joins. Two of the three are given, the third is summed: y += x w, x += y
 * w, or w += x y. x is [N, C, ...], w [M, C / group, ...], y [N, M, ...]; for ConvTranspose x and y change
 * their roles.
 */
#ifndef OPS_FAMILY_CONVOLUTION_H
#define OPS_FAMILY_CONVOLUTION_H

#include "body.h"
#include "window.h"

#define NN_CONVOLUTION_ATTRIBUTES                                                                            \
    NN_WINDOW_ATTRIBUTES, NN_WINDOW_LIST("kernel_shape", "extent of the kernel; absent: as W has it"), {     \
        .name = "group", .kind = NN_SET_INT, .flags = NN_SET_RANGE, .preset = "1", .min = 1, .max = 1e9,     \
        .doc = "groups into which input and output channels are divided"                                     \
    }

typedef enum NnConvolutionSum { NN_SUM_Y, NN_SUM_X, NN_SUM_W } NnConvolutionSum;

/* Window and kernel extent of a node whose weight has the given shape. */
static inline int32_t nn_convolution_window(const NnHost *nn, NnStatus *status, const NnNode *node,
                                            int32_t rank, const int64_t *weight, NnWindow *w) {
    int64_t told[NN_WINDOW_MAX];
    int32_t code = nn_window_read(nn, status, node, rank - 2, w);
    if (code == NN_OK)
        code = nn_window_list(nn, status, node, "kernel_shape", rank - 2, 1, -1, told);
    for (int32_t i = 0; code == NN_OK && i < rank - 2; i++) {
        w->kernel[i] = weight && nn_dim_known(weight[i + 2]) ? weight[i + 2] : told[i];
        if (told[i] >= 0 && told[i] != w->kernel[i])
            return nn_fail(nn, status, NN_INVALID, "kernel_shape[%d] is %lld, but W has extent %lld there", i,
                           (long long)told[i], (long long)w->kernel[i]);
        if (w->kernel[i] == 0)
            return nn_fail(nn, status, NN_INVALID,
                           "W has the extent 0 in spatial dimension %d: expected at least 1", i);
    }
    return code;
}

/* Of ConvTranspose: the window with explicit padding, and the output's extents, for the extents of the input.
 */
static inline int32_t nn_convolution_transposed(const NnHost *nn, NnStatus *status, const NnNode *node,
                                                int32_t rank, const int64_t *weight, const int64_t *in,
                                                NnWindow *w, int64_t *more, int64_t *out) {
    const bool upper = strcmp(nn_attr_string(node, "auto_pad", "NOTSET"), "SAME_UPPER") == 0;
    int64_t told[NN_WINDOW_MAX];
    int32_t code = nn_convolution_window(nn, status, node, rank, weight, w);
    if (code == NN_OK)
        code = nn_window_list(nn, status, node, "output_padding", rank - 2, 0, 0, more);
    if (code == NN_OK)
        code = nn_window_list(nn, status, node, "output_shape", rank - 2, 0, -1, told);
    for (int32_t i = 0; code == NN_OK && i < rank - 2; i++) {
        const int64_t limit = w->stride[i] > w->dilation[i] ? w->stride[i] : w->dilation[i];
        if (more[i] >= limit)
            return nn_fail(nn, status, NN_INVALID,
                           "output_padding[%d] is %lld: expected less than the stride or the dilation, %lld",
                           i, (long long)more[i], (long long)limit);
        out[i] = NN_DIM_UNKNOWN;
        if (told[i] < 0 && nn_window_same(node) && nn_dim_known(in[i]))
            told[i] = in[i] * w->stride[i];
        if (nn_dim_known(in[i]) && w->kernel[i] > 0) {
            const int64_t full = w->stride[i] * (in[i] - 1) + more[i] + nn_window_extent(w, i),
                          total = full - told[i];
            if (told[i] >= 0) {
                /* A larger output than there is to cut from grows at its end. */
                w->before[i] = total < 0 ? 0 : upper ? total / 2 : total - total / 2;
                w->after[i] = total - w->before[i];
            }
            out[i] = in[i] == 0 ? 0 : full - w->before[i] - w->after[i];
            if (out[i] < 0)
                return nn_fail(nn, status, NN_INVALID, "the padding leaves nothing of spatial dimension %d",
                               i);
        } else if (told[i] >= 0) {
            out[i] = told[i];
        }
    }
    return code;
}

/* A tensor's elements as doubles; NULL when there is no memory. */
static inline double *nn_as_doubles(const NnCall *call, const NnTensor *t, bool load) {
    const int64_t n = nn_elements(t);
    double *d = call->host->alloc(call->host, (uint64_t)(n > 0 ? n : 1) * sizeof *d);
    for (int64_t i = 0; d && load && i < n; i++)
        d[i] = nn_load(nn_data(t), t->type, i);
    return d;
}

typedef struct NnConvolution {
    NnWindow w;
    int64_t batch, group, c, m; /* channels of x and of y in a group */
    int64_t in[NN_WINDOW_MAX], out[NN_WINDOW_MAX];
} NnConvolution;

/* One kernel element, one pair of planes. */
static inline void nn_convolve_planes(const NnConvolution *v, const int64_t k[NN_WINDOW_MAX], double *x,
                                      double *w, double *y, NnConvolutionSum which) {
    const NnWindow *s = &v->w;
    int64_t o[NN_WINDOW_MAX], i[NN_WINDOW_MAX];
    double sum = 0;
    for (o[0] = 0; o[0] < v->out[0]; o[0]++) {
        i[0] = o[0] * s->stride[0] - s->before[0] + k[0] * s->dilation[0];
        for (o[1] = 0; i[0] >= 0 && i[0] < v->in[0] && o[1] < v->out[1]; o[1]++) {
            i[1] = o[1] * s->stride[1] - s->before[1] + k[1] * s->dilation[1];
            if (i[1] < 0 || i[1] >= v->in[1])
                continue;
            double *row = x + (i[0] * v->in[1] + i[1]) * v->in[2],
                   *to = y + (o[0] * v->out[1] + o[1]) * v->out[2];
            for (o[2] = 0; o[2] < v->out[2]; o[2]++) {
                i[2] = o[2] * s->stride[2] - s->before[2] + k[2] * s->dilation[2];
                if (i[2] < 0 || i[2] >= v->in[2])
                    continue;
                if (which == NN_SUM_Y)
                    to[o[2]] += row[i[2]] * *w;
                else if (which == NN_SUM_X)
                    row[i[2]] += to[o[2]] * *w;
                else
                    sum += row[i[2]] * to[o[2]];
            }
        }
    }
    if (which == NN_SUM_W)
        *w += sum;
}

/* x, w, y: two of them inputs, the third the one that is summed. `bias` [M] is added to y. */
static inline int32_t nn_convolve(const NnCall *call, const NnTensor *x, const NnTensor *w, const NnTensor *y,
                                  NnConvolutionSum which, const NnTensor *bias, NnWindow window) {
    NnConvolution v = {.w = window, .batch = x->dims[0], .group = nn_attr_int(call->node, "group", 1)};
    if (x->rank != w->rank || y->rank != w->rank || y->dims[0] != x->dims[0] || w->dims[0] != y->dims[1] ||
        w->dims[1] * v.group != x->dims[1] || w->dims[0] % v.group != 0)
        return nn_fail(call->host, call->status, NN_INVALID,
                       "input, weight and output of the convolution do not fit");
    double *dx = nn_as_doubles(call, x, which != NN_SUM_X), *dw = nn_as_doubles(call, w, which != NN_SUM_W);
    double *dy = nn_as_doubles(call, y, which != NN_SUM_Y);
    const NnTensor *result = which == NN_SUM_Y ? y : which == NN_SUM_X ? x : w;
    const double *sums = which == NN_SUM_Y ? dy : which == NN_SUM_X ? dx : dw;
    nn_window_fill(&v.w);
    nn_window_spatial(x, v.in);
    nn_window_spatial(y, v.out);
    v.c = x->dims[1] / v.group;
    v.m = y->dims[1] / v.group;
    const int64_t planes_in = nn_product(v.in, 0, 3), planes_out = nn_product(v.out, 0, 3),
                  kernel = nn_product(v.w.kernel, 0, 3);
    const bool whole = dx && dw && dy;
    for (int64_t b = 0; whole && b < v.batch; b++)
        for (int64_t m = 0; m < v.group * v.m; m++)
            for (int64_t c = 0; c < v.c; c++) {
                int64_t k[NN_WINDOW_MAX] = {0}, at = (m * v.c + c) * kernel;
                double *from = dx + ((b * v.group + m / v.m) * v.c + c) * planes_in,
                       *to = dy + (b * v.group * v.m + m) * planes_out;
                do
                    nn_convolve_planes(&v, k, from, &dw[at++], to, which);
                while (nn_next(NN_WINDOW_MAX, v.w.kernel, k));
            }
    const int64_t n = nn_elements(result), plane = nn_product(result->dims, 2, result->rank);
    for (int64_t i = 0; whole && i < n; i++) {
        const double b = bias ? nn_load(nn_data(bias), bias->type, i / plane % result->dims[1]) : 0;
        nn_store(nn_data(result), result->type, i, sums[i] + b);
    }
    call->host->free(call->host, dx);
    call->host->free(call->host, dw);
    call->host->free(call->host, dy);
    return whole ? NN_OK
                 : nn_fail(call->host, call->status, NN_OUT_OF_MEMORY,
                           "no memory for the sums of a convolution");
}

/* The gradient of a bias: dy summed over all axes but 1. */
static inline NnValue *nn_rule_bias(const NnGradient *g, NnValue *dy) {
    const NnValueInfo *info = g->host->graph->info(g->graph, g->inputs[1]);
    int64_t axes[NN_MAX_RANK] = {0};
    if (!info || info->rank < 2)
        return NULL;
    for (int32_t i = 1; i < info->rank - 1; i++)
        axes[i] = i + 1;
    return nn_op(g->host, g->graph, "ReduceSum",
                 NN_VALUES(dy, nn_vector(g->host, g->graph, info->rank - 1, axes)),
                 NN_ATTRS(NN_INT("keepdims", 0)));
}

#endif
