/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A function that can be called. A call that fails before it starts (shapes that do not fit, an operator that
 * no device has, memory) leaves every variable as it was. One that fails while running leaves those whose new
 * value had been made before the failing node with the new one: the status says at which node, and the caller
 * goes back to a checkpoint.
 */
#include "compile/compile.h"

#include "nn/plugin.h"

#define STAGES 2u /* input buffers in turn, so that filling one does not wait for the copy of the other */

typedef struct Fetched {
    NnStore store;
    NnTensor tensor;
    int64_t dims[NN_MAX_RANK], strides[NN_MAX_RANK];
    bool fetched;
} Fetched;

struct NnCallable {
    NnSession *session;
    NnUnit *unit;
    NnProgram *program; /* of the last call that succeeded */
    NnArgument *args;
    NnTensor *staged; /* per input */
    NnStore *stages;  /* STAGES per input */
    uint32_t stage;
    Fetched *results;
    bool stage_all; /* a device may read the inputs after the call has returned */
};

NnCallable *nn_callable_new(NnSession *s, const NnFunction *f, NnStatus *status) {
    if (f == NULL) {
        nn_status_fail(status, NN_NOT_FOUND, "there is no such function to call");
        return NULL;
    }
    if (f->graph->network && f->graph->network != s->network) {
        nn_status_fail(status, NN_INVALID, "function %s belongs to another network than the session's",
                       f->graph->name);
        return NULL;
    }
    NnCallable *c = g_new0(NnCallable, 1);
    c->session = s;
    c->unit = nn_unit_new(s, (NnFunction *)(uintptr_t)f, 0);
    c->args = g_new0(NnArgument, c->unit->n_inputs + 1);
    c->staged = g_new0(NnTensor, c->unit->n_inputs + 1);
    c->stages = g_new0(NnStore, c->unit->n_inputs * STAGES + 1);
    c->results = g_new0(Fetched, c->unit->n_outputs + 1);
    for (guint i = 0; i < s->devices->len; i++)
        c->stage_all =
            c->stage_all || nn_session_device(s, i)->stream != NULL ||
            (nn_session_device(s, i)->kind && nn_session_device(s, i)->kind->flags & NN_DEVICE_ASYNC);
    return c;
}

void nn_callable_free(NnCallable *c) {
    if (c == NULL)
        return;
    (void)nn_devices_wait(c->session, NULL);
    for (uint32_t i = 0; i < c->unit->n_inputs * STAGES; i++)
        nn_store_free(c->session, &c->stages[i]);
    for (uint32_t i = 0; i < c->unit->n_outputs; i++)
        nn_store_free(c->session, &c->results[i].store);
    nn_unit_free(c->unit);
    g_free(c->args);
    g_free(c->staged);
    g_free(c->stages);
    g_free(c->results);
    g_free(c);
}

/* ---- calling ---- */

static int32_t check_input(const NnCallable *c, uint32_t i, const NnTensor *t, NnStatus *status) {
    const NnGraph *g = c->unit->function->graph;
    const char *name = ((const NnValue *)g->inputs->pdata[i])->info.name;
    bool good = t && t->rank >= 0 && t->rank <= NN_MAX_RANK && nn_type_size(t->type) > 0;
    for (int32_t k = 0; good && k < t->rank; k++)
        good = t->dims[k] >= 0;
    return good ? NN_OK
                : nn_status_fail(status, NN_INVALID, "function %s: input %s: expected a tensor, found %s",
                                 g->name, name ? name : "?",
                                 t ? "one of an unknown type or a negative extent" : "nothing");
}

static int32_t stage_input(NnCallable *c, uint32_t i, const NnTensor *t, NnStatus *status) {
    const uint64_t bytes = nn_tensor_bytes(t);
    NnStore *store = &c->stages[i * STAGES + c->stage];
    if (nn_store_reserve(c->session, store, bytes, 0, "an input", status) != NN_OK)
        return nn_status_code(status);
    if (bytes > 0)
        memcpy(store->buffer, nn_data(t), bytes);
    c->staged[i] = *t;
    c->staged[i].buffer = store->buffer;
    c->staged[i].offset = 0;
    c->args[i].tensor = &c->staged[i];
    return NN_OK;
}

static int32_t take_inputs(NnCallable *c, const NnTensor *const *inputs, NnStatus *status) {
    if (c->stage_all) {
        c->stage = (c->stage + 1) % STAGES;
        if (c->stage == 0 && nn_devices_wait(c->session, status) != NN_OK)
            return nn_status_code(status);
    }
    for (uint32_t i = 0; i < c->unit->n_inputs; i++) {
        const NnTensor *t = inputs[i];
        if (check_input(c, i, t, status) != NN_OK)
            return nn_status_code(status);
        c->args[i].tensor = t;
        const bool aligned = ((uintptr_t)t->buffer + t->offset) % 64 == 0 && t->buffer;
        if ((c->stage_all || !aligned) && stage_input(c, i, t, status) != NN_OK)
            return nn_status_code(status);
    }
    return NN_OK;
}

int32_t nn_callable_call(NnCallable *c, const NnTensor *const *inputs, NnStatus *status) {
    NnSession *s = c->session;
    const int64_t random[2] = {(int64_t)s->seed, (int64_t)s->step};
    c->program = NULL;
    for (uint32_t i = 0; i < c->unit->n_outputs; i++)
        c->results[i].fetched = false;
    if (take_inputs(c, inputs, status) != NN_OK)
        return nn_status_code(status);
    nn_status_clear(s->status);
    NnProgram *p = nn_unit_program(c->unit, c->args, s->status);
    if (p && nn_program_run(p, c->args, NULL, random, s->status) == NN_OK) {
        c->program = p;
        /* Variables in host memory may be read by the host at any time. */
        return s->spaces[s->main_space].host ? nn_callable_wait(c, status) : NN_OK;
    }
    nn_status_fail(s->status, NN_ERROR, "function %s failed", c->unit->function->graph->name);
    nn_status_copy(status, s->status);
    const int32_t code = nn_status_code(s->status);
    (void)nn_devices_wait(s, NULL);
    return code;
}

int32_t nn_callable_output(NnCallable *c, uint32_t i, const NnTensor **out, NnStatus *status) {
    *out = NULL;
    if (i >= c->unit->n_outputs)
        return nn_status_fail(status, NN_INVALID, "function %s has %u outputs, asked for output %u",
                              c->unit->function->graph->name, c->unit->n_outputs, i);
    if (c->program == NULL)
        return nn_status_fail(status, NN_INVALID,
                              "function %s has no results: it was not called, or the call failed",
                              c->unit->function->graph->name);
    const NnTensor *t = c->program->outputs[i].tensor;
    const uint32_t space = c->program->outputs[i].space;
    Fetched *r = &c->results[i];
    if (nn_devices_wait(c->session, status) != NN_OK) {
        c->program = NULL;
        return nn_status_code(status);
    }
    if (c->session->spaces[space].host) {
        *out = t;
        return NN_OK;
    }
    if (!r->fetched) {
        const uint64_t bytes = nn_tensor_bytes(t);
        if (nn_store_reserve(c->session, &r->store, bytes, 0, "a result", status) != NN_OK ||
            nn_space_copy(c->session, NN_HOST_SPACE, (NnPlace){r->store.buffer, 0}, space, nn_tensor_place(t),
                          bytes, status) != NN_OK)
            return nn_status_code(status);
        r->tensor = (NnTensor){.buffer = r->store.buffer, .dims = r->dims, .strides = r->strides};
        nn_tensor_take_shape(&r->tensor, t);
        r->fetched = true;
    }
    *out = &r->tensor;
    return NN_OK;
}

int32_t nn_callable_wait(NnCallable *c, NnStatus *status) {
    const int32_t code = nn_devices_wait(c->session, status);
    if (code != NN_OK)
        c->program = NULL;
    return code;
}

char *nn_callable_explain(NnCallable *c, const char *after, NnStatus *status) {
    g_autoptr(GString) text = g_string_new(NULL);
    if (nn_unit_explain(c->unit, after, text, status) != NN_OK)
        return NULL;
    /* The caller frees it with free(). */
    return strdup(text->str);
}
