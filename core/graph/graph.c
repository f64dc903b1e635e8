/* SPDX-License-Identifier: Apache-2.0 */
/* The storage of graphs: memory, values, nodes, copies, replacement. No operator is known here, and nothing
 * is inferred. */
#include "graph.h"

#include "network.h"
#include "nn/plugin.h"
#include "status.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 16384u

typedef struct NnBlob {
    gint refs;
    void *bytes;
} NnBlob;

static void blob_unref(gpointer data) {
    NnBlob *blob = data;
    if (!g_atomic_int_dec_and_test(&blob->refs))
        return;
    free(blob->bytes);
    g_free(blob);
}

static void function_unref(gpointer data) { nn_function_unref(data); }

NnGraph *nn_graph_alloc(NnContext *context, NnNetwork *network, NnGraph *parent, const char *name,
                        int32_t phase) {
    NnGraph *g = g_new0(NnGraph, 1);
    g->context = context;
    g->network = network;
    g->parent = parent;
    g->status = nn_status_new();
    g->name = g_strdup(name);
    g->phase = phase;
    g->values = g_ptr_array_new();
    g->nodes = g_ptr_array_new();
    g->inputs = g_ptr_array_new();
    g->outputs = g_array_new(FALSE, TRUE, sizeof(NnOutput));
    g->assignments = g_array_new(FALSE, TRUE, sizeof(NnAssignment));
    g->gradients = g_array_new(FALSE, TRUE, sizeof(NnAssignment));
    g->functions = g_ptr_array_new_with_free_func(function_unref);
    g->blobs = g_ptr_array_new_with_free_func(blob_unref);
    g->blocks = g_ptr_array_new_with_free_func(g_free);
    return g;
}

void nn_graph_release(NnGraph *g) {
    if (g == NULL)
        return;
    nn_status_free(g->status);
    g_free(g->name);
    g_ptr_array_unref(g->values);
    g_ptr_array_unref(g->nodes);
    g_ptr_array_unref(g->inputs);
    g_array_unref(g->outputs);
    g_array_unref(g->assignments);
    g_array_unref(g->gradients);
    g_ptr_array_unref(g->functions);
    g_ptr_array_unref(g->blobs);
    g_ptr_array_unref(g->blocks);
    g_free(g);
}

void *nn_graph_memory(NnGraph *g, gsize bytes) {
    bytes = (bytes + 15u) & ~(gsize)15u;
    if (bytes > BLOCK_BYTES / 4) {
        void *own = g_malloc0(bytes);
        g_ptr_array_add(g->blocks, own);
        return own;
    }
    if (bytes > g->block_left) {
        g->block_at = g_malloc0(BLOCK_BYTES);
        g->block_left = BLOCK_BYTES;
        g_ptr_array_add(g->blocks, g->block_at);
    }
    void *at = g->block_at;
    g->block_at += bytes;
    g->block_left -= bytes;
    return at;
}

char *nn_graph_string(NnGraph *g, const char *text) {
    if (text == NULL)
        return NULL;
    const gsize n = strlen(text) + 1;
    return memcpy(nn_graph_memory(g, n), text, n);
}

/* ---- values ---- */

NnValue *nn_graph_add_value(NnGraph *g, NnOrigin origin) {
    NnValue *v = nn_graph_memory(g, sizeof *v);
    v->graph = g;
    v->origin = origin;
    v->info.struct_size = sizeof v->info;
    v->info.id = g->values->len;
    v->info.rank = NN_RANK_UNKNOWN;
    v->info.producer = -1;
    g_ptr_array_add(g->values, v);
    return v;
}

void nn_value_set_shape(NnValue *v, int32_t type, int32_t rank, const int64_t *dims) {
    v->info.type = type;
    v->info.rank = rank;
    v->info.dims = NULL;
    if (rank <= 0)
        return;
    int64_t *own = nn_graph_memory(v->graph, (gsize)rank * sizeof *own);
    for (int32_t i = 0; i < rank; i++)
        own[i] = dims ? dims[i] : NN_DIM_UNKNOWN;
    v->info.dims = own;
}

NnValue *nn_graph_add_input(NnGraph *g, const char *name, int32_t type, int32_t rank, const int64_t *dims) {
    NnValue *v = nn_graph_add_value(g, NN_FROM_INPUT);
    v->info.name = nn_graph_string(g, name);
    v->index = g->inputs->len;
    nn_value_set_shape(v, type, rank, dims);
    g_ptr_array_add(g->inputs, v);
    return v;
}

bool nn_value_static(const NnValue *v) {
    if (v->info.type == NN_NONE || v->info.rank < 0)
        return false;
    for (int32_t i = 0; i < v->info.rank; i++)
        if (!nn_dim_known(v->info.dims[i]))
            return false;
    return true;
}

uint64_t nn_value_bytes(const NnValue *v) {
    uint64_t n = nn_type_size(v->info.type);
    for (int32_t i = 0; i < v->info.rank; i++)
        if (__builtin_mul_overflow(n, (uint64_t)nn_dim_max(v->info.dims[i]), &n))
            return UINT64_MAX;
    return n;
}

const char *nn_value_text(const NnValue *v, char *buffer, gsize size) {
    GString *text = g_string_new(v->info.type == NN_NONE ? "?" : nn_type_name(v->info.type));
    if (v->info.rank < 0)
        g_string_append(text, "[..]");
    for (int32_t i = 0; i < v->info.rank; i++) {
        const int64_t d = v->info.dims[i];
        g_string_append_c(text, i == 0 ? '[' : ',');
        if (nn_dim_known(d))
            g_string_append_printf(text, "%" PRId64, d);
        else if (nn_dim_is_bounded(d))
            g_string_append_printf(text, "<=%" PRId64, nn_dim_max(d));
        else
            g_string_append_c(text, '?');
        if (i == v->info.rank - 1)
            g_string_append_c(text, ']');
    }
    g_strlcpy(buffer, text->str, size);
    g_string_free(text, TRUE);
    return buffer;
}

/* Integer constants of rank <= 1 are also shape values: keep their elements where inference looks for them.
 */
static void set_partial(NnValue *v) {
    const NnTensor *t = v->info.value;
    if (v->info.rank > 1 || (t->type != NN_I64 && t->type != NN_I32))
        return;
    const int64_t n = nn_elements(t);
    if (n > 4096)
        return;
    int64_t *own = nn_graph_memory(v->graph, (gsize)(n ? n : 1) * sizeof *own);
    for (int64_t i = 0; i < n; i++)
        own[i] = t->type == NN_I64 ? ((const int64_t *)nn_data(t))[i] : ((const int32_t *)nn_data(t))[i];
    v->info.partial = own;
}

static void set_blob(NnValue *v, NnBlob *blob) {
    NnGraph *g = v->graph;
    NnTensor *t = nn_graph_memory(g, sizeof *t);
    *t = (NnTensor){.buffer = blob->bytes, .type = v->info.type, .rank = v->info.rank};
    t->dims = nn_graph_memory(g, (gsize)(t->rank + 1) * sizeof(int64_t));
    t->strides = nn_graph_memory(g, (gsize)(t->rank + 1) * sizeof(int64_t));
    int64_t stride = 1;
    for (int32_t i = t->rank - 1; i >= 0; i--) {
        t->dims[i] = v->info.dims[i];
        t->strides[i] = stride;
        stride *= t->dims[i];
    }
    g_atomic_int_inc(&blob->refs);
    g_ptr_array_add(g->blobs, blob);
    v->blob = blob;
    v->info.value = t;
    v->info.flags |= NN_VALUE_CONSTANT;
    set_partial(v);
}

void nn_value_set_constant(NnValue *v, const void *data) {
    const gsize bytes = nn_value_bytes(v);
    NnBlob *blob = g_new0(NnBlob, 1);
    blob->bytes = aligned_alloc(64, (bytes + 64) & ~(gsize)63);
    if (blob->bytes == NULL)
        g_error("out of memory for a constant of %" G_GSIZE_FORMAT " bytes", bytes);
    if (bytes > 0)
        memcpy(blob->bytes, data, bytes);
    blob->refs = 1;
    set_blob(v, blob);
    blob_unref(blob);
}

NnValue *nn_graph_add_constant(NnGraph *g, int32_t type, int32_t rank, const int64_t *dims,
                               const void *data) {
    NnValue *v = nn_graph_add_value(g, NN_FROM_CONSTANT);
    nn_value_set_shape(v, type, rank, dims);
    nn_value_set_constant(v, data);
    return v;
}

/* ---- nodes ---- */

char *nn_operator_name(const NnOperator *def) {
    return def->domain && *def->domain ? g_strdup_printf("%s/%s", def->domain, def->name)
                                       : g_strdup(def->name);
}

static uint32_t formal(uint32_t n, const NnParam *params, uint32_t stride) {
    if (n == 0)
        return 0;
    const NnParam *last = (const void *)((const char *)params + (gsize)(n - 1) * stride);
    return last->flags & NN_VARIADIC ? n - 1 : n;
}

NnGraphNode *nn_graph_add_node(NnGraph *g, const NnOperator *def, const NnNodeSpec *spec, NnStatus *status) {
    if (g->nodes->len >= NN_GRAPH_MAX_NODES) {
        nn_status_fail(status, NN_INVALID, "the graph has more than %u nodes", NN_GRAPH_MAX_NODES);
        return NULL;
    }
    NnGraphNode *node = nn_graph_memory(g, sizeof *node);
    NnNode *view = &node->view;
    node->graph = g;
    node->place = nn_graph_string(g, spec->place);
    view->struct_size = sizeof *view;
    view->id = g->nodes->len;
    view->domain = def->domain ? def->domain : "";
    view->op = def->name;
    view->version = def->since;
    view->phase = g->phase;
    view->definition = def;
    view->n_inputs = MAX(spec->n_inputs, formal(def->n_inputs, def->inputs, def->param_stride));
    view->n_outputs = MAX(spec->n_outputs, formal(def->n_outputs, def->outputs, def->param_stride));
    char made[96];
    g_snprintf(made, sizeof made, "%s_%u", def->name, view->id);
    view->name = nn_graph_string(g, spec->name ? spec->name : made);

    const NnValueInfo **ins = nn_graph_memory(g, (view->n_inputs + 1) * sizeof *ins);
    const NnValueInfo **outs = nn_graph_memory(g, (view->n_outputs + 1) * sizeof *outs);
    node->inputs = nn_graph_memory(g, (view->n_inputs + 1) * sizeof *node->inputs);
    node->outputs = nn_graph_memory(g, (view->n_outputs + 1) * sizeof *node->outputs);
    view->inputs = ins;
    view->outputs = outs;
    for (uint32_t i = 0; i < spec->n_inputs; i++) {
        node->inputs[i] = nn_value_now(spec->inputs[i]);
        ins[i] = node->inputs[i] ? &node->inputs[i]->info : NULL;
        if (node->inputs[i] && node->inputs[i]->graph != g) {
            nn_status_fail(status, NN_INVALID, "node %s (%s): input %u belongs to graph %s, not to %s",
                           view->name, view->op, i, node->inputs[i]->graph->name, g->name);
            return NULL;
        }
    }
    if (nn_attributes_fill(node, def, spec, status) != NN_OK)
        return NULL;
    for (uint32_t i = 0; i < view->n_outputs; i++) {
        node->outputs[i] = nn_graph_add_value(g, NN_FROM_NODE);
        node->outputs[i]->node = node;
        node->outputs[i]->index = i;
        node->outputs[i]->info.producer = (int32_t)view->id;
        outs[i] = &node->outputs[i]->info;
    }
    g_ptr_array_add(g->nodes, node);
    if (nn_infer_node(node, status) != NN_OK)
        return NULL;
    return node;
}

void nn_graph_replace(NnGraph *g, NnValue *old, NnValue *with) {
    if (old == with)
        return;
    old->became = with;
    for (guint i = 0; i < g->nodes->len; i++) {
        NnGraphNode *node = g->nodes->pdata[i];
        for (uint32_t k = 0; k < node->view.n_inputs; k++)
            if (node->inputs[k] == old) {
                node->inputs[k] = with;
                ((const NnValueInfo **)(uintptr_t)node->view.inputs)[k] = &with->info;
            }
    }
    for (guint i = 0; i < g->outputs->len; i++)
        if (g_array_index(g->outputs, NnOutput, i).value == old)
            g_array_index(g->outputs, NnOutput, i).value = with;
    GArray *lists[] = {g->assignments, g->gradients};
    for (guint l = 0; l < 2; l++)
        for (guint i = 0; i < lists[l]->len; i++) {
            NnAssignment *a = &g_array_index(lists[l], NnAssignment, i);
            a->value = a->value == old ? with : a->value;
            a->predicate = a->predicate == old ? with : a->predicate;
        }
    if (g->loss == old)
        g->loss = with;
}

/* ---- copies ---- */

NnGraphNode *nn_graph_copy_node(NnGraph *to, const NnGraphNode *from, NnValue *const *inputs,
                                NnStatus *status) {
    const NnNodeSpec spec = {.struct_size = sizeof spec,
                             .version = from->view.version,
                             .op = from->view.op,
                             .name = from->view.name,
                             .n_inputs = from->view.n_inputs,
                             .n_outputs = from->view.n_outputs,
                             .n_attrs = from->view.n_attrs,
                             .attr_stride = from->view.attr_stride,
                             .inputs = inputs,
                             .attrs = from->view.attrs,
                             .place = from->place};
    return nn_graph_add_node(to, from->view.definition, &spec, status);
}

NnValue *nn_graph_copy_source(NnGraph *to, const NnValue *v) {
    NnValue *copy = NULL;
    switch (v->origin) {
    case NN_FROM_CONSTANT:
        copy = nn_graph_add_value(to, NN_FROM_CONSTANT);
        nn_value_set_shape(copy, v->info.type, v->info.rank, v->info.dims);
        set_blob(copy, (NnBlob *)v->blob);
        break;
    case NN_FROM_VARIABLE:
        for (guint i = 0; i < to->values->len && copy == NULL; i++) {
            NnValue *old = to->values->pdata[i];
            if (old->origin == NN_FROM_VARIABLE && old->variable == v->variable)
                copy = old;
        }
        if (copy == NULL) {
            copy = nn_graph_add_value(to, NN_FROM_VARIABLE);
            copy->variable = v->variable;
            copy->info.flags |= NN_VALUE_VARIABLE;
            nn_value_set_shape(copy, v->info.type, v->info.rank, v->info.dims);
        }
        break;
    case NN_FROM_RANDOM: copy = nn_graph_functions.random(to); break;
    case NN_FROM_INPUT:
        copy = nn_graph_add_input(to, v->info.name, v->info.type, v->info.rank, v->info.dims);
        break;
    case NN_FROM_NODE: break;
    }
    if (copy && copy->info.name == NULL)
        copy->info.name = nn_graph_string(to, v->info.name);
    return copy;
}

static NnValue *copied(NnGraph *to, NnValue **map, const NnValue *v) {
    if (v && map[v->info.id] == NULL && v->origin != NN_FROM_NODE)
        map[v->info.id] = nn_graph_copy_source(to, v);
    return v ? map[v->info.id] : NULL;
}

int32_t nn_graph_copy_into(NnGraph *to, const NnGraph *from, NnValue **map) {
    for (guint i = 0; i < from->inputs->len; i++) {
        const NnValue *v = from->inputs->pdata[i];
        (void)copied(to, map, v);
    }
    g_autoptr(GPtrArray) order = nn_graph_sorted((NnGraph *)(uintptr_t)from);
    if (order == NULL)
        return nn_status_fail(to->status, NN_INVALID, "graph %s has a cycle", from->name);
    for (guint i = 0; i < order->len; i++) {
        const NnGraphNode *node = order->pdata[i];
        g_autofree NnValue **inputs = g_new0(NnValue *, node->view.n_inputs + 1);
        for (uint32_t k = 0; k < node->view.n_inputs; k++)
            inputs[k] = copied(to, map, node->inputs[k]);
        NnGraphNode *copy = nn_graph_copy_node(to, node, inputs, to->status);
        if (copy == NULL)
            return nn_status_code(to->status);
        for (uint32_t k = 0; k < node->view.n_outputs; k++) {
            map[node->outputs[k]->info.id] = copy->outputs[k];
            copy->outputs[k]->info.name = nn_graph_string(to, node->outputs[k]->info.name);
        }
    }
    for (guint i = 0; i < from->outputs->len; i++)
        (void)copied(to, map, g_array_index(from->outputs, NnOutput, i).value);
    for (guint i = 0; i < from->assignments->len; i++) {
        (void)copied(to, map, g_array_index(from->assignments, NnAssignment, i).value);
        (void)copied(to, map, g_array_index(from->assignments, NnAssignment, i).predicate);
    }
    for (guint i = 0; i < from->gradients->len; i++)
        (void)copied(to, map, g_array_index(from->gradients, NnAssignment, i).value);
    (void)copied(to, map, from->loss);
    return NN_OK;
}

/* ---- functions ---- */

NnFunction *nn_function_seal(NnGraph *g) {
    NnFunction *f = g_new0(NnFunction, 1);
    f->refs = 1;
    f->graph = g;
    g->parent = NULL;
    g->sealed = true;
    return f;
}

NnFunction *nn_function_ref(NnFunction *f) {
    g_atomic_int_inc(&f->refs);
    return f;
}

void nn_function_unref(NnFunction *f) {
    if (f == NULL || !g_atomic_int_dec_and_test(&f->refs))
        return;
    nn_graph_release(f->graph);
    g_free(f);
}
