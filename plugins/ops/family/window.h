/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows that slide over the spatial dimensions of [N, C, d1, ...], of which there are 1 to 3: kernel
 * extent, stride, dilation, padding and auto_pad, as convolutions and pools have them. Fewer than 3
 * dimensions are filled up with 1 in front.
 */
#ifndef OPS_FAMILY_WINDOW_H
#define OPS_FAMILY_WINDOW_H

#include "shape.h"
#include "typed.h"

#define NN_WINDOW_MAX 3

typedef struct NnWindow {
    int32_t n; /* spatial dimensions */
    bool ceil;
    int64_t kernel[NN_WINDOW_MAX], stride[NN_WINDOW_MAX], dilation[NN_WINDOW_MAX];
    int64_t before[NN_WINDOW_MAX], after[NN_WINDOW_MAX];
} NnWindow;

#define NN_WINDOW_LIST(key, text)                                                                            \
    { .name = (key), .kind = NN_SET_INTS, .doc = (text) }
#define NN_WINDOW_ATTRIBUTES                                                                                 \
    NN_CHOICE("auto_pad", "NOTSET", "NOTSET|SAME_UPPER|SAME_LOWER|VALID",                                    \
              "NOTSET: as pads says; SAME: output extent is the input's over the stride, rounded up; "       \
              "VALID: none"),                                                                                \
        NN_WINDOW_LIST("dilations", "distance between kernel elements, by dimension; absent: 1"),            \
        NN_WINDOW_LIST("pads", "padding in front, by dimension, then behind; absent: 0"),                    \
        NN_WINDOW_LIST("strides", "step of the window, by dimension; absent: 1")

static inline int32_t nn_window_list(const NnHost *nn, NnStatus *status, const NnNode *node, const char *key,
                                     int32_t n, int64_t least, int64_t preset, int64_t *out) {
    uint32_t count;
    const int64_t *list = nn_attr_ints(node, key, &count);
    if (list && count != (uint32_t)n)
        return nn_fail(nn, status, NN_INVALID, "%s has %u elements: expected %d", key, count, n);
    for (int32_t i = 0; i < n; i++) {
        out[i] = list ? list[i] : preset;
        if (list && (out[i] < least || out[i] > INT32_MAX))
            return nn_fail(nn, status, NN_INVALID, "%s has the element %lld: expected at least %lld", key,
                           (long long)out[i], (long long)least);
    }
    return NN_OK;
}

/* Everything but the kernel's extent (which comes from the weight or from kernel_shape) and SAME padding. */
static inline int32_t nn_window_read(const NnHost *nn, NnStatus *status, const NnNode *node, int32_t n,
                                     NnWindow *w) {
    int64_t pads[2 * NN_WINDOW_MAX] = {0};
    *w = (NnWindow){.n = n, .ceil = nn_attr_int(node, "ceil_mode", 0) != 0};
    if (n < 1 || n > NN_WINDOW_MAX)
        return nn_fail(nn, status, NN_INVALID,
                       "the input has rank %d: expected [N,C] and 1 to 3 spatial dimensions", n + 2);
    const bool automatic = strcmp(nn_attr_string(node, "auto_pad", "NOTSET"), "NOTSET") != 0;
    int32_t code = nn_window_list(nn, status, node, "strides", n, 1, 1, w->stride);
    if (code == NN_OK)
        code = nn_window_list(nn, status, node, "dilations", n, 1, 1, w->dilation);
    if (code == NN_OK && !automatic)
        code = nn_window_list(nn, status, node, "pads", 2 * n, INT32_MIN, 0, pads);
    for (int32_t i = 0; i < n; i++) {
        w->before[i] = pads[i];
        w->after[i] = pads[n + i];
    }
    return code;
}

static inline int64_t nn_window_extent(const NnWindow *w, int32_t i) {
    return (w->kernel[i] - 1) * w->dilation[i] + 1;
}

static inline bool nn_window_same(const NnNode *node) {
    return strncmp(nn_attr_string(node, "auto_pad", "NOTSET"), "SAME", 4) == 0;
}

/* Splits a sum of padding; of an odd one SAME_UPPER puts the larger part behind. */
static inline void nn_window_split(const NnNode *node, NnWindow *w, int32_t i, int64_t sum) {
    const bool lower = strcmp(nn_attr_string(node, "auto_pad", "NOTSET"), "SAME_LOWER") == 0;
    w->before[i] = lower ? sum - sum / 2 : sum / 2;
    w->after[i] = sum - w->before[i];
}

/* Sets the padding of dimension i for an input extent, and returns the number of window positions. */
static inline int64_t nn_window_count(const NnNode *node, NnWindow *w, int32_t i, int64_t in) {
    if (nn_window_same(node)) {
        const int64_t out = (in + w->stride[i] - 1) / w->stride[i];
        const int64_t sum = (out - 1) * w->stride[i] + nn_window_extent(w, i) - in;
        nn_window_split(node, w, i, sum > 0 ? sum : 0);
        return out;
    }
    const int64_t room = in + w->before[i] + w->after[i] - nn_window_extent(w, i);
    if (room < 0)
        return 0;
    int64_t out = room / w->stride[i] + 1;
    /* A window that would begin in the padding behind is left out. */
    if (w->ceil && room % w->stride[i] != 0 && out * w->stride[i] < in + w->before[i])
        out++;
    return out;
}

/* All dimensions; `in` the spatial extents of the input (unknown ones give unknown counts). */
static inline int32_t nn_window_counts(NnInfer *n, NnWindow *w, const int64_t *in, int64_t *out) {
    for (int32_t i = 0; i < w->n; i++) {
        out[i] = nn_dim_known(in[i]) ? nn_window_count(n->node, w, i, in[i]) : NN_DIM_UNKNOWN;
        if (out[i] == 0 && in[i] > 0)
            return nn_bad(
                n, "the window (%lld) is larger than the padded input (%lld) in spatial dimension %d",
                (long long)nn_window_extent(w, i), (long long)(in[i] + w->before[i] + w->after[i]), i);
    }
    return NN_OK;
}

/* Brings a window, and extents beside it, to 3 dimensions. */
static inline void nn_window_fill(NnWindow *w) {
    const int32_t missing = NN_WINDOW_MAX - w->n;
    int64_t *const lists[] = {w->kernel, w->stride, w->dilation, w->before, w->after};
    for (uint32_t l = 0; missing > 0 && l < NN_COUNT(lists); l++)
        for (int32_t i = NN_WINDOW_MAX - 1; i >= 0; i--)
            lists[l][i] = i >= missing ? lists[l][i - missing] : l < 3;
    w->n = NN_WINDOW_MAX;
}

static inline void nn_window_spatial(const NnTensor *t, int64_t out[NN_WINDOW_MAX]) {
    const int32_t missing = NN_WINDOW_MAX - (t->rank - 2);
    for (int32_t i = 0; i < NN_WINDOW_MAX; i++)
        out[i] = i < missing ? 1 : t->dims[2 + i - missing];
}

#endif
