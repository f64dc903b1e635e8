/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resizing is separable: along each dimension an element of the result is a weighted sum of some elements of
 * the input. Here are the scale of each dimension and these weights, which Resize and its gradient share.
 */
#ifndef OPS_FAMILY_RESIZE_H
#define OPS_FAMILY_RESIZE_H

#include "index.h"
#include "interpolate.h"

/* By dimension; those that are not resized have scale 1 and the region 0 .. 1. */
typedef struct NnResize {
    int32_t n, axis[NN_MAX_RANK]; /* dimensions that roi, scales and sizes speak of, in their order */
    double scale[NN_MAX_RANK], start[NN_MAX_RANK], end[NN_MAX_RANK];
} NnResize;

/* Element o of the result is the sum of weight[o * n + k] * element at[o * n + k]; where the first `at` is
 * -1 it lies outside of the region and is the extrapolation value. */
typedef struct NnTaps {
    int64_t in, out, n;
    int64_t *at;
    double *weight;
} NnTaps;

static inline bool nn_resize_is(const NnNode *node, const char *key, const char *value) {
    return strcmp(nn_attr_string(node, key, ""), value) == 0;
}

static inline bool nn_resize_crops(const NnNode *node) {
    return nn_resize_is(node, "coordinate_transformation_mode", "tf_crop_and_resize");
}

static inline int32_t nn_resize_axes(const NnHost *nn, NnStatus *status, const NnNode *node, int32_t rank,
                                     NnResize *r) {
    uint32_t count, seen = 0;
    const int64_t *axes = nn_attr_ints(node, "axes", &count);
    r->n = axes ? (int32_t)count : rank;
    for (int32_t i = 0; i < rank; i++) {
        r->scale[i] = r->end[i] = 1;
        r->start[i] = 0;
    }
    for (int32_t i = 0; i < r->n; i++) {
        const int64_t a = axes ? axes[i] : i;
        if (a < -rank || a >= rank || seen >> nn_axis_of(a, rank) & 1)
            return nn_fail(nn, status, NN_INVALID,
                           "axes has %lld at place %d: expected each at most once, from %d to %d",
                           (long long)a, i, -rank, rank - 1);
        r->axis[i] = nn_axis_of(a, rank);
        seen |= 1u << r->axis[i];
    }
    return NN_OK;
}

/* One scale for all dimensions, the smallest or largest wanted one, unless the aspect ratio may change. */
static inline void nn_resize_policy(const NnNode *node, NnResize *r) {
    const bool larger = nn_resize_is(node, "keep_aspect_ratio_policy", "not_smaller");
    if (nn_resize_is(node, "keep_aspect_ratio_policy", "stretch"))
        return;
    double one = r->n ? r->scale[r->axis[0]] : 1;
    for (int32_t i = 1; i < r->n; i++)
        one = larger ? fmax(one, r->scale[r->axis[i]]) : fmin(one, r->scale[r->axis[i]]);
    for (int32_t i = 0; i < r->n; i++)
        r->scale[r->axis[i]] = one;
}

/* Everything, from tensors in host memory; inference has checked their lengths. */
static inline int32_t nn_resize_read(const NnCall *call, const int64_t *in, int32_t rank, const NnTensor *roi,
                                     const NnTensor *scales, const NnTensor *sizes, NnResize *r) {
    const int32_t code = nn_resize_axes(call->host, call->status, call->node, rank, r);
    const bool crops = nn_resize_crops(call->node);
    if (code == NN_OK && crops && (!roi || nn_elements(roi) != 2 * r->n))
        return nn_fail(call->host, call->status, NN_INVALID,
                       "roi has %lld elements: expected start and end for each of %d axes",
                       (long long)(roi ? nn_elements(roi) : 0), r->n);
    for (int32_t i = 0; code == NN_OK && i < r->n; i++) {
        const int32_t a = r->axis[i];
        if (scales && nn_elements(scales))
            r->scale[a] = nn_load(nn_data(scales), scales->type, i);
        else if (sizes)
            r->scale[a] = (double)nn_load_int(nn_data(sizes), sizes->type, i) / (double)in[a];
        if (crops) {
            r->start[a] = nn_load(nn_data(roi), roi->type, i);
            r->end[a] = nn_load(nn_data(roi), roi->type, i + r->n);
        }
    }
    if (code == NN_OK && sizes && !(scales && nn_elements(scales)))
        nn_resize_policy(call->node, r);
    return code;
}

/* Where in the input the middle of element `at` of the result lies, by coordinate_transformation_mode. `wide`
 * is the extent that the scale means, which may be a fraction; `out` the one that the result has. */
static inline double nn_resize_source(const char *mode, double at, double scale, double in, double out,
                                      double start, double end) {
    const double wide = scale * in;
    if (strcmp(mode, "align_corners") == 0)
        return wide == 1 ? 0 : at * (in - 1) / (wide - 1);
    if (strcmp(mode, "asymmetric") == 0)
        return at / scale;
    if (strcmp(mode, "tf_half_pixel_for_nn") == 0)
        return (at + .5) / scale;
    if (strcmp(mode, "tf_crop_and_resize") == 0)
        return wide == 1 ? (start + end) * (in - 1) / 2
                         : start * (in - 1) + at * (end - start) * (in - 1) / (wide - 1);
    if (strcmp(mode, "pytorch_half_pixel") == 0 && wide == 1)
        return 0;
    const double shift = strcmp(mode, "half_pixel_symmetric") == 0 ? in / 2 * (1 - out / wide) : 0;
    return shift + (at + .5) / scale - .5;
}

/* 0: the element below, 1: the one above. */
static inline int64_t nn_resize_nearest(const char *mode, double fraction) {
    if (fraction == 0 || strcmp(mode, "floor") == 0)
        return 0;
    if (strcmp(mode, "ceil") == 0)
        return 1;
    return strcmp(mode, "round_prefer_ceil") == 0 ? fraction >= .5 : fraction > .5;
}

/* The weights of the neighbours of one element; outside of the input its edge counts, or nothing. */
static inline void nn_resize_weigh(const NnNode *node, const NnTaps *t, double x, double shrink, int64_t *at,
                                   double *weight) {
    const double a = nn_attr_float(node, "cubic_coeff_a", -.75), below = floor(x);
    const bool cubic = nn_resize_is(node, "mode", "cubic"),
               drop = nn_attr_int(node, "exclude_outside", 0) != 0;
    double sum = 0;
    for (int64_t k = 0; k < t->n; k++) {
        const double place = below + (double)(k + 1 - t->n / 2), d = (place - x) * shrink;
        const bool outside = place < 0 || place > (double)(t->in - 1);
        weight[k] = outside && drop ? 0 : cubic ? nn_cubic_kernel(d, a) : nn_linear_kernel(d);
        sum += weight[k];
        at[k] = place < 0 ? 0 : outside ? t->in - 1 : (int64_t)place;
    }
    for (int64_t k = 0; (drop || shrink < 1) && sum != 0 && k < t->n; k++)
        weight[k] /= sum;
}

static inline void nn_taps_free(const NnCall *call, NnTaps *t) {
    call->host->free(call->host, t->at);
    call->host->free(call->host, t->weight);
    *t = (NnTaps){.n = 0};
}

/* The taps of dimension d for the extents in t; downscaling with antialias widens the kernel. */
static inline int32_t nn_resize_taps(const NnCall *call, const NnResize *r, int32_t d, NnTaps *t) {
    const NnNode *node = call->node;
    const char *mode = nn_attr_string(node, "coordinate_transformation_mode", "half_pixel"),
               *rounding = nn_attr_string(node, "nearest_mode", "round_prefer_floor");
    const bool nearest = nn_resize_is(node, "mode", "nearest"), crops = nn_resize_crops(node);
    const double reach = nn_resize_is(node, "mode", "cubic") ? 2 : 1;
    const double shrink = nn_attr_int(node, "antialias", 0) ? fmin(r->scale[d], 1) : 1;
    t->n = nearest ? 1 : 2 * (int64_t)ceil(fmin(reach / shrink, 4 * (double)t->in + 4));
    const uint64_t n = (uint64_t)(t->n * t->out + 1);
    t->at = call->host->alloc(call->host, n * sizeof *t->at);
    t->weight = call->host->alloc(call->host, n * sizeof *t->weight);
    if (!t->at || !t->weight)
        return nn_fail(call->host, call->status, NN_OUT_OF_MEMORY, "no memory for the weights of %s",
                       node->op);
    for (int64_t o = 0; o < t->out && t->in > 0; o++) {
        int64_t *at = t->at + o * t->n;
        const double last = (double)(t->in - 1);
        const double x = nn_resize_source(mode, (double)o, r->scale[d], (double)t->in, (double)t->out,
                                          r->start[d], r->end[d]);
        if (!isfinite(x) || (crops && (x < 0 || x > last))) {
            *at = -1;
        } else if (nearest) {
            t->weight[o] = 1;
            *at = (int64_t)fmin(fmax(floor(x), -1), last);
            *at = (int64_t)fmin(fmax((double)(*at + nn_resize_nearest(rounding, x - floor(x))), 0), last);
        } else {
            nn_resize_weigh(node, t, x, shrink, at, t->weight + o * t->n);
        }
    }
    return NN_OK;
}

#endif
