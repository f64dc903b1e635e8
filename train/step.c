/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One step of a training. What a call returned is looked at just before the next call, so that nothing waits
 * while there is something to do; a family's own `step` is looked at call by call, because it may replace the
 * batch in between.
 */
#include "training.h"

#include "nn/plugin.h"

static NnCallee *find_callee(const NnTraining *t, const char *name) {
    for (guint i = 0; i < t->callees->len; i++) {
        NnCallee *c = t->callees->pdata[i];
        if (g_str_equal(c->name, name))
            return c;
    }
    return NULL;
}

/* ---- a loss that is not finite ---- */

static int32_t copy_variables(NnTraining *t, NnSession *to, NnStatus *status) {
    NnVariable *const *variables;
    const uint32_t n = nn_network_variables(t->network, &variables);
    for (uint32_t i = 0; i < n && nn_status_code(status) == NN_OK; i++) {
        const NnVariableSpec *spec = nn_variable_spec(variables[i]);
        const uint64_t bytes = nn_type_size(spec->type) * (uint64_t)nn_product(spec->dims, 0, spec->rank);
        if (g_str_equal(spec->name, NN_HALTED))
            continue;
        g_autofree void *copy = g_malloc0(bytes + 1);
        if (nn_session_read(t->session, variables[i], copy, bytes, status) == NN_OK)
            nn_session_write(to, variables[i], copy, bytes, status);
    }
    return nn_status_code(status);
}

/* Nothing was committed, so the same call from the same weights, node by node, meets the same number again.
 */
static int32_t explain_halt(NnTraining *t, const NnCallee *c, NnStatus *status) {
    NnStatus *inner = nn_status_new();
    NnSession *session = nn_training_open_session(t, NN_SESSION_CHECKED | NN_SESSION_NO_CLAIMS, inner);
    NnCallable *callable = session ? nn_callable_new(session, c->function, inner) : NULL;
    if (callable && copy_variables(t, session, inner) == NN_OK) {
        nn_session_set_step(session, t->calls - 1);
        if (nn_callable_call(callable, c->tensors, inner) == NN_OK)
            nn_callable_wait(callable, inner);
    }
    if (nn_status_code(inner) == NN_OK)
        nn_status_fail(status, NN_NON_FINITE,
                       "the loss is not a finite number, and no node alone produced it");
    else
        nn_status_fail(status, NN_NON_FINITE, "the loss is not a finite number: %s",
                       nn_status_message(inner));
    if (nn_status_detail(inner, "node"))
        nn_context_host(t->context)->detail(status, "node", nn_status_detail(inner, "node"));
    nn_callable_free(callable);
    nn_session_free(session);
    nn_status_free(inner);
    return nn_training_fail_where(t, status);
}

static int32_t settle(NnTraining *t, NnCallee *c, NnStatus *status) {
    bool halted;
    const int32_t code = nn_callee_collect(c, &halted, status);
    if (code == NN_OK && !halted)
        return NN_OK;
    t->whole = false;
    return code == NN_OK ? explain_halt(t, c, status) : nn_training_fail_where(t, status);
}

int32_t nn_training_settle(NnTraining *t, NnStatus *status) {
    for (guint i = 0; i < t->callees->len; i++) {
        NnCallee *c = t->callees->pdata[i];
        if (settle(t, c, status) != NN_OK || (c->accumulate && settle(t, c->accumulate, status) != NN_OK))
            return nn_status_code(status);
    }
    return NN_OK;
}

/* ---- the learning rate ---- */

static double rate(NnTraining *t) {
    const NnSchedule *schedule = t->config.schedule.table;
    const uint64_t k = (uint64_t)nn_setting_int(t->config.train, "accumulate");
    const NnProgress at = {.struct_size = sizeof at,
                           .epoch = (uint32_t)t->epoch,
                           .step = t->step,
                           .steps_per_epoch = (t->plan.steps + k - 1) / k,
                           .total_steps = t->total_steps,
                           .metric = t->watched,
                           .epoch_ended = t->epoch_ended};
    const double factor = NN_HAS(schedule, factor)
                              ? schedule->factor(nn_registry_host(t->context, schedule),
                                                 t->config.schedule.config, &at, t->schedule_state)
                              : 1;
    t->epoch_ended = false;
    return factor * nn_setting_number(t->config.optimizer.config, "rate");
}

/* ---- one batch, one call ---- */

static int32_t next_batch(NnTraining *t, NnStatus *status) {
    if (nn_feed_next(t->feed, &t->batch, status) != NN_OK)
        return nn_training_fail_where(t, status);
    t->position = t->batch->step + 1;
    t->epoch_samples += t->batch->n;
    return NN_OK;
}

/* A call that fails before a node of it runs has changed nothing. */
static int32_t call(NnTraining *t, NnCallee *c, bool last, NnStatus *status) {
    const uint64_t count = c->count + (c->updates && last);
    nn_session_set_step(t->session, t->calls);
    const int32_t code =
        nn_callee_call(last ? c : c->accumulate, t, t->batch, t->rate, (double)count, status);
    if (code != NN_OK && nn_status_detail(status, "node") == NULL)
        return nn_training_fail_where(t, status);
    t->whole = false;
    t->calls++;
    c->count = count;
    return code == NN_OK ? NN_OK : nn_training_fail_where(t, status);
}

static int32_t plain_step(NnTraining *t, NnStatus *status) {
    NnCallee *train = t->callees->pdata[0];
    const int64_t k = nn_setting_int(t->config.train, "accumulate");
    for (int64_t i = 1;; i++) {
        if (nn_training_settle(t, status) != NN_OK || next_batch(t, status) != NN_OK)
            return nn_status_code(status);
        const bool last = i == k || train->accumulate == NULL || t->position == t->plan.steps;
        if (call(t, train, last, status) != NN_OK || last)
            return nn_status_code(status);
    }
}

/* ---- a family's own step ---- */

static int32_t step_call(NnStep *s, const char *function, NnStatus *status) {
    NnTraining *t = s->self;
    NnCallee *c = find_callee(t, function);
    if (c == NULL)
        return nn_status_fail(status, NN_NOT_FOUND,
                              "the step of model family %s calls a function \"%s\", which it has not",
                              t->config.family->name, function);
    if (call(t, c, true, status) != NN_OK)
        return nn_status_code(status);
    return settle(t, c, status);
}

static int32_t step_read(NnStep *s, const char *function, const char *output, double *value,
                         NnStatus *status) {
    NnTraining *t = s->self;
    const NnCallee *c = find_callee(t, function);
    for (uint32_t i = 0; c && i < c->n_metrics; i++) {
        const NnTensor *tensor = NULL;
        if (!g_str_equal(c->metrics[i].name, output))
            continue;
        if (nn_callable_output(c->callable, c->outputs[i], &tensor, status) == NN_OK)
            *value = nn_tensor_number(tensor);
        return nn_status_code(status);
    }
    return nn_status_fail(status, NN_NOT_FOUND,
                          "the step of model family %s reads %s of %s, which is no scalar output of it",
                          t->config.family->name, output, function);
}

static int32_t step_advance(NnStep *s, NnStatus *status) {
    NnTraining *t = s->self;
    /* Within an epoch only: the last batch stays the current one until the next epoch begins. */
    return t->position < t->plan.steps ? next_batch(t, status) : NN_OK;
}

static int32_t own_step(NnTraining *t, const NnModel *model, NnStatus *status) {
    NnStep s = {.struct_size = sizeof s,
                .host = nn_registry_host(t->context, model),
                .self = t,
                .index = t->step,
                .call = step_call,
                .read = step_read,
                .advance = step_advance};
    if (next_batch(t, status) != NN_OK)
        return nn_status_code(status);
    const int32_t code = model->step(&s, status);
    if (code == NN_OK || nn_status_code(status) == NN_NON_FINITE)
        return nn_status_code(status);
    nn_status_fail(status, code, "the step of model family %s failed", model->name);
    return nn_training_fail_where(t, status);
}

/* Where the step began, kept for one of which nothing ran. */
typedef struct Mark {
    uint64_t position, samples;
    bool epoch_ended;
} Mark;

static Mark mark(const NnTraining *t) {
    const NnSchedule *schedule = t->config.schedule.table;
    memcpy(t->schedule_state + schedule->n_state, t->schedule_state,
           schedule->n_state * sizeof *t->schedule_state);
    return (Mark){t->position, t->epoch_samples, t->epoch_ended};
}

static void go_back(NnTraining *t, const Mark *m) {
    const NnSchedule *schedule = t->config.schedule.table;
    memcpy(t->schedule_state, t->schedule_state + schedule->n_state,
           schedule->n_state * sizeof *t->schedule_state);
    t->position = m->position;
    t->epoch_samples = m->samples;
    t->epoch_ended = m->epoch_ended;
}

int32_t nn_training_step(NnTraining *t, NnStatus *status) {
    const NnModel *model = nn_network_model(t->network);
    /* The step before is looked at under its own number. */
    if (nn_training_settle(t, status) != NN_OK)
        return nn_status_code(status);
    const Mark began = mark(t);
    t->current = t->step + 1;
    t->rate = rate(t);
    const int32_t code = NN_HAS(model, step) ? own_step(t, model, status) : plain_step(t, status);
    if (code == NN_OK)
        t->step++, t->whole = true;
    else if (t->whole)
        go_back(t, &began);
    return code;
}
