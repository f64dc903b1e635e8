/* SPDX-License-Identifier: Apache-2.0 */
/* The extents of what Resize gives, as far as its inputs are known. */
#ifndef OPS_FAMILY_RESIZE_INFER_H
#define OPS_FAMILY_RESIZE_INFER_H

#include "resize.h"

static inline bool nn_resize_given(const NnNode *node, uint32_t i) {
    return nn_given(node, i) && !(node->inputs[i]->rank == 1 && node->inputs[i]->dims[0] == 0);
}

/* A list of one element per axis, where its length is known. */
static inline int32_t nn_resize_length(NnInfer *n, uint32_t i, const char *name, int64_t expected) {
    const NnValueInfo *x = n->node->inputs[i];
    if (x->rank >= 0 && x->rank != 1)
        return nn_bad(n, "%s has rank %d: expected a list", name, x->rank);
    if (x->rank < 0 || !nn_dim_known(x->dims[0]) || x->dims[0] == expected)
        return NN_OK;
    return nn_bad(n, "%s has %lld elements: expected %lld", name, (long long)x->dims[0], (long long)expected);
}

/* The extents that scales give: rounded down, as a product of f32. */
static inline int32_t nn_resize_scaled(NnInfer *n, const NnResize *r, uint32_t input, int64_t *dims) {
    uint64_t count;
    (void)n->integers(n, input, &count);
    const NnTensor *scales = n->node->inputs[input]->value;
    for (int32_t i = 0; i < r->n; i++) {
        int64_t *d = &dims[r->axis[i]];
        const double s = scales ? nn_load(nn_data(scales), scales->type, i) : 0;
        if (scales && !(s > 0 && s <= INT32_MAX))
            return nn_bad(n, "scales has %g at place %d: expected more than 0", s, i);
        *d = scales && nn_dim_known(*d) ? (int64_t)floor((double)((float)*d * (float)s)) : NN_DIM_UNKNOWN;
    }
    return NN_OK;
}

/* The extents that sizes give; to keep the aspect ratio, all of them must be known. */
static inline int32_t nn_resize_sized(NnInfer *n, NnResize *r, uint32_t input, int64_t *dims) {
    const bool stretch = nn_resize_is(n->node, "keep_aspect_ratio_policy", "stretch");
    const bool whole = n->node->inputs[input]->value != NULL;
    uint64_t count;
    const int64_t *sizes = n->integers(n, input, &count);
    bool known = whole;
    for (int32_t i = 0; i < r->n; i++) {
        const int32_t a = r->axis[i];
        const int64_t size = sizes && (uint64_t)i < count ? sizes[i] : NN_DIM_UNKNOWN;
        if (size < (whole ? 0 : -1) || size > INT32_MAX)
            return nn_bad(n, "sizes has %lld at place %d: expected 0 to %d", (long long)size, i, INT32_MAX);
        if (dims[a] == 0 && size > 0)
            return nn_bad(n, "dimension %d has no elements and cannot get %lld", a, (long long)size);
        known = known && nn_dim_known(dims[a]);
        r->scale[a] = dims[a] > 0 ? (double)size / (double)dims[a] : 1;
        if (stretch)
            dims[a] = size;
    }
    nn_resize_policy(n->node, r);
    for (int32_t i = 0; i < r->n && !stretch; i++) {
        int64_t *d = &dims[r->axis[i]];
        *d = known ? (int64_t)floor(r->scale[r->axis[i]] * (double)*d + .5) : NN_DIM_UNKNOWN;
    }
    return NN_OK;
}

/* Inputs from `first` on: what is resized, roi, scales, sizes. */
static inline int32_t nn_resize_extents(NnInfer *n, uint32_t first, int64_t *dims) {
    const NnNode *node = n->node;
    const NnValueInfo *x = node->inputs[first];
    const bool scales = nn_resize_given(node, first + 2), sizes = nn_resize_given(node, first + 3);
    NnResize r;
    if (scales == sizes)
        return nn_bad(n, "%s",
                      scales ? "both scales and sizes are given: expected one of them"
                             : "neither scales nor sizes is given");
    if (nn_resize_crops(node) && !nn_resize_given(node, first + 1))
        return nn_bad(n, "tf_crop_and_resize needs roi");
    if (x->rank < 0)
        return NN_OK;
    int32_t code = nn_resize_axes(n->host, n->status, node, x->rank, &r);
    if (code == NN_OK && nn_resize_crops(node))
        code = nn_resize_length(n, first + 1, "roi", 2 * (int64_t)r.n);
    if (code == NN_OK)
        code = nn_resize_length(n, first + (scales ? 2 : 3), scales ? "scales" : "sizes", r.n);
    nn_dims_of(x, dims);
    if (code != NN_OK)
        return code;
    return scales ? nn_resize_scaled(n, &r, first + 2, dims) : nn_resize_sized(n, &r, first + 3, dims);
}

#endif
