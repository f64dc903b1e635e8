/* SPDX-License-Identifier: Apache-2.0 */
/* A stable sort of indices: merging, so that no input makes it slow. */
#ifndef OPS_FAMILY_SORT_H
#define OPS_FAMILY_SORT_H

#include "define.h"

/* Must b come before a? */
typedef bool (*NnAfter)(const void *about, int64_t a, int64_t b);

/* Sorts order[0 .. n); `other` is room for as many. */
static inline void nn_sort(int64_t *order, int64_t *other, int64_t n, NnAfter after, const void *about) {
    int64_t *from = order, *to = other;
    for (int64_t width = 1; width < n; width *= 2) {
        for (int64_t low = 0; low < n; low += 2 * width) {
            const int64_t middle = low + width < n ? low + width : n;
            const int64_t high = middle + width < n ? middle + width : n;
            int64_t i = low, j = middle;
            for (int64_t k = low; k < high; k++)
                to[k] = j == high || (i < middle && !after(about, from[i], from[j])) ? from[i++] : from[j++];
        }
        int64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != order && n > 0)
        memcpy(order, from, (size_t)n * sizeof *order);
}

#endif
