/* SPDX-License-Identifier: Apache-2.0 */
/* Pass: a copy of the function's graph with the shapes (and, where asked, the integers) of this call,
 * inferred anew. */
#include "compile/compile.h"

#include "nn/plugin.h"

static int32_t check_argument(const NnGraph *from, uint32_t i, const NnTensor *t, NnStatus *status) {
    const NnValueInfo *formal = &((const NnValue *)from->inputs->pdata[i])->info;
    bool fits = t->type == formal->type || formal->type == NN_NONE;
    fits = fits && (formal->rank < 0 || t->rank == formal->rank);
    for (int32_t k = 0; fits && k < formal->rank; k++)
        fits = !nn_dim_known(formal->dims[k])
                   ? !nn_dim_is_bounded(formal->dims[k]) || t->dims[k] <= nn_dim_max(formal->dims[k])
                   : t->dims[k] == formal->dims[k];
    if (fits)
        return NN_OK;
    NnValue given = {.info = {.type = t->type, .rank = t->rank, .dims = t->dims}};
    NnValue expected = {.info = *formal};
    char want[128], found[128];
    return nn_status_fail(status, NN_INVALID, "function %s: input %s: expected %s, found %s", from->name,
                          formal->name ? formal->name : "?", nn_value_text(&expected, want, sizeof want),
                          nn_value_text(&given, found, sizeof found));
}

static int32_t check_assigned(const NnVariable *variable, const NnValue *v, NnStatus *status) {
    if (!nn_value_static(v))
        return NN_OK;
    bool fits = v->info.type == variable->spec.type && v->info.rank == variable->spec.rank;
    for (int32_t k = 0; fits && k < v->info.rank; k++)
        fits = v->info.dims[k] == variable->spec.dims[k];
    if (fits)
        return NN_OK;
    NnValue own = {
        .info = {.type = variable->spec.type, .rank = variable->spec.rank, .dims = variable->spec.dims}};
    char want[128], found[128];
    return nn_status_fail(status, NN_INVALID, "variable %s is %s, but the value assigned to it is %s",
                          variable->spec.name, nn_value_text(&own, want, sizeof want),
                          nn_value_text(v, found, sizeof found));
}

/* A predicate becomes a selection between the new value and the old one, so that a commit is a plain copy. */
static int32_t copy_assignments(NnCompile *c, const NnGraph *from, NnValue **map) {
    NnGraph *g = c->graph;
    for (guint i = 0; i < from->assignments->len; i++) {
        NnAssignment a = g_array_index(from->assignments, NnAssignment, i);
        a.value = nn_value_now(map[a.value->info.id]);
        if (a.predicate) {
            NnValue *const inputs[] = {map[a.predicate->info.id], a.value,
                                       nn_graph_functions.read(g, a.variable)};
            a.value = nn_graph_functions.role(g, "select", 3, inputs);
            a.predicate = NULL;
        }
        if (nn_status_failed(g->status) || check_assigned(a.variable, a.value, g->status) != NN_OK)
            return nn_status_code(g->status);
        g_array_append_val(g->assignments, a);
    }
    return NN_OK;
}

static int32_t copy(NnCompile *c, const NnGraph *from) {
    NnGraph *g = c->graph;
    g_autofree NnValue **map = g_new0(NnValue *, from->values->len + 1);
    for (uint32_t i = 0; i < c->unit->n_inputs; i++) {
        const NnValue *formal = from->inputs->pdata[i];
        const NnTensor *t = c->arguments[i].tensor;
        if (check_argument(from, i, t, g->status) != NN_OK)
            return nn_status_code(g->status);
        NnValue *v = c->unit->constant[i]
                         ? nn_graph_add_constant(g, t->type, t->rank, t->dims, nn_data(t))
                         : nn_graph_add_input(g, formal->info.name, t->type, t->rank, t->dims);
        v->index = i;
        map[formal->info.id] = v;
    }
    if (nn_graph_copy_into(g, from, map) != NN_OK)
        return nn_status_code(g->status);
    for (guint i = 0; i < from->outputs->len; i++) {
        const NnOutput *out = &g_array_index(from->outputs, NnOutput, i);
        const NnOutput own = {.name = nn_graph_string(g, out->name),
                              .value = c->unit->unused[i] ? NULL : map[out->value->info.id]};
        g_array_append_val(g->outputs, own);
    }
    return copy_assignments(c, from, map);
}

int32_t nn_pass_specialise(NnCompile *c) {
    const NnGraph *from = c->unit->function->graph;
    c->graph = c->program->graph =
        nn_graph_alloc(from->context, from->network, NULL, from->name, from->phase);
    const int32_t code = copy(c, from);
    nn_status_copy(c->status, c->graph->status);
    return code;
}
