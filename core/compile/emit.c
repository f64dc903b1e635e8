/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pass: steps become instructions with ready tensors and calls. Addresses that are the same in every run are
 * filled in here, those of arenas when an arena moves, those of inputs and results when the program is
 * called.
 */
#include "compile/compile.h"
#include "run/parts.h"

#include "nn/plugin.h"

static int32_t upload_constant(NnCompile *c, const NnPlanSlot *s, NnTensor *t) {
    NnStore store = {.space = s->space};
    if (nn_space_alloc(c->session, s->space, s->bytes, "a constant", &store.buffer, c->status) != NN_OK)
        return nn_status_code(c->status);
    g_array_append_val(c->program->buffers, store);
    t->buffer = store.buffer;
    const NnPlace from = {s->value->info.value->buffer, s->value->info.value->offset};
    return nn_space_copy(c->session, s->space, (NnPlace){t->buffer, 0}, NN_HOST_SPACE, from, s->bytes,
                         c->status);
}

static int32_t emit_tensor(NnCompile *c, uint32_t i) {
    const NnPlanSlot *s = &c->program->slots[i];
    NnTensor *t = &c->program->tensors[i];
    t->offset = s->home == NN_HOME_ARENA ? s->offset : 0;
    if (s->value == NULL)
        return NN_OK;
    const NnValueInfo *info = &s->value->info;
    t->type = info->type;
    t->rank = MAX(info->rank, 0);
    /* A control instruction may find any rank. */
    const gsize room = s->home == NN_HOME_DYNAMIC ? NN_MAX_RANK : (gsize)t->rank;
    t->dims = nn_graph_memory(c->graph, (room + 1) * sizeof(int64_t));
    t->strides = nn_graph_memory(c->graph, (room + 1) * sizeof(int64_t));
    for (int32_t k = 0; k < info->rank; k++)
        t->dims[k] = info->dims[k] == NN_DIM_UNKNOWN ? 0 : nn_dim_max(info->dims[k]);
    nn_tensor_dense(t);
    if (s->home == NN_HOME_VARIABLE)
        return nn_session_variable(c->session, s->variable, &t->buffer, c->status);
    if (s->home == NN_HOME_CONSTANT && c->session->spaces[s->space].host) {
        t->buffer = info->value->buffer;
        t->offset = info->value->offset;
    } else if (s->home == NN_HOME_CONSTANT) {
        return upload_constant(c, s, t);
    }
    return NN_OK;
}

static void collect_slots(NnCompile *c) {
    NnProgram *p = c->program;
    p->bounded = nn_graph_memory(c->graph, (p->n_slots + 1) * sizeof *p->bounded);
    p->arena_slots = nn_graph_memory(c->graph, (p->n_slots + 1) * sizeof *p->arena_slots);
    for (uint32_t i = 0; i < p->n_slots; i++) {
        if (p->slots[i].bounded)
            p->bounded[p->n_bounded++] = i;
        if (p->slots[i].home == NN_HOME_ARENA)
            p->arena_slots[p->n_arena++] = i;
    }
}

static void collect_inputs(NnCompile *c) {
    NnProgram *p = c->program;
    const uint32_t n = c->unit->n_inputs;
    p->input_first = nn_graph_memory(c->graph, (n + 2) * sizeof *p->input_first);
    p->input_slots = nn_graph_memory(c->graph, (p->n_slots + 1) * sizeof *p->input_slots);
    uint32_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        p->input_first[i] = at;
        for (uint32_t k = 0; k < p->n_slots; k++)
            if (p->slots[k].home == NN_HOME_INPUT && p->slots[k].index == i)
                p->input_slots[at++] = k;
    }
    p->input_first[n] = at;
}

static int32_t emit_state(NnCompile *c, NnPlanStep *s, NnInstr *instr) {
    NnProgram *p = c->program;
    switch (s->kind) {
    case NN_STEP_KERNEL:
        instr->run = s->kernel->run;
        instr->state = s->plan.state;
        return NN_OK;
    case NN_STEP_CLAIM:
        instr->run = s->claim->run;
        instr->state = s->plan.state;
        return NN_OK;
    case NN_STEP_CONTROL:
        instr->run = s->control.kind == NN_LOOP ? nn_loop_run : nn_branch_run;
        instr->release = s->control.kind == NN_LOOP ? nn_loop_free : nn_branch_free;
        return (s->control.kind == NN_LOOP ? nn_loop_new : nn_branch_new)(p, s, &instr->state, c->status);
    case NN_STEP_COPY:
        instr->run = nn_copy_run;
        instr->release = nn_copy_free;
        instr->state = nn_copy_new(p, s);
        return NN_OK;
    default:
        instr->run = nn_wait_run;
        instr->state = c->session;
        return NN_OK;
    }
}

static int32_t emit_step(NnCompile *c, uint32_t i) {
    NnProgram *p = c->program;
    NnSession *session = c->session;
    NnPlanStep *s = p->steps[i];
    NnInstr *instr = &p->code[i];
    const NnTensor **ins = nn_graph_memory(c->graph, (s->n_inputs + 1) * sizeof *ins);
    NnTensor **outs = nn_graph_memory(c->graph, (s->n_outputs + 1) * sizeof *outs);
    for (uint32_t k = 0; k < s->n_inputs; k++)
        ins[k] = s->in_slots[k] == NN_ABSENT ? NULL : &p->tensors[s->in_slots[k]];
    for (uint32_t k = 0; k < s->n_outputs; k++)
        outs[k] = s->out_slots[k] == NN_ABSENT ? NULL : &p->tensors[s->out_slots[k]];
    const void *table = s->kind == NN_STEP_KERNEL  ? (const void *)s->kernel
                        : s->kind == NN_STEP_CLAIM ? (const void *)s->claim
                                                   : NULL;
    NnRunDevice *d = table ? nn_session_device(session, s->device) : NULL;
    const uint64_t tag = ++session->next_tag;
    instr->call = (NnCall){.struct_size = sizeof instr->call,
                           .n_inputs = s->n_inputs,
                           .n_outputs = s->n_outputs,
                           .inputs = ins,
                           .outputs = outs,
                           .host = table ? nn_registry_host(session->context, table)
                                         : nn_context_host(session->context),
                           .device = d ? d->device : NULL,
                           .stream = d ? d->stream : NULL,
                           .node = s->n_nodes ? &s->nodes[0]->view : NULL,
                           .tag = tag,
                           .status = session->status};
    g_hash_table_insert(session->labels, g_memdup2(&tag, sizeof tag), g_strdup(s->label));
    if (d && d->stream)
        p->enqueues |= UINT64_C(1) << MIN(s->device, 63);
    return emit_state(c, s, instr);
}

int32_t nn_pass_emit(NnCompile *c) {
    NnProgram *p = c->program;
    NnGraph *g = c->graph;
    p->n_slots = c->slots->len;
    p->slots = nn_graph_memory(g, (p->n_slots + 1) * sizeof *p->slots);
    if (p->n_slots)
        memcpy(p->slots, c->slots->data, p->n_slots * sizeof *p->slots);
    p->tensors = nn_graph_memory(g, (p->n_slots + 1) * sizeof *p->tensors);
    for (uint32_t i = 0; i < p->n_slots; i++)
        if (emit_tensor(c, i) != NN_OK)
            return nn_status_code(c->status);
    collect_slots(c);
    collect_inputs(c);
    p->code = nn_graph_memory(g, (c->steps->len + 1) * sizeof *p->code);
    p->steps = nn_graph_memory(g, (c->steps->len + 1) * sizeof *p->steps);
    p->first_tag = c->session->next_tag + 1;
    for (guint i = 0; i < c->steps->len; i++)
        p->steps[i] = c->steps->pdata[i];
    p->n_code = c->steps->len;
    for (guint i = 0; i < c->steps->len; i++)
        if (emit_step(c, i) != NN_OK)
            return nn_status_code(c->status);
    return NN_OK;
}
