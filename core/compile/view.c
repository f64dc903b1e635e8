/* SPDX-License-Identifier: Apache-2.0 */
/* Functions as formats write them (NnGraphView): a copy, with what is known put in the place of nodes and
 * plain copies left out, as the compiler's first pass does it. */
#include "compile/compile.h"

#include "nn/plugin.h"

#include <stdlib.h>

typedef struct View {
    NnGraphView view;
    NnSession *session;
    NnGraph *graph;
    GPtrArray *inner; /* View *: bodies and expansions */
    GPtrArray *bytes; /* of variables */
} View;

static void view_free(gpointer data) {
    View *v = data;
    g_ptr_array_unref(v->inner);
    g_ptr_array_unref(v->bytes);
    nn_graph_release(v->graph);
    g_free(v);
}

static View *view_of(NnSession *, NnGraph *, uint32_t n, NnValue *const *inputs, GPtrArray *owner,
                     NnStatus *);

static View *view_of_function(NnSession *session, const NnFunction *f, GPtrArray *owner, NnStatus *status) {
    NnGraph *g = nn_function_extend(f, f->graph->name, status);
    return g ? view_of(session, g, g->inputs->len, (NnValue *const *)(void *)g->inputs->pdata, owner, status)
             : NULL;
}

static int32_t variable(const NnGraphView *view, const NnValueInfo *info, NnArray *out, NnStatus *status) {
    const View *v = view->self;
    NnVariable *var = ((const NnValue *)info)->variable; /* info is a value's first member */
    const uint64_t bytes = var ? nn_variable_bytes(&var->spec) : 0;
    void *data = var ? malloc(bytes + 1) : NULL;
    if (data == NULL)
        return nn_status_fail(status, var ? NN_OUT_OF_MEMORY : NN_INVALID, "%s cannot be read",
                              info->name ? info->name : "a value that is no variable");
    g_ptr_array_add(v->bytes, data);
    *out = (NnArray){var->spec.name, var->spec.type, var->spec.rank, var->spec.dims, data, bytes};
    return nn_session_read(v->session, var, data, bytes, status);
}

static const NnGraphView *body(const NnGraphView *view, const NnFunction *f, NnStatus *status) {
    const View *v = view->self, *inner = view_of_function(v->session, f, v->inner, status);
    return inner ? &inner->view : NULL;
}

static const NnGraphView *expand(const NnGraphView *view, const NnNode *of, NnStatus *status) {
    const View *v = view->self;
    const NnGraphNode *node = (const NnGraphNode *)of; /* view is a node's first member */
    NnGraph *g = nn_graph_alloc(v->graph->context, NULL, NULL, of->name, v->graph->phase);
    g_autofree NnValue **inputs = g_new0(NnValue *, of->n_inputs + 1),
                       **outputs = g_new0(NnValue *, of->n_outputs + 1);
    for (uint32_t i = 0; i < of->n_inputs; i++) {
        const NnValue *from = node->inputs[i];
        if (from && from->origin == NN_FROM_CONSTANT)
            inputs[i] = nn_graph_copy_source(g, from);
        else if (from)
            inputs[i] =
                nn_graph_add_input(g, from->info.name, from->info.type, from->info.rank, from->info.dims);
    }
    NnGraphNode *copy = nn_graph_copy_node(g, node, inputs, g->status);
    if (copy && nn_graph_expand(copy, outputs) == NN_OK)
        for (uint32_t i = 0; i < of->n_outputs; i++) {
            const NnOutput out = {.value = of->outputs[i] ? outputs[i] : NULL};
            g_array_append_val(g->outputs, out);
        }
    if (nn_status_failed(g->status)) {
        nn_status_copy(status, g->status);
        nn_graph_release(g);
        return NULL;
    }
    const View *inner = view_of(v->session, g, of->n_inputs, inputs, v->inner, status);
    return inner ? &inner->view : NULL;
}

/* Takes the graph; the view is the owner's, where there is one. */
static View *view_of(NnSession *session, NnGraph *g, uint32_t n, NnValue *const *inputs, GPtrArray *owner,
                     NnStatus *status) {
    View *v = g_new0(View, 1);
    v->session = session;
    v->graph = g;
    v->inner = g_ptr_array_new_with_free_func(view_free);
    v->bytes = g_ptr_array_new_with_free_func(free);
    NnCompile c = {.session = session, .graph = g, .status = status};
    if (nn_pass_simplify(&c) != NN_OK) {
        view_free(v);
        return NULL;
    }
    if (owner)
        g_ptr_array_add(owner, v);
    c.order = nn_graph_sorted(g);
    nn_count_uses(&c);
    const NnNode **nodes = nn_graph_memory(g, (c.order->len + 1) * sizeof *nodes);
    const NnValueInfo **in = nn_graph_memory(g, (n + 1) * sizeof *in),
                      **out = nn_graph_memory(g, (g->outputs->len + 1) * sizeof *out);
    const char **names = nn_graph_memory(g, (g->outputs->len + 1) * sizeof *names);
    v->view = (NnGraphView){.struct_size = sizeof v->view,
                            .n_nodes = c.order->len,
                            .n_inputs = n,
                            .n_outputs = g->outputs->len,
                            .nodes = nodes,
                            .inputs = in,
                            .outputs = out,
                            .output_names = names,
                            .name = g->name,
                            .phase = g->phase,
                            .self = v,
                            .variable = variable,
                            .body = body,
                            .expand = expand};
    for (guint i = 0; i < c.order->len; i++)
        nodes[i] = &((const NnGraphNode *)c.order->pdata[i])->view;
    for (uint32_t i = 0; i < n; i++)
        in[i] = inputs[i] ? &nn_value_now(inputs[i])->info : NULL;
    for (guint i = 0; i < g->outputs->len; i++) {
        const NnOutput *o = &g_array_index(g->outputs, NnOutput, i);
        out[i] = o->value ? &o->value->info : NULL;
        names[i] = o->name;
    }
    g_ptr_array_unref(c.order);
    return v;
}

const NnGraphView *nn_view_new(NnSession *session, const NnFunction *f, NnStatus *status) {
    if (f->graph->assignments->len > 0) {
        nn_status_fail(status, NN_UNSUPPORTED,
                       "function %s changes the variable %s; what is written to a file may only read them",
                       f->graph->name,
                       g_array_index(f->graph->assignments, NnAssignment, 0).variable->spec.name);
        return NULL;
    }
    const View *v = view_of_function(session, f, NULL, status);
    return v ? &v->view : NULL;
}

void nn_view_free(const NnGraphView *view) {
    if (view)
        view_free(view->self);
}
