/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pass: kernels plan themselves; then memory. How long each slot must stay, which output takes over the
 * memory of an input, which assigned value can be made straight in its variable's memory (nobody reads the
 * old value after that), and one arena per kind of memory, the largest slots first, each at the lowest offset
 * where nothing alive at the same time is.
 */
#include "compile/compile.h"

#include "nn/plugin.h"

static NnPlanSlot *slot_at(const NnCompile *c, uint32_t i) { return &g_array_index(c->slots, NnPlanSlot, i); }

static NnPlanStep *step_at(const NnCompile *c, uint32_t i) { return c->steps->pdata[i]; }

/* ---- kernels ---- */

static const NnView *view_of(NnCompile *c, const NnPlanStep *s) {
    NnView *view = nn_graph_memory(c->graph, sizeof *view);
    const NnNode **nodes = nn_graph_memory(c->graph, (s->n_nodes + 1) * sizeof *nodes);
    const NnValueInfo **ins = nn_graph_memory(c->graph, (s->n_inputs + 1) * sizeof *ins);
    const NnValueInfo **outs = nn_graph_memory(c->graph, (s->n_outputs + 1) * sizeof *outs);
    for (uint32_t k = 0; k < s->n_inputs; k++) {
        ins[k] = &s->inputs[k]->info;
        s->inputs[k]->info.producer = -1;
    }
    for (uint32_t i = 0; i < s->n_nodes; i++) {
        nodes[i] = &s->nodes[i]->view;
        for (uint32_t k = 0; k < nodes[i]->n_outputs; k++)
            s->nodes[i]->outputs[k]->info.producer = (int32_t)i;
    }
    for (uint32_t k = 0; k < s->n_outputs; k++)
        outs[k] = &s->outputs[k]->info;
    *view = (NnView){.struct_size = sizeof *view,
                     .n_nodes = s->n_nodes,
                     .n_inputs = s->n_inputs,
                     .n_outputs = s->n_outputs,
                     .nodes = nodes,
                     .inputs = ins,
                     .outputs = outs,
                     .phase = c->graph->phase};
    return view;
}

static int32_t plan_step(NnCompile *c, NnPlanStep *s) {
    NnDevice *device = nn_session_device(c->session, s->device)->device;
    s->plan.struct_size = sizeof s->plan;
    int32_t code = NN_OK;
    if (s->kind == NN_STEP_KERNEL && NN_HAS(s->kernel, plan))
        code = s->kernel->plan(nn_registry_host(c->session->context, s->kernel), device, &s->nodes[0]->view,
                               &s->plan, c->status);
    else if (s->kind == NN_STEP_CLAIM && NN_HAS(s->claim, plan))
        code = s->claim->plan(nn_registry_host(c->session->context, s->claim), device, view_of(c, s),
                              s->claim_tag, &s->plan, c->status);
    s->planned = code == NN_OK;
    if (code != NN_OK) {
        nn_status_fail(c->status, code, "it could not be planned");
        nn_status_where(c->status, "%s", s->label);
        return nn_status_code(c->status);
    }
    s->plan.n_in_place = MIN(s->plan.n_in_place, (uint32_t)G_N_ELEMENTS(s->plan.in_place));
    if (s->plan.workspace > 0) {
        const NnPlanSlot w = {.home = NN_HOME_ARENA,
                              .space = nn_session_device(c->session, s->device)->space,
                              .bytes = s->plan.workspace,
                              .root = c->slots->len};
        s->workspace_slot = c->slots->len;
        g_array_append_val(c->slots, w);
    }
    return NN_OK;
}

/* ---- lifetimes ---- */

static void touch(const NnCompile *c, uint32_t slot, int32_t step) {
    if (slot == NN_ABSENT)
        return;
    NnPlanSlot *s = slot_at(c, slot);
    if (s->first < 0)
        s->first = step;
    s->last = MAX(s->last, step);
}

static void find_lifetimes(NnCompile *c) {
    for (guint i = 0; i < c->slots->len; i++)
        slot_at(c, i)->first = slot_at(c, i)->last = -1;
    for (guint i = 0; i < c->steps->len; i++) {
        const NnPlanStep *s = step_at(c, i);
        for (uint32_t k = 0; k < s->n_inputs; k++)
            touch(c, s->in_slots[k], (int32_t)i);
        for (uint32_t k = 0; k < s->n_outputs; k++)
            touch(c, s->out_slots[k], (int32_t)i);
        touch(c, s->workspace_slot, (int32_t)i);
    }
    for (uint32_t i = 0; c->edges && i < c->edges->len; i++)
        slot_at(c, c->program->edge[i])->last = (int32_t)c->steps->len;
}

static bool may_overwrite(const NnPlanStep *s, uint32_t input, uint32_t output) {
    for (uint32_t k = 0; k < s->plan.n_in_place; k++)
        if (s->plan.in_place[k].input == input && s->plan.in_place[k].output == output)
            return true;
    return false;
}

static bool is_commit(const NnPlanStep *s) {
    return s->kind == NN_STEP_COPY && s->why && strcmp(s->why, "commit") == 0;
}

/* May `made`, an output of step `at`, be written straight over the variable's old value? */
static bool old_value_done(const NnCompile *c, const NnVariable *variable, uint32_t made, int32_t at) {
    for (guint i = 0; i < c->steps->len; i++) {
        const NnPlanStep *s = step_at(c, i);
        for (uint32_t k = 0; k < s->n_inputs; k++) {
            const NnPlanSlot *in = s->in_slots[k] == NN_ABSENT ? NULL : slot_at(c, s->in_slots[k]);
            if (in == NULL || in->home != NN_HOME_VARIABLE || in->variable != variable || (int32_t)i < at)
                continue;
            if ((int32_t)i > at)
                return false;
            bool allowed = false;
            for (uint32_t o = 0; o < s->n_outputs && !allowed; o++)
                allowed = s->out_slots[o] == made && may_overwrite(s, k, o);
            if (!allowed)
                return false;
        }
    }
    return true;
}

static void make_in_variables(NnCompile *c) {
    g_autoptr(GPtrArray) kept = g_ptr_array_new();
    const bool last_part = c->edges == NULL;
    for (guint i = 0; i < c->steps->len; i++) {
        NnPlanStep *s = step_at(c, i);
        NnPlanSlot *from = is_commit(s) ? slot_at(c, s->in_slots[0]) : NULL;
        NnPlanSlot *to = from ? slot_at(c, s->out_slots[0]) : NULL;
        if (from && last_part && from->home == NN_HOME_ARENA && !from->bounded && from->space == to->space &&
            from->last <= (int32_t)i && old_value_done(c, to->variable, s->in_slots[0], from->first)) {
            from->variable = to->variable;
            from->home = NN_HOME_VARIABLE;
            continue;
        }
        g_ptr_array_add(kept, s);
    }
    g_ptr_array_set_size(c->steps, 0);
    for (guint i = 0; i < kept->len; i++)
        g_ptr_array_add(c->steps, kept->pdata[i]);
}

static uint32_t root_of(const NnCompile *c, uint32_t slot) {
    while (slot_at(c, slot)->root != slot)
        slot = slot_at(c, slot)->root;
    return slot;
}

static bool read_once(const NnCompile *c, const NnPlanStep *s, uint32_t root) {
    uint32_t n = 0;
    for (uint32_t k = 0; k < s->n_inputs; k++)
        n += s->in_slots[k] != NN_ABSENT && root_of(c, s->in_slots[k]) == root;
    return n == 1;
}

static void share_in_place(NnCompile *c) {
    for (guint i = 0; i < c->steps->len; i++) {
        const NnPlanStep *s = step_at(c, i);
        for (uint32_t k = 0; k < s->plan.n_in_place; k++) {
            const NnInPlace pair = s->plan.in_place[k];
            if (pair.input >= s->n_inputs || pair.output >= s->n_outputs ||
                s->in_slots[pair.input] == NN_ABSENT || s->out_slots[pair.output] == NN_ABSENT)
                continue;
            const uint32_t from = root_of(c, s->in_slots[pair.input]), to = s->out_slots[pair.output];
            NnPlanSlot *a = slot_at(c, from), *b = slot_at(c, to);
            if (a->home != NN_HOME_ARENA || b->home != NN_HOME_ARENA || b->root != to ||
                a->space != b->space || a->last != (int32_t)i || b->bytes > a->bytes ||
                !read_once(c, s, from))
                continue;
            b->root = from;
            a->last = b->last;
        }
    }
}

/* ---- offsets ---- */

static gint larger_first(gconstpointer x, gconstpointer y) {
    const NnPlanSlot *const *a = x, *const *b = y;
    if ((*a)->bytes != (*b)->bytes)
        return (*a)->bytes < (*b)->bytes ? 1 : -1;
    return (*a)->root < (*b)->root ? -1 : (*a)->root > (*b)->root;
}

static uint64_t rounded(uint64_t bytes) { return (bytes + 63) & ~UINT64_C(63); }

/* placed: sorted by offset. */
static void give_offset(NnPlanSlot *s, GPtrArray *placed) {
    uint64_t at = 0, best = UINT64_MAX, best_room = UINT64_MAX;
    for (guint i = 0; i < placed->len; i++) {
        const NnPlanSlot *p = placed->pdata[i];
        if (p->last < s->first || p->first > s->last)
            continue;
        if (p->offset > at && p->offset - at >= s->bytes && p->offset - at < best_room) {
            best = at;
            best_room = p->offset - at;
        }
        at = MAX(at, rounded(p->offset + p->bytes));
    }
    s->offset = best == UINT64_MAX ? at : best;
    guint i = placed->len;
    g_ptr_array_add(placed, s);
    for (; i > 0 && ((const NnPlanSlot *)placed->pdata[i - 1])->offset > s->offset; i--) {
        placed->pdata[i] = placed->pdata[i - 1];
        placed->pdata[i - 1] = s;
    }
}

static int32_t give_offsets(NnCompile *c, uint32_t space) {
    g_autoptr(GPtrArray) mine = g_ptr_array_new();
    g_autoptr(GPtrArray) placed = g_ptr_array_new();
    uint64_t end = 0;
    for (guint i = 0; i < c->slots->len; i++) {
        NnPlanSlot *s = slot_at(c, i);
        if (s->home == NN_HOME_ARENA && s->space == space)
            end = 64; /* a value without elements has an address too */
        if (s->home == NN_HOME_ARENA && s->space == space && s->root == i && s->bytes > 0 && s->first >= 0) {
            if (s->bytes > UINT64_MAX / 4)
                return nn_status_fail(c->status, NN_OUT_OF_MEMORY,
                                      "function %s: a value of it is larger than memory can be",
                                      c->graph->name);
            g_ptr_array_add(mine, s);
        }
    }
    g_ptr_array_sort(mine, larger_first);
    for (guint i = 0; i < mine->len; i++) {
        NnPlanSlot *s = mine->pdata[i];
        give_offset(s, placed);
        end = MAX(end, rounded(s->offset + s->bytes));
    }
    c->program->arena_bytes[space] = end;
    return NN_OK;
}

int32_t nn_pass_plan(NnCompile *c) {
    for (guint i = 0; i < c->steps->len; i++)
        if ((step_at(c, i)->kind == NN_STEP_KERNEL || step_at(c, i)->kind == NN_STEP_CLAIM) &&
            plan_step(c, step_at(c, i)) != NN_OK)
            return nn_status_code(c->status);
    find_lifetimes(c);
    make_in_variables(c);
    find_lifetimes(c);
    share_in_place(c);
    for (uint32_t space = 0; space < c->session->n_spaces; space++)
        if (give_offsets(c, space) != NN_OK)
            return nn_status_code(c->status);
    for (guint i = 0; i < c->slots->len; i++)
        slot_at(c, i)->offset = slot_at(c, root_of(c, i))->offset;
    return NN_OK;
}
