/* SPDX-License-Identifier: Apache-2.0 */
/* The instruction BRANCH: one of two functions runs, compiled when it is first taken. */
#include "run/parts.h"

#include "nn/plugin.h"

typedef struct Branch {
    NnProgram *program;
    NnPlanStep *step;
    NnUnit *units[2];
    NnArgument *args;
    NnPlace *bound;
} Branch;

int32_t nn_branch_new(NnProgram *p, NnPlanStep *s, void **state, NnStatus *status) {
    Branch *b = g_new0(Branch, 1);
    b->program = p;
    b->step = s;
    b->args = g_new0(NnArgument, s->n_inputs + 1);
    *state = b;
    const NnControl *k = &s->control;
    if (k->condition < 0 || (uint32_t)k->condition >= s->n_inputs || s->inputs[k->condition] == NULL)
        return nn_status_fail(status, NN_INVALID, "%s: a branch needs its condition", s->label);
    for (int i = 0; i < 2; i++) {
        if (k->functions[i] == NULL)
            return nn_status_fail(status, NN_INVALID, "%s: a branch needs two functions", s->label);
        NnUnit *u = b->units[i] = nn_unit_new(p->session, k->functions[i], p->depth + 1);
        if (u->n_inputs + k->first_capture != s->n_inputs || u->n_outputs < s->n_outputs)
            return nn_status_fail(status, NN_INVALID,
                                  "%s: function %s takes %u inputs and gives %u outputs, expected %u and %u",
                                  s->label, k->functions[i]->graph->name, u->n_inputs, u->n_outputs,
                                  s->n_inputs - k->first_capture, s->n_outputs);
        for (uint32_t o = 0; o < u->n_outputs; o++) {
            u->out_space[o] = (int32_t)p->session->main_space;
            u->unused[o] = o >= s->n_outputs || s->out_slots[o] == NN_ABSENT;
        }
    }
    b->bound = g_new0(NnPlace, MAX(b->units[0]->n_outputs, b->units[1]->n_outputs) + 1);
    for (uint32_t i = k->first_capture; i < s->n_inputs; i++)
        if (s->inputs[i] == NULL)
            return nn_status_fail(status, NN_INVALID, "%s: captured input %u is missing", s->label, i);
    return NN_OK;
}

void nn_branch_free(void *state) {
    Branch *b = state;
    if (b == NULL)
        return;
    nn_unit_free(b->units[0]);
    nn_unit_free(b->units[1]);
    g_free(b->args);
    g_free(b->bound);
    g_free(b);
}

const NnUnit *nn_branch_unit(void *state, uint32_t i) { return ((Branch *)state)->units[i]; }

static bool fits_in(const NnPlanSlot *slot, const NnTensor *t) {
    return t && t->type == slot->value->info.type && nn_tensor_bytes(t) <= slot->bytes;
}

static int32_t take_result(Branch *b, uint32_t i, const NnTensor *from, NnTensor *to, NnStatus *status) {
    NnSession *session = b->program->session;
    const NnPlanSlot *slot = &b->program->slots[b->step->out_slots[i]];
    if (slot->home == NN_HOME_DYNAMIC) {
        to->buffer = from->buffer;
        to->offset = from->offset;
    } else if (!fits_in(slot, from) || to->rank != from->rank) {
        return nn_status_fail(status, NN_INVALID, "output %u of a branch is larger than its inferred shape",
                              i);
    }
    nn_tensor_take_shape(to, from);
    if (to->buffer == from->buffer && to->offset == from->offset)
        return NN_OK;
    return nn_space_copy(session, slot->space, nn_tensor_place(to), slot->space, nn_tensor_place(from),
                         nn_tensor_bytes(from), status);
}

int32_t nn_branch_run(void *state, const NnCall *call) {
    Branch *b = state;
    const NnControl *k = &b->step->control;
    const uint8_t *condition = nn_data(call->inputs[k->condition]);
    NnUnit *u = b->units[*condition ? 0 : 1];
    for (uint32_t i = 0; i < u->n_inputs; i++)
        b->args[i] = (NnArgument){call->inputs[k->first_capture + i], b->program->session->main_space};
    NnProgram *p = nn_unit_program(u, b->args, call->status);
    if (p == NULL)
        return nn_status_code(call->status);
    for (uint32_t i = 0; i < call->n_outputs; i++) {
        const NnTensor *to = call->outputs[i];
        const bool direct = to && b->program->slots[b->step->out_slots[i]].home != NN_HOME_DYNAMIC &&
                            fits_in(&b->program->slots[b->step->out_slots[i]], nn_program_output(p, i));
        b->bound[i] = direct ? nn_tensor_place(to) : (NnPlace){NULL, 0};
    }
    int32_t code = nn_program_run(p, b->args, b->bound, b->program->random_now, call->status);
    for (uint32_t i = 0; i < call->n_outputs && code == NN_OK; i++)
        if (call->outputs[i])
            code = take_result(b, i, p->outputs[i].tensor, call->outputs[i], call->status);
    return code;
}
