/* SPDX-License-Identifier: Apache-2.0 */
/* The points at which RoiAlign reads an image: how they lie in the parts of a box. */
#ifndef OPS_FAMILY_ROI_POINTS_H
#define OPS_FAMILY_ROI_POINTS_H

#include "sampling.h"

/* Points along one direction of a box. */
typedef struct NnPoints {
    double start, part, step; /* of the box, of each of its parts, between points */
    int64_t n;                /* points in a part */
} NnPoints;

/* `half`: elements are squares around whole positions; otherwise a box has at least the extent 1. Without a
 * sampling_ratio a part has about one point for each element. */
static inline NnPoints nn_points(const NnCall *call, double low, double high, int64_t parts, bool half) {
    const double scale = nn_attr_float(call->node, "spatial_scale", 1);
    const int64_t ratio = nn_attr_int(call->node, "sampling_ratio", 0);
    NnPoints p = {.start = low * scale - (half ? .5 : 0)};
    const double extent = half ? (high - low) * scale : fmax((high - low) * scale, 1);
    p.part = extent / (double)parts;
    p.n = ratio > 0 ? ratio : nn_to_i64(ceil(p.part), 0, 0x1p31);
    p.step = p.n > 0 ? p.part / (double)p.n : 0;
    return p;
}

/* Point k of part i; false when it is so far outside that it counts as 0. */
static inline bool nn_point(const NnPoints *p, int64_t i, int64_t k, int64_t in, double *at) {
    const double x = p->start + (double)i * p->part + ((double)k + .5) * p->step;
    *at = fmin(fmax(x, 0), (double)(in - 1));
    return x >= -1 && x <= (double)in;
}

/* The points of part i that lie inside, from *first on, as many as are returned; boxes may be far larger than
 * the image. */
static inline int64_t nn_points_inside(const NnPoints *p, int64_t i, int64_t in, int64_t *first) {
    const double x = p->start + (double)i * p->part + .5 * p->step;
    int64_t last = p->n;
    *first = 0;
    if (!isfinite(x) || !isfinite(p->step))
        return 0;
    if (p->step > 0) {
        *first = nn_to_i64(floor((-1 - x) / p->step), 0, (double)p->n);
        last = nn_to_i64(ceil(((double)in - x) / p->step) + 1, 0, (double)p->n);
    }
    return last > *first ? last - *first : 0;
}

#endif
