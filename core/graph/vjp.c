/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vector-Jacobian product of a function, as two functions: a forward that also returns what the backward
 * will need, and the backward. Built by differentiating a copy and cutting it where values that know no seed
 * meet those that do.
 */
#include "graph.h"
#include "nn/plugin.h"
#include "status.h"

typedef struct Cut {
    NnGraph *whole;
    GHashTable *seeds;    /* NnValue * of the seeds */
    GHashTable *late;     /* NnGraphNode * that depend on a seed */
    GPtrArray *residuals; /* NnValue * of the whole that cross the cut */
    NnValue **map;        /* by value id of the whole: the value in the backward graph */
} Cut;

static bool is_late(const Cut *c, const NnValue *v) {
    return v->origin == NN_FROM_NODE ? g_hash_table_contains(c->late, v->node)
                                     : g_hash_table_contains(c->seeds, v);
}

static void find_late(Cut *c, const GPtrArray *order) {
    for (guint i = 0; i < order->len; i++) {
        NnGraphNode *node = order->pdata[i];
        for (uint32_t k = 0; k < node->view.n_inputs; k++)
            if (node->inputs[k] && is_late(c, node->inputs[k]))
                g_hash_table_add(c->late, node);
    }
}

/* What the backward reads of the forward enters it as an input, a constant as a constant. */
static void cross(Cut *c, NnGraph *backward, NnValue *v) {
    if (v == NULL || is_late(c, v) || c->map[v->info.id])
        return;
    const NnValueInfo *info = &v->info;
    if (info->value) {
        c->map[info->id] =
            nn_graph_add_constant(backward, info->type, info->rank, info->dims, nn_data(info->value));
        return;
    }
    c->map[info->id] = nn_graph_add_input(backward, info->name, info->type, info->rank, info->dims);
    c->map[info->id]->info.partial = info->partial;
    g_ptr_array_add(c->residuals, v);
}

static int32_t copy_late(Cut *c, NnGraph *backward, const GPtrArray *order) {
    for (guint i = 0; i < order->len; i++) {
        NnGraphNode *node = order->pdata[i];
        if (!g_hash_table_contains(c->late, node))
            continue;
        g_autofree NnValue **inputs = g_new0(NnValue *, node->view.n_inputs + 1);
        for (uint32_t k = 0; k < node->view.n_inputs; k++)
            inputs[k] = node->inputs[k] ? c->map[node->inputs[k]->info.id] : NULL;
        NnGraphNode *copy = nn_graph_copy_node(backward, node, inputs, backward->status);
        if (copy == NULL)
            return nn_status_code(backward->status);
        for (uint32_t k = 0; k < node->view.n_outputs; k++)
            c->map[node->outputs[k]->info.id] = copy->outputs[k];
    }
    return NN_OK;
}

static NnGraph *build_backward(Cut *c, GPtrArray *seeds, uint32_t n_wrt, NnValue **grads) {
    NnGraph *whole = c->whole;
    NnGraph *backward = nn_graph_alloc(whole->context, NULL, NULL, "backward", whole->phase);
    for (uint32_t i = 0; i < n_wrt; i++) {
        const NnOutput out = {.value = grads[i]};
        g_array_append_val(whole->outputs, out);
    }
    g_autoptr(GPtrArray) order = nn_graph_sorted(whole);
    g_array_set_size(whole->outputs, whole->outputs->len - n_wrt);
    if (order == NULL) {
        nn_status_fail(backward->status, NN_INVALID, "function %s has a cycle", whole->name);
        return backward;
    }
    find_late(c, order);
    for (guint i = 0; i < order->len; i++) {
        NnGraphNode *node = order->pdata[i];
        for (uint32_t k = 0; g_hash_table_contains(c->late, node) && k < node->view.n_inputs; k++)
            cross(c, backward, node->inputs[k]);
    }
    for (uint32_t i = 0; i < n_wrt; i++)
        cross(c, backward, grads[i]);
    for (guint i = 0; i < seeds->len; i++) {
        const NnValue *v = seeds->pdata[i];
        c->map[v->info.id] =
            nn_graph_add_input(backward, v->info.name, v->info.type, v->info.rank, v->info.dims);
    }
    if (copy_late(c, backward, order) != NN_OK)
        return backward;
    for (uint32_t i = 0; i < n_wrt; i++) {
        const NnOutput out = {.value = nn_value_now(c->map[grads[i]->info.id])};
        g_array_append_val(backward->outputs, out);
    }
    return backward;
}

static NnValue *zeros_like(NnGraph *g, NnValue *v) { return nn_graph_functions.role(g, "zeros_like", 1, &v); }

int32_t nn_graph_vjp(NnGraph *g, const NnFunction *f, const uint8_t *has_grad, uint32_t n_wrt,
                     const uint32_t *wrt, NnFunction **forward, NnFunction **backward) {
    *forward = *backward = NULL;
    if (g == NULL || nn_status_failed(g->status))
        return g ? nn_status_code(g->status) : NN_INVALID;
    const NnGraph *from = f->graph;
    NnGraph *whole = nn_graph_alloc(g->context, NULL, NULL, from->name, from->phase);
    g_autofree NnValue **map = g_new0(NnValue *, from->values->len + 1);
    (void)nn_graph_copy_into(whole, from, map);
    g_autoptr(GPtrArray) targets = g_ptr_array_new();
    g_autoptr(GPtrArray) seeds = g_ptr_array_new();
    for (guint i = 0; i < from->outputs->len && !nn_status_failed(whole->status); i++) {
        const NnOutput out = {.value = map[g_array_index(from->outputs, NnOutput, i).value->info.id]};
        g_array_append_val(whole->outputs, out);
    }
    for (guint i = 0; i < whole->outputs->len; i++) {
        NnValue *v = g_array_index(whole->outputs, NnOutput, i).value;
        if (!has_grad[i])
            continue;
        g_ptr_array_add(targets, v);
        NnValue *seed = nn_graph_add_input(whole, "seed", v->info.type, v->info.rank, v->info.dims);
        g_ptr_array_add(seeds, seed);
    }
    g_autofree NnValue **wanted = g_new0(NnValue *, n_wrt + 1);
    g_autofree NnValue **grads = g_new0(NnValue *, n_wrt + 1);
    for (uint32_t i = 0; i < n_wrt; i++)
        wanted[i] =
            wrt[i] < from->inputs->len ? map[((NnValue *)from->inputs->pdata[wrt[i]])->info.id] : NULL;
    if (!nn_status_failed(whole->status))
        (void)nn_graph_differentiate(whole, targets->len, (NnValue *const *)targets->pdata,
                                     (NnValue *const *)seeds->pdata, n_wrt, wanted, grads);
    for (uint32_t i = 0; i < n_wrt && !nn_status_failed(whole->status); i++)
        if (grads[i] == NULL)
            grads[i] = zeros_like(whole, wanted[i]);

    NnGraph *back = NULL;
    if (!nn_status_failed(whole->status)) {
        Cut c = {.whole = whole,
                 .seeds = g_hash_table_new(NULL, NULL),
                 .late = g_hash_table_new(NULL, NULL),
                 .residuals = g_ptr_array_new(),
                 .map = g_new0(NnValue *, whole->values->len + 1)};
        for (guint i = 0; i < seeds->len; i++)
            g_hash_table_add(c.seeds, seeds->pdata[i]);
        back = build_backward(&c, seeds, n_wrt, grads);
        for (guint i = 0; i < c.residuals->len; i++) {
            const NnOutput out = {.value = c.residuals->pdata[i]};
            g_array_append_val(whole->outputs, out);
        }
        nn_status_copy(whole->status, back->status);
        g_hash_table_unref(c.seeds);
        g_hash_table_unref(c.late);
        g_ptr_array_unref(c.residuals);
        g_free(c.map);
    }
    if (nn_status_failed(whole->status)) {
        nn_status_copy(g->status, whole->status);
        nn_graph_release(whole);
        nn_graph_release(back);
        return nn_status_code(g->status);
    }
    g_ptr_array_set_size(whole->inputs, (gint)from->inputs->len);
    *forward = nn_function_seal(whole);
    *backward = nn_function_seal(back);
    g_ptr_array_add(g->functions, *forward);
    g_ptr_array_add(g->functions, *backward);
    return NN_OK;
}
