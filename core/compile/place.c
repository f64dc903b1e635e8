/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pass: every value gets a slot in each kind of memory where somebody reads it; copies between them, of
 * results into the buffers that the caller reads, and of assigned values into their variables become steps of
 * their own.
 */
#include "compile/compile.h"

#include "nn/plugin.h"

typedef struct Where {
    uint32_t slot[NN_SPACES_MAX];
    uint32_t home; /* the space where the value is made */
} Where;

typedef struct Place {
    NnCompile *c;
    GPtrArray *steps; /* the new list */
    bool streams;     /* the session has an asynchronous device */
    bool busy;        /* work may be under way on one */
} Place;

static NnPlanSlot *slot_at(Place *p, uint32_t i) { return &g_array_index(p->c->slots, NnPlanSlot, i); }

static uint32_t new_slot(Place *p, const NnValue *v, NnHome home, uint32_t space) {
    NnPlanSlot s = {
        .value = v, .home = home, .space = space, .first = -1, .last = -1, .root = p->c->slots->len};
    for (int32_t i = 0; i < v->info.rank; i++)
        s.bounded = s.bounded || nn_dim_is_bounded(v->info.dims[i]);
    if (home != NN_HOME_DYNAMIC && home != NN_HOME_NONE)
        s.bytes = nn_value_bytes(v);
    g_array_append_val(p->c->slots, s);
    return p->c->slots->len - 1;
}

static Where *where(Place *p, NnValue *v) {
    if (v->scratch)
        return v->scratch;
    Where *w = v->scratch = nn_graph_memory(p->c->graph, sizeof *w);
    for (uint32_t i = 0; i < NN_SPACES_MAX; i++)
        w->slot[i] = NN_ABSENT;
    const uint32_t main = p->c->session->main_space;
    w->home = NN_HOST_SPACE;
    switch (v->origin) {
    case NN_FROM_INPUT:
        w->home = p->c->arguments[v->index].space;
        w->slot[w->home] = new_slot(p, v, NN_HOME_INPUT, w->home);
        slot_at(p, w->slot[w->home])->index = v->index;
        break;
    case NN_FROM_VARIABLE:
        w->home = main;
        w->slot[main] = new_slot(p, v, NN_HOME_VARIABLE, main);
        slot_at(p, w->slot[main])->variable = v->variable;
        break;
    case NN_FROM_RANDOM:
        w->slot[NN_HOST_SPACE] = new_slot(p, v, NN_HOME_RANDOM, NN_HOST_SPACE);
        p->c->program->random_slot = w->slot[NN_HOST_SPACE];
        break;
    default: break;
    }
    return w;
}

/* ---- steps ---- */

static bool stays_enqueued(const Place *p, uint32_t device) {
    return nn_session_device(p->c->session, device)->stream != NULL;
}

/* The host, or another device, must not touch memory that a stream still works on. */
static void settle(Place *p) {
    if (!p->streams || !p->busy)
        return;
    NnPlanStep *s = nn_graph_memory(p->c->graph, sizeof *s);
    s->kind = NN_STEP_WAIT;
    s->label = "wait";
    s->workspace_slot = NN_ABSENT;
    g_ptr_array_add(p->steps, s);
    p->busy = false;
}

static uint32_t *slots_memory(Place *p, uint32_t n) {
    return nn_graph_memory(p->c->graph, (n + 1) * sizeof(uint32_t));
}

static void add_copy(Place *p, uint32_t from, uint32_t to, const char *why) {
    NnSession *session = p->c->session;
    NnPlanStep *s = nn_graph_memory(p->c->graph, sizeof *s);
    const bool from_host = session->spaces[slot_at(p, from)->space].host,
               to_host = session->spaces[slot_at(p, to)->space].host;
    if ((from_host && to_host) || slot_at(p, from)->bounded || slot_at(p, from)->home == NN_HOME_DYNAMIC)
        settle(p);
    s->kind = NN_STEP_COPY;
    s->why = why;
    s->workspace_slot = NN_ABSENT;
    s->n_inputs = s->n_outputs = 1;
    s->in_slots = slots_memory(p, 1);
    s->out_slots = slots_memory(p, 1);
    s->in_slots[0] = from;
    s->out_slots[0] = to;
    const NnValue *v = slot_at(p, from)->value;
    g_autofree char *label = v->origin == NN_FROM_NODE
                                 ? g_strdup_printf("copy of node %s", v->node->view.name)
                                 : g_strdup_printf("copy of %s", v->info.name ? v->info.name : "a value");
    s->label = nn_graph_string(p->c->graph, label);
    g_ptr_array_add(p->steps, s);
    p->busy = to_host ? p->busy && from_host : true;
}

static uint32_t value_slot(Place *p, NnValue *v, uint32_t space) {
    Where *w = where(p, v);
    if (w->slot[space] != NN_ABSENT)
        return w->slot[space];
    if (v->info.value) {
        w->slot[space] = new_slot(p, v, NN_HOME_CONSTANT, space);
        return w->slot[space];
    }
    const bool dynamic = slot_at(p, w->slot[w->home])->home == NN_HOME_DYNAMIC;
    w->slot[space] = new_slot(p, v, dynamic ? NN_HOME_DYNAMIC : NN_HOME_ARENA, space);
    add_copy(p, w->slot[w->home], w->slot[space], "another device reads it");
    return w->slot[space];
}

static bool claim_reads_on_host(const NnPlanStep *s, const NnValue *v) {
    bool host = true;
    for (uint32_t i = 0; i < s->n_nodes; i++)
        for (uint32_t k = 0; k < s->nodes[i]->view.n_inputs; k++)
            if (s->nodes[i]->inputs[k] == v) {
                const NnParam *param = nn_operator_input(s->nodes[i]->view.definition, k);
                host = host && param && (param->flags & NN_SHAPE_VALUE);
            }
    return host;
}

static uint32_t input_slot(Place *p, const NnPlanStep *s, uint32_t k, uint32_t space) {
    NnValue *v = s->inputs[k];
    if (v == NULL)
        return NN_ABSENT;
    if (s->kind == NN_STEP_CONTROL && s->nodes[0]->unread >> MIN(k, 63u) & 1)
        return new_slot(p, v, NN_HOME_NONE, p->c->session->main_space);
    if (s->kind == NN_STEP_CONTROL) {
        const bool steers = (int32_t)k == s->control.condition ||
                            (s->control.kind == NN_LOOP && (int32_t)k == s->control.trip_count);
        return value_slot(p, v, steers ? NN_HOST_SPACE : p->c->session->main_space);
    }
    const NnParam *param =
        s->kind == NN_STEP_KERNEL ? nn_operator_input(s->nodes[0]->view.definition, k) : NULL;
    if (param && (param->flags & NN_SHAPE_ONLY))
        return new_slot(p, v, NN_HOME_NONE, space);
    const bool on_host = param ? (param->flags & NN_SHAPE_VALUE) != 0 : claim_reads_on_host(s, v);
    return value_slot(p, v, on_host ? NN_HOST_SPACE : space);
}

static void place_step(Place *p, NnPlanStep *s) {
    const bool control = s->kind == NN_STEP_CONTROL;
    const uint32_t space =
        control ? p->c->session->main_space : nn_session_device(p->c->session, s->device)->space;
    s->in_slots = slots_memory(p, s->n_inputs);
    s->out_slots = slots_memory(p, s->n_outputs);
    for (uint32_t k = 0; k < s->n_inputs; k++)
        s->in_slots[k] = input_slot(p, s, k, space);
    for (uint32_t k = 0; k < s->n_outputs; k++) {
        NnValue *v = s->outputs[k];
        s->out_slots[k] = NN_ABSENT;
        if (v == NULL)
            continue;
        bool planned = v->info.rank >= 0 && v->info.type != NN_NONE;
        for (int32_t i = 0; planned && i < v->info.rank; i++)
            planned = v->info.dims[i] != NN_DIM_UNKNOWN;
        Where *w = where(p, v);
        w->home = space;
        w->slot[space] = s->out_slots[k] = new_slot(p, v, planned ? NN_HOME_ARENA : NN_HOME_DYNAMIC, space);
    }
    if (!control && !stays_enqueued(p, s->device))
        settle(p);
    g_ptr_array_add(p->steps, s);
    p->busy = p->busy || control || stays_enqueued(p, s->device);
}

/* ---- results ---- */

static void place_output(Place *p, uint32_t i) {
    NnCompile *c = p->c;
    NnValue *v = c->outputs->pdata[i];
    c->program->outputs[i].slot = NN_ABSENT;
    if (v == NULL)
        return;
    const Where *w = where(p, v);
    const uint32_t space = c->unit->out_space[i] < 0 ? (v->info.value ? NN_HOST_SPACE : w->home)
                                                     : (uint32_t)c->unit->out_space[i];
    const uint32_t from = value_slot(p, v, space);
    uint32_t slot = from;
    if (slot_at(p, from)->home == NN_HOME_ARENA) {
        slot_at(p, from)->home = NN_HOME_OUTPUT;
    } else if (slot_at(p, from)->home != NN_HOME_DYNAMIC) {
        slot = new_slot(p, v, NN_HOME_OUTPUT, space);
        add_copy(p, from, slot, "it is a result");
    }
    if (slot_at(p, slot)->home == NN_HOME_OUTPUT)
        slot_at(p, slot)->index = i;
    c->program->outputs[i].slot = slot;
}

/* Old values that another variable takes must be saved before anything is committed. */
static void place_assignments(Place *p) {
    NnCompile *c = p->c;
    const uint32_t main = c->session->main_space, n = c->graph->assignments->len;
    g_autofree uint32_t *from = g_new0(uint32_t, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        NnValue *v = g_array_index(c->graph->assignments, NnAssignment, i).value;
        from[i] = value_slot(p, v, main);
        if (v->origin == NN_FROM_VARIABLE) {
            const uint32_t saved = new_slot(p, v, NN_HOME_ARENA, main);
            add_copy(p, from[i], saved, "its variable may be assigned to as well");
            from[i] = saved;
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        NnVariable *variable = g_array_index(c->graph->assignments, NnAssignment, i).variable;
        const uint32_t to = new_slot(p, slot_at(p, from[i])->value, NN_HOME_VARIABLE, main);
        slot_at(p, to)->variable = variable;
        add_copy(p, from[i], to, "commit");
    }
}

int32_t nn_pass_place(NnCompile *c) {
    Place p = {.c = c, .steps = g_ptr_array_new()};
    for (guint i = 0; i < c->session->devices->len; i++)
        p.streams = p.streams || stays_enqueued(&p, i);
    p.busy = p.streams;
    for (guint i = 0; i < c->graph->values->len; i++)
        ((NnValue *)c->graph->values->pdata[i])->scratch = NULL;
    for (guint i = 0; i < c->steps->len; i++)
        place_step(&p, c->steps->pdata[i]);
    for (guint i = 0; c->edges && i < c->edges->len; i++) {
        NnValue *v = c->edges->pdata[i];
        c->program->edge[i] = value_slot(&p, v, where(&p, v)->home);
    }
    for (guint i = 0; i < c->unit->n_outputs; i++)
        place_output(&p, i);
    place_assignments(&p);
    g_ptr_array_unref(c->steps);
    c->steps = p.steps;
    if (c->slots->len >= NN_ABSENT / 2)
        return nn_status_fail(c->status, NN_INVALID, "function %s has too many values", c->graph->name);
    return NN_OK;
}
