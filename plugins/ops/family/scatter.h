/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gathering from and scattering to: where an index points, and how an update meets what is there.
 * "Elements" operators have one index per element along an axis; "ND" operators have vectors of indices.
 */
#ifndef OPS_FAMILY_SCATTER_H
#define OPS_FAMILY_SCATTER_H

#include "index.h"

#define NN_ELEMENT_INDICES                                                                                   \
    { "indices", "I", NN_INDICES, NN_NO_GRADIENT, 0, "positions along the axis, of the rank of data" }
#define NN_VECTOR_INDICES                                                                                    \
    {                                                                                                        \
        "indices", "I", NN_MASK(NN_I64), NN_NO_GRADIENT, 0,                                                  \
            "its last dimension holds the leading indices of a place"                                        \
    }
#define NN_REDUCTION_OF_UPDATES                                                                              \
    NN_CHOICE("reduction", "none", "none|add|mul|max|min", "how an update meets the element that is there")

/* Checks axis and ranks of the "elements" operators. */
static inline int32_t nn_elements_infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0], *at = n->node->inputs[1];
    int64_t axis = nn_attr_int(n->node, "axis", 0);
    if (x->rank >= 0 && at->rank >= 0 && x->rank != at->rank)
        return nn_bad(n, "indices has rank %d, but data has rank %d", at->rank, x->rank);
    return x->rank < 0 ? NN_OK : nn_axis(n, "axis", &axis, x->rank);
}

/* The place in data of element k of the indices, which stands at `index` among them. */
static inline int32_t nn_elements_position(const NnCall *call, const NnTensor *indices, int64_t k,
                                           const int64_t *index, const NnTensor *data, int32_t axis,
                                           int64_t *place) {
    int64_t dense[NN_MAX_RANK] = {0}, at;
    const int32_t code = nn_index(call, indices, k, data->dims[axis], &at);
    nn_dense(data->rank, data->dims, dense);
    *place = at * dense[axis];
    for (int32_t i = 0; i < data->rank; i++) {
        if (i != axis && index[i] >= data->dims[i])
            return nn_fail(call->host, call->status, NN_INVALID,
                           "indices has an extent of more than %lld in dimension %d",
                           (long long)data->dims[i], i);
        *place += i == axis ? 0 : index[i] * dense[i];
    }
    return code;
}

/* The place that vector k of the indices names, counted in elements; `batch` leading dimensions are shared.
 */
static inline int32_t nn_vector_position(const NnCall *call, const NnTensor *indices, int64_t k,
                                         const NnTensor *data, int32_t batch, int64_t *place) {
    const int64_t depth = indices->dims[indices->rank - 1];
    const int64_t per_batch = nn_product(indices->dims, batch, indices->rank - 1);
    int64_t dense[NN_MAX_RANK] = {0};
    nn_dense(data->rank, data->dims, dense);
    *place = batch > 0 && per_batch > 0 ? k / per_batch * dense[batch - 1] : 0;
    for (int64_t i = 0; i < depth; i++) {
        int64_t at;
        const int32_t code = nn_index(call, indices, k * depth + i, data->dims[batch + i], &at);
        if (code != NN_OK)
            return code;
        *place += at * dense[batch + i];
    }
    return NN_OK;
}

/* to[i] = to[i] meets from[j] */
static inline void nn_meet(char how, NnTensor *to, int64_t i, const NnTensor *from, int64_t j) {
    if (how == 'n') {
        nn_move(nn_data(to), i, nn_data(from), j, 1, nn_type_size(to->type));
    } else if (nn_is(to->type, NN_INTEGERS)) {
        const int64_t a = nn_load_int(nn_data(to), to->type, i),
                      b = nn_load_int(nn_data(from), from->type, j);
        const bool less = to->type == NN_U64 ? (uint64_t)a < (uint64_t)b : a < b;
        const int64_t sum = (int64_t)((uint64_t)a + (uint64_t)b),
                      product = (int64_t)((uint64_t)a * (uint64_t)b);
        nn_store_int(nn_data(to), to->type, i,
                     how == 'a'             ? sum
                     : how == '*'           ? product
                     : less == (how == '<') ? a
                                            : b);
    } else {
        const double a = nn_load(nn_data(to), to->type, i), b = nn_load(nn_data(from), from->type, j);
        nn_store(nn_data(to), to->type, i,
                 how == 'a'   ? a + b
                 : how == '*' ? a * b
                 : how == '<' ? (b < a ? b : a)
                              : (b > a ? b : a));
    }
}

/* 'n'one, 'a'dd, '*', '<' for min, '>' for max */
static inline char nn_meeting(const NnNode *node) {
    const char *name = nn_attr_string(node, "reduction", "none");
    return name[0] != 'm' ? name[0] : name[1] == 'u' ? '*' : name[1] == 'i' ? '<' : '>';
}

/* The rule of both: what was overwritten gets nothing, and an update gets what arrives at its place. */
static inline int32_t nn_scatter_rule(NnGradient *g, const char *scatter, const char *gather,
                                      const NnAttr *axis) {
    const char how = nn_meeting(g->node);
    const uint32_t n = axis ? 1 : 0;
    if (how != 'n' && how != 'a')
        return nn_fail(g->host, g->status, NN_UNSUPPORTED,
                       "no gradient with reduction=%s, only with none and add",
                       nn_attr_string(g->node, "reduction", "none"));
    if (g->wanted[0]) {
        NnValue *zeros = how == 'n' ? nn_rule1(g, "nn/ZerosLike", g->inputs[2]) : NULL;
        g->grads[0] =
            zeros ? nn_op(g->host, g->graph, scatter, NN_VALUES(NN_DY(g), g->inputs[1], zeros), axis, n)
                  : NN_DY(g);
    }
    if (g->wanted[2])
        g->grads[2] = nn_op(g->host, g->graph, gather, NN_VALUES(NN_DY(g), g->inputs[1]), axis, n);
    return NN_OK;
}

#endif
