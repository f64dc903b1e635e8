/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pass: one walk in running order that puts known values in the place of nodes (computing small ones by the
 * reference kernels), drops plain copies, and shares nodes that compute the same from the same. Random and
 * effectful nodes stay as they are.
 */
#include "compile/compile.h"

#include "nn/plugin.h"

#include <stdlib.h>

#define FOLD_BYTES 65536u

static const NnAttr *attr_at(const NnNode *n, uint32_t i) {
    return (const void *)((const char *)n->attrs + (gsize)i * n->attr_stride);
}

static bool untouchable(const NnNode *n) {
    if (n->definition->flags & (NN_OP_RANDOM | NN_OP_EFFECT))
        return true;
    for (uint32_t i = 0; i < n->n_attrs; i++)
        if (attr_at(n, i)->kind == NN_ATTR_FUNCTION)
            return true;
    return false;
}

/* ---- sharing ---- */

static bool same_tensor(const NnTensor *a, const NnTensor *b) {
    if (a->type != b->type || a->rank != b->rank)
        return false;
    for (int32_t i = 0; i < a->rank; i++)
        if (a->dims[i] != b->dims[i])
            return false;
    return memcmp(nn_data(a), nn_data(b), nn_tensor_bytes(a)) == 0;
}

static bool same_attr(const NnAttr *a, const NnAttr *b) {
    if (a->kind != b->kind || strcmp(a->name, b->name) != 0)
        return false;
    switch (a->kind) {
    case NN_ATTR_INT: return a->u.i == b->u.i;
    case NN_ATTR_FLOAT: return memcmp(&a->u.f, &b->u.f, sizeof a->u.f) == 0;
    case NN_ATTR_STRING: return strcmp(a->u.s, b->u.s) == 0;
    case NN_ATTR_INTS:
        return a->count == b->count && memcmp(a->u.ints, b->u.ints, a->count * sizeof *a->u.ints) == 0;
    case NN_ATTR_FLOATS:
        return a->count == b->count && memcmp(a->u.floats, b->u.floats, a->count * sizeof *a->u.floats) == 0;
    case NN_ATTR_TENSOR: return same_tensor(a->u.tensor, b->u.tensor);
    default: return false;
    }
}

static guint node_hash(gconstpointer data) {
    const NnGraphNode *node = data;
    guint h = g_direct_hash(node->view.definition);
    for (uint32_t i = 0; i < node->view.n_inputs; i++)
        h = h * 31 + (node->inputs[i] ? node->inputs[i]->info.id + 1 : 0);
    return h;
}

static gboolean node_equal(gconstpointer x, gconstpointer y) {
    const NnGraphNode *a = x, *b = y;
    if (a->view.definition != b->view.definition || a->view.n_inputs != b->view.n_inputs ||
        a->view.n_outputs != b->view.n_outputs || a->view.n_attrs != b->view.n_attrs)
        return FALSE;
    for (uint32_t i = 0; i < a->view.n_inputs; i++)
        if (a->inputs[i] != b->inputs[i])
            return FALSE;
    for (uint32_t i = 0; i < a->view.n_attrs; i++)
        if (!same_attr(attr_at(&a->view, i), attr_at(&b->view, i)))
            return FALSE;
    return TRUE;
}

#define SHARED_CONSTANT_BYTES 256u

static guint constant_hash(gconstpointer data) {
    const NnTensor *t = ((const NnValue *)data)->info.value;
    const guint8 *bytes = nn_data(t);
    guint h = (guint)t->type * 31 + (guint)t->rank;
    for (uint64_t i = 0, n = nn_tensor_bytes(t); i < n; i++)
        h = h * 33 + bytes[i];
    return h;
}

static gboolean constant_equal(gconstpointer a, gconstpointer b) {
    return same_tensor(((const NnValue *)a)->info.value, ((const NnValue *)b)->info.value);
}

/* Equal small constants are one value, so that what is computed from them is seen to be the same. */
static NnValue *share_constant(GHashTable *constants, NnValue *v) {
    if (nn_value_bytes(v) > SHARED_CONSTANT_BYTES)
        return v;
    NnValue *same = g_hash_table_lookup(constants, v);
    if (same == NULL)
        g_hash_table_add(constants, v);
    return same ? same : v;
}

static GHashTable *share_constants(const NnGraph *g) {
    GHashTable *constants = g_hash_table_new(constant_hash, constant_equal);
    for (guint i = 0; i < g->values->len; i++) {
        NnValue *v = g->values->pdata[i];
        if (v->origin != NN_FROM_CONSTANT || v->info.value == NULL || v->became)
            continue;
        NnValue *same = share_constant(constants, v);
        v->became = same == v ? NULL : same;
    }
    return constants;
}

/* ---- known values ---- */

static bool known_inputs(const NnGraphNode *node) {
    const NnOperator *def = node->view.definition;
    if (def->sort != NN_PRIMITIVE || !NN_HAS(def, compute) || untouchable(&node->view) || node->wanted)
        return false;
    for (uint32_t i = 0; i < node->view.n_inputs; i++) {
        const NnValue *v = node->inputs[i];
        const NnParam *param = nn_operator_input(node->view.definition, i);
        const bool shape_only = param && (param->flags & NN_SHAPE_ONLY) && v && nn_value_static(v);
        if (v && !shape_only && (v->info.value == NULL || nn_value_bytes(v) > FOLD_BYTES))
            return false;
    }
    for (uint32_t i = 0; i < node->view.n_outputs; i++)
        if (!nn_value_static(node->outputs[i]) || nn_value_bytes(node->outputs[i]) > FOLD_BYTES)
            return false;
    return true;
}

/* A tensor of the value's shape, without bytes. */
static NnTensor *shape_of(NnCompile *c, const NnValue *v) {
    NnTensor *t = nn_graph_memory(c->graph, sizeof *t);
    t->type = v->info.type;
    t->rank = v->info.rank;
    t->dims = nn_graph_memory(c->graph, ((gsize)t->rank + 1) * sizeof(int64_t));
    t->strides = nn_graph_memory(c->graph, ((gsize)t->rank + 1) * sizeof(int64_t));
    for (int32_t k = 0; k < t->rank; k++)
        t->dims[k] = v->info.dims[k];
    nn_tensor_dense(t);
    return t;
}

/* What fails here fails again, with its reason, when the program runs; so it is just not folded. */
static void compute_node(NnCompile *c, NnGraphNode *node) {
    const NnNode *n = &node->view;
    const NnTensor **ins = nn_graph_memory(c->graph, (n->n_inputs + 1) * sizeof *ins);
    NnTensor **outs = nn_graph_memory(c->graph, (n->n_outputs + 1) * sizeof *outs);
    g_autoptr(GPtrArray) bytes = g_ptr_array_new_with_free_func(free);
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        const NnValue *v = node->inputs[i];
        ins[i] = v ? v->info.value : NULL;
        if (v && ins[i] == NULL) /* only its shape is looked at */
            ins[i] = shape_of(c, v);
    }
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        outs[i] = shape_of(c, node->outputs[i]);
        outs[i]->buffer = aligned_alloc(64, (nn_value_bytes(node->outputs[i]) + 64) & ~UINT64_C(63));
        if (outs[i]->buffer == NULL)
            return;
        g_ptr_array_add(bytes, outs[i]->buffer);
    }
    NnStatus *quiet = nn_status_new();
    const NnCall call = {.struct_size = sizeof call,
                         .n_inputs = n->n_inputs,
                         .n_outputs = n->n_outputs,
                         .inputs = ins,
                         .outputs = outs,
                         .host = nn_registry_host(c->graph->context, n->definition),
                         .node = n,
                         .status = quiet};
    if (n->definition->compute(&call) == NN_OK && !nn_status_failed(quiet))
        for (uint32_t i = 0; i < n->n_outputs; i++)
            nn_value_set_constant(node->outputs[i], outs[i]->buffer);
    nn_status_free(quiet);
}

static void become_constants(NnCompile *c, NnGraphNode *node, GHashTable *constants) {
    for (uint32_t i = 0; i < node->view.n_outputs; i++) {
        NnValue *v = node->outputs[i];
        if (v->info.value == NULL || v->became)
            continue;
        const NnValue known = {.info = v->info, .origin = NN_FROM_CONSTANT, .blob = v->blob};
        v->became = share_constant(constants, nn_graph_copy_source(c->graph, &known));
    }
}

/* ---- the walk ---- */

static void follow(NnValue **value) { *value = nn_value_now(*value); }

static void update_inputs(NnGraphNode *node) {
    const NnValueInfo **infos = (const NnValueInfo **)(uintptr_t)node->view.inputs;
    for (uint32_t i = 0; i < node->view.n_inputs; i++) {
        follow(&node->inputs[i]);
        infos[i] = node->inputs[i] ? &node->inputs[i]->info : NULL;
    }
}

static bool plain_copy(const NnGraphNode *node) {
    const NnOperator *def = node->view.definition;
    const NnValue *in = node->view.n_inputs ? node->inputs[0] : NULL, *out = node->outputs[0];
    if (in == NULL || in->info.type != out->info.type || node->wanted)
        return false;
    if (NN_HAS(def, role) && strcmp(def->role, "copy") == 0)
        return true;
    bool same = def->flags & NN_OP_SAME && nn_value_static(in) && nn_value_static(out) &&
                in->info.rank == out->info.rank;
    for (int32_t k = 0; same && k < in->info.rank; k++)
        same = in->info.dims[k] == out->info.dims[k];
    return same;
}

int32_t nn_pass_simplify(NnCompile *c) {
    NnGraph *g = c->graph;
    g_autoptr(GPtrArray) order = nn_graph_sorted(g);
    if (order == NULL)
        return nn_status_fail(c->status, NN_INVALID, "function %s has a cycle", g->name);
    g_autoptr(GHashTable) constants = share_constants(g);
    g_autoptr(GHashTable) seen = g_hash_table_new(node_hash, node_equal);
    for (guint i = 0; i < order->len; i++) {
        NnGraphNode *node = order->pdata[i];
        update_inputs(node);
        if (plain_copy(node)) {
            node->outputs[0]->became = node->inputs[0];
            continue;
        }
        if (known_inputs(node) && node->outputs[0]->info.value == NULL)
            compute_node(c, node);
        become_constants(c, node, constants);
        if (untouchable(&node->view))
            continue;
        const NnGraphNode *same = g_hash_table_lookup(seen, node);
        if (same == NULL)
            g_hash_table_add(seen, node);
        for (uint32_t k = 0; same && k < node->view.n_outputs; k++)
            if (node->outputs[k]->became == NULL)
                node->outputs[k]->became = same->outputs[k];
    }
    for (guint i = 0; i < g->outputs->len; i++)
        follow(&g_array_index(g->outputs, NnOutput, i).value);
    for (guint i = 0; i < g->assignments->len; i++)
        follow(&g_array_index(g->assignments, NnAssignment, i).value);
    return NN_OK;
}
