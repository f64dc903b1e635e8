/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reverse-mode differentiation by appending to the graph, so that a gradient can be differentiated again.
 * Each operator's own rule does the work; here is only the order, the accumulation, and who depends on whom.
 * A composite without a rule is replaced by its body first.
 */
#include "graph.h"
#include "nn/plugin.h"
#include "status.h"

typedef struct Sweep {
    NnGraph *g;
    GPtrArray *order; /* NnGraphNode *: those that the targets depend on, in running order */
    GArray *depends;  /* guint8 by value id: does it depend on wrt? */
    GPtrArray *grads; /* NnValue * by value id */
} Sweep;

static bool differentiable_type(int32_t type) { return type == NN_NONE || (NN_MASK(type) & NN_FLOATS); }

static bool passes_gradient(const NnGraphNode *node, uint32_t i) {
    const NnOperator *def = node->view.definition;
    const NnValue *v = node->inputs[i];
    if (v == NULL || !differentiable_type(v->info.type))
        return false;
    const uint32_t k = i < def->n_inputs ? i : def->n_inputs - 1;
    const NnParam *p = (const void *)((const char *)def->inputs + (gsize)k * def->param_stride);
    return !(p->flags & (NN_NO_GRADIENT | NN_SHAPE_VALUE | NN_SHAPE_ONLY));
}

/* The targets' ancestors, by making them the outputs of the graph for the length of a sort. */
static GPtrArray *ancestors(NnGraph *g, uint32_t n, NnValue *const *targets) {
    NnGraph probe = *g;
    probe.outputs = g_array_new(FALSE, TRUE, sizeof(NnOutput));
    probe.assignments = g_array_new(FALSE, TRUE, sizeof(NnAssignment));
    probe.gradients = probe.assignments;
    probe.loss = NULL;
    for (uint32_t i = 0; i < n; i++) {
        const NnOutput out = {.value = nn_value_now(targets[i])};
        g_array_append_val(probe.outputs, out);
    }
    GPtrArray *order = nn_graph_sorted(&probe);
    g_array_unref(probe.outputs);
    g_array_unref(probe.assignments);
    return order;
}

static bool depends(const Sweep *s, const NnValue *v) {
    return v && v->info.id < s->depends->len && g_array_index(s->depends, guint8, v->info.id);
}

static bool node_depends(const Sweep *s, const NnGraphNode *node) {
    for (uint32_t i = 0; i < node->view.n_inputs; i++)
        if (passes_gradient(node, i) && depends(s, node->inputs[i]))
            return true;
    return false;
}

static void mark_dependents(Sweep *s, uint32_t n_wrt, NnValue *const *wrt) {
    g_array_set_size(s->depends, 0);
    g_array_set_size(s->depends, s->g->values->len);
    for (uint32_t i = 0; i < n_wrt; i++)
        if (wrt[i])
            g_array_index(s->depends, guint8, nn_value_now(wrt[i])->info.id) = 1;
    for (guint i = 0; i < s->order->len; i++) {
        const NnGraphNode *node = s->order->pdata[i];
        if (!node_depends(s, node))
            continue;
        for (uint32_t k = 0; k < node->view.n_outputs; k++)
            if (differentiable_type(node->outputs[k]->info.type))
                g_array_index(s->depends, guint8, node->outputs[k]->info.id) = 1;
    }
}

/* True when a composite on the path was opened, so that the order must be found again. */
static bool open_composites(Sweep *s) {
    bool opened = false;
    for (guint i = 0; i < s->order->len && !nn_status_failed(s->g->status); i++) {
        NnGraphNode *node = s->order->pdata[i];
        const NnOperator *def = node->view.definition;
        if (NN_HAS(def, gradient) || !NN_HAS(def, body) || !node_depends(s, node))
            continue;
        g_autofree NnValue **outputs = g_new0(NnValue *, node->view.n_outputs + 1);
        if (nn_graph_expand(node, outputs) != NN_OK)
            return false;
        for (uint32_t k = 0; k < node->view.n_outputs; k++)
            if (outputs[k])
                nn_graph_replace(s->g, node->outputs[k], outputs[k]);
        opened = true;
    }
    return opened;
}

static NnValue *grad_of(const Sweep *s, const NnValue *v) {
    return v->info.id < s->grads->len ? s->grads->pdata[v->info.id] : NULL;
}

static void accumulate(Sweep *s, const NnValue *to, NnValue *grad) {
    if (grad == NULL || to->info.id >= s->grads->len)
        return;
    NnValue *sum = s->grads->pdata[to->info.id];
    if (sum)
        grad = nn_graph_functions.role(s->g, "accumulate", 2, (NnValue *const[]){sum, grad});
    s->grads->pdata[to->info.id] = grad;
}

static int32_t no_rule(const Sweep *s, const NnGraphNode *node) {
    const NnOperator *def = node->view.definition;
    g_autofree char *name = nn_operator_name(def);
    nn_status_fail(s->g->status, NN_UNSUPPORTED, "node %s (%s): %s", node->view.name, name,
                   def->flags & NN_OP_NOT_TWICE
                       ? "not twice differentiable: this gradient operator has no gradient rule"
                       : "the operator has no gradient rule, and what is minimised depends on it");
    if (node->place)
        nn_status_where(s->g->status, "%s", node->place);
    return NN_UNSUPPORTED;
}

static int32_t differentiate_node(Sweep *s, NnGraphNode *node) {
    const NnOperator *def = node->view.definition;
    const uint32_t n_in = node->view.n_inputs, n_out = node->view.n_outputs;
    g_autofree NnValue **arrived = g_new0(NnValue *, n_out + 1);
    bool any = false;
    for (uint32_t k = 0; k < n_out; k++) {
        arrived[k] = grad_of(s, node->outputs[k]);
        any = any || arrived[k];
    }
    if (!any || !node_depends(s, node))
        return NN_OK;
    if (!NN_HAS(def, gradient))
        return no_rule(s, node);
    g_autofree guint8 *wanted = g_new0(guint8, n_in + 1);
    g_autofree NnValue **grads = g_new0(NnValue *, n_in + 1);
    g_autofree NnValue **inputs = g_new0(NnValue *, n_in + 1);
    g_autofree NnValue **outputs = g_new0(NnValue *, n_out + 1);
    for (uint32_t i = 0; i < n_in; i++) {
        inputs[i] = node->inputs[i];
        wanted[i] = passes_gradient(node, i) && depends(s, inputs[i]);
    }
    for (uint32_t k = 0; k < n_out; k++)
        outputs[k] = node->outputs[k];
    NnGradient face = {.struct_size = sizeof face,
                       .host = nn_registry_host(s->g->context, def),
                       .graph = s->g,
                       .node = &node->view,
                       .inputs = inputs,
                       .outputs = outputs,
                       .grad_outputs = arrived,
                       .wanted = wanted,
                       .grads = grads,
                       .status = s->g->status};
    const int32_t code = def->gradient(&face);
    if (code != NN_OK)
        nn_status_fail(s->g->status, code, "its gradient rule failed");
    if (nn_status_failed(s->g->status)) {
        nn_status_where(s->g->status, "gradient of node %s (%s)", node->view.name, node->view.op);
        return nn_status_code(s->g->status);
    }
    for (uint32_t i = 0; i < n_in; i++)
        if (wanted[i])
            accumulate(s, inputs[i], nn_value_now(grads[i]));
    return nn_status_code(s->g->status);
}

int32_t nn_graph_differentiate(NnGraph *g, uint32_t n, NnValue *const *targets, NnValue *const *seeds,
                               uint32_t n_wrt, NnValue *const *wrt, NnValue **grads) {
    Sweep s = {.g = g, .depends = g_array_new(FALSE, TRUE, 1), .grads = g_ptr_array_new()};
    do {
        g_clear_pointer(&s.order, g_ptr_array_unref);
        s.order = ancestors(g, n, targets);
        if (s.order == NULL) {
            nn_status_fail(g->status, NN_INVALID, "graph %s has a cycle", g->name);
            break;
        }
        mark_dependents(&s, n_wrt, wrt);
    } while (open_composites(&s));

    if (!nn_status_failed(g->status)) {
        g_ptr_array_set_size(s.grads, (gint)g->values->len);
        for (uint32_t i = 0; i < n; i++) {
            NnValue *target = nn_value_now(targets[i]);
            NnValue *seed = seeds ? nn_value_now(seeds[i]) : NULL;
            if (!depends(&s, target))
                continue;
            accumulate(&s, target, seed ? seed : nn_graph_functions.role(g, "ones_like", 1, &target));
        }
        for (guint i = s.order->len; i-- > 0;)
            if (differentiate_node(&s, s.order->pdata[i]) != NN_OK)
                break;
    }
    for (uint32_t i = 0; i < n_wrt && !nn_status_failed(g->status); i++)
        grads[i] = wrt[i] ? nn_value_now(grad_of(&s, nn_value_now(wrt[i]))) : NULL;
    g_clear_pointer(&s.order, g_ptr_array_unref);
    g_array_unref(s.depends);
    g_ptr_array_unref(s.grads);
    return nn_status_code(g->status);
}
