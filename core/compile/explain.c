/* SPDX-License-Identifier: Apache-2.0 */
/* Programs as text: the graph between passes, and the finished program with devices, kernels, copies, cuts
 * and memory. */
#include "compile/compile.h"
#include "run/parts.h"

#include "nn/plugin.h"

static void print_value(GString *out, const NnValue *v) {
    char shape[192];
    if (v == NULL) {
        g_string_append(out, "-");
        return;
    }
    g_string_append_printf(out, "%%%u", v->info.id);
    if (v->info.name)
        g_string_append_printf(out, " %s", v->info.name);
    g_string_append_printf(out, " %s%s", nn_value_text(v, shape, sizeof shape),
                           v->info.value ? " (known)" : "");
}

static void print_values(GString *out, NnValue *const *values, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        g_string_append(out, i ? ", " : "");
        print_value(out, values[i]);
    }
}

static void print_node(GString *out, const NnGraphNode *node) {
    g_autofree char *op = nn_operator_name(node->view.definition);
    print_values(out, node->outputs, node->view.n_outputs);
    g_string_append_printf(out, " = %s %s(", op, node->view.name);
    print_values(out, node->inputs, node->view.n_inputs);
    g_string_append(out, ")\n");
}

/* After lowering those nodes that stay: what waits has gone to the tail. */
static void print_graph(const NnCompile *c, GString *out) {
    const NnGraph *g = c->graph;
    g_autoptr(GPtrArray) order = c->order ? g_ptr_array_ref(c->order) : nn_graph_sorted(c->graph);
    for (guint i = 0; order && i < order->len; i++)
        print_node(out, order->pdata[i]);
    for (guint i = 0; i < g->outputs->len; i++) {
        const NnOutput *o = &g_array_index(g->outputs, NnOutput, i);
        g_string_append_printf(out, "output %s = ", o->name ? o->name : "");
        print_value(out, o->value);
        g_string_append_c(out, '\n');
    }
    for (guint i = 0; i < g->assignments->len; i++) {
        const NnAssignment *a = &g_array_index(g->assignments, NnAssignment, i);
        g_string_append_printf(out, "variable %s := ", a->variable->spec.name);
        print_value(out, a->value);
        g_string_append_c(out, '\n');
    }
}

static const char *const home_text[] = {"arena",    "input",  "result",  "variable",
                                        "constant", "random", "dynamic", "shape only"};

static void print_slots(GString *out, const NnSession *session, const NnPlanSlot *slots, const uint32_t *list,
                        uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        g_string_append(out, i ? ", " : "");
        if (list[i] == NN_ABSENT) {
            g_string_append_c(out, '-');
            continue;
        }
        const NnPlanSlot *s = &slots[list[i]];
        char shape[192];
        g_string_append_printf(out, "%u:%s", list[i],
                               s->value ? nn_value_text(s->value, shape, sizeof shape) : "workspace");
        if (s->home == NN_HOME_ARENA)
            g_string_append_printf(out, "@%" PRIu64 "%s", s->offset, s->root != list[i] ? " in place" : "");
        else if (s->home == NN_HOME_VARIABLE)
            g_string_append_printf(out, " variable %s", s->variable->spec.name);
        else
            g_string_append_printf(out, " %s", home_text[s->home]);
        if (!session->spaces[s->space].host)
            g_string_append_printf(out, " (%s)", session->spaces[s->space].memory);
    }
}

static void print_step(GString *out, NnSession *session, const NnPlanStep *s, const NnPlanSlot *slots) {
    switch (s->kind) {
    case NN_STEP_KERNEL:
        g_string_append_printf(out, "%-12s %s", nn_session_device(session, s->device)->name, s->label);
        break;
    case NN_STEP_CLAIM:
        g_string_append_printf(out, "%-12s claim %s of %u nodes from %s",
                               nn_session_device(session, s->device)->name, s->claim->name, s->n_nodes,
                               s->label);
        break;
    case NN_STEP_CONTROL:
        g_string_append_printf(out, "%-12s %s", s->control.kind == NN_LOOP ? "loop" : "branch", s->label);
        break;
    case NN_STEP_COPY: g_string_append_printf(out, "%-12s %s, because %s", "copy", s->label, s->why); break;
    default: g_string_append(out, "wait"); break;
    }
    if (nn_session_device(session, s->device)->fallback && s->kind == NN_STEP_KERNEL)
        g_string_append(out, " [fallback]");
    g_string_append(out, ": ");
    if (slots) {
        print_slots(out, session, slots, s->in_slots, s->n_inputs);
        g_string_append(out, " -> ");
        print_slots(out, session, slots, s->out_slots, s->n_outputs);
    }
    if (s->plan.workspace)
        g_string_append_printf(out, "; workspace %" PRIu64 " bytes", s->plan.workspace);
    g_string_append_c(out, '\n');
}

void nn_print_compile(const NnCompile *c, GString *out) {
    if (c->program->code) {
        nn_print_program(c->program, out);
        return;
    }
    if (c->steps->len == 0) {
        print_graph(c, out);
        return;
    }
    const NnPlanSlot *slots = c->slots->len ? (const NnPlanSlot *)(const void *)c->slots->data : NULL;
    for (guint i = 0; i < c->steps->len; i++)
        print_step(out, c->session, c->steps->pdata[i], slots);
}

static void print_code(const NnProgram *p, GString *out);

static void print_unit(const NnUnit *u, const char *what, GString *out) {
    if (u == NULL || u->programs->len == 0)
        return;
    g_string_append_printf(out, "%s, function %s:\n", what, u->function->graph->name);
    print_code(u->programs->pdata[0], out);
}

static void print_parts(const NnProgram *p, GString *out) {
    for (uint32_t i = 0; i < p->n_code; i++) {
        g_autofree char *what = g_strdup_printf("within %u", i);
        if (p->code[i].run == nn_loop_run)
            print_unit(nn_loop_unit(p->code[i].state), what, out);
        for (uint32_t k = 0; k < 2 && p->code[i].run == nn_branch_run; k++)
            print_unit(nn_branch_unit(p->code[i].state, k), what, out);
    }
    for (uint32_t i = 0; i < p->n_cuts; i++) {
        g_string_append(out, p->cuts[i]->wanted ? "cut before (its integers are found while running): "
                                                : "cut before (its shapes are found while running): ");
        print_node(out, p->cuts[i]);
    }
    print_unit(p->tail, "after the cut", out);
}

static void print_code(const NnProgram *p, GString *out) {
    NnSession *session = p->session;
    for (uint32_t space = 0; space < session->n_spaces; space++)
        if (p->arena_bytes[space])
            g_string_append_printf(out, "memory %s: %" PRIu64 " bytes for values\n",
                                   session->spaces[space].memory, p->arena_bytes[space]);
    for (uint32_t i = 0; i < p->n_code; i++) {
        g_string_append_printf(out, "%4u ", i);
        print_step(out, session, p->steps[i], p->slots);
    }
    print_parts(p, out);
}

void nn_print_program(const NnProgram *p, GString *out) {
    NnSession *session = p->session;
    g_string_append(out, "passes:");
    for (uint32_t i = 0; i < nn_pass_count; i++)
        g_string_append_printf(out, " %s", nn_passes[i].name);
    g_string_append(out, "\ndevices:");
    for (guint i = 0; i < session->devices->len; i++)
        g_string_append_printf(out, " %s%s", nn_session_device(session, i)->name,
                               nn_session_device(session, i)->fallback ? " (fallback)" : "");
    g_string_append_c(out, '\n');
    print_code(p, out);
}

int32_t nn_unit_explain(NnUnit *u, const char *after, GString *out, NnStatus *status) {
    if (u->programs->len == 0)
        return nn_status_fail(status, NN_INVALID,
                              "function %s was not called yet, so there is no program to explain",
                              u->function->graph->name);
    const NnProgram *p = u->programs->pdata[0];
    if (after == NULL) {
        nn_print_program(p, out);
        return NN_OK;
    }
    bool known = false;
    g_autoptr(GString) names = g_string_new(NULL);
    for (uint32_t i = 0; i < nn_pass_count; i++) {
        known = known || strcmp(after, nn_passes[i].name) == 0;
        g_string_append_printf(names, "%s%s", i ? ", " : "", nn_passes[i].name);
    }
    if (!known)
        return nn_status_fail(status, NN_INVALID, "there is no pass \"%s\"; the passes are %s", after,
                              names->str);
    NnProgram *again = nn_compile(u, p->key, after, out, status);
    nn_program_free(again);
    return again ? NN_OK : nn_status_code(status);
}
