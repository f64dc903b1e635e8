/* SPDX-License-Identifier: Apache-2.0 */
/* Which extents and strides the indices of a node go through. */
#include "scatter.h"

static const ScatterWord words[] = {
    {"GatherElements", true, false, false}, {"ScatterElements", true, false, true},
    {"GatherND", false, false, false},      {"ScatterND", false, false, true},
    {"GatherNDGrad", false, true, true},    {"GatherGrad", false, true, true},
};

const ScatterWord *scatter_word(const NnNode *node) {
    for (uint32_t i = 0; i < NN_COUNT(words); i++)
        if (strcmp(words[i].op, node->op) == 0)
            return &words[i];
    return NULL;
}

static const NnValueInfo *data_of(const NnNode *node) {
    return node->inputs[scatter_word(node)->adds ? 2 : 0];
}

static int32_t axis_of(const NnNode *node, int32_t rank) {
    const int64_t axis = nn_attr_int(node, "axis", 0);
    return (int32_t)(axis < 0 ? axis + rank : axis);
}

/* ---- NULL, or why it is not done here ---- */

static const char *describe_elements(const NnNode *node, ScatterParams *p) {
    const NnValueInfo *x = data_of(node), *at = node->inputs[1];
    const int32_t axis = axis_of(node, x->rank);
    uint32_t step = 1, at_step = 1;
    p->inner = 1;
    if (x->rank == 0 || (scatter_word(node)->scatters && ocl_count(at) != ocl_count(node->inputs[2])))
        return "data, indices and updates do not fit";
    for (int32_t d = x->rank - 1; d >= 0; d--) {
        const uint32_t extent = (uint32_t)x->dims[d], n = (uint32_t)at->dims[d];
        if (d == axis) {
            p->axis = extent;
            p->count = n;
            p->step = step;
            p->at_step = at_step;
        } else if (n > extent) {
            return "the indices reach beyond the data";
        } else if (n != 1) {
            if (p->n == SCATTER_DIMS)
                return "too many dimensions";
            p->dims[p->n] = n;
            p->strides[p->n] = step;
            p->at_strides[p->n++] = at_step;
            p->inner *= n;
        }
        step *= extent;
        at_step *= n;
    }
    return NULL;
}

static const char *describe_vectors(const NnNode *node, ScatterParams *p) {
    const NnValueInfo *x = data_of(node), *at = node->inputs[1];
    const int32_t batch = (int32_t)nn_attr_int(node, "batch_dims", 0);
    if (at->rank == 0 || batch < 0 || batch >= at->rank)
        return "the indices are no vectors";
    const int32_t depth = (int32_t)at->dims[at->rank - 1], end = batch + depth;
    if (depth > (int32_t)SCATTER_DIMS || end > x->rank)
        return "the vectors are longer than is done here";
    p->depth = (uint32_t)depth;
    p->count = (uint32_t)nn_product(at->dims, 0, at->rank - 1);
    p->inner = (uint32_t)nn_product(x->dims, end, x->rank);
    p->batch = (uint32_t)nn_product(at->dims, batch, at->rank - 1);
    p->batch += p->batch == 0;
    p->batch_rows = (uint32_t)nn_product(x->dims, batch, end);
    p->axis = (uint32_t)nn_product(x->dims, 0, end);
    for (int32_t d = 0; d < depth; d++) {
        p->dims[d] = (uint32_t)x->dims[batch + d];
        p->strides[d] = (uint32_t)nn_product(x->dims, batch + d + 1, end);
    }
    const NnValueInfo *updates = scatter_word(node)->adds ? node->inputs[0] : node->inputs[2];
    return scatter_word(node)->scatters && ocl_count(updates) != (uint64_t)p->count * p->inner
               ? "updates and indices do not fit"
               : NULL;
}

/* Each index is a vector of one, shared by all that is in front of the axis. */
static const char *describe_slices(const NnNode *node, ScatterParams *p, uint32_t *outer) {
    const NnValueInfo *x = data_of(node);
    const int32_t axis = axis_of(node, x->rank);
    if (x->rank == 0)
        return "the data have no axis";
    *outer = (uint32_t)nn_product(x->dims, 0, axis);
    p->axis = p->dims[0] = (uint32_t)x->dims[axis];
    p->inner = (uint32_t)nn_product(x->dims, axis + 1, x->rank);
    p->count = (uint32_t)ocl_count(node->inputs[1]);
    p->depth = p->strides[0] = 1;
    p->batch = p->count + (p->count == 0);
    return ocl_count(node->inputs[0]) == (uint64_t)*outer * p->count * p->inner
               ? NULL
               : "gradient, indices and data do not fit";
}

const char *scatter_describe(const NnNode *node, ScatterParams *p, uint32_t *outer) {
    *p = (ScatterParams){.ranges = 1};
    *outer = 1;
    return scatter_word(node)->elements          ? describe_elements(node, p)
           : strcmp(node->op, "GatherGrad") == 0 ? describe_slices(node, p, outer)
                                                 : describe_vectors(node, p);
}
