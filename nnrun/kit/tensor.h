/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tensors in the kit's own memory, and their elements as numbers. The conversions are the kit's own, so that
 * a plug-in that rounds wrongly is not judged by its own rounding.
 */
#ifndef NNRUN_KIT_TENSOR_H
#define NNRUN_KIT_TENSOR_H

#include "nn/plugin.h"

/* A dense tensor in host memory that owns its elements. */
typedef struct Tensor {
    NnTensor t;
    int64_t dims[NN_MAX_RANK], strides[NN_MAX_RANK];
} Tensor;

Tensor *tensor_new(int32_t type, int32_t rank, const int64_t *dims); /* zeroed */
Tensor *tensor_copy(const NnTensor *);                               /* of a dense one */
void tensor_free(Tensor *);
static inline int64_t tensor_count(const NnTensor *t) { return nn_elements(t); }
static inline uint64_t tensor_bytes(const NnTensor *t) {
    return (uint64_t)nn_elements(t) * nn_type_size(t->type);
}
bool tensor_same_shape(const NnTensor *, const NnTensor *); /* and type */

/* Element i in row-major order as a number, and back: rounded to nearest even; integers saturate, what is not
 * a number becomes 0. */
double tensor_get(const NnTensor *, int64_t i);
void tensor_set(NnTensor *, int64_t i, double x);
/* An integer element in 64 bits, and its low bits back. */
int64_t tensor_get_int(const NnTensor *, int64_t i);
void tensor_set_int(NnTensor *, int64_t i, int64_t x);

static inline bool type_is(int32_t type, uint64_t mask) {
    return type > 0 && type < NN_TYPE_COUNT && (mask >> type & 1);
}
/* Half a unit in the last place at 1. */
double type_epsilon(int32_t type);

#endif
