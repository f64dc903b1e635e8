/* SPDX-License-Identifier: Apache-2.0 */
/* Pass: a copy of the function's graph with the shapes (and, where asked, the integers) of this call,
 * inferred anew. */
#include "compile/compile.h"

#include "nn/plugin.h"

static bool fits(const NnValueInfo *formal, const NnValueInfo *given) {
    bool good = (given->type == formal->type || formal->type == NN_NONE) &&
                (formal->rank < 0 || given->rank == formal->rank);
    for (int32_t k = 0; good && k < formal->rank; k++)
        good = formal->dims[k] == NN_DIM_UNKNOWN || formal->dims[k] == given->dims[k] ||
               (nn_dim_is_bounded(formal->dims[k]) && given->dims[k] <= nn_dim_max(formal->dims[k]));
    return good;
}

static int32_t check(const NnValueInfo *formal, const NnValueInfo *given, const char *what, const char *name,
                     NnStatus *status) {
    if (fits(formal, given))
        return NN_OK;
    char want[128], found[128];
    return nn_status_fail(status, NN_INVALID, "%s %s: expected %s, found %s", what, name ? name : "?",
                          nn_value_text(&(NnValue){.info = *formal}, want, sizeof want),
                          nn_value_text(&(NnValue){.info = *given}, found, sizeof found));
}

static int32_t check_assigned(const NnVariable *variable, const NnValue *v, NnStatus *status) {
    const NnVariableSpec *spec = &variable->spec;
    const NnValueInfo own = {.type = spec->type, .rank = spec->rank, .dims = spec->dims};
    return nn_value_static(v) ? check(&own, &v->info, "the value assigned to variable", spec->name, status)
                              : NN_OK;
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
        const NnValueInfo given = {.type = t->type, .rank = t->rank, .dims = t->dims};
        if (check(&formal->info, &given, "input", formal->info.name, g->status) != NN_OK) {
            nn_status_where(g->status, "function %s", from->name);
            return nn_status_code(g->status);
        }
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
