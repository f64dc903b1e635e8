/* SPDX-License-Identifier: Apache-2.0 */
/* The order in which a graph runs: every node after those it reads, as near to the order of building as that
 * allows. */
#include "graph.h"

enum { NOT_LIVE, LIVE = NN_ORDER_DONE + 1 };

static void wake(GPtrArray *stack, GArray *state, const NnValue *v) {
    if (v == NULL || v->origin != NN_FROM_NODE)
        return;
    guint8 *s = &g_array_index(state, guint8, v->node->view.id);
    if (*s != NOT_LIVE)
        return;
    *s = LIVE;
    g_ptr_array_add(stack, v->node);
}

static void mark_live(NnGraph *g, GArray *state) {
    g_autoptr(GPtrArray) stack = g_ptr_array_new();
    for (guint i = 0; i < g->outputs->len; i++)
        wake(stack, state, g_array_index(g->outputs, NnOutput, i).value);
    GArray *lists[] = {g->assignments, g->gradients};
    for (guint l = 0; l < 2; l++)
        for (guint i = 0; i < lists[l]->len; i++) {
            wake(stack, state, g_array_index(lists[l], NnAssignment, i).value);
            wake(stack, state, g_array_index(lists[l], NnAssignment, i).predicate);
        }
    wake(stack, state, g->loss);
    for (guint i = 0; i < g->nodes->len; i++) {
        NnGraphNode *node = g->nodes->pdata[i];
        if (node->view.definition->flags & NN_OP_EFFECT)
            wake(stack, state, node->outputs[0]);
    }
    while (stack->len > 0) {
        NnGraphNode *node = g_ptr_array_steal_index_fast(stack, stack->len - 1);
        for (uint32_t k = 0; k < node->view.n_inputs; k++)
            wake(stack, state, node->inputs[k]);
    }
}

void *nn_order_visit(void *root, const NnOrder *o, GPtrArray *done) {
    g_autoptr(GPtrArray) stack = g_ptr_array_new();
    g_ptr_array_add(stack, root);
    while (stack->len > 0) {
        void *item = stack->pdata[stack->len - 1];
        guint8 *mark = o->mark(o->data, item);
        void *before = *mark == NN_ORDER_DONE ? NULL : o->waits_for(o->data, item);
        if (before) {
            *mark = NN_ORDER_OPEN;
            if (*o->mark(o->data, before) == NN_ORDER_OPEN)
                return before;
            g_ptr_array_add(stack, before);
            continue;
        }
        if (*mark != NN_ORDER_DONE)
            g_ptr_array_add(done, item);
        *mark = NN_ORDER_DONE;
        g_ptr_array_set_size(stack, (gint)stack->len - 1);
    }
    return NULL;
}

static guint8 *mark_of(void *state, void *node) {
    return &g_array_index((GArray *)state, guint8, ((const NnGraphNode *)node)->view.id);
}

static void *waits_for(void *state, void *item) {
    const NnGraphNode *node = item;
    for (uint32_t k = 0; k < node->view.n_inputs; k++) {
        const NnValue *v = node->inputs[k];
        if (v && v->origin == NN_FROM_NODE && *mark_of(state, v->node) != NN_ORDER_DONE)
            return v->node;
    }
    return NULL;
}

GPtrArray *nn_graph_sorted(NnGraph *g) {
    g_autoptr(GArray) state = g_array_sized_new(FALSE, TRUE, 1, g->nodes->len + 1);
    g_array_set_size(state, g->nodes->len + 1);
    mark_live(g, state);
    GPtrArray *order = g_ptr_array_sized_new(g->nodes->len);
    const NnOrder by_inputs = {mark_of, waits_for, state};
    for (guint i = 0; i < g->nodes->len; i++) {
        if (g_array_index(state, guint8, i) == LIVE &&
            nn_order_visit(g->nodes->pdata[i], &by_inputs, order)) {
            g_ptr_array_unref(order);
            return NULL;
        }
    }
    return order;
}
