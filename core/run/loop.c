/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instruction LOOP. Carried values alternate between two places, so that an iteration never writes what
 * it reads; where the number of iterations is known beforehand, the last one writes straight into the result.
 * Slices along axis 0 are handed to the body as they lie, when their addresses are aligned, and copied
 * otherwise; stacked results likewise.
 */
#include "run/parts.h"
#include "run/philox.h"

#include "nn/plugin.h"

#include <stdlib.h>

#define RING 64u

/* What a stream may still read of former iterations. */
typedef struct Ticket {
    _Alignas(64) int64_t iteration;
    _Alignas(64) uint8_t condition;
} Ticket;

typedef struct Stacked {
    NnStore store;  /* when the number of iterations is not known */
    NnStore slice;  /* when a slice cannot be written where it belongs */
    NnPlace base;   /* of the whole */
    uint64_t bytes; /* of one slice */
    bool direct;
} Stacked;

typedef struct Loop {
    NnProgram *program;
    NnPlanStep *step;
    NnUnit *body;
    uint32_t n_args, n_results, first_stacked;
    NnArgument *args;
    NnPlace *bound;
    NnTensor *carried; /* where each carried value is now */
    NnStore *spare;    /* two per carried value */
    NnTensor *slices;
    NnStore *slice_stores;
    Stacked *stacked;
    NnTensor iteration, condition;
    Ticket *ring;
    int64_t dims[1];
} Loop;

typedef struct Run {
    int64_t trips; /* -1: until the condition says stop */
    int64_t at;
    bool known; /* nothing but `trips` ends it */
} Run;

static uint64_t axis_bytes(const NnTensor *t, int64_t axis) {
    return (uint64_t)nn_product(t->dims, (int32_t)axis + 1, t->rank) * nn_type_size(t->type);
}

static int64_t axis_of(const int64_t *axes, uint32_t i, int32_t rank) {
    const int64_t axis = axes ? axes[i] : 0;
    return axis < 0 ? axis + rank : axis;
}

static int32_t output_home(const Loop *l, uint32_t i) {
    const uint32_t slot = l->step->out_slots[i];
    return slot == NN_ABSENT ? NN_HOME_NONE : (int32_t)l->program->slots[slot].home;
}

static bool own_place(const Loop *l, uint32_t i) {
    const int32_t home = output_home(l, i);
    return home != NN_HOME_NONE && home != NN_HOME_DYNAMIC;
}

/* ---- making and freeing ---- */

static void view_tensor(Loop *l, NnTensor *t, const NnTensor *like, int64_t axis) {
    NnGraph *g = l->program->graph;
    t->type = like->type;
    t->dims = nn_graph_memory(g, (NN_MAX_RANK + 1) * sizeof(int64_t));
    t->strides = nn_graph_memory(g, (NN_MAX_RANK + 1) * sizeof(int64_t));
    for (int32_t k = 0; k < like->rank; k++)
        if (k != axis)
            t->dims[t->rank++] = like->dims[k];
    nn_tensor_dense(t);
}

static int32_t check_parts(const Loop *l, NnStatus *status) {
    const NnPlanStep *s = l->step;
    const NnControl *k = &s->control;
    const uint32_t flags = (uint32_t)(k->passes_iteration != 0) + (uint32_t)(k->passes_condition != 0);
    const uint32_t wants = flags + k->n_carried + k->n_scanned + (s->n_inputs - k->first_capture);
    if (l->body->n_inputs != wants || l->body->n_outputs != l->n_results ||
        k->n_carried + k->n_stacked < s->n_outputs)
        return nn_status_fail(status, NN_INVALID,
                              "%s: its body takes %u inputs and gives %u outputs, expected %u and %u",
                              s->label, l->body->n_inputs, l->body->n_outputs, wants, l->n_results);
    for (uint32_t i = k->first_carried; i < s->n_inputs; i++)
        if (s->inputs[i] == NULL)
            return nn_status_fail(status, NN_INVALID, "%s: input %u is missing", s->label, i);
    for (uint32_t i = 0; i < k->n_scanned; i++) {
        const NnTensor *t = &l->program->tensors[s->in_slots[k->first_scanned + i]];
        const int64_t axis = axis_of(k->scan_axes, i, t->rank);
        if (axis < 0 || axis >= t->rank)
            return nn_status_fail(status, NN_INVALID, "%s: scanned input %u has rank %d and no axis %" PRId64,
                                  s->label, i, t->rank, axis);
    }
    return NN_OK;
}

int32_t nn_loop_new(NnProgram *p, NnPlanStep *s, void **state, NnStatus *status) {
    const NnControl *k = &s->control;
    if (k->functions[0] == NULL)
        return nn_status_fail(status, NN_INVALID, "%s: a loop needs a body", s->label);
    Loop *l = g_new0(Loop, 1);
    *state = l;
    l->program = p;
    l->step = s;
    l->body = nn_unit_new(p->session, k->functions[0], p->depth + 1);
    l->first_stacked = (k->passes_condition != 0) + k->n_carried;
    l->n_results = l->first_stacked + k->n_stacked;
    if (check_parts(l, status) != NN_OK)
        return nn_status_code(status);
    const uint32_t main = p->session->main_space;
    for (uint32_t i = 0; i < l->n_results; i++)
        l->body->out_space[i] = (int32_t)(k->passes_condition && i == 0 ? NN_HOST_SPACE : main);
    for (uint32_t i = 0; i < k->n_stacked; i++) {
        const uint32_t o = k->n_carried + i;
        l->body->unused[l->first_stacked + i] = o >= s->n_outputs || s->out_slots[o] == NN_ABSENT;
    }
    l->args = g_new0(NnArgument, l->body->n_inputs + 1);
    l->bound = g_new0(NnPlace, l->n_results + 1);
    l->carried = nn_graph_memory(p->graph, (k->n_carried + 1) * sizeof *l->carried);
    l->spare = g_new0(NnStore, k->n_carried * 2 + 1);
    l->slices = nn_graph_memory(p->graph, (k->n_scanned + 1) * sizeof *l->slices);
    l->slice_stores = g_new0(NnStore, k->n_scanned + 1);
    l->stacked = g_new0(Stacked, k->n_stacked + 1);
    l->ring = aligned_alloc(64, RING * sizeof *l->ring);
    if (l->ring == NULL)
        return nn_status_fail(status, NN_OUT_OF_MEMORY, "%s: no memory", s->label);
    l->iteration = (NnTensor){.type = NN_I64, .dims = l->dims, .strides = l->dims};
    l->condition = (NnTensor){.type = NN_BOOL, .dims = l->dims, .strides = l->dims};
    for (uint32_t i = 0; i < k->n_carried; i++) {
        view_tensor(l, &l->carried[i], &p->tensors[s->in_slots[k->first_carried + i]], -1);
        l->spare[2 * i].space = l->spare[2 * i + 1].space = main;
    }
    for (uint32_t i = 0; i < k->n_scanned; i++) {
        const NnTensor *whole = &p->tensors[s->in_slots[k->first_scanned + i]];
        view_tensor(l, &l->slices[i], whole, axis_of(k->scan_axes, i, whole->rank));
        l->slice_stores[i].space = main;
    }
    for (uint32_t i = 0; i < k->n_stacked; i++)
        l->stacked[i].store.space = l->stacked[i].slice.space = main;
    return NN_OK;
}

void nn_loop_free(void *state) {
    Loop *l = state;
    if (l == NULL)
        return;
    NnSession *session = l->program->session;
    const NnControl *k = &l->step->control;
    for (uint32_t i = 0; l->spare && i < k->n_carried * 2; i++)
        nn_store_free(session, &l->spare[i]);
    for (uint32_t i = 0; l->slice_stores && i < k->n_scanned; i++)
        nn_store_free(session, &l->slice_stores[i]);
    for (uint32_t i = 0; l->stacked && i < k->n_stacked; i++) {
        nn_store_free(session, &l->stacked[i].store);
        nn_store_free(session, &l->stacked[i].slice);
    }
    nn_unit_free(l->body);
    g_free(l->args);
    g_free(l->bound);
    g_free(l->spare);
    g_free(l->slice_stores);
    g_free(l->stacked);
    free(l->ring);
    g_free(l);
}

const NnUnit *nn_loop_unit(void *state) { return ((Loop *)state)->body; }

/* ---- copies within the main space ---- */

static int32_t copy_bytes(Loop *l, NnPlace to, NnPlace from, uint64_t bytes, NnStatus *status) {
    const uint32_t main = l->program->session->main_space;
    if (to.buffer == from.buffer && to.offset == from.offset)
        return NN_OK;
    return nn_space_copy(l->program->session, main, to, main, from, bytes, status);
}

/* Between a slice and its place at `index` along an axis of a whole of `length` slices. */
static int32_t copy_slice(Loop *l, NnPlace whole, NnPlace slice, uint64_t outer, uint64_t inner,
                          uint64_t length, uint64_t index, bool out, NnStatus *status) {
    for (uint64_t o = 0; o < outer; o++) {
        const NnPlace a = {whole.buffer, whole.offset + (o * length + index) * inner};
        const NnPlace b = {slice.buffer, slice.offset + o * inner};
        if (copy_bytes(l, out ? b : a, out ? a : b, inner, status) != NN_OK)
            return nn_status_code(status);
    }
    return NN_OK;
}

/* ---- one iteration ---- */

static int32_t pass_slice(Loop *l, const NnCall *call, uint32_t i, const Run *run, NnTensor *slice) {
    const NnControl *k = &l->step->control;
    const NnTensor *whole = call->inputs[k->first_scanned + i];
    const int64_t axis = axis_of(k->scan_axes, i, whole->rank);
    const uint64_t length = (uint64_t)whole->dims[axis], inner = axis_bytes(whole, axis);
    const uint64_t index =
        (uint64_t)(k->scan_reverse && k->scan_reverse[i] ? whole->dims[axis] - 1 - run->at : run->at);
    const uint64_t outer = (uint64_t)nn_product(whole->dims, 0, (int32_t)axis);
    const NnPlace from = {whole->buffer, whole->offset};
    if ((outer == 1 && inner % 64 == 0) || whole->buffer == NULL) { /* NULL: the body does not look at it */
        slice->buffer = from.buffer;
        slice->offset = from.offset + index * inner;
        return NN_OK;
    }
    NnStore *own = &l->slice_stores[i];
    if (nn_store_reserve(l->program->session, own, outer * inner, 0, "a slice", call->status) != NN_OK)
        return nn_status_code(call->status);
    slice->buffer = own->buffer;
    slice->offset = 0;
    return copy_slice(l, from, (NnPlace){own->buffer, 0}, outer, inner, length, index, true, call->status);
}

static int32_t pass_inputs(Loop *l, const NnCall *call, const Run *run, bool keep) {
    const NnControl *k = &l->step->control;
    const uint32_t main = l->program->session->main_space;
    Ticket *ticket = &l->ring[run->at % RING];
    if (run->at % RING == 0 && run->at > 0 && nn_devices_wait(l->program->session, call->status) != NN_OK)
        return nn_status_code(call->status);
    ticket->iteration = run->at;
    ticket->condition = keep;
    l->iteration.buffer = &ticket->iteration;
    l->condition.buffer = &ticket->condition;
    uint32_t n = 0;
    if (k->passes_iteration)
        l->args[n++] = (NnArgument){&l->iteration, NN_HOST_SPACE};
    if (k->passes_condition)
        l->args[n++] = (NnArgument){&l->condition, NN_HOST_SPACE};
    for (uint32_t i = 0; i < k->n_carried; i++)
        l->args[n++] = (NnArgument){&l->carried[i], main};
    for (uint32_t i = 0; i < k->n_scanned; i++) {
        if (pass_slice(l, call, i, run, &l->slices[i]) != NN_OK)
            return nn_status_code(call->status);
        l->args[n++] = (NnArgument){&l->slices[i], main};
    }
    for (uint32_t i = k->first_capture; i < call->n_inputs; i++)
        l->args[n++] = (NnArgument){call->inputs[i], main};
    return NN_OK;
}

/* Where carried value i goes in this iteration, for a result of so many bytes. */
static int32_t carried_place(Loop *l, const NnCall *call, uint32_t i, const Run *run, uint64_t bytes,
                             NnPlace *place) {
    const bool own = i < call->n_outputs && call->outputs[i] && own_place(l, i);
    const uint32_t side = (uint32_t)((run->known ? run->trips - 1 - run->at : run->at) & 1);
    if (own && side == 0) {
        if (bytes > l->program->slots[l->step->out_slots[i]].bytes)
            return nn_status_fail(call->status, NN_INVALID,
                                  "carried value %u grows beyond its inferred shape", i);
        *place = (NnPlace){call->outputs[i]->buffer, call->outputs[i]->offset};
        return NN_OK;
    }
    NnStore *spare = &l->spare[2 * i + side];
    if (nn_store_reserve(l->program->session, spare, bytes, 0, "a carried value", call->status) != NN_OK)
        return nn_status_code(call->status);
    *place = (NnPlace){spare->buffer, 0};
    return NN_OK;
}

static int64_t stack_index(const Loop *l, uint32_t i, const Run *run) {
    const NnControl *k = &l->step->control;
    return k->stack_reverse && k->stack_reverse[i] ? run->trips - 1 - run->at : run->at;
}

/* Where slice i of this iteration is written; with room for it in a buffer that grows when the length is not
 * known. */
static int32_t stacked_place(Loop *l, const NnCall *call, uint32_t i, const Run *run, const NnTensor *slice,
                             NnPlace *place) {
    const NnControl *k = &l->step->control;
    Stacked *st = &l->stacked[i];
    const uint32_t o = k->n_carried + i;
    const int64_t axis = axis_of(k->stack_axes, i, slice->rank + 1);
    const bool reverse = k->stack_reverse && k->stack_reverse[i];
    const uint64_t bytes = nn_tensor_bytes(slice);
    NnSession *session = l->program->session;
    if ((run->trips < 0 || k->passes_condition) && (axis != 0 || reverse))
        return nn_status_fail(call->status, NN_UNSUPPORTED,
                              "a loop of unknown length stacks its results forward along axis 0 only");
    if (run->at > 0 && bytes != st->bytes)
        return nn_status_fail(call->status, NN_INVALID,
                              "stacked result %u changes its size from %" PRIu64 " to %" PRIu64 " bytes", i,
                              st->bytes, bytes);
    st->bytes = bytes;
    if (own_place(l, o)) {
        if ((uint64_t)(run->at + 1) * bytes > l->program->slots[l->step->out_slots[o]].bytes)
            return nn_status_fail(call->status, NN_INVALID,
                                  "stacked result %u is longer than its inferred shape", i);
        st->base = (NnPlace){call->outputs[o]->buffer, call->outputs[o]->offset};
    } else {
        const uint64_t have = (uint64_t)run->at * bytes, need = have + bytes;
        const uint64_t room = run->trips >= 0           ? (uint64_t)run->trips * bytes
                              : need <= st->store.bytes ? need
                                                        : 2 * need;
        if (nn_store_reserve(session, &st->store, room, have, "a stacked result", call->status) != NN_OK)
            return nn_status_code(call->status);
        st->base = (NnPlace){st->store.buffer, 0};
    }
    st->direct = nn_product(slice->dims, 0, (int32_t)axis) == 1 && bytes % 64 == 0;
    if (st->direct) {
        *place = (NnPlace){st->base.buffer, st->base.offset + (uint64_t)stack_index(l, i, run) * bytes};
        return NN_OK;
    }
    if (nn_store_reserve(session, &st->slice, bytes, 0, "a slice", call->status) != NN_OK)
        return nn_status_code(call->status);
    *place = (NnPlace){st->slice.buffer, 0};
    return NN_OK;
}

static bool read_result(const NnCall *call, uint32_t o) { return o < call->n_outputs && call->outputs[o]; }

static int32_t take_carried(Loop *l, const NnCall *call, uint32_t i, const Run *run, const NnTensor *from,
                            NnPlace place) {
    const uint64_t bytes = nn_tensor_bytes(from);
    if (place.buffer == NULL && carried_place(l, call, i, run, bytes, &place) != NN_OK)
        return nn_status_code(call->status);
    if (copy_bytes(l, place, nn_tensor_place(from), bytes, call->status) != NN_OK)
        return nn_status_code(call->status);
    NnTensor *t = &l->carried[i];
    t->buffer = place.buffer;
    t->offset = place.offset;
    nn_tensor_take_shape(t, from);
    return NN_OK;
}

static int32_t take_stacked(Loop *l, const NnCall *call, uint32_t i, const Run *run, const NnTensor *from,
                            NnPlace place) {
    const NnControl *k = &l->step->control;
    const uint32_t o = k->n_carried + i;
    if (!read_result(call, o))
        return NN_OK;
    if (place.buffer == NULL && stacked_place(l, call, i, run, from, &place) != NN_OK)
        return nn_status_code(call->status);
    Stacked *st = &l->stacked[i];
    NnTensor *to = call->outputs[o];
    const int64_t axis = axis_of(k->stack_axes, i, from->rank + 1);
    const NnPlace slice = {from->buffer, from->offset};
    to->type = from->type;
    to->rank = from->rank + 1;
    for (int32_t d = 0, e = 0; d < to->rank; d++)
        to->dims[d] = d == axis ? (run->trips >= 0 ? run->trips : run->at + 1) : from->dims[e++];
    if (st->direct)
        return copy_bytes(l, place, slice, st->bytes, call->status);
    const uint64_t outer = (uint64_t)nn_product(from->dims, 0, (int32_t)axis);
    return copy_slice(l, st->base, slice, outer, outer ? st->bytes / outer : 0, (uint64_t)to->dims[axis],
                      (uint64_t)stack_index(l, i, run), false, call->status);
}

/* The compiler found some inputs unread and left them out; a body that reads one after all must not run. */
static int32_t check_unread(const Loop *l, const NnProgram *p, NnStatus *status) {
    for (uint32_t i = 0; i < p->n_inputs; i++)
        if (l->args[i].tensor->buffer == NULL && p->input_first[i] != p->input_first[i + 1])
            return nn_status_fail(status, NN_ERROR, "input %u of the body is read, but was left out", i);
    return NN_OK;
}

static int32_t iterate(Loop *l, const NnCall *call, const Run *run, bool *keep) {
    const NnControl *k = &l->step->control;
    NnStatus *status = call->status;
    if (pass_inputs(l, call, run, *keep) != NN_OK)
        return nn_status_code(status);
    NnProgram *p = nn_unit_program(l->body, l->args, status);
    if (p == NULL || check_unread(l, p, status) != NN_OK)
        return nn_status_code(status);
    const uint32_t first_carried = k->passes_condition != 0;
    for (uint32_t i = 0; i < l->n_results; i++) {
        const NnTensor *out = nn_program_output(p, i);
        l->bound[i] = (NnPlace){NULL, 0};
        int32_t code = NN_OK;
        if (out && i >= l->first_stacked && read_result(call, k->n_carried + i - l->first_stacked))
            code = stacked_place(l, call, i - l->first_stacked, run, out, &l->bound[i]);
        else if (out && i >= first_carried && i < l->first_stacked)
            code = carried_place(l, call, i - first_carried, run, nn_tensor_bytes(out), &l->bound[i]);
        if (code != NN_OK)
            return code;
    }
    const int64_t random[2] = {
        (int64_t)nn_splitmix((uint64_t)l->program->random_now[0] ^ nn_splitmix((uint64_t)run->at + 1)),
        l->program->random_now[1]};
    if (nn_program_run(p, l->args, l->bound, random, status) != NN_OK)
        return nn_status_code(status);
    for (uint32_t i = first_carried; i < l->n_results; i++) {
        const int32_t code =
            i < l->first_stacked
                ? take_carried(l, call, i - first_carried, run, p->outputs[i].tensor, l->bound[i])
                : take_stacked(l, call, i - l->first_stacked, run, p->outputs[i].tensor, l->bound[i]);
        if (code != NN_OK)
            return code;
    }
    if (k->passes_condition)
        *keep = *(const uint8_t *)nn_data(p->outputs[0].tensor) != 0;
    return NN_OK;
}

/* ---- the whole ---- */

static int32_t finish(Loop *l, const NnCall *call, const Run *run) {
    const NnControl *k = &l->step->control;
    NnStatus *status = call->status;
    for (uint32_t i = 0; i < k->n_carried; i++) {
        NnTensor *to = read_result(call, i) ? call->outputs[i] : NULL;
        const NnTensor *t = &l->carried[i];
        if (to == NULL)
            continue;
        const uint64_t bytes = nn_tensor_bytes(t);
        nn_tensor_take_shape(to, t);
        if (!own_place(l, i)) {
            to->buffer = t->buffer;
            to->offset = t->offset;
        } else if (bytes > l->program->slots[l->step->out_slots[i]].bytes) {
            return nn_status_fail(status, NN_INVALID, "carried value %u grows beyond its inferred shape", i);
        } else if (copy_bytes(l, nn_tensor_place(to), nn_tensor_place(t), bytes, status) != NN_OK) {
            return nn_status_code(status);
        }
    }
    for (uint32_t i = 0; i < k->n_stacked; i++) {
        const uint32_t o = k->n_carried + i;
        if (!read_result(call, o))
            continue;
        NnTensor *to = call->outputs[o];
        const int64_t axis = axis_of(k->stack_axes, i, to->rank);
        if (run->at == 0 && to->rank == 0 && output_home(l, o) == NN_HOME_DYNAMIC) {
            to->rank = 1; /* no iteration told the rank of a slice */
            to->dims[0] = 0;
        }
        if (axis >= 0 && axis < to->rank) {
            if (own_place(l, o) && !l->program->slots[l->step->out_slots[o]].bounded &&
                to->dims[axis] != run->at)
                return nn_status_fail(status, NN_INVALID,
                                      "the loop ended after %" PRId64
                                      " iterations, but result %u was inferred to have %" PRId64,
                                      run->at, o, to->dims[axis]);
            to->dims[axis] = run->at;
        }
        if (!own_place(l, o)) {
            if (nn_store_reserve(l->program->session, &l->stacked[i].store, 1, 0, "a stacked result",
                                 status) != NN_OK)
                return nn_status_code(status);
            to->buffer = l->stacked[i].store.buffer;
            to->offset = 0;
        }
        nn_tensor_dense(to);
    }
    return NN_OK;
}

static int32_t count_trips(const Loop *l, const NnCall *call, Run *run, bool *keep) {
    const NnControl *k = &l->step->control;
    const NnTensor *count = k->trip_count >= 0 ? call->inputs[k->trip_count] : NULL;
    const NnTensor *condition = k->condition >= 0 ? call->inputs[k->condition] : NULL;
    run->trips = -1;
    if (count) {
        const int64_t n =
            count->type == NN_I32 ? *(const int32_t *)nn_data(count) : *(const int64_t *)nn_data(count);
        run->trips = n < 0 ? 0 : n;
    }
    for (uint32_t i = 0; i < k->n_scanned; i++) {
        const NnTensor *t = call->inputs[k->first_scanned + i];
        const int64_t n = t->dims[axis_of(k->scan_axes, i, t->rank)];
        if (i > 0 && n != run->trips)
            return nn_status_fail(call->status, NN_INVALID,
                                  "scanned input %u has %" PRId64 " slices, expected %" PRId64, i, n,
                                  run->trips);
        run->trips = n;
    }
    *keep = condition == NULL || *(const uint8_t *)nn_data(condition) != 0;
    run->known = run->trips >= 0 && !k->passes_condition && *keep;
    return NN_OK;
}

int32_t nn_loop_run(void *state, const NnCall *call) {
    Loop *l = state;
    const NnControl *k = &l->step->control;
    Run run = {.at = 0};
    bool keep = true;
    if (count_trips(l, call, &run, &keep) != NN_OK)
        return nn_status_code(call->status);
    for (uint32_t i = 0; i < k->n_carried; i++) {
        const NnTensor *from = call->inputs[k->first_carried + i];
        NnTensor *t = &l->carried[i];
        t->buffer = from->buffer;
        t->offset = from->offset;
        nn_tensor_take_shape(t, from);
    }
    for (; (run.trips < 0 || run.at < run.trips) && keep; run.at++) {
        const int32_t code = iterate(l, call, &run, &keep);
        if (code != NN_OK) {
            nn_status_where(call->status, "iteration %" PRId64, run.at);
            return code;
        }
        if ((run.at & 255) == 255 && nn_context_cancelled(l->program->session->context))
            return nn_status_fail(call->status, NN_CANCELLED, "stopped on request");
    }
    return finish(l, call, &run);
}
