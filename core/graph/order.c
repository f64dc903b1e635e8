/* SPDX-License-Identifier: Apache-2.0 */
/* The order in which a graph runs: every node after those it reads, as near to the order of building as that
 * allows. */
#include "graph.h"

enum { NOT_LIVE, LIVE, OPEN, DONE };

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

/* Depth first with a stack of its own: a chain may be as long as the graph is large. False: a cycle. */
static bool visit(NnGraphNode *root, GArray *state, GPtrArray *order, GPtrArray *stack) {
    g_ptr_array_add(stack, root);
    while (stack->len > 0) {
        NnGraphNode *node = stack->pdata[stack->len - 1];
        guint8 *s = &g_array_index(state, guint8, node->view.id);
        if (*s == DONE) {
            g_ptr_array_set_size(stack, (gint)stack->len - 1);
            continue;
        }
        *s = OPEN;
        bool ready = true;
        for (uint32_t k = 0; k < node->view.n_inputs; k++) {
            const NnValue *v = node->inputs[k];
            if (v == NULL || v->origin != NN_FROM_NODE)
                continue;
            const guint8 before = g_array_index(state, guint8, v->node->view.id);
            if (before == OPEN)
                return false;
            if (before == DONE)
                continue;
            g_ptr_array_add(stack, v->node);
            ready = false;
            break;
        }
        if (ready) {
            *s = DONE;
            g_ptr_array_add(order, node);
            g_ptr_array_set_size(stack, (gint)stack->len - 1);
        }
    }
    return true;
}

GPtrArray *nn_graph_sorted(NnGraph *g) {
    g_autoptr(GArray) state = g_array_sized_new(FALSE, TRUE, 1, g->nodes->len + 1);
    g_array_set_size(state, g->nodes->len + 1);
    mark_live(g, state);
    GPtrArray *order = g_ptr_array_sized_new(g->nodes->len);
    g_autoptr(GPtrArray) stack = g_ptr_array_new();
    for (guint i = 0; i < g->nodes->len; i++) {
        NnGraphNode *node = g->nodes->pdata[i];
        if (g_array_index(state, guint8, i) == LIVE && !visit(node, state, order, stack)) {
            g_ptr_array_unref(order);
            return NULL;
        }
    }
    return order;
}
