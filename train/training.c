/* SPDX-License-Identifier: Apache-2.0 */
/* Making a training from a configuration: data, network, updates, session; and what every other file here
 * asks of it. */
#include "training.h"

#include "nn/plugin.h"

#include <math.h>

/* ---- data ---- */

static int32_t open_data(NnTraining *t, NnStatus *status) {
    static const NnDataInfo nothing = {.struct_size = sizeof nothing};
    if (t->config.loader == NULL) {
        t->source.info = &nothing;
        t->wanted = g_new0(bool, 1);
        return t->flags & NN_TRAINING_NO_UPDATES
                   ? NN_OK
                   : nn_config_api()->fail(t->config.root, status,
                                           "there is no section `data`, so there is nothing to train on");
    }
    if (nn_source_open(&t->source, t->context, t->config.loader, t->config.data, status) != NN_OK)
        return nn_status_code(status);
    const double holdout = nn_setting_number(t->config.train, "holdout");
    const uint32_t split = nn_source_split(&t->source, "train");
    if (split != NN_NO_SPLIT)
        nn_samples_part(&t->source, split, holdout, t->seed, &t->kept, &t->held);
    t->wanted = g_new0(bool, t->source.info->n_fields);
    return NN_OK;
}

static int32_t plan_epochs(NnTraining *t, NnStatus *status) {
    const NnConfig *train = t->config.train;
    const uint64_t batch = (uint64_t)nn_setting_int(train, "batch"),
                   k = (uint64_t)nn_setting_int(train, "accumulate");
    if (t->kept.split == NN_NO_SPLIT)
        return nn_status_fail(status, NN_INVALID, "the data of loader %s has no split \"train\"",
                              t->config.loader->name);
    t->plan = nn_order_plan(nn_network_order(t->network), nn_setting_bool(train, "shuffle"),
                            nn_setting_bool(train, "drop_last"), t->seed, t->kept.count, batch);
    if (t->plan.steps == 0)
        return nn_config_api()->fail(
            nn_setting(train, "batch"), status,
            "a batch is larger than what there is to train on, which leaves no step in an epoch");
    t->total_steps = (t->plan.steps + k - 1) / k * (uint64_t)nn_setting_int(train, "epochs");
    const uint64_t most = (uint64_t)nn_setting_int(train, "max_steps");
    if (most && most < t->total_steps)
        t->total_steps = most;
    if (t->flags & NN_TRAINING_DRY)
        t->total_steps = MIN(t->total_steps, 2);
    return NN_OK;
}

/* ---- functions ---- */

static int32_t extend(NnTraining *t, NnFunction *f, NnStatus *status) {
    const bool sums = nn_setting_int(t->config.train, "accumulate") > 1;
    NnCallee *c = nn_callee_new(f, nn_function_name(f));
    g_ptr_array_add(t->callees, c);
    if (!nn_update_wanted(t, f))
        return NN_OK;
    c->updates = true;
    c->function = nn_update_build(t, f, false, status);
    if (c->function && sums) {
        const NnFunction *part = nn_update_build(t, f, true, status);
        c->accumulate = part ? nn_callee_new(part, c->name) : NULL;
    }
    return nn_status_code(status);
}

/* What trains: "train", or everything that a family's own step may call. */
static int32_t build_updates(NnTraining *t, NnStatus *status) {
    const NnModel *model = nn_network_model(t->network);
    if (!NN_HAS(model, step)) {
        NnFunction *train = nn_network_function(t->network, "train");
        if (train == NULL)
            return nn_status_fail(status, NN_UNSUPPORTED, "model family %s has no function \"train\"",
                                  model->name);
        return extend(t, train, status);
    }
    if (nn_setting_int(t->config.train, "accumulate") > 1)
        return nn_config_api()->fail(
            nn_setting(t->config.train, "accumulate"), status,
            "this model family has a step of its own, which accumulates as it likes");
    NnFunction *const *functions;
    const uint32_t n = nn_network_functions(t->network, &functions);
    g_autofree NnFunction **own = g_memdup2(functions, n * sizeof *functions);
    for (uint32_t i = 0; i < n && nn_status_code(status) == NN_OK; i++)
        extend(t, own[i], status);
    return nn_status_code(status);
}

NnSession *nn_training_open_session(NnTraining *t, uint32_t flags, NnStatus *status) {
    const NnSessionOptions options = {
        .struct_size = sizeof options,
        .flags = flags | (t->flags & NN_TRAINING_NO_CLAIMS ? NN_SESSION_NO_CLAIMS : 0) |
                 (t->flags & NN_TRAINING_NO_FALLBACK ? NN_SESSION_NO_FALLBACK : 0),
        .devices = (const char *const *)t->config.devices->pdata,
        .device_config = t->config.device_config,
        .seed = t->seed};
    return nn_session_new(t->context, t->network, &options, status);
}

/* A function that only a family's own step might call may want inputs that the data has not; it fails when it
 * is called. */
static int32_t bind_updates(NnTraining *t, NnStatus *status) {
    for (guint i = 0; i < t->callees->len; i++) {
        NnCallee *c = t->callees->pdata[i];
        NnStatus *own = nn_status_new();
        if (nn_callee_bind(c, t, t->wanted, own) != NN_OK) {
            if (c->updates || t->callees->len == 1)
                nn_status_fail(status, nn_status_code(own), "%s", nn_status_message(own));
            else
                g_ptr_array_remove_index(t->callees, i--);
        }
        nn_status_free(own);
        if (nn_status_code(status) != NN_OK)
            break;
    }
    return nn_status_code(status);
}

static int32_t build(NnTraining *t, NnStatus *status) {
    const uint64_t batch = (uint64_t)nn_setting_int(t->config.train, "batch");
    const bool updates = !(t->flags & NN_TRAINING_NO_UPDATES);
    t->network =
        nn_network_new(t->context, t->config.family->name, t->config.model, t->source.info, batch, status);
    if (t->network == NULL)
        return nn_status_code(status);
    if (updates && (plan_epochs(t, status) != NN_OK || build_updates(t, status) != NN_OK))
        return nn_status_code(status);
    t->session = nn_training_open_session(t, 0, status);
    if (t->session == NULL && nn_status_code(status) != NN_OUT_OF_MEMORY)
        nn_status_where(status, "%s", nn_config_api()->place(nn_setting(t->config.root, "device")));
    if (t->session == NULL || !updates || bind_updates(t, status) != NN_OK)
        return nn_status_code(status);
    t->feed = nn_feed_new(&t->source, &t->kept, &t->plan, t->wanted, status);
    return nn_status_code(status);
}

NnTraining *nn_training_new(NnContext *context, const NnConfig *config, uint32_t flags,
                            const NnTrainEvents *events, NnStatus *status) {
    NnTraining *t = g_new0(NnTraining, 1);
    t->context = context;
    t->flags = flags;
    if (events)
        t->events = *events;
    t->kept.split = t->held.split = NN_NO_SPLIT;
    t->callees = g_ptr_array_new_with_free_func((GDestroyNotify)nn_callee_free);
    t->evaluators = g_ptr_array_new_with_free_func((GDestroyNotify)nn_callee_free);
    t->names = g_ptr_array_new_with_free_func(g_free);
    t->values = g_array_new(FALSE, TRUE, sizeof(double));
    t->result_names = g_ptr_array_new_with_free_func(g_free);
    t->result_values = g_array_new(FALSE, TRUE, sizeof(double));
    t->watched = t->best = NAN;
    t->whole = true;
    t->started = g_get_monotonic_time();
    if (nn_train_config_read(&t->config, context, config, status) == NN_OK) {
        const NnSchedule *schedule = t->config.schedule.table;
        t->seed = (uint64_t)nn_setting_int(t->config.root, "seed");
        t->schedule_state = g_new0(double, 2 * (gsize)schedule->n_state + 1);
        if (open_data(t, status) == NN_OK && build(t, status) == NN_OK)
            return t;
    }
    nn_training_free(t);
    return NULL;
}

void nn_training_free(NnTraining *t) {
    if (t == NULL)
        return;
    nn_feed_free(t->feed);
    g_ptr_array_unref(t->callees);
    g_ptr_array_unref(t->evaluators);
    nn_session_free(t->session);
    nn_network_free(t->network);
    nn_samples_clear(&t->kept);
    nn_samples_clear(&t->held);
    nn_source_close(&t->source);
    nn_train_config_clear(&t->config);
    g_ptr_array_unref(t->names);
    g_array_unref(t->values);
    g_ptr_array_unref(t->result_names);
    g_array_unref(t->result_values);
    g_free(t->schedule_state);
    g_free(t->wanted);
    g_free(t->folder);
    g_free(t);
}

/* ---- small services ---- */

int32_t nn_training_fail_where(NnTraining *t, NnStatus *status) {
    nn_status_where(status, "training step %" G_GUINT64_FORMAT, t->current);
    return nn_status_code(status);
}

double nn_training_seconds(const NnTraining *t) {
    return t->seconds_before + (double)(g_get_monotonic_time() - t->started) / 1e6;
}

void nn_training_ask(NnTraining *t, int what) { __atomic_store_n(&t->asked, what, __ATOMIC_SEQ_CST); }

int nn_training_asked(NnTraining *t) { return __atomic_load_n(&t->asked, __ATOMIC_SEQ_CST); }

void nn_training_say(NnTraining *t, const char *format, ...) {
    va_list args;
    if (!t->events.say)
        return;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    t->events.say(t->events.self, text);
}

int32_t nn_training_reset(NnTraining *t, const char *name, NnStatus *status) {
    g_autofree char *full = g_strconcat("reset.", name, NULL);
    const NnFunction *f = nn_network_function(t->network, full);
    NnCallable *callable = f ? nn_callable_new(t->session, f, status) : NULL;
    if (callable && nn_callable_call(callable, NULL, status) == NN_OK)
        nn_callable_wait(callable, status);
    nn_callable_free(callable);
    return nn_status_code(status);
}

const char *nn_training_folder(const NnTraining *t) { return t->folder; }

char *nn_training_config_text(const NnTraining *t) { return nn_train_config_text(&t->config); }

bool nn_training_saved(const NnTraining *t, uint64_t *step) {
    *step = t->saved_step;
    return t->saved;
}

NnNetwork *nn_training_network(NnTraining *t) { return t->network; }

NnSession *nn_training_session(NnTraining *t) { return t->session; }

const NnDataInfo *nn_training_data(NnTraining *t) { return t->source.info; }

uint64_t nn_training_batch(const NnTraining *t) { return (uint64_t)nn_setting_int(t->config.train, "batch"); }

uint64_t nn_training_seed(const NnTraining *t) { return t->seed; }

int32_t nn_training_read(NnTraining *t, uint32_t split, uint64_t n, const uint64_t *indices,
                         void *const *buffers, NnStatus *status) {
    return nn_source_read(&t->source, split, n, indices, buffers, status);
}
