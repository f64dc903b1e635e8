/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linear quantization: which scale and zero point belong to an element. They are given once for the tensor,
 * once for each index of an axis, or once for each block of block_size elements along it.
 */
#ifndef OPS_FAMILY_QUANTIZE_H
#define OPS_FAMILY_QUANTIZE_H

#include "alike.h"
#include "body.h"
#include "index.h"

#define NN_CODES_8 (NN_MASK(NN_I8) | NN_MASK(NN_U8))
#define NN_CODES (NN_CODES_8 | NN_MASK(NN_I16) | NN_MASK(NN_U16))
#define NN_QUANTIZE_ATTRIBUTES                                                                               \
    NN_WHOLE("axis", "1", "of scales by axis or block; negative ones count from the end"), {                 \
        .name = "block_size", .kind = NN_SET_INT, .flags = NN_SET_RANGE, .preset = "0", .min = 0,            \
        .max = 1e9, .doc = "elements along the axis that share a scale; 0: no blocks"                        \
    }

/* Input 0 is of x's shape, inputs `scale` and `zero` (which may be absent) fit it. */
static inline int32_t nn_quantize_check(NnInfer *n, uint32_t scale, uint32_t zero) {
    const NnValueInfo *x = n->node->inputs[0], *s = n->node->inputs[scale];
    const int64_t block = nn_attr_int(n->node, "block_size", 0);
    int64_t axis = nn_attr_int(n->node, "axis", 1);
    char a[200], c[200];
    if (nn_given(n->node, zero) && nn_alike(n, zero, scale) != NN_OK)
        return NN_INVALID;
    if (x->rank < 0 || s->rank < 0 || s->rank == 0 || (s->rank == 1 && block == 0 && s->dims[0] == 1))
        return NN_OK;
    (void)nn_shape_text(x->rank, x->dims, a, sizeof a);
    (void)nn_shape_text(s->rank, s->dims, c, sizeof c);
    if (block == 0 && s->rank > 1)
        return nn_bad(n, "the scale is %s: expected a scalar or a vector, or a block_size", c);
    /* The only axis of a vector needs no name. */
    if (x->rank == 1)
        axis = 0;
    if (nn_axis(n, "axis", &axis, x->rank) != NN_OK)
        return NN_INVALID;
    bool fits = block == 0 || s->rank == x->rank;
    for (int32_t i = 0; fits && i < x->rank; i++) {
        const int64_t d = nn_dim_plain(x->dims[i]),
                      e = block == 0 ? (i == axis ? s->dims[0] : d) : s->dims[i],
                      want = i == axis && block > 0 && d >= 0 ? (d + block - 1) / block : d;
        fits = !nn_dim_known(e) || want < 0 || e == want;
    }
    if (fits)
        return NN_OK;
    return block ? nn_bad(n, "the scale is %s, x is %s: expected one for each block of %lld along axis %lld",
                          c, a, (long long)block, (long long)axis)
                 : nn_bad(n, "the scale is %s, x is %s: expected one for each index of axis %lld", c, a,
                          (long long)axis);
}

typedef struct NnScales {
    int64_t extent, inner, block, blocks; /* along the axis; extent 0: one scale for all */
} NnScales;

static inline NnScales nn_scales(const NnCall *call, const NnTensor *x, const NnTensor *scale) {
    const int64_t block = nn_attr_int(call->node, "block_size", 0);
    if (nn_elements(scale) == 1 && block == 0)
        return (NnScales){0};
    const int32_t axis = x->rank == 1 ? 0 : nn_axis_of(nn_attr_int(call->node, "axis", 1), x->rank);
    return (NnScales){.extent = x->dims[axis],
                      .inner = nn_product(x->dims, axis + 1, x->rank),
                      .block = block,
                      .blocks = block ? scale->dims[axis] : 0};
}

/* The scale of element i. */
static inline int64_t nn_scale_of(const NnScales *s, int64_t i) {
    if (s->extent == 0)
        return 0;
    const int64_t at = i / s->inner % s->extent;
    return s->block ? (i / s->inner / s->extent * s->blocks + at / s->block) * s->inner + i % s->inner : at;
}

/* What a type makes of a number. */
static inline double nn_rounded(double x, int32_t type) {
    double bits = 0;
    if (!nn_is(type, NN_FLOATS))
        return x;
    nn_store(&bits, type, 0, x);
    return nn_load(&bits, type, 0);
}

/* ---- in bodies of operators on quantized tensors ---- */

/* A vector of parameters by row as a column, so that it broadcasts against matrices. */
static inline NnValue *nn_body_by_row(const NnBody *b, NnValue *parameters, const NnValue *matrix) {
    const int64_t last = 1;
    const bool column = nn_body_rank(b, parameters) == 1 && nn_body_rank(b, matrix) > 1;
    return column ? nn_body2(b, "Unsqueeze", parameters, nn_vector(b->host, b->graph, 1, &last)) : parameters;
}

/*
 * Products of bytes, less their zero points, are at most 255 * 255, so that f32 holds a sum of this many
 * without an error, in whatever order it is taken. Longer sums are taken in pieces, up to a number of them.
 */
#define NN_EXACT_TERMS 258
#define NN_EXACT_PIECES 64

/* Elements [from, to) of x along an axis. */
static inline NnValue *nn_body_piece(const NnBody *b, NnValue *x, int64_t axis, int64_t from, int64_t to) {
    return nn_op(b->host, b->graph, "Slice",
                 NN_VALUES(x, nn_vector(b->host, b->graph, 1, &from), nn_vector(b->host, b->graph, 1, &to),
                           nn_vector(b->host, b->graph, 1, &axis)),
                 NN_NO_ATTRS);
}

/* x - zero in the given type; `zero` NULL: 0. */
static inline NnValue *nn_body_centred(const NnBody *b, NnValue *x, NnValue *zero, int32_t type) {
    x = nn_body_cast(b, x, type);
    return zero ? nn_body2(b, "Sub", x, nn_body_cast(b, zero, type)) : x;
}

static inline NnValue *nn_body_input(const NnBody *b, uint32_t i) {
    return b->node->n_inputs > i ? b->inputs[i] : NULL;
}

#endif
