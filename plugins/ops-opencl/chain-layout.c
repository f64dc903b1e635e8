/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the tensors of a chain are walked. All nodes of a chain compute values of the same extents; what enters
 * may have fewer elements (it is broadcast) or more: a Split in the chain reads its parts where they lie, a
 * Concat writes its inputs where they belong, and neither moves anything.
 */
#include "chain.h"

bool ocl_chain_splits(const NnNode *n) { return strcmp(n->op, "Split") == 0 && n->domain[0] == '\0'; }
bool ocl_chain_joins(const NnNode *n) { return strcmp(n->op, "Concat") == 0 && n->domain[0] == '\0'; }

const NnValueInfo *ocl_chain_extents(const NnNode *n) {
    return ocl_chain_joins(n) ? n->inputs[0] : n->outputs[0];
}

static uint64_t part_length(const NnNode *n) {
    const NnValueInfo *part = ocl_chain_extents(n);
    const int64_t axis = nn_attr_int(n, "axis", 0), from = axis < 0 ? axis + part->rank : axis;
    return from < 0 || from > part->rank ? 0 : (uint64_t)nn_product(part->dims, (int32_t)from, part->rank);
}

/* Parts are alike, and so long that vectors of neighbours fit into them; those of a Split may be absent. */
const char *ocl_chain_part_refusal(const NnNode *n) {
    const uint32_t count = ocl_chain_joins(n) ? n->n_inputs : n->n_outputs;
    const NnValueInfo *const *parts = ocl_chain_joins(n) ? n->inputs : n->outputs;
    const NnValueInfo *whole = ocl_chain_joins(n) ? n->outputs[0] : n->inputs[0];
    if (count < 2 || count > CHAIN_STORES || whole == NULL || parts[0] == NULL ||
        ocl_type_name(whole->type) == NULL)
        return "not a few parts of a known type";
    for (uint32_t i = 1; i < count; i++) {
        bool alike = parts[i] ? parts[i]->rank == parts[0]->rank : ocl_chain_splits(n);
        for (int32_t d = 0; parts[i] && alike && d < parts[0]->rank; d++)
            alike = parts[i]->dims[d] == parts[0]->dims[d];
        if (!alike)
            return "the parts differ";
    }
    if (ocl_count(whole) != count * ocl_count(parts[0]) || ocl_count(whole) >= INT32_MAX)
        return "an absent part differs, or the whole has 2^31 elements or more";
    return part_length(n) < CHAIN_VECTOR ? "the parts are short" : NULL;
}

/* ---- which places are read and written ---- */

typedef struct Draft {
    ChainLayout *l;
    const NnValueInfo *shape;
    uint32_t stride[CHAIN_LOADS + CHAIN_STORES][NN_MAX_RANK];
} Draft;

/* Strides of a tensor under the extents of the chain: 0 where it has one element. */
static void strides_of(const NnValueInfo *in, int32_t rank, uint32_t strides[NN_MAX_RANK]) {
    uint32_t step = 1;
    memset(strides, 0, NN_MAX_RANK * sizeof *strides);
    for (int32_t d = in->rank - 1, o = rank - 1; d >= 0 && o >= 0; d--, o--) {
        strides[o] = in->dims[d] == 1 ? 0 : step;
        step *= (uint32_t)in->dims[d];
    }
}

static bool read_whole(Draft *d, const NnValueInfo *value, uint32_t tensor) {
    ChainLayout *l = d->l;
    const uint64_t count = ocl_count(value);
    if (l->n_loads == CHAIN_LOADS)
        return false;
    ChainAccess *a = &l->loads[l->n_loads++];
    *a = (ChainAccess){.value = value,
                       .tensor = tensor,
                       .walk = count == l->count ? CHAIN_WHOLE
                               : count == 1      ? CHAIN_SCALAR
                                                 : CHAIN_STRIDED};
    if (a->walk == CHAIN_STRIDED) {
        strides_of(value, d->shape->rank, d->stride[l->n_strided]);
        a->place = l->n_strided++;
    }
    return true;
}

/* Part k of the whole that a Split reads or a Concat writes. */
static bool add_part(Draft *d, ChainAccess *list, uint32_t *n, uint32_t max, const NnNode *node,
                     const NnValueInfo *whole, uint32_t k, uint32_t tensor) {
    ChainLayout *l = d->l;
    if (*n == max)
        return false;
    strides_of(whole, d->shape->rank, d->stride[l->n_strided]);
    list[(*n)++] = (ChainAccess){.value = ocl_chain_joins(node) ? node->inputs[k] : node->outputs[k],
                                 .tensor = tensor,
                                 .walk = CHAIN_STRIDED,
                                 .place = l->n_strided++,
                                 .part = true,
                                 .offset = (uint32_t)(k * part_length(node))};
    return true;
}

/* The parts of input i that Splits read. */
static bool add_split(Draft *d, const NnView *view, const NnNode *node, uint32_t i) {
    ChainLayout *l = d->l;
    bool room = true;
    for (uint32_t k = 0; k < node->n_outputs && room && node->inputs[0] == view->inputs[i]; k++)
        if (node->outputs[k])
            room = add_part(d, l->loads, &l->n_loads, CHAIN_LOADS, node, view->inputs[i], k, i);
    return room;
}

static bool add_loads(Draft *d, const NnView *view) {
    for (uint32_t i = 0; i < view->n_inputs; i++) {
        bool whole = false;
        for (uint32_t s = 0; s < view->n_nodes; s++) {
            const NnNode *node = view->nodes[s];
            if (ocl_chain_splits(node) && !add_split(d, view, node, i))
                return false;
            for (uint32_t k = 0; k < node->n_inputs; k++)
                whole = whole || (node->inputs[k] == view->inputs[i] && ocl_chain_reads(node, k));
        }
        if (whole && !read_whole(d, view->inputs[i], i))
            return false;
    }
    return true;
}

static bool add_stores(Draft *d, const NnView *view) {
    ChainLayout *l = d->l;
    for (uint32_t k = 0; k < view->n_outputs; k++) {
        const NnNode *joins = NULL;
        for (uint32_t s = 0; s < view->n_nodes; s++)
            if (ocl_chain_joins(view->nodes[s]) && view->nodes[s]->outputs[0] == view->outputs[k])
                joins = view->nodes[s];
        for (uint32_t i = 0; joins && i < joins->n_inputs; i++)
            if (!add_part(d, l->stores, &l->n_stores, CHAIN_STORES, joins, view->outputs[k], i, k))
                return false;
        if (joins)
            continue;
        if (l->n_stores == CHAIN_STORES)
            return false;
        l->stores[l->n_stores++] = (ChainAccess){.value = view->outputs[k], .tensor = k, .walk = CHAIN_WHOLE};
    }
    return true;
}

/* ---- dimensions ---- */

/* Neighbouring dimensions that every strided access walks in one stride become one; the last comes first. */
static bool merge(Draft *d, uint32_t dims[CHAIN_DIMS], uint32_t merged[][CHAIN_DIMS]) {
    ChainLayout *l = d->l;
    const NnValueInfo *shape = d->shape;
    for (int32_t at = shape->rank - 1; at >= 0 && l->n_strided > 0; at--) {
        if (shape->dims[at] == 1)
            continue;
        bool joins = l->n_dims > 0;
        for (uint32_t i = 0; i < l->n_strided && joins; i++)
            joins = d->stride[i][at] == merged[i][l->n_dims - 1] * dims[l->n_dims - 1];
        if (joins) {
            dims[l->n_dims - 1] *= (uint32_t)shape->dims[at];
            continue;
        }
        if (l->n_dims == CHAIN_DIMS)
            return false;
        for (uint32_t i = 0; i < l->n_strided; i++)
            merged[i][l->n_dims] = d->stride[i][at];
        dims[l->n_dims++] = (uint32_t)shape->dims[at];
    }
    return l->n_dims + (l->n_dims + 1) * l->n_strided <= CHAIN_TABLE;
}

static void finish(ChainLayout *l, ChainAccess *a, const uint32_t *strides) {
    uint32_t *row = l->table + l->n_dims + a->place * (l->n_dims + 1);
    memcpy(row, strides, l->n_dims * sizeof *row);
    row[l->n_dims] = a->offset;
    if (l->n_dims == 0 || strides[0] == 0)
        a->walk = CHAIN_ROWS;
}

bool ocl_chain_layout(ChainLayout *l, const OclService *ocl, const NnView *view) {
    uint32_t dims[CHAIN_DIMS], merged[CHAIN_LOADS + CHAIN_STORES][CHAIN_DIMS];
    Draft d = {.l = l, .shape = ocl_chain_extents(view->nodes[0])};
    *l = (ChainLayout){.width = ocl->cpu ? CHAIN_VECTOR : 1, .count = (uint32_t)ocl_count(d.shape)};
    if (!add_loads(&d, view) || !add_stores(&d, view) || !merge(&d, dims, merged))
        return false;
    if (l->n_dims > 0 && dims[0] < CHAIN_VECTOR)
        l->width = 1;
    if (l->n_strided > 0)
        memcpy(l->table, dims, l->n_dims * sizeof *dims);
    l->n_table = l->n_dims + (l->n_dims + 1) * l->n_strided;
    for (uint32_t i = 0; i < l->n_loads; i++)
        if (l->loads[i].walk == CHAIN_STRIDED)
            finish(l, &l->loads[i], merged[l->loads[i].place]);
    for (uint32_t k = 0; k < l->n_stores; k++)
        if (l->stores[k].walk == CHAIN_STRIDED)
            finish(l, &l->stores[k], merged[l->stores[k].place]);
    return true;
}
