/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deformable convolution: every element of the kernel reads the image at its place plus an offset, which each
 * position of the result has of its own. X is [N, C, d1, ...], W [M, C / group, k1, ...], offset [N, groups
 * of offsets * kernel elements * dimensions, o1, ...], mask [N, groups of offsets * kernel elements, o1,
 * ...].
 */
#ifndef OPS_FAMILY_DEFORM_H
#define OPS_FAMILY_DEFORM_H

#include "convolution.h"
#include "sampling.h"

typedef struct NnDeform {
    NnWindow w;
    NnSampling s;
    const NnTensor *x, *weight, *offset, *mask;
    int32_t n;                         /* spatial dimensions */
    int64_t groups, c, m;              /* channels of X and of Y in a group */
    int64_t offsets, channels;         /* groups of offsets, channels of X in one */
    int64_t kernel, plane, out;        /* elements */
    int64_t out_dims[NN_SAMPLING_MAX]; /* filled up in front */
} NnDeform;

static inline bool nn_deform_differ(int64_t a, int64_t b) {
    return nn_dim_known(a) && nn_dim_known(b) && a != b;
}

/* The result's shape, and whether all inputs fit; X is input `x`, then weight, offset, and at `mask` the
 * mask. */
static inline int32_t nn_deform_infer(NnInfer *n, uint32_t x, uint32_t mask, int64_t *dims) {
    const NnNode *node = n->node;
    const NnValueInfo *in = node->inputs[x], *w = node->inputs[x + 1], *at = node->inputs[x + 2];
    const NnValueInfo *scale = nn_given(node, mask) ? node->inputs[mask] : NULL;
    const int64_t group = nn_attr_int(node, "group", 1), offsets = nn_attr_int(node, "offset_group", 1);
    int64_t spatial[NN_WINDOW_MAX], elements = 1;
    char a[200], b[200];
    NnWindow v;
    if (in->rank < 0 || w->rank < 0)
        return NN_OK;
    if (in->rank < 3 || in->rank != w->rank ||
        nn_deform_differ(in->dims[1], nn_dim_known(w->dims[1]) ? w->dims[1] * group : -1) ||
        (nn_dim_known(w->dims[0]) && w->dims[0] % group != 0) ||
        (nn_dim_known(in->dims[1]) && in->dims[1] % offsets != 0))
        return nn_bad(n,
                      "X is %s and W %s: expected [N,C,...] and [M,C/group,...], group %lld dividing M and "
                      "offset_group %lld dividing C",
                      nn_shape_text(in->rank, in->dims, a, sizeof a),
                      nn_shape_text(w->rank, w->dims, b, sizeof b), (long long)group, (long long)offsets);
    int32_t code = nn_convolution_window(n->host, n->status, node, in->rank, w->dims, &v);
    nn_dims_of(in, dims);
    for (int32_t i = 0; code == NN_OK && i < v.n; i++) {
        spatial[i] = v.kernel[i] < 0 ? NN_DIM_UNKNOWN : dims[i + 2];
        elements = elements < 0 || v.kernel[i] < 0 ? NN_DIM_UNKNOWN : elements * v.kernel[i];
    }
    if (code == NN_OK)
        code = nn_window_counts(n, &v, spatial, dims + 2);
    dims[1] = nn_dim_plain(w->dims[0]);
    for (int32_t k = 0; code == NN_OK && k < 2; k++) {
        const NnValueInfo *t = k ? scale : at;
        const int64_t wanted = elements < 0 ? -1 : offsets * elements * (k ? 1 : v.n);
        bool fits = !t || t->rank < 0 || t->rank == in->rank;
        for (int32_t i = 0; fits && t && i < t->rank; i++)
            fits = !nn_deform_differ(t->dims[i], i == 1 ? wanted : dims[i]);
        if (!fits)
            return nn_bad(n, "%s is %s: expected [N, %lld, extents of the result]", k ? "mask" : "offset",
                          nn_shape_text(t->rank, t->dims, a, sizeof a), (long long)wanted);
    }
    return code;
}

static inline int32_t nn_deform_begin(const NnCall *call, const NnTensor *x, const NnTensor *weight,
                                      const NnTensor *offset, const NnTensor *mask, NnDeform *v) {
    *v = (NnDeform){.x = x, .weight = weight, .offset = offset, .mask = mask, .n = x->rank - 2};
    v->groups = nn_attr_int(call->node, "group", 1);
    v->offsets = nn_attr_int(call->node, "offset_group", 1);
    const int32_t code =
        nn_convolution_window(call->host, call->status, call->node, x->rank, weight->dims, &v->w);
    nn_window_fill(&v->w);
    nn_sampling_begin(&v->s, x);
    nn_window_spatial(offset, v->out_dims);
    v->c = weight->dims[1];
    v->m = weight->dims[0] / v->groups;
    v->channels = x->dims[1] / v->offsets;
    v->kernel = nn_product(v->w.kernel, 0, NN_WINDOW_MAX);
    v->plane = nn_product(v->s.in, 0, NN_SAMPLING_MAX);
    v->out = nn_product(v->out_dims, 0, NN_SAMPLING_MAX);
    return code;
}

/* Element of the mask (and, times the dimensions, of the first offset): image, group of offsets, kernel
 * element, position of the result. */
static inline int64_t nn_deform_at(const NnDeform *v, int64_t image, int64_t group, int64_t k, int64_t o,
                                   int32_t dimension, int32_t dimensions) {
    return (((image * v->offsets + group) * v->kernel + k) * dimensions + dimension) * v->out + o;
}

/* Finds the neighbours of the place that kernel element k reads for position o; returns the mask there. */
static inline double nn_deform_look(NnDeform *v, int64_t image, int64_t group, int64_t k, int64_t o) {
    int64_t rest_k = k, rest_o = o;
    for (int32_t d = NN_SAMPLING_MAX - 1; d >= NN_SAMPLING_MAX - v->n; d--) {
        const int32_t own = d - (NN_SAMPLING_MAX - v->n);
        const int64_t at = rest_o % v->out_dims[d] * v->w.stride[d] - v->w.before[d] +
                           rest_k % v->w.kernel[d] * v->w.dilation[d];
        const int64_t e = nn_deform_at(v, image, group, k, o, own, v->n);
        nn_sampling_linear(&v->s, d, (double)at + nn_load(nn_data(v->offset), v->offset->type, e));
        rest_o /= v->out_dims[d];
        rest_k /= v->w.kernel[d];
    }
    return v->mask ? nn_load(nn_data(v->mask), v->mask->type, nn_deform_at(v, image, group, k, o, 0, 1)) : 1;
}

/* Element of the weight that joins channel c of X with channel m of Y, which are in the same group. */
static inline int64_t nn_deform_weight(const NnDeform *v, int64_t m, int64_t c, int64_t k) {
    return (m * v->c + c % v->c) * v->kernel + k;
}

#endif
