/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shapes: what inference rules share (unknown dimensions, axes, integers that are known while building) and
 * how reference kernels walk over elements. A bounded dimension of an input counts as unknown: by the time
 * that the node runs, its extent has been found.
 */
#ifndef OPS_FAMILY_SHAPE_H
#define OPS_FAMILY_SHAPE_H

#include "define.h"

#define NN_MAX_KNOWN 64 /* elements of an integer value that inference follows */

/* ---- inference ---- */

#define nn_bad(infer, ...) nn_fail((infer)->host, (infer)->status, NN_INVALID, __VA_ARGS__)

static inline int64_t nn_dim_plain(int64_t d) { return nn_dim_known(d) ? d : NN_DIM_UNKNOWN; }

static inline void nn_dims_of(const NnValueInfo *info, int64_t *dims) {
    for (int32_t i = 0; i < info->rank; i++)
        dims[i] = nn_dim_plain(info->dims[i]);
}

/* Output o gets the type and shape of input i. */
static inline void nn_output_like(NnInfer *infer, uint32_t o, uint32_t i, int32_t type) {
    const NnValueInfo *x = infer->node->inputs[i];
    int64_t dims[NN_MAX_RANK] = {0};
    nn_dims_of(x, dims);
    infer->output(infer, o, type == NN_NONE ? x->type : type, x->rank, dims);
}

static inline int32_t nn_infer_same(NnInfer *infer) {
    nn_output_like(infer, 0, 0, NN_NONE);
    return NN_OK;
}

/* "[2,?,3]" */
static inline const char *nn_shape_text(int32_t rank, const int64_t *dims, char *text, size_t size) {
    size_t used = 0;
    if (rank < 0)
        return "[...]";
    for (int32_t i = 0; i < rank && used < size; i++)
        used += (size_t)(nn_dim_known(dims[i])
                             ? snprintf(text + used, size - used, "%s%lld", i ? "," : "[", (long long)dims[i])
                             : snprintf(text + used, size - used, "%s?", i ? "," : "["));
    if (used < size)
        snprintf(text + used, size - used, "%s", rank ? "]" : "[]");
    return text;
}

/* Brings an axis into 0 .. rank-1, negative ones counting from the end. */
static inline int32_t nn_axis(NnInfer *infer, const char *what, int64_t *axis, int32_t rank) {
    if (*axis < -rank || *axis >= rank)
        return nn_bad(infer, "%s is %lld, but the rank is %d: expected %d to %d", what, (long long)*axis,
                      rank, -rank, rank - 1);
    *axis += *axis < 0 ? rank : 0;
    return NN_OK;
}

/* The axes in a list as a mask of bits; the same one twice is an error. */
static inline int32_t nn_axes(NnInfer *infer, const int64_t *axes, uint64_t n, int32_t rank, uint32_t *mask) {
    *mask = 0;
    for (uint64_t i = 0; i < n; i++) {
        int64_t a = axes[i];
        const int32_t code = nn_axis(infer, "axes", &a, rank);
        if (code != NN_OK)
            return code;
        if (*mask >> a & 1)
            return nn_bad(infer, "axes names dimension %lld twice", (long long)a);
        *mask |= 1u << a;
    }
    return NN_OK;
}

/* What is known of an integer value of rank <= 1 without cutting the program: the number of elements,
 * NN_DIM_UNKNOWN for those that are not known, or -1 when nothing is. */
static inline int64_t nn_known(const NnValueInfo *x, int64_t out[NN_MAX_KNOWN]) {
    if (!x || x->rank < 0 || x->rank > 1 || (x->type != NN_I64 && x->type != NN_I32) ||
        (!x->value && !x->partial))
        return -1;
    const int64_t n = x->rank ? x->dims[0] : 1;
    if (n < 0 || n > NN_MAX_KNOWN)
        return -1;
    for (int64_t i = 0; i < n; i++)
        out[i] = !x->value           ? x->partial[i]
                 : x->type == NN_I64 ? ((const int64_t *)nn_data(x->value))[i]
                                     : ((const int32_t *)nn_data(x->value))[i];
    return n;
}

/* Output 0 holds the integers of input 0, reshaped or in another integer type. */
static inline void nn_pass_value(NnInfer *infer, int32_t type, int32_t rank) {
    int64_t known[NN_MAX_KNOWN];
    const int64_t n =
        rank > 1 || (type != NN_I64 && type != NN_I32) ? -1 : nn_known(infer->node->inputs[0], known);
    if (n >= 0 && (rank == 1 || n == 1))
        infer->value(infer, 0, (uint64_t)n, known);
}

/* ---- walking, in reference kernels ---- */

/* Row-major strides. */
static inline void nn_dense(int32_t rank, const int64_t *dims, int64_t *strides) {
    int64_t step = 1;
    for (int32_t i = rank - 1; i >= 0; i--) {
        strides[i] = step;
        step *= dims[i];
    }
}

/* The next index in row-major order; false after the last one. */
static inline bool nn_next(int32_t rank, const int64_t *dims, int64_t *index) {
    for (int32_t i = rank - 1; i >= 0; i--) {
        if (++index[i] < dims[i])
            return true;
        index[i] = 0;
    }
    return false;
}

static inline int64_t nn_at(int32_t rank, const int64_t *index, const int64_t *strides) {
    int64_t at = 0;
    for (int32_t i = 0; i < rank; i++)
        at += index[i] * strides[i];
    return at;
}

/* Strides with which a dense tensor is read as if it had the given, larger shape. */
static inline void nn_broadcast_strides(const NnTensor *t, int32_t rank, int64_t *strides) {
    int64_t own[NN_MAX_RANK];
    nn_dense(t->rank, t->dims, own);
    for (int32_t i = 0; i < rank; i++) {
        const int32_t j = i - (rank - t->rank);
        strides[i] = j < 0 || t->dims[j] == 1 ? 0 : own[j];
    }
}

/* Attribute or run-time axis in 0 .. rank-1; inference has checked its range. */
static inline int32_t nn_axis_of(int64_t axis, int32_t rank) {
    return (int32_t)(axis < 0 ? axis + rank : axis);
}

#endif
