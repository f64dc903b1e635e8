/* SPDX-License-Identifier: Apache-2.0 */
/* What reference kernels say of element types, beside reading and writing them (nn/element.h). */
#ifndef OPS_FAMILY_TYPED_H
#define OPS_FAMILY_TYPED_H

#include "define.h"

#include "nn/element.h"

static inline bool nn_is(int32_t type, uint64_t mask) {
    return type >= 0 && type < NN_TYPE_COUNT && (mask >> type & 1);
}

/* Copies n elements, whatever their type. */
static inline void nn_move(void *to, int64_t i, const void *from, int64_t j, int64_t n, uint64_t size) {
    if (n > 0)
        memcpy((char *)to + (uint64_t)i * size, (const char *)from + (uint64_t)j * size, (uint64_t)n * size);
}

#endif
