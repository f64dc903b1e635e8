/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluation: one pass over a split, scalar outputs averaged over samples. */
#include "training.h"

#include <math.h>

static const NnSamples *find_samples(NnTraining *t, const char *split, NnSamples *whole, NnStatus *status) {
    if (g_str_equal(split, "validation") && t->held.count)
        return &t->held;
    if (g_str_equal(split, "train") && t->kept.split != NN_NO_SPLIT)
        return &t->kept;
    const uint32_t index = nn_source_split(&t->source, split);
    if (index != NN_NO_SPLIT) {
        *whole = (NnSamples){.split = index, .count = nn_data_split(t->source.info, index)->count};
        return whole;
    }
    GString *names = g_string_new(NULL);
    for (uint32_t i = 0; i < t->source.info->n_splits; i++)
        g_string_append_printf(names, "%s%s", i ? ", " : "", nn_data_split(t->source.info, i)->name);
    nn_status_fail(status, NN_INVALID, "there is no split \"%s\"; the data of loader %s has %s", split,
                   t->config.loader->name, names->str);
    g_string_free(names, TRUE);
    return NULL;
}

NnCallee *nn_training_evaluator(NnTraining *t, const char *function, bool *wanted, NnStatus *status) {
    for (guint i = 0; i < t->evaluators->len; i++) {
        NnCallee *c = t->evaluators->pdata[i];
        if (!g_str_equal(c->name, function))
            continue;
        for (uint32_t k = 0; k < c->n_inputs; k++)
            if (c->inputs[k].kind == NN_IN_FIELD)
                wanted[c->inputs[k].field] = true;
        return c;
    }
    const NnFunction *f = nn_network_function(t->network, function);
    if (f == NULL) {
        nn_status_fail(status, NN_UNSUPPORTED, "model family %s has no function \"%s\"",
                       t->config.family->name, function);
        return NULL;
    }
    NnCallee *c = nn_callee_new(f, function);
    if (nn_callee_bind(c, t, wanted, status) == NN_OK) {
        g_ptr_array_add(t->evaluators, c);
        return c;
    }
    nn_callee_free(c);
    return NULL;
}

static int32_t pass(NnTraining *t, NnCallee *c, NnFeed *feed, NnStatus *status) {
    uint64_t steps = nn_feed_plan(feed)->steps;
    const NnBatch *batch;
    bool halted;
    if (t->flags & NN_TRAINING_DRY)
        steps = MIN(steps, 1);
    nn_callee_clear(c);
    nn_feed_start(feed, 0, 0, 0);
    for (uint64_t i = 0; i < steps; i++) {
        if (nn_training_asked(t) == NN_ASK_STOP)
            return nn_status_fail(status, NN_CANCELLED, "the evaluation was interrupted");
        if (t->events.evaluating)
            t->events.evaluating(t->events.self, i, steps);
        /* The same draws in each evaluation, so that its numbers can be compared. */
        nn_session_set_step(t->session, i);
        if (nn_feed_next(feed, &batch, status) != NN_OK ||
            nn_callee_call(c, t, batch, 0, 0, status) != NN_OK ||
            nn_callee_collect(c, &halted, status) != NN_OK)
            return nn_status_code(status);
    }
    return NN_OK;
}

int32_t nn_training_evaluate(NnTraining *t, const char *split, const char *function, uint32_t *count,
                             const char *const **names, const double **values, NnStatus *status) {
    NnSamples whole = {0};
    const int64_t own = nn_setting_int(t->config.train, "eval_batch");
    /* State per row is made for the batch size of training. */
    const int32_t order = nn_network_order(t->network);
    const uint64_t batch = own && order != NN_ORDER_LANES ? (uint64_t)own : nn_training_batch(t);
    if (t->config.loader == NULL)
        return nn_config_api()->fail(t->config.root, status,
                                     "there is no section `data`, so nothing to evaluate on");
    const NnSamples *samples = find_samples(t, split, &whole, status);
    g_autofree bool *wanted = g_new0(bool, t->source.info->n_fields);
    NnCallee *c = samples ? nn_training_evaluator(t, function, wanted, status) : NULL;
    if (c == NULL || nn_training_reset(t, function, status) != NN_OK)
        return nn_status_code(status);
    const NnOrderPlan plan = nn_order_plan(order, false, false, t->seed, samples->count, batch);
    if (plan.steps == 0)
        return nn_status_fail(status, NN_INVALID,
                              "split %s has %" G_GUINT64_FORMAT
                              " samples, which is no whole batch of %" G_GUINT64_FORMAT,
                              split, samples->count, batch);
    NnFeed *feed = nn_feed_new(&t->source, samples, &plan, wanted, status);
    if (feed && pass(t, c, feed, status) != NN_OK)
        nn_status_where(status, "evaluation on split %s", split);
    nn_feed_free(feed);
    g_ptr_array_set_size(t->result_names, 0);
    g_array_set_size(t->result_values, 0);
    for (uint32_t i = 0; i < c->n_metrics; i++) {
        const double mean = c->metrics[i].weight > 0 ? c->metrics[i].sum / c->metrics[i].weight : NAN;
        g_ptr_array_add(t->result_names, g_strdup(c->metrics[i].name));
        g_array_append_val(t->result_values, mean);
    }
    *count = t->result_names->len;
    *names = (const char *const *)t->result_names->pdata;
    *values = (const double *)(const void *)t->result_values->data;
    return nn_status_code(status);
}

char *nn_training_explain(NnTraining *t, const char *function, const char *after, NnStatus *status) {
    const NnBatch *batch;
    g_autofree bool *wanted = g_new0(bool, t->source.info->n_fields);
    NnCallee *c = NULL;
    for (guint i = 0; i < t->callees->len; i++)
        if (g_str_equal(((NnCallee *)t->callees->pdata[i])->name, function))
            c = t->callees->pdata[i];
    if (c)
        memcpy(wanted, t->wanted, t->source.info->n_fields * sizeof *wanted);
    else
        c = nn_training_evaluator(t, function, wanted, status);
    if (c == NULL)
        return NULL;
    const NnSamples first = {.count = t->source.info->n_splits ? nn_data_split(t->source.info, 0)->count : 0};
    const NnOrderPlan plan =
        nn_order_plan(nn_network_order(t->network), false, false, 0, first.count, nn_training_batch(t));
    NnFeed *feed = nn_feed_new(&t->source, &first, &plan, wanted, status);
    char *text = NULL;
    if (feed) {
        nn_feed_start(feed, 0, 0, 0);
        if (nn_feed_next(feed, &batch, status) == NN_OK && nn_callee_call(c, t, batch, 0, 1, status) == NN_OK)
            text = nn_callable_explain(c->callable, after, status);
    }
    c->pending = 0;
    nn_feed_free(feed);
    return text;
}
