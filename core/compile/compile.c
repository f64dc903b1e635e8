/* SPDX-License-Identifier: Apache-2.0 */
/* The list of passes, and units: a function with its compiled programs, the least recently used one dropped
 * first. */
#include "compile/compile.h"
#include "run/parts.h"

#include "nn/plugin.h"

#include <stdlib.h>

const NnPass nn_passes[] = {
    {"specialise", nn_pass_specialise, "the shapes of all inputs are known"},
    {"simplify", nn_pass_simplify, "types and shapes are inferred"},
    {"prune", nn_pass_prune, "equal nodes are one, and nothing that is known is computed"},
    {"lower", nn_pass_lower, "no node is a plain copy or known beforehand"},
    {"cut", nn_pass_cut, "every node that need not wait has a kernel, a claim or a control structure"},
    {"order", nn_pass_order, "the nodes that wait have left the graph"},
    {"place", nn_pass_place, "steps stand in the order in which they run"},
    {"plan", nn_pass_plan, "every input and output of a step has a slot"},
    {"emit", nn_pass_emit, "every slot has a place in memory"},
};
const uint32_t nn_pass_count = NN_COUNT(nn_passes);

/* ---- compiling ---- */

static void free_steps(NnSession *session, NnPlanStep *const *steps, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        const NnPlanStep *s = steps[i];
        if (!s->planned)
            continue;
        if (s->kind == NN_STEP_KERNEL && NN_HAS(s->kernel, release))
            s->kernel->release(nn_registry_host(session->context, s->kernel), s->plan.state);
        else if (s->kind == NN_STEP_CLAIM && NN_HAS(s->claim, release))
            s->claim->release(nn_registry_host(session->context, s->claim), s->plan.state);
    }
}

/* What it was compiled for, in the memory of its graph. */
static NnArgument *copy_key(NnGraph *g, const NnUnit *u, const NnArgument *arguments) {
    NnArgument *key = nn_graph_memory(g, (u->n_inputs + 1) * sizeof *key);
    for (uint32_t i = 0; i < u->n_inputs; i++) {
        const NnTensor *t = arguments[i].tensor;
        NnTensor *own = nn_graph_memory(g, sizeof *own);
        const gsize rank = (gsize)t->rank, bytes = u->constant[i] ? nn_tensor_bytes(t) : 0;
        *own = (NnTensor){
            .type = t->type, .rank = t->rank, .dims = nn_graph_memory(g, (rank + 1) * sizeof *t->dims)};
        own->buffer = nn_graph_memory(g, bytes + 1);
        if (rank > 0)
            memcpy(own->dims, t->dims, rank * sizeof *t->dims);
        if (bytes > 0)
            memcpy(own->buffer, nn_data(t), bytes);
        key[i] = (NnArgument){own, arguments[i].space};
    }
    return key;
}

static NnProgram *new_program(NnUnit *u) {
    NnProgram *p = g_new0(NnProgram, 1);
    p->session = u->session;
    p->n_inputs = u->n_inputs;
    p->n_outputs = u->n_outputs;
    p->depth = u->depth;
    p->random_slot = NN_ABSENT;
    p->outputs = g_new0(NnResult, u->n_outputs + 1);
    for (uint32_t i = 0; i < u->n_outputs; i++)
        p->outputs[i].slot = p->outputs[i].tail = NN_ABSENT;
    p->random = aligned_alloc(64, NN_RANDOM_RING * sizeof *p->random);
    if (p->random == NULL)
        g_error("out of memory for a program");
    memset(p->random, 0, NN_RANDOM_RING * sizeof *p->random);
    p->buffers = g_array_new(FALSE, TRUE, sizeof(NnStore));
    return p;
}

NnProgram *nn_compile(NnUnit *u, const NnArgument *arguments, const char *print_after, GString *printed,
                      NnStatus *status) {
    NnCompile c = {.session = u->session,
                   .unit = u,
                   .arguments = arguments,
                   .program = new_program(u),
                   .status = status,
                   .steps = g_ptr_array_new(),
                   .slots = g_array_new(FALSE, TRUE, sizeof(NnPlanSlot)),
                   .cuts = g_array_new(FALSE, FALSE, sizeof(NnGraphNode *)),
                   .outputs = g_ptr_array_new()};
    int32_t code = NN_OK;
    for (uint32_t i = 0; i < nn_pass_count && code == NN_OK; i++) {
        code = nn_passes[i].run(&c);
        if (code == NN_OK && print_after && strcmp(print_after, nn_passes[i].name) == 0)
            nn_print_compile(&c, printed);
        if (code != NN_OK)
            nn_status_fail(status, code, "pass %s failed", nn_passes[i].name);
    }
    NnProgram *p = c.program;
    if (p->steps == NULL)
        free_steps(p->session, (NnPlanStep *const *)(void *)c.steps->pdata, c.steps->len);
    if (code == NN_OK) {
        /* What handing over to the tail needs, so that it allocates nothing. */
        p->edge_args = nn_graph_memory(p->graph, (p->n_edge + 1) * sizeof *p->edge_args);
        p->edge_host = nn_graph_memory(p->graph, (p->n_edge + 1) * sizeof *p->edge_host);
        p->tail_bound = nn_graph_memory(p->graph, (p->n_outputs + 1) * sizeof *p->tail_bound);
        p->key = copy_key(p->graph, u, arguments);
        p->n_cuts = c.cuts->len;
        p->cuts = nn_graph_memory(p->graph, (c.cuts->len + 1) * sizeof *p->cuts);
        for (guint i = 0; i < c.cuts->len; i++)
            p->cuts[i] = g_array_index(c.cuts, NnGraphNode *, i);
    }
    g_clear_pointer(&c.order, g_ptr_array_unref);
    g_clear_pointer(&c.edges, g_ptr_array_unref);
    g_ptr_array_unref(c.steps);
    g_ptr_array_unref(c.outputs);
    g_array_unref(c.slots);
    g_array_unref(c.cuts);
    if (code == NN_OK)
        return p;
    nn_program_free(p);
    return NULL;
}

void nn_program_free(NnProgram *p) {
    if (p == NULL)
        return;
    (void)nn_devices_wait(p->session, NULL);
    for (uint32_t i = 0; i < p->n_code; i++) {
        const uint64_t tag = p->first_tag + i;
        g_hash_table_remove(p->session->labels, &tag);
        const NnInstr *instr = &p->code[i];
        if (instr->release)
            instr->release(instr->state);
    }
    if (p->steps)
        free_steps(p->session, p->steps, p->n_code);
    nn_unit_free(p->tail);
    for (uint32_t i = 0; i < p->n_outputs; i++)
        nn_store_free(p->session, &p->outputs[i].own);
    for (guint i = 0; i < p->buffers->len; i++)
        nn_store_free(p->session, &g_array_index(p->buffers, NnStore, i));
    for (uint32_t i = 0; p->edge_host && i < p->n_edge; i++)
        g_free(p->edge_host[i].buffer);
    g_array_unref(p->buffers);
    g_free(p->outputs);
    free(p->random);
    if (p->graph)
        nn_graph_release(p->graph);
    g_free(p);
}

/* ---- units ---- */

NnUnit *nn_unit_new(NnSession *session, NnFunction *function, uint32_t depth) {
    NnUnit *u = g_new0(NnUnit, 1);
    u->session = session;
    u->function = nn_function_ref(function);
    u->depth = depth;
    u->n_inputs = function->graph->inputs->len;
    u->n_outputs = function->graph->outputs->len;
    u->constant = g_new0(uint8_t, u->n_inputs + 1);
    u->out_space = g_new0(int32_t, u->n_outputs + 1);
    for (uint32_t i = 0; i < u->n_outputs; i++)
        u->out_space[i] = -1;
    u->unused = g_new0(uint8_t, u->n_outputs + 1);
    u->programs = g_ptr_array_new();
    return u;
}

void nn_unit_free(NnUnit *u) {
    if (u == NULL)
        return;
    for (guint i = 0; i < u->programs->len; i++)
        nn_program_free(u->programs->pdata[i]);
    g_ptr_array_unref(u->programs);
    nn_function_unref(u->function);
    g_free(u->constant);
    g_free(u->out_space);
    g_free(u->unused);
    g_free(u);
}

static bool same_shape(const NnTensor *a, const NnTensor *b) {
    bool same = a->type == b->type && a->rank == b->rank;
    for (int32_t k = 0; same && k < a->rank; k++)
        same = a->dims[k] == b->dims[k];
    return same;
}

static bool fits(const NnUnit *u, const NnProgram *p, const NnArgument *arguments) {
    for (uint32_t i = 0; i < u->n_inputs; i++) {
        const NnTensor *own = p->key[i].tensor, *t = arguments[i].tensor;
        if (p->key[i].space != arguments[i].space || !same_shape(own, t))
            return false;
        if (u->constant[i] && memcmp(own->buffer, nn_data(t), nn_tensor_bytes(t)) != 0)
            return false;
    }
    return true;
}

NnProgram *nn_unit_program(NnUnit *u, const NnArgument *arguments, NnStatus *status) {
    for (guint i = 0; i < u->programs->len; i++) {
        NnProgram *p = u->programs->pdata[i];
        if (!fits(u, p, arguments))
            continue;
        for (; i > 0; i--)
            u->programs->pdata[i] = u->programs->pdata[i - 1];
        u->programs->pdata[0] = p;
        return p;
    }
    NnProgram *p = nn_compile(u, arguments, NULL, NULL, status);
    if (p == NULL)
        return NULL;
    if (u->programs->len == NN_PROGRAMS_MAX) {
        nn_program_free(u->programs->pdata[NN_PROGRAMS_MAX - 1]);
        g_ptr_array_set_size(u->programs, NN_PROGRAMS_MAX - 1);
    }
    g_ptr_array_insert(u->programs, 0, p);
    return p;
}
