/* SPDX-License-Identifier: Apache-2.0 */
/* The loop over epochs: steps, evaluation, records, checkpoints, early stopping, and what a person asks for
 * meanwhile. */
#include "training.h"

#include <math.h>

/* ---- reports ---- */

double nn_training_metric(const NnTraining *t, const char *name) {
    for (guint i = 0; i < t->names->len; i++)
        if (g_str_equal(t->names->pdata[i], name))
            return g_array_index(t->values, double, i);
    return NAN;
}

static guint name_index(NnTraining *t, const char *name) {
    const double nan_value = NAN;
    for (guint i = 0; i < t->names->len; i++)
        if (g_str_equal(t->names->pdata[i], name))
            return i;
    g_ptr_array_add(t->names, g_strdup(name));
    g_array_append_val(t->values, nan_value);
    return t->names->len - 1;
}

/* Metrics of several functions that share a name are told apart by the function's. */
static guint train_index(NnTraining *t, const NnCallee *c, uint32_t m) {
    for (guint i = 0; i < t->callees->len; i++) {
        const NnCallee *other = t->callees->pdata[i];
        for (uint32_t k = 0; other != c && k < other->n_metrics; k++) {
            if (!g_str_equal(other->metrics[k].name, c->metrics[m].name))
                continue;
            g_autofree char *full = g_strdup_printf("%s.%s", c->name, c->metrics[m].name);
            return name_index(t, full);
        }
    }
    return name_index(t, c->metrics[m].name);
}

static void update_means(NnTraining *t) {
    for (guint i = 0; i < t->callees->len; i++) {
        const NnCallee *c = t->callees->pdata[i];
        for (uint32_t m = 0; m < c->n_metrics; m++) {
            const NnMetric *part = c->accumulate ? &c->accumulate->metrics[m] : NULL;
            const double sum = c->metrics[m].sum + (part ? part->sum : 0);
            const double weight = c->metrics[m].weight + (part ? part->weight : 0);
            if (weight > 0)
                g_array_index(t->values, double, train_index(t, c, m)) = sum / weight;
        }
    }
}

void nn_training_report(NnTraining *t, NnTrainReport *r) {
    const double epoch = (double)(g_get_monotonic_time() - t->epoch_started) / 1e6;
    const double speed = epoch > 0 ? (double)t->epoch_samples / epoch : 0;
    const double step_samples =
        (double)nn_training_batch(t) * (double)nn_setting_int(t->config.train, "accumulate");
    *r = (NnTrainReport){.struct_size = sizeof *r,
                         .epoch = (uint32_t)t->epoch,
                         .epochs = (uint32_t)nn_setting_int(t->config.train, "epochs"),
                         .n_metrics = t->names->len,
                         .step = t->step,
                         .total_steps = t->total_steps,
                         .position = t->position,
                         .steps_per_epoch = t->plan.steps,
                         .seconds = nn_training_seconds(t),
                         .samples_per_second = speed,
                         .seconds_left =
                             speed > 0 ? (double)(t->total_steps - t->step) * step_samples / speed : NAN,
                         .rate = t->rate,
                         .names = (const char *const *)t->names->pdata,
                         .values = (const double *)(const void *)t->values->data};
}

/* ---- the end of an epoch ---- */

static const char *evaluated_split(const NnTraining *t) {
    const char *given = nn_setting_string(t->config.train, "evaluate");
    if (given)
        return g_str_equal(given, "none") ? NULL : given;
    if (nn_network_function(t->network, "evaluate") == NULL)
        return NULL;
    if (t->held.count || nn_source_split(&t->source, "validation") != NN_NO_SPLIT)
        return "validation";
    return nn_source_split(&t->source, "test") != NN_NO_SPLIT ? "test" : NULL;
}

static const char *watched_name(const NnTraining *t) {
    const char *given = nn_setting_string(t->config.train, "watch");
    return given ? given : evaluated_split(t) ? "val_loss" : "loss";
}

static int32_t evaluate(NnTraining *t, NnStatus *status) {
    const char *split = evaluated_split(t), *const * names;
    const uint64_t every = (uint64_t)nn_setting_int(t->config.train, "evaluate_every");
    const double *values;
    uint32_t n;
    const bool last = t->step >= t->total_steps;
    if (split == NULL || ((t->epoch + 1) % every && !last))
        return NN_OK;
    if (nn_training_evaluate(t, split, "evaluate", &n, &names, &values, status) != NN_OK)
        return nn_status_code(status);
    for (uint32_t i = 0; i < n; i++) {
        g_autofree char *name = g_strconcat("val_", names[i], NULL);
        g_array_index(t->values, double, name_index(t, name)) = values[i];
    }
    return NN_OK;
}

static bool is_better(const NnTraining *t, double value) {
    const char *mode = nn_setting_string(t->config.train, "watch_mode");
    const bool larger = g_str_equal(mode, "max") ||
                        (g_str_equal(mode, "auto") && g_str_has_suffix(watched_name(t), "accuracy"));
    const double delta = nn_setting_number(t->config.train, "min_delta");
    if (isnan(t->best))
        return true;
    return larger ? value > t->best + delta : value < t->best - delta;
}

/* Has the watched metric become better? */
static bool watch(NnTraining *t) {
    const double value = nn_training_metric(t, watched_name(t));
    t->watched = value;
    if (isnan(value))
        return false;
    t->bad_epochs++;
    if (!is_better(t, value))
        return false;
    t->best = value;
    t->best_epoch = t->epoch + 1;
    t->bad_epochs = 0;
    return true;
}

static void forget_means(NnTraining *t) {
    for (guint i = 0; i < t->callees->len; i++)
        nn_callee_clear(t->callees->pdata[i]);
    for (guint i = 0; i < t->values->len; i++)
        g_array_index(t->values, double, i) = NAN;
    t->epoch_samples = 0;
}

/* What has been trained is saved, where the variables are those of whole steps; what went wrong stays the
 * news. */
static int32_t save_rest(NnTraining *t, NnStatus *status) {
    NnStatus *own = nn_status_new();
    if (t->whole && (t->step > t->saved_step || !t->saved) && nn_checkpoint_save(t, "last", own) == NN_OK)
        nn_training_say(t, "saved %s at step %" G_GUINT64_FORMAT, t->folder, t->step);
    nn_status_free(own);
    return nn_status_code(status);
}

/* `position` short of the whole epoch says that max_steps ended it: what is left of it is a resumed
 * training's to finish. */
static int32_t end_epoch(NnTraining *t, NnStatus *status) {
    const bool whole = t->position == t->plan.steps;
    const uint64_t every = (uint64_t)nn_setting_int(t->config.train, "save_every_epochs");
    NnTrainReport report;
    if (nn_training_settle(t, status) != NN_OK)
        return nn_status_code(status);
    update_means(t);
    nn_training_report(t, &report); /* the speed is that of training alone */
    if (evaluate(t, status) != NN_OK)
        return nn_status_code(status) == NN_CANCELLED ? NN_CANCELLED : save_rest(t, status);
    const bool better = whole ? watch(t) : isnan(t->best);
    if (nn_run_log_epoch(t, status) != NN_OK)
        return nn_status_code(status);
    report.seconds = nn_training_seconds(t);
    report.n_metrics = t->names->len;
    report.names = (const char *const *)t->names->pdata;
    report.values = (const double *)(const void *)t->values->data;
    if (t->events.epoch_end)
        t->events.epoch_end(t->events.self, &report);
    if (whole) {
        forget_means(t);
        t->epoch++;
        t->position = 0;
        t->epoch_ended = true;
    }
    if (better && nn_checkpoint_save(t, "best", status) != NN_OK)
        return nn_status_code(status);
    if (whole && every && t->epoch % every == 0)
        nn_checkpoint_save(t, "last", status);
    return nn_status_code(status);
}

/* ---- the loop ---- */

static int32_t answer(NnTraining *t, NnStatus *status) {
    const int asked = nn_training_asked(t);
    if (asked == 0)
        return NN_OK;
    if (nn_checkpoint_save(t, "last", status) != NN_OK)
        return nn_status_code(status);
    nn_training_say(t, "saved %s at step %" G_GUINT64_FORMAT, t->folder, t->step);
    if (asked == NN_ASK_STOP)
        return nn_status_fail(status, NN_CANCELLED, "stopped at step %" G_GUINT64_FORMAT, t->step);
    __atomic_compare_exchange_n(&t->asked, &(int){NN_ASK_SAVE}, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return NN_OK;
}

static int32_t after_step(NnTraining *t, NnStatus *status) {
    const uint64_t log_every = (uint64_t)nn_setting_int(t->config.train, "log_every_steps");
    const uint64_t save_every = (uint64_t)nn_setting_int(t->config.train, "save_every_steps");
    NnTrainReport report;
    if (log_every && t->step % log_every == 0) {
        if (nn_training_settle(t, status) != NN_OK)
            return nn_status_code(status);
        update_means(t);
        if (nn_run_log_step(t, status) != NN_OK)
            return nn_status_code(status);
    }
    if (save_every && t->step % save_every == 0 && nn_checkpoint_save(t, "last", status) != NN_OK)
        return nn_status_code(status);
    if (t->events.step) {
        update_means(t);
        nn_training_report(t, &report);
        t->events.step(t->events.self, &report);
    }
    return answer(t, status);
}

static bool is_over(const NnTraining *t) {
    const uint64_t patience = (uint64_t)nn_setting_int(t->config.train, "patience");
    return t->epoch >= (uint64_t)nn_setting_int(t->config.train, "epochs") || t->step >= t->total_steps ||
           (patience && t->bad_epochs >= patience);
}

static int32_t begin_epoch(NnTraining *t, NnStatus *status) {
    t->epoch_started = g_get_monotonic_time();
    for (guint i = 0; t->position == 0 && i < t->callees->len; i++)
        if (nn_training_reset(t, ((const NnCallee *)t->callees->pdata[i])->name, status) != NN_OK)
            break;
    return nn_status_code(status);
}

static int32_t run_epochs(NnTraining *t, NnStatus *status) {
    const uint64_t epochs = (uint64_t)nn_setting_int(t->config.train, "epochs");
    bool fed = false;
    /* A checkpoint of an epoch's last step still owes its evaluation. */
    while (!is_over(t) || t->position == t->plan.steps) {
        if (begin_epoch(t, status) != NN_OK)
            return nn_status_code(status);
        if (!fed && t->position < t->plan.steps)
            nn_feed_start(t->feed, t->epoch, t->position, epochs - 1), fed = true;
        while (t->position < t->plan.steps && t->step < t->total_steps)
            if (nn_training_step(t, status) != NN_OK)
                return save_rest(t, status);
            else if (after_step(t, status) != NN_OK)
                return nn_status_code(status);
        if (end_epoch(t, status) != NN_OK)
            break;
        if (answer(t, status) != NN_OK)
            return nn_status_code(status);
    }
    /* An evaluation that was interrupted is made again when the training goes on. */
    if (nn_status_code(status) == NN_CANCELLED) {
        nn_status_clear(status);
        return answer(t, status);
    }
    return nn_status_code(status);
}

/* All names are known before the first step, so that the columns of results.csv stay the same. */
static int32_t name_metrics(NnTraining *t, NnStatus *status) {
    const char *split = evaluated_split(t), *watched = watched_name(t);
    for (guint i = 0; i < t->callees->len; i++) {
        const NnCallee *c = t->callees->pdata[i];
        for (uint32_t m = 0; m < c->n_metrics; m++)
            train_index(t, c, m);
    }
    g_autofree bool *wanted = g_new0(bool, t->source.info->n_fields);
    const NnCallee *c = split ? nn_training_evaluator(t, "evaluate", wanted, status) : NULL;
    for (uint32_t m = 0; c && m < c->n_metrics; m++) {
        g_autofree char *name = g_strconcat("val_", c->metrics[m].name, NULL);
        name_index(t, name);
    }
    for (guint i = 0; i < t->names->len; i++)
        if (g_str_equal(t->names->pdata[i], watched))
            return nn_status_code(status);
    if (nn_setting(t->config.train, "watch") == NULL || nn_status_code(status) != NN_OK)
        return nn_status_code(status);
    g_ptr_array_add(t->names, NULL);
    g_autofree char *names = g_strjoinv(", ", (char **)t->names->pdata);
    g_ptr_array_set_size(t->names, (gint)t->names->len - 1);
    g_autofree char *text =
        g_strdup_printf("there is no metric \"%s\" to watch; there are %s", watched, names);
    return nn_config_api()->fail(nn_setting(t->config.train, "watch"), status, text);
}

int32_t nn_training_begin(NnTraining *t, NnStatus *status) {
    const NnConfig *file = nn_setting(t->config.train, "weights");
    const char *path = file ? nn_config_api()->path(file) : NULL;
    if (path == NULL || t->loaded || nn_training_load_weights(t, path, status) == NN_OK)
        return nn_status_code(status);
    nn_status_where(status, "%s", nn_config_api()->place(file));
    return nn_status_code(status);
}

static int32_t train(NnTraining *t, NnStatus *status) {
    if (nn_training_begin(t, status) != NN_OK)
        return nn_status_code(status);
    if (name_metrics(t, status) != NN_OK || nn_run_create(t, status) != NN_OK)
        return nn_status_code(status);
    if (t->loaded ? nn_run_rewind(t, status) != NN_OK : nn_checkpoint_save(t, "last", status) != NN_OK)
        return nn_status_code(status);
    if (run_epochs(t, status) != NN_OK)
        return nn_status_code(status);
    t->finished = true;
    if (nn_checkpoint_save(t, "last", status) != NN_OK)
        return nn_status_code(status);
    if (t->step < t->total_steps)
        nn_training_say(t, "stopped early: %s has not become better for %" G_GUINT64_FORMAT " epochs",
                        watched_name(t), t->bad_epochs);
    return NN_OK;
}

/* What was asked for turned out to be wrong before a step was made: nothing of it is left behind. */
static bool is_refused(const NnTraining *t, int32_t code) {
    return t->step == 0 && (code == NN_INVALID || code == NN_UNSUPPORTED || code == NN_NOT_FOUND ||
                            code == NN_UNAVAILABLE || (code == NN_OUT_OF_MEMORY && !t->saved));
}

int32_t nn_training_run(NnTraining *t, NnStatus *status) {
    const bool fresh = t->folder == NULL;
    t->started = g_get_monotonic_time();
    const int32_t code = train(t, status);
    nn_feed_stop(t->feed);
    if (t->folder && fresh && (t->flags & NN_TRAINING_DRY || is_refused(t, code))) {
        nn_run_remove(t->folder);
        g_clear_pointer(&t->folder, g_free);
    }
    return code;
}

void nn_training_continue_in(NnTraining *t, const char *folder) {
    g_free(t->folder);
    t->folder = g_strdup(folder);
    t->saved = true;
    t->saved_step = t->step;
}
