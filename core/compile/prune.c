/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pass: inputs of loops that the body does not look at once its shapes are known (a gradient that needed a
 * value for its shape only). They are marked unread, so that whoever makes them need not: with the results
 * that nobody reads, a loop that saves for its gradient saves what is used.
 */
#include "compile/compile.h"

#include "nn/plugin.h"

typedef struct Prune {
    NnCompile *c;
    GHashTable *read; /* NnValue * that somebody after the node at hand looks at */
} Prune;

/* The body's graph for the shapes of this loop, simplified; NULL where they are not known. */
static NnGraph *body_of(const Prune *p, const NnGraphNode *node, const NnControl *k) {
    const NnGraph *from = k->functions[0]->graph;
    const uint32_t flags = (uint32_t)(k->passes_iteration != 0) + (uint32_t)(k->passes_condition != 0);
    const uint32_t captures = node->view.n_inputs - k->first_capture;
    if (from->inputs->len != flags + k->n_carried + k->n_scanned + captures)
        return NULL;
    NnGraph *g = nn_graph_alloc(from->context, NULL, NULL, from->name, from->phase);
    g_autofree NnValue **map = g_new0(NnValue *, from->values->len + 1);
    bool known = true;
    for (uint32_t i = 0; i < from->inputs->len && known; i++) {
        const NnValue *formal = from->inputs->pdata[i];
        NnValueInfo info = formal->info;
        int64_t dims[NN_MAX_RANK];
        if (i >= flags) {
            const uint32_t at = i - flags;
            const bool scanned = at >= k->n_carried && at < k->n_carried + k->n_scanned;
            const uint32_t outer = at < k->n_carried ? k->first_carried + at
                                   : scanned         ? k->first_scanned + at - k->n_carried
                                                     : k->first_capture + at - k->n_carried - k->n_scanned;
            const NnValue *v = node->inputs[outer];
            known = v && nn_value_static(v) && v->info.rank <= NN_MAX_RANK && (!scanned || v->info.rank > 0);
            if (!known)
                break;
            info.type = v->info.type;
            info.rank = 0;
            int64_t axis = scanned && k->scan_axes ? k->scan_axes[at - k->n_carried] : 0;
            axis += axis < 0 ? v->info.rank : 0;
            for (int32_t d = 0; d < v->info.rank; d++)
                if (!scanned || d != axis)
                    dims[info.rank++] = v->info.dims[d];
            info.dims = dims;
        }
        map[formal->info.id] = nn_graph_add_input(g, formal->info.name, info.type, info.rank, info.dims);
    }
    known = known && nn_graph_copy_into(g, from, map) == NN_OK;
    for (guint i = 0; i < from->outputs->len && known; i++) {
        const uint32_t at = i - (k->passes_condition != 0); /* of a result; the condition wraps around */
        const bool stacked = at >= k->n_carried && at != UINT32_MAX;
        const NnValue *outer = stacked && at < node->view.n_outputs ? node->outputs[at] : NULL;
        if (stacked && !(outer && g_hash_table_contains(p->read, outer)))
            continue;
        const NnOutput out = {.value = map[g_array_index(from->outputs, NnOutput, i).value->info.id]};
        g_array_append_val(g->outputs, out);
    }
    NnStatus *quiet = nn_status_new();
    NnCompile inner = {.session = p->c->session, .graph = g, .status = quiet};
    known = known && nn_pass_simplify(&inner) == NN_OK;
    nn_status_free(quiet);
    if (known)
        return g;
    nn_graph_release(g);
    return NULL;
}

static bool looks_at(const NnGraphNode *node, uint32_t k) {
    const NnParam *param = nn_operator_input(node->view.definition, k);
    return !(node->unread >> MIN(k, 63u) & 1) && !(param && param->flags & NN_SHAPE_ONLY);
}

static void find_unread(const Prune *p, NnGraphNode *node) {
    NnControl k = {.struct_size = sizeof k, .condition = -1, .trip_count = -1};
    if (!NN_HAS(node->view.definition, control) ||
        node->view.definition->control(&node->view, &k, NULL) != NN_OK || k.kind != NN_LOOP ||
        k.functions[0] == NULL || node->view.n_inputs > 63)
        return;
    NnGraph *body = body_of(p, node, &k);
    g_autoptr(GPtrArray) order = body ? nn_graph_sorted(body) : NULL;
    if (order) {
        g_autoptr(GHashTable) used = g_hash_table_new(NULL, NULL);
        for (guint i = 0; i < order->len; i++) {
            const NnGraphNode *inner = order->pdata[i];
            for (uint32_t n = 0; n < inner->view.n_inputs; n++)
                if (inner->inputs[n] && looks_at(inner, n))
                    g_hash_table_add(used, inner->inputs[n]);
        }
        for (guint i = 0; i < body->outputs->len; i++)
            g_hash_table_add(used, g_array_index(body->outputs, NnOutput, i).value);
        const uint32_t first = body->inputs->len - (node->view.n_inputs - k.first_capture) - k.n_scanned;
        for (uint32_t i = 0; first + i < body->inputs->len; i++) {
            const uint32_t outer = i < k.n_scanned ? k.first_scanned + i : k.first_capture + i - k.n_scanned;
            if (!g_hash_table_contains(used, body->inputs->pdata[first + i]))
                node->unread |= UINT64_C(1) << outer;
        }
    }
    nn_graph_release(body);
}

int32_t nn_pass_prune(NnCompile *c) {
    NnGraph *g = c->graph;
    g_autoptr(GPtrArray) order = nn_graph_sorted(g);
    if (order == NULL)
        return nn_status_fail(c->status, NN_INVALID, "function %s has a cycle", g->name);
    g_autoptr(GHashTable) read = g_hash_table_new(NULL, NULL);
    const Prune p = {.c = c, .read = read};
    for (guint i = 0; i < g->outputs->len; i++)
        g_hash_table_add(read, g_array_index(g->outputs, NnOutput, i).value);
    for (guint i = 0; i < g->assignments->len; i++)
        g_hash_table_add(read, g_array_index(g->assignments, NnAssignment, i).value);
    for (guint i = order->len; i-- > 0;) {
        NnGraphNode *node = order->pdata[i];
        if (node->view.definition->sort == NN_CONTROL)
            find_unread(&p, node);
        for (uint32_t k = 0; k < node->view.n_inputs; k++)
            if (node->inputs[k] && !(node->unread >> MIN(k, 63u) & 1))
                g_hash_table_add(read, node->inputs[k]);
    }
    return NN_OK;
}
