/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: the elements of a tensor that differ only in some of its axes, as an iterator that may be rewound. */
#ifndef OPS_FAMILY_ROW_H
#define OPS_FAMILY_ROW_H

#include "shape.h"
#include "typed.h"

typedef struct NnRow {
    const NnTensor *x;
    int64_t n; /* elements of a row */
    int64_t done, base;
    int32_t rank; /* of the part that is reduced */
    int64_t dims[NN_MAX_RANK], strides[NN_MAX_RANK], index[NN_MAX_RANK];
} NnRow;

typedef double (*NnRowReal)(NnRow *);
typedef int64_t (*NnRowWhole)(NnRow *);

static inline void nn_row_rewind(NnRow *row) {
    row->done = 0;
    memset(row->index, 0, sizeof row->index);
}

/* The position of the next element of the row in x; -1 at the end. */
static inline int64_t nn_row_position(NnRow *row) {
    if (row->done == row->n)
        return -1;
    const int64_t at = row->base + nn_at(row->rank, row->index, row->strides);
    row->done++;
    (void)nn_next(row->rank, row->dims, row->index);
    return at;
}

static inline bool nn_row_next(NnRow *row, double *x) {
    const int64_t at = nn_row_position(row);
    if (at >= 0)
        *x = nn_load(nn_data(row->x), row->x->type, at);
    return at >= 0;
}

static inline bool nn_row_next_int(NnRow *row, int64_t *x) {
    const int64_t at = nn_row_position(row);
    if (at >= 0)
        *x = nn_load_int(nn_data(row->x), row->x->type, at);
    return at >= 0;
}

/* Splits x into rows by a mask of reduced axes; the other axes come out in `rest`, and how many they are is
 * returned. */
static inline int32_t nn_row_begin(NnRow *row, const NnTensor *x, uint32_t mask, int64_t *rest,
                                   int64_t *rest_strides) {
    int64_t strides[NN_MAX_RANK];
    int32_t kept = 0;
    nn_dense(x->rank, x->dims, strides);
    *row = (NnRow){.x = x, .n = 1};
    for (int32_t i = 0; i < x->rank; i++) {
        if (mask >> i & 1) {
            row->dims[row->rank] = x->dims[i];
            row->strides[row->rank++] = strides[i];
            row->n *= x->dims[i];
        } else {
            rest[kept] = x->dims[i];
            rest_strides[kept++] = strides[i];
        }
    }
    return kept;
}

#endif
