/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pass: the steps in the order in which they run: each after what it reads, effects in the order of the
 * graph, and otherwise as near to the order of building as claims of several nodes allow.
 */
#include "compile/compile.h"

static void collect_edges(NnCompile *c, NnPlanStep *s) {
    g_autoptr(GPtrArray) ins = g_ptr_array_new();
    g_autoptr(GPtrArray) outs = g_ptr_array_new();
    const NnGraphNode *only = s->nodes[0];
    if (s->n_nodes == 1) {
        s->n_inputs = only->view.n_inputs;
        s->n_outputs = only->view.n_outputs;
        s->inputs = only->inputs;
        s->outputs = nn_graph_memory(c->graph, (s->n_outputs + 1) * sizeof *s->outputs);
        for (uint32_t k = 0; k < s->n_outputs; k++)
            s->outputs[k] = only->view.outputs[k] ? only->outputs[k] : NULL;
        return;
    }
    for (uint32_t i = 0; i < s->n_nodes; i++) {
        const NnGraphNode *node = s->nodes[i];
        for (uint32_t k = 0; k < node->view.n_inputs; k++) {
            NnValue *v = node->inputs[k];
            const bool own = v == NULL || (v->origin == NN_FROM_NODE && v->node->scratch == s);
            if (!own && !g_ptr_array_find(ins, v, NULL))
                g_ptr_array_add(ins, v);
        }
        for (uint32_t k = 0; k < node->view.n_outputs; k++)
            if (node->outputs[k]->info.flags & NN_VALUE_ESCAPES)
                g_ptr_array_add(outs, node->outputs[k]);
    }
    s->n_inputs = ins->len;
    s->n_outputs = outs->len;
    s->inputs = nn_graph_memory(c->graph, (ins->len + 1) * sizeof *s->inputs);
    s->outputs = nn_graph_memory(c->graph, (outs->len + 1) * sizeof *s->outputs);
    if (ins->len)
        memcpy(s->inputs, ins->pdata, ins->len * sizeof *s->inputs);
    if (outs->len)
        memcpy(s->outputs, outs->pdata, outs->len * sizeof *s->outputs);
}

/* A value of a claim escapes when it is read outside of it; what the graph itself holds on to was flagged
 * before. */
static void flag_escapes(NnCompile *c) {
    for (guint i = 0; i < c->graph->values->len; i++)
        ((NnValue *)c->graph->values->pdata[i])->info.flags &= ~NN_VALUE_ESCAPES;
    for (guint i = 0; i < c->order->len; i++) {
        NnGraphNode *node = c->order->pdata[i];
        for (uint32_t k = 0; k < node->view.n_inputs; k++) {
            NnValue *v = node->inputs[k];
            if (v && !(node->unread >> MIN(k, 63u) & 1) &&
                !(v->origin == NN_FROM_NODE && v->node->scratch == node->scratch))
                v->info.flags |= NN_VALUE_ESCAPES;
        }
    }
    GPtrArray *lists[] = {c->outputs, c->edges};
    for (guint l = 0; l < G_N_ELEMENTS(lists); l++)
        for (guint i = 0; lists[l] && i < lists[l]->len; i++)
            if (lists[l]->pdata[i])
                ((NnValue *)lists[l]->pdata[i])->info.flags |= NN_VALUE_ESCAPES;
    for (guint i = 0; i < c->graph->assignments->len; i++)
        g_array_index(c->graph->assignments, NnAssignment, i).value->info.flags |= NN_VALUE_ESCAPES;
}

static guint8 *mark_of(void *effects, void *step) {
    (void)effects;
    return &((NnPlanStep *)step)->mark;
}

/* `effects`: step -> the effect before it. */
static void *waits_for(void *effects, void *step) {
    const NnPlanStep *s = step;
    NnPlanStep *effect = g_hash_table_lookup(effects, s);
    if (effect && effect->mark != NN_ORDER_DONE)
        return effect;
    for (uint32_t k = 0; k < s->n_inputs; k++) {
        const NnValue *v = s->inputs[k];
        NnPlanStep *before = v && v->origin == NN_FROM_NODE ? v->node->scratch : NULL;
        if (before && before->mark != NN_ORDER_DONE)
            return before;
    }
    return NULL;
}

int32_t nn_pass_order(NnCompile *c) {
    g_autoptr(GHashTable) effects = g_hash_table_new(NULL, NULL);
    NnPlanStep *last_effect = NULL;
    flag_escapes(c);
    for (guint i = 0; i < c->order->len; i++) {
        NnGraphNode *node = c->order->pdata[i];
        NnPlanStep *s = node->scratch;
        if (node == s->nodes[0])
            collect_edges(c, s);
        if (node->view.definition->flags & NN_OP_EFFECT && s != last_effect) {
            if (last_effect)
                g_hash_table_insert(effects, s, last_effect);
            last_effect = s;
        }
    }
    for (guint i = 0; i < c->order->len; i++) {
        NnGraphNode *node = c->order->pdata[i];
        NnPlanStep *s = node->scratch;
        if (node != s->nodes[s->n_nodes - 1])
            continue;
        const NnPlanStep *again = nn_order_visit(s, &(NnOrder){mark_of, waits_for, effects}, c->steps);
        if (again)
            return nn_status_fail(c->status, NN_INVALID, "%s waits for what waits for it", again->label);
    }
    return NN_OK;
}
