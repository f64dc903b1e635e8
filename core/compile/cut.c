/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pass: what cannot be planned before a first part of the program has run (a node that needs integers not
 * known yet, and everything that reads an extent found while running) is moved, with all that depends on it
 * and with the assignments, into the program's tail: a unit of its own whose inputs are the values at the
 * edge.
 */
#include "compile/compile.h"

#include "nn/plugin.h"

#define WANTED_BY_BODY (UINT64_C(1) << 63)

bool nn_value_late(const NnValue *v) {
    return v && v->origin == NN_FROM_NODE && v->node->mark == NN_NODE_LATE;
}

static bool bounded_only(const NnValue *v) {
    if (v->info.type == NN_NONE || v->info.rank < 0)
        return false;
    for (int32_t i = 0; i < v->info.rank; i++)
        if (v->info.dims[i] == NN_DIM_UNKNOWN)
            return false;
    return true;
}

static bool reads_late(const NnGraphNode *node) {
    for (uint32_t i = 0; i < node->view.n_inputs; i++) {
        const NnValue *v = node->inputs[i];
        if (v && (nn_value_late(v) || !nn_value_static(v)))
            return true;
    }
    return false;
}

int32_t nn_mark_late(NnCompile *c) {
    bool late_effect = false;
    for (guint i = 0; i < c->order->len; i++) {
        NnGraphNode *node = c->order->pdata[i];
        const NnOperator *def = node->view.definition;
        const bool effect = def->flags & NN_OP_EFFECT;
        bool late = reads_late(node) || (effect && late_effect);
        /* A composite is not cut but expanded, so that only those of its nodes wait that must. */
        late = late || (node->wanted && !NN_HAS(def, body));
        node->mark = late ? NN_NODE_LATE : NN_NODE_OPEN;
        late_effect = late_effect || (late && effect);
        if (late || def->sort == NN_CONTROL || NN_HAS(def, body))
            continue;
        for (uint32_t k = 0; k < node->view.n_outputs; k++)
            if (!bounded_only(node->outputs[k]) && node->outputs[k]->info.uses > 0)
                return nn_status_fail(c->status, NN_INVALID,
                                      "node %s (%s): the extents of output %u are neither known, nor "
                                      "bounded, nor waiting for an input",
                                      node->view.name, node->view.op, k);
    }
    return NN_OK;
}

/* ---- the tail ---- */

typedef struct Tail {
    NnCompile *c;
    NnGraph *graph;
    NnValue **map;     /* by value id */
    GPtrArray *edges;  /* NnValue * of the head */
    GArray *constants; /* guint8 per edge */
    GHashTable *wanted;
} Tail;

static NnValue *carry(Tail *t, NnValue *v) {
    NnValue **own = v ? &t->map[v->info.id] : NULL;
    if (own == NULL || *own)
        return own ? *own : NULL;
    const guint8 constant = g_hash_table_contains(t->wanted, v) ? 1 : 0;
    if (v->origin == NN_FROM_NODE || v->origin == NN_FROM_INPUT || constant) {
        *own = nn_graph_add_input(t->graph, v->info.name, v->info.type,
                                  v->info.rank < 0 ? NN_RANK_UNKNOWN : v->info.rank, v->info.dims);
        g_ptr_array_add(t->edges, v);
        g_array_append_val(t->constants, constant);
    } else {
        *own = nn_graph_copy_source(t->graph, v);
    }
    return *own;
}

/* Values whose integers late nodes ask for; those that the head has, variables included, become part of the
 * tail. */
static void find_wanted(Tail *t) {
    for (guint i = 0; i < t->c->order->len; i++) {
        const NnGraphNode *node = t->c->order->pdata[i];
        for (uint32_t k = 0; node->mark == NN_NODE_LATE && k < node->view.n_inputs; k++) {
            NnValue *v = node->inputs[k];
            const bool integers =
                v && (v->info.type == NN_I64 || v->info.type == NN_I32) && v->info.rank <= 1;
            if (v && v->info.value == NULL &&
                ((node->wanted >> k & 1) || (node->wanted & WANTED_BY_BODY && integers)))
                g_hash_table_add(t->wanted, v);
        }
    }
}

static int32_t copy_late_nodes(Tail *t) {
    for (guint i = 0; i < t->c->order->len; i++) {
        const NnGraphNode *node = t->c->order->pdata[i];
        if (node->mark != NN_NODE_LATE)
            continue;
        g_autofree NnValue **inputs = g_new0(NnValue *, node->view.n_inputs + 1);
        for (uint32_t k = 0; k < node->view.n_inputs; k++)
            inputs[k] = carry(t, node->inputs[k]);
        if (!reads_late(node) || node->wanted)
            g_array_append_val(t->c->cuts, node);
        NnGraphNode *copy = nn_graph_copy_node(t->graph, node, inputs, t->graph->status);
        if (copy == NULL)
            return nn_status_code(t->graph->status);
        for (uint32_t k = 0; k < node->view.n_outputs; k++) {
            t->map[node->outputs[k]->info.id] = copy->outputs[k];
            copy->outputs[k]->info.name = nn_graph_string(t->graph, node->outputs[k]->info.name);
        }
    }
    return NN_OK;
}

static void move_results(Tail *t) {
    NnCompile *c = t->c;
    NnGraph *g = c->graph;
    uint32_t n = 0;
    for (guint i = 0; i < c->outputs->len; i++) {
        NnValue *v = c->outputs->pdata[i];
        if (!nn_value_late(v))
            continue;
        const NnOutput out = {.value = carry(t, v)};
        g_array_append_val(t->graph->outputs, out);
        c->outputs->pdata[i] = NULL;
        c->program->outputs[i].tail = n++;
    }
    for (guint i = 0; i < g->assignments->len; i++) {
        NnAssignment a = g_array_index(g->assignments, NnAssignment, i);
        a.value = carry(t, a.value);
        g_array_append_val(t->graph->assignments, a);
    }
    g_array_set_size(g->assignments, 0);
}

static void seal_tail(Tail *t) {
    NnCompile *c = t->c;
    NnProgram *p = c->program;
    NnFunction *f = nn_function_seal(t->graph);
    p->tail = nn_unit_new(c->session, f, p->depth + 1);
    nn_function_unref(f);
    p->n_edge = t->edges->len;
    p->edge = nn_graph_memory(c->graph, (p->n_edge + 1) * sizeof *p->edge);
    for (guint i = 0; i < t->edges->len; i++)
        p->tail->constant[i] = g_array_index(t->constants, guint8, i);
    for (guint i = 0; i < c->unit->n_outputs; i++)
        if (p->outputs[i].tail != NN_ABSENT)
            p->tail->out_space[p->outputs[i].tail] = c->unit->out_space[i];
}

int32_t nn_pass_cut(NnCompile *c) {
    const NnGraph *g = c->graph;
    bool any = false;
    for (guint i = 0; i < g->outputs->len; i++)
        g_ptr_array_add(c->outputs, g_array_index(g->outputs, NnOutput, i).value);
    for (guint i = 0; i < c->order->len; i++)
        any = any || ((NnGraphNode *)c->order->pdata[i])->mark == NN_NODE_LATE;
    if (!any)
        return NN_OK;
    if (c->program->depth + 1 >= NN_DEPTH_MAX)
        return nn_status_fail(c->status, NN_INVALID, "function %s: more than %u parts wait for one another",
                              g->name, NN_DEPTH_MAX);
    Tail t = {.c = c,
              .graph = nn_graph_alloc(g->context, g->network, NULL, g->name, g->phase),
              .map = g_new0(NnValue *, g->values->len + 1),
              .edges = g_ptr_array_new(),
              .constants = g_array_new(FALSE, FALSE, 1),
              .wanted = g_hash_table_new(NULL, NULL)};
    find_wanted(&t);
    int32_t code = copy_late_nodes(&t);
    if (code == NN_OK) {
        move_results(&t);
        seal_tail(&t);
    } else {
        nn_status_copy(c->status, t.graph->status);
        nn_graph_release(t.graph);
    }
    c->edges = t.edges;
    g_array_unref(t.constants);
    g_hash_table_unref(t.wanted);
    g_free(t.map);
    guint kept = 0;
    for (guint i = 0; i < c->order->len; i++)
        if (((NnGraphNode *)c->order->pdata[i])->mark != NN_NODE_LATE)
            c->order->pdata[kept++] = c->order->pdata[i];
    g_ptr_array_set_size(c->order, (gint)kept);
    return code;
}
