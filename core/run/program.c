/* SPDX-License-Identifier: Apache-2.0 */
/* Running a program: addresses of this call are filled in, then the array of instructions is walked, then the
 * tail. */
#include "compile/program.h"

#include "nn/plugin.h"

#include <math.h>
#include <stdlib.h>

uint64_t nn_tensor_bytes(const NnTensor *t) { return (uint64_t)nn_elements(t) * nn_type_size(t->type); }

void nn_tensor_take_shape(NnTensor *to, const NnTensor *from) {
    to->type = from->type;
    to->rank = from->rank;
    for (int32_t k = 0; k < from->rank; k++)
        to->dims[k] = from->dims[k];
    nn_tensor_dense(to);
}

void nn_tensor_dense(NnTensor *t) {
    int64_t stride = 1;
    for (int32_t i = t->rank - 1; i >= 0; i--) {
        t->strides[i] = stride;
        stride *= t->dims[i];
    }
}

const NnTensor *nn_program_output(const NnProgram *p, uint32_t i) {
    const uint32_t slot = p->outputs[i].slot;
    return slot != NN_ABSENT && p->slots[slot].home == NN_HOME_OUTPUT && !p->slots[slot].bounded
               ? &p->tensors[slot]
               : NULL;
}

/* ---- before ---- */

static void rebase(NnProgram *p, uint32_t space, NnBuffer base) {
    for (uint32_t i = 0; i < p->n_arena; i++)
        if (p->slots[p->arena_slots[i]].space == space)
            p->tensors[p->arena_slots[i]].buffer = base;
    for (uint32_t i = 0; i < p->n_code; i++) {
        const uint32_t slot = p->steps[i]->workspace_slot;
        if (slot == NN_ABSENT || p->slots[slot].space != space)
            continue;
        p->code[i].call.workspace = base;
        p->code[i].call.workspace_offset = p->slots[slot].offset;
    }
}

/* For the sentence about memory that is not there. */
static const char *largest_value(const NnProgram *p, uint32_t space) {
    const NnPlanSlot *best = NULL;
    for (uint32_t i = 0; i < p->n_arena; i++) {
        const NnPlanSlot *s = &p->slots[p->arena_slots[i]];
        if (s->space == space && s->value && (best == NULL || s->bytes > best->bytes))
            best = s;
    }
    return best && best->value->origin == NN_FROM_NODE ? best->value->node->view.name : "a copy";
}

static int32_t settle_arenas(NnProgram *p, NnStatus *status) {
    for (uint32_t space = 0; space < p->session->n_spaces; space++) {
        if (p->arena_bytes[space] == 0)
            continue;
        NnStore *arena = nn_session_arena(p->session, p->depth, space);
        arena->space = space;
        if (arena->bytes < p->arena_bytes[space]) {
            g_autofree char *what =
                g_strdup_printf("values of a program, the largest of node %s", largest_value(p, space));
            if (nn_devices_wait(p->session, status) != NN_OK ||
                nn_store_reserve(p->session, arena, p->arena_bytes[space], 0, what, status) != NN_OK)
                return nn_status_code(status);
        }
        if (p->arena_seen[space] != arena->generation)
            rebase(p, space, arena->buffer);
        p->arena_seen[space] = arena->generation;
    }
    return NN_OK;
}

static int32_t set_random(NnProgram *p, const int64_t random[2], NnStatus *status) {
    p->random_now[0] = random[0];
    p->random_now[1] = random[1];
    if (p->random_slot == NN_ABSENT)
        return NN_OK;
    p->random_at = (p->random_at + 1) % NN_RANDOM_RING;
    if (p->random_at == 0 && nn_devices_wait(p->session, status) != NN_OK)
        return nn_status_code(status);
    int64_t *now = p->random[p->random_at];
    now[0] = random[0];
    now[1] = random[1];
    p->tensors[p->random_slot].buffer = now;
    return NN_OK;
}

static int32_t set_outputs(NnProgram *p, const NnPlace *bound, NnStatus *status) {
    for (uint32_t i = 0; i < p->n_outputs; i++) {
        const uint32_t slot = p->outputs[i].slot;
        if (slot == NN_ABSENT || p->slots[slot].home != NN_HOME_OUTPUT)
            continue;
        NnTensor *t = &p->tensors[slot];
        if (bound && bound[i].buffer) {
            t->buffer = bound[i].buffer;
            t->offset = bound[i].offset;
            continue;
        }
        p->outputs[i].own.space = p->slots[slot].space;
        if (p->outputs[i].own.buffer == NULL &&
            nn_store_reserve(p->session, &p->outputs[i].own, p->slots[slot].bytes, 0, "a result", status) !=
                NN_OK)
            return nn_status_code(status);
        t->buffer = p->outputs[i].own.buffer;
        t->offset = 0;
    }
    for (uint32_t i = 0; i < p->n_bounded; i++) {
        NnTensor *t = &p->tensors[p->bounded[i]];
        const NnValueInfo *info = &p->slots[p->bounded[i]].value->info;
        for (int32_t k = 0; k < t->rank; k++)
            t->dims[k] = nn_dim_max(info->dims[k]);
        nn_tensor_dense(t);
    }
    return NN_OK;
}

/* ---- the instructions ---- */

static double element(const void *data, int32_t type, uint64_t i) {
    if (type == NN_F64)
        return ((const double *)data)[i];
    if (type == NN_F32)
        return (double)((const float *)data)[i];
    const uint16_t h = ((const uint16_t *)data)[i];
    const uint16_t exponent = type == NN_F16 ? 0x7c00 : 0x7f80;
    return (h & exponent) == exponent ? (double)NAN : 0;
}

static int32_t check_finite(NnProgram *p, uint32_t at, uint32_t k, NnStatus *status) {
    const NnTensor *t = p->code[at].call.outputs[k];
    if (t == NULL || !(NN_MASK(t->type) & NN_FLOATS))
        return NN_OK;
    const uint64_t n = (uint64_t)nn_elements(t), bytes = n * nn_type_size(t->type);
    const uint32_t space = p->slots[p->steps[at]->out_slots[k]].space;
    void *copy = malloc(bytes + 1);
    if (copy == NULL)
        return nn_status_fail(status, NN_OUT_OF_MEMORY, "no memory to check a value of %" PRIu64 " bytes",
                              bytes);
    int32_t code = nn_space_copy(p->session, NN_HOST_SPACE, (NnPlace){copy, 0}, space, nn_tensor_place(t),
                                 bytes, status);
    for (uint64_t i = 0; i < n && code == NN_OK; i++) {
        const double x = element(copy, t->type, i);
        if (!isfinite(x))
            code = nn_status_fail(status, NN_NON_FINITE, "output %u is not finite: element %" PRIu64 " is %g",
                                  k, i, x);
    }
    free(copy);
    return code;
}

/* That something has run is said by a status with a node, the innermost. */
static int32_t failed_at(NnStatus *status, const char *label) {
    if (nn_status_detail(status, "node") == NULL)
        nn_status_set_detail(status, "node", label);
    return nn_status_code(status);
}

static int32_t walk(NnProgram *p, uint32_t from, uint32_t to, NnStatus *status) {
    for (uint64_t mask = p->enqueues; mask; mask &= mask - 1)
        nn_session_device(p->session, (uint32_t)__builtin_ctzll(mask))->enqueued = true;
    const NnInstr *instr = p->code + from, *const end = p->code + to;
    for (; instr < end; instr++) {
        const int32_t code = instr->run(instr->state, &instr->call);
        if (__builtin_expect(code != NN_OK, 0)) {
            nn_status_fail(status, code, "it failed");
            nn_status_where(status, "%s", p->steps[instr - p->code]->label);
            return failed_at(status, p->steps[instr - p->code]->label);
        }
    }
    return NN_OK;
}

static int32_t walk_checked(NnProgram *p, NnStatus *status) {
    int32_t code = NN_OK;
    for (uint32_t i = 0; i < p->n_code && code == NN_OK; i++) {
        code = walk(p, i, i + 1, status);
        if (code == NN_OK)
            code = nn_devices_wait(p->session, status);
        if (p->steps[i]->n_nodes == 0 || p->steps[i]->kind == NN_STEP_CONTROL)
            continue;
        for (uint32_t k = 0; k < p->code[i].call.n_outputs && code == NN_OK; k++)
            if ((code = check_finite(p, i, k, status)) != NN_OK)
                nn_status_where(status, "%s", p->steps[i]->label);
    }
    return code;
}

/* ---- the tail ---- */

static int32_t hand_over(NnProgram *p, uint32_t i, NnStatus *status) {
    NnTensor *t = &p->tensors[p->edge[i]];
    const uint32_t space = p->slots[p->edge[i]].space;
    p->edge_args[i] = (NnArgument){t, space};
    if (!p->tail->constant[i] || p->session->spaces[space].host)
        return NN_OK;
    NnTensor *host = &p->edge_host[i];
    const uint64_t bytes = nn_tensor_bytes(t);
    g_free(host->buffer);
    *host = *t;
    host->buffer = g_malloc(bytes + 1);
    host->offset = 0;
    p->edge_args[i] = (NnArgument){host, NN_HOST_SPACE};
    return nn_space_copy(p->session, NN_HOST_SPACE, (NnPlace){host->buffer, 0}, space, nn_tensor_place(t),
                         bytes, status);
}

static int32_t run_tail(NnProgram *p, const NnPlace *bound, NnStatus *status) {
    for (uint32_t i = 0; i < p->n_edge; i++)
        if (hand_over(p, i, status) != NN_OK)
            return nn_status_code(status);
    for (uint32_t i = 0; i < p->n_outputs; i++)
        if (p->outputs[i].tail != NN_ABSENT)
            p->tail_bound[p->outputs[i].tail] = bound ? bound[i] : (NnPlace){NULL, 0};
    NnProgram *tail = nn_unit_program(p->tail, p->edge_args, status);
    if (tail == NULL || nn_program_run(tail, p->edge_args, p->tail_bound, p->random_now, status) != NN_OK)
        return failed_at(status, "the part behind a cut");
    for (uint32_t i = 0; i < p->n_outputs; i++)
        if (p->outputs[i].tail != NN_ABSENT) {
            p->outputs[i].tensor = tail->outputs[p->outputs[i].tail].tensor;
            p->outputs[i].space = tail->outputs[p->outputs[i].tail].space;
        }
    return NN_OK;
}

int32_t nn_program_run(NnProgram *p, const NnArgument *args, const NnPlace *bound, const int64_t random[2],
                       NnStatus *status) {
    if (settle_arenas(p, status) != NN_OK || set_random(p, random, status) != NN_OK ||
        set_outputs(p, bound, status) != NN_OK)
        return nn_status_code(status);
    for (uint32_t i = 0; i < p->n_inputs; i++)
        for (uint32_t k = p->input_first[i]; k < p->input_first[i + 1]; k++) {
            p->tensors[p->input_slots[k]].buffer = args[i].tensor->buffer;
            p->tensors[p->input_slots[k]].offset = args[i].tensor->offset;
        }
    const bool checked = p->session->flags & NN_SESSION_CHECKED;
    if ((checked ? walk_checked(p, status) : walk(p, 0, p->n_code, status)) != NN_OK)
        return nn_status_failed(status) ? nn_status_code(status) : NN_ERROR;
    if ((p->n_bounded > 0 || p->tail) && nn_devices_wait(p->session, status) != NN_OK)
        return nn_status_code(status);
    for (uint32_t i = 0; i < p->n_bounded; i++)
        nn_tensor_dense(&p->tensors[p->bounded[i]]);
    for (uint32_t i = 0; i < p->n_outputs; i++)
        if (p->outputs[i].slot != NN_ABSENT) {
            p->outputs[i].tensor = &p->tensors[p->outputs[i].slot];
            p->outputs[i].space = p->slots[p->outputs[i].slot].space;
        }
    return p->tail ? run_tail(p, bound, status) : NN_OK;
}
