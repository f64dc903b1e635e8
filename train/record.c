/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of a checkpoint: where the training is, what it was made of, and its whole configuration, as
 * YAML. Numbers are written so that they read back to the last bit.
 */
#include "training.h"

#include <math.h>

static void put_number(GString *out, double value) {
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    if (isnan(value) || isinf(value))
        g_string_append(out, isnan(value) ? ".nan" : value < 0 ? "-.inf" : ".inf");
    else
        g_string_append(out, g_ascii_formatd(text, sizeof text, "%.17g", value));
}

static void put_int(GString *out, const char *key, uint64_t value) {
    g_string_append_printf(out, "%s: %" G_GUINT64_FORMAT "\n", key, value);
}

static void put_real(GString *out, const char *key, double value) {
    g_string_append_printf(out, "%s: ", key);
    put_number(out, value);
    g_string_append_c(out, '\n');
}

/* The sums of the epoch that runs, so that a resumed one logs the same means. */
static void put_callees(GString *out, const NnTraining *t) {
    g_string_append(out, "functions:\n");
    for (guint i = 0; i < t->callees->len; i++) {
        for (const NnCallee *c = t->callees->pdata[i]; c; c = c->accumulate) {
            g_string_append_printf(out, "  - updates: %" G_GUINT64_FORMAT "\n    sums: [", c->count);
            for (uint32_t m = 0; m < c->n_metrics; m++) {
                g_string_append(out, m ? ", " : "");
                put_number(out, c->metrics[m].sum);
                g_string_append(out, ", ");
                put_number(out, c->metrics[m].weight);
            }
            g_string_append(out, "]\n");
        }
    }
}

static void put_packages(GString *out, NnContext *context) {
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    const uint32_t n = nn_registry_count(context);
    g_string_append(out, "packages:\n");
    for (uint32_t i = 0; i < n; i++) {
        const NnEntry *e = nn_registry_entry(context, i);
        if (e->package && g_hash_table_add(seen, (char *)(uintptr_t)e->package))
            g_string_append_printf(out, "  \"%s\": \"%s\"\n", e->package, e->version ? e->version : "");
    }
    if (g_hash_table_size(seen) == 0)
        g_string_append(out, "  {}\n");
}

char *nn_record_text(NnTraining *t, const char *digest) {
    const NnSchedule *schedule = t->config.schedule.table;
    GString *out = g_string_new(NULL);
    g_autofree char *config = nn_train_config_text(&t->config);
    g_auto(GStrv) lines = g_strsplit(config, "\n", -1);
    g_string_append_printf(out, "nnrun: \"%s\"\n", nn_train_version());
    put_int(out, "step", t->step);
    put_int(out, "epoch", t->epoch);
    put_int(out, "position", t->position);
    put_int(out, "calls", t->calls);
    put_int(out, "seed", t->seed);
    g_string_append_printf(out, "epoch_ended: %s\nfinished: %s\n", t->epoch_ended ? "true" : "false",
                           t->finished ? "true" : "false");
    put_real(out, "watched", t->watched);
    put_real(out, "best", t->best);
    put_int(out, "best_epoch", t->best_epoch);
    put_int(out, "bad_epochs", t->bad_epochs);
    put_real(out, "seconds", nn_training_seconds(t));
    g_string_append(out, "schedule_state: [");
    for (uint32_t i = 0; i < schedule->n_state; i++) {
        g_string_append(out, i ? ", " : "");
        put_number(out, t->schedule_state[i]);
    }
    g_string_append(out, "]\n");
    put_callees(out, t);
    put_packages(out, t->context);
    g_string_append_printf(out, "data_digest: \"%s\"\ntensors_sha256: \"%s\"\nconfig:\n",
                           t->source.info->digest ? t->source.info->digest : "", digest);
    for (char **line = lines; *line; line++)
        if (**line)
            g_string_append_printf(out, "  %s\n", *line);
    return g_string_free(out, FALSE);
}

/* ---- and back ---- */

static uint64_t get_int(const NnConfig *record, const char *key) {
    return (uint64_t)nn_setting_int(record, key);
}

static void apply_callees(NnTraining *t, const NnConfig *list) {
    const NnConfigApi *api = nn_config_api();
    uint64_t at = 0;
    for (guint i = 0; i < t->callees->len; i++) {
        for (NnCallee *c = t->callees->pdata[i]; c; c = c->accumulate, at++) {
            const NnConfig *item = api->at(list, at), *sums = nn_setting(item, "sums");
            c->count = get_int(item, "updates");
            for (uint32_t m = 0; m < c->n_metrics && api->count(sums) == 2u * c->n_metrics; m++) {
                c->metrics[m].sum = api->number(api->at(sums, 2u * m));
                c->metrics[m].weight = api->number(api->at(sums, 2u * m + 1));
            }
        }
    }
}

int32_t nn_record_apply(NnTraining *t, const NnConfig *record, NnStatus *status) {
    const NnConfigApi *api = nn_config_api();
    const NnSchedule *schedule = t->config.schedule.table;
    const NnConfig *state = nn_setting(record, "schedule_state");
    const char *digest = nn_setting_string(record, "data_digest");
    if (digest && *digest && t->source.info->digest && !g_str_equal(digest, t->source.info->digest))
        return nn_status_fail(status, NN_INVALID,
                              "the checkpoint was trained on other data: its digest is %s, found %s", digest,
                              t->source.info->digest);
    t->step = get_int(record, "step");
    t->epoch = get_int(record, "epoch");
    t->position = get_int(record, "position");
    t->calls = get_int(record, "calls");
    t->epoch_ended = nn_setting_bool(record, "epoch_ended");
    t->watched = nn_setting_number(record, "watched");
    t->best = nn_setting_number(record, "best");
    t->best_epoch = get_int(record, "best_epoch");
    t->bad_epochs = get_int(record, "bad_epochs");
    t->seconds_before = nn_setting_number(record, "seconds");
    t->started = g_get_monotonic_time();
    for (uint32_t i = 0; i < schedule->n_state && api->count(state) == schedule->n_state; i++)
        t->schedule_state[i] = api->number(api->at(state, i));
    apply_callees(t, nn_setting(record, "functions"));
    if (t->position > t->plan.steps)
        return nn_status_fail(status, NN_INVALID,
                              "the checkpoint stands at batch %" G_GUINT64_FORMAT
                              " of an epoch, which has %" G_GUINT64_FORMAT
                              " now; batch size and data may not change within an epoch",
                              t->position, t->plan.steps);
    return NN_OK;
}
