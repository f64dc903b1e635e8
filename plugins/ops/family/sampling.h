/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a plane between its elements: the neighbours of a position in 1 to 3 dimensions, their weights, and
 * how the weights change with the position. Fewer than 3 dimensions are filled up in front.
 */
#ifndef OPS_FAMILY_SAMPLING_H
#define OPS_FAMILY_SAMPLING_H

#include "index.h"
#include "interpolate.h"

#define NN_SAMPLING_MAX 3
#define NN_SAMPLING_TAPS 4

typedef struct NnSampling {
    int64_t in[NN_SAMPLING_MAX]; /* extents of the plane */
    int32_t taps[NN_SAMPLING_MAX];
    /* The neighbours along each dimension; -1: beyond the edge, counts as 0. */
    int64_t at[NN_SAMPLING_MAX][NN_SAMPLING_TAPS];
    double weight[NN_SAMPLING_MAX][NN_SAMPLING_TAPS], slope[NN_SAMPLING_MAX][NN_SAMPLING_TAPS];
} NnSampling;

/* For planes of x, which is [N, C, d1, ...]. */
static inline void nn_sampling_begin(NnSampling *s, const NnTensor *x) {
    const int32_t missing = NN_SAMPLING_MAX - (x->rank - 2);
    *s = (NnSampling){.in = {0}};
    for (int32_t d = 0; d < NN_SAMPLING_MAX; d++) {
        s->in[d] = d < missing ? 1 : x->dims[2 + d - missing];
        s->taps[d] = 1;
        s->weight[d][0] = 1;
    }
}

/* The two neighbours of a position along dimension d, with zeros beyond the edges. */
static inline void nn_sampling_linear(NnSampling *s, int32_t d, double position) {
    const bool near = position > -1 && position < (double)s->in[d];
    const double below = near ? floor(position) : -2;
    s->taps[d] = 2;
    for (int32_t k = 0; k < 2; k++) {
        const double place = below + k;
        s->at[d][k] = place >= 0 && place < (double)s->in[d] ? (int64_t)place : -1;
        s->weight[d][k] = near ? nn_linear_kernel(place - position) : 0;
        s->slope[d][k] = near ? (k ? 1 : -1) : 0;
    }
}

/* The next combination of neighbours that lies inside: its element and weight, taking slopes along dimension
 * `along` (-1: none). `k` starts as zeros; false when there is none left. */
static inline bool nn_sampling_next(const NnSampling *s, int32_t *k, int32_t along, int64_t *element,
                                    double *weight) {
    const int32_t n = s->taps[0] * s->taps[1] * s->taps[2];
    while (*k < n) {
        int32_t rest = (*k)++, inside = 1;
        int64_t step = 1;
        *element = 0;
        *weight = 1;
        for (int32_t d = NN_SAMPLING_MAX - 1; d >= 0; d--) {
            const int32_t tap = rest % s->taps[d];
            rest /= s->taps[d];
            inside = inside && s->at[d][tap] >= 0;
            *element += s->at[d][tap] * step;
            *weight *= d == along ? s->slope[d][tap] : s->weight[d][tap];
            step *= s->in[d];
        }
        if (inside)
            return true;
    }
    return false;
}

/* The value at the position in the plane that starts at element `base`, or its slope along a dimension. */
static inline double nn_sampling_value(const NnSampling *s, const NnTensor *x, int64_t base, int32_t along) {
    double sum = 0, weight;
    int64_t element;
    int32_t k = 0;
    while (nn_sampling_next(s, &k, along, &element, &weight))
        sum += weight * nn_load(nn_data(x), x->type, base + element);
    return sum;
}

/* What arrives at the value is spread over the neighbours. */
static inline void nn_sampling_spread(const NnSampling *s, double *plane, double dy) {
    double weight;
    int64_t element;
    int32_t k = 0;
    while (nn_sampling_next(s, &k, -1, &element, &weight))
        plane[element] += weight * dy;
}

#endif
