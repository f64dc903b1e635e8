/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A training function: the model's own, then gradients, clipping, weight decay, the optimizer's update of
 * each parameter, and one condition over all of it. A loss that is not finite commits nothing, and sets a
 * variable that keeps all that follows from being committed until the host has seen it. What arithmetic this
 * takes is asked for by role.
 */
#include "training.h"

#include "nn/plugin.h"

typedef struct Param {
    NnVariable *variable;
    const NnVariableSpec *spec;
    NnValue *value, *grad;
} Param;

typedef struct Build {
    NnTraining *t;
    const NnGraphApi *api;
    NnGraph *g;
    GArray *params; /* Param */
    NnValue *rate, *step;
} Build;

static NnValue *role(const Build *b, const char *name, NnValue *const *inputs, uint32_t n) {
    return b->api->role(b->g, name, n, inputs);
}

static NnValue *f32(const Build *b, double value) {
    const float f = (float)value;
    return b->api->constant(b->g, NN_F32, 0, NULL, &f);
}

static NnValue *truth(const Build *b, bool value) {
    const uint8_t byte = value;
    return b->api->constant(b->g, NN_BOOL, 0, NULL, &byte);
}

static Param *param_at(const Build *b, guint i) { return &g_array_index(b->params, Param, i); }

/* ---- gradients ---- */

static void find_params(Build *b) {
    const char *group = NULL;
    NnVariable *const *variables;
    NnValue *loss = nn_graph_loss(b->g, &group);
    const uint32_t n = nn_network_variables(b->t->network, &variables);
    for (uint32_t i = 0; i < n; i++) {
        Param p = {.variable = variables[i], .spec = nn_variable_spec(variables[i])};
        p.grad = nn_graph_gradient(b->g, p.variable);
        const bool minimized =
            loss && p.spec->role == NN_PARAMETER && nn_graph_reads(b->g, p.variable) &&
            (group == NULL || g_strcmp0(group, p.spec->group ? p.spec->group : "default") == 0);
        if (p.grad == NULL && !minimized)
            continue;
        p.value = b->api->read(b->g, p.variable);
        g_array_append_val(b->params, p);
    }
}

static void take_gradients(Build *b) {
    NnValue *loss = nn_graph_loss(b->g, NULL);
    g_autofree NnValue **wrt = g_new0(NnValue *, b->params->len + 1);
    g_autofree NnValue **grads = g_new0(NnValue *, b->params->len + 1);
    uint32_t n = 0;
    for (guint i = 0; i < b->params->len; i++)
        if (param_at(b, i)->grad == NULL)
            wrt[n++] = param_at(b, i)->value;
    if (loss == NULL || n == 0 || b->api->gradient(b->g, 1, &loss, NULL, n, wrt, grads) != NN_OK)
        return;
    n = 0;
    for (guint i = 0; i < b->params->len; i++)
        if (param_at(b, i)->grad == NULL)
            param_at(b, i)->grad = grads[n++];
    for (guint i = b->params->len; i-- > 0;)
        if (param_at(b, i)->grad == NULL)
            g_array_remove_index(b->params, i);
}

/* Is this step to be committed? Explicit gradients are looked at where there is no loss. */
static NnValue *finite(const Build *b, NnValue *halted) {
    NnValue *no = truth(b, false), *loss = nn_graph_loss(b->g, NULL), *fine = NULL;
    if (loss)
        fine = role(b, "all_finite", NN_VALUES(loss));
    for (guint i = 0; loss == NULL && i < b->params->len; i++) {
        NnValue *one = role(b, "all_finite", NN_VALUES(param_at(b, i)->grad));
        fine = fine ? role(b, "select", NN_VALUES(fine, one, no)) : one;
    }
    return role(b, "select", NN_VALUES(halted, no, fine));
}

/* ---- clipping, decay, accumulation ---- */

static void clip(Build *b) {
    const double value = nn_setting_number(b->t->config.train, "clip_value");
    const double norm = nn_setting_number(b->t->config.train, "clip_norm");
    for (guint i = 0; value > 0 && i < b->params->len; i++)
        param_at(b, i)->grad = role(b, "clip_by_value", NN_VALUES(param_at(b, i)->grad, f32(b, value)));
    if (norm <= 0)
        return;
    g_autofree NnValue **inputs = g_new0(NnValue *, b->params->len + 1);
    inputs[0] = f32(b, norm);
    for (guint i = 0; i < b->params->len; i++)
        inputs[i + 1] = param_at(b, i)->grad;
    NnValue *factor = role(b, "clip_factor", inputs, b->params->len + 1);
    for (guint i = 0; i < b->params->len; i++)
        param_at(b, i)->grad = role(b, "scale", NN_VALUES(param_at(b, i)->grad, factor));
}

static NnVariable *beside(const Build *b, const Param *p, const NnVariableSpec *like, const char *name) {
    g_autofree char *full = g_strdup_printf("slot.%s.%s", p->spec->name, name);
    NnVariableSpec spec = *like;
    spec.struct_size = sizeof spec;
    spec.name = full;
    spec.role = NN_STATE;
    return b->api->variable(b->g, &spec);
}

static NnVariable *sum_of(const Build *b, const Param *p) {
    const NnVariableSpec like = {
        .type = p->spec->type, .rank = p->spec->rank, .dims = p->spec->dims, .lifetime = NN_RUN_ONLY};
    return beside(b, p, &like, "sum");
}

static void add_up(Build *b, bool last) {
    const int64_t k = nn_setting_int(b->t->config.train, "accumulate");
    for (guint i = 0; i < b->params->len; i++) {
        Param *p = param_at(b, i);
        NnVariable *sum = sum_of(b, p);
        NnValue *before = b->api->read(b->g, sum);
        NnValue *now = role(b, "accumulate", NN_VALUES(before, p->grad));
        p->grad = last ? role(b, "scale", NN_VALUES(now, f32(b, 1.0 / (double)k))) : now;
        b->api->assign(b->g, sum, last ? role(b, "zeros_like", NN_VALUES(before)) : now, NULL);
    }
}

/* ---- the update ---- */

static const NnChosen *optimizer_of(const NnTraining *t, const char *group) {
    for (guint i = 0; group && i < t->config.groups->len; i++) {
        const NnChosen *chosen = t->config.groups->pdata[i];
        if (g_str_equal(chosen->group, group))
            return chosen;
    }
    return &t->config.optimizer;
}

/* The learning rate is that of the schedule; a group's own rate is a multiple of the default optimizer's. */
static NnValue *rate_of(const Build *b, const NnChosen *chosen) {
    const double base = nn_setting_number(b->t->config.optimizer.config, "rate");
    const double own = nn_setting_number(chosen->config, "rate");
    if (chosen == &b->t->config.optimizer || own == base || base <= 0)
        return b->rate;
    return role(b, "scale", NN_VALUES(b->rate, f32(b, own / base)));
}

static double decay_of(const Build *b, const Param *p, const NnOptimizer *o) {
    const NnConfig *given = nn_setting(b->t->config.train, "weight_decay");
    if (p->spec->flags & NN_VARIABLE_NO_DECAY)
        return 0;
    return given ? nn_config_api()->number(given) : o->decoupled ? 0.01 : 0;
}

static int32_t update(const Build *b, const Param *p) {
    const NnChosen *chosen = optimizer_of(b->t, p->spec->group);
    const NnOptimizer *o = chosen->table;
    const double decay = decay_of(b, p, o);
    NnValue *slots[NN_MAX_SLOTS] = {NULL}, *new_slots[NN_MAX_SLOTS] = {NULL}, *grad = p->grad;
    NnVariable *variables[NN_MAX_SLOTS] = {NULL};
    if (o->n_slots > NN_MAX_SLOTS || !NN_HAS(o, update))
        return nn_status_fail(b->api->status(b->g), NN_INVALID,
                              "optimizer %s has too many slots or no update", o->name);
    for (uint32_t i = 0; i < o->n_slots; i++) {
        const NnSlot *slot = (const void *)((const char *)o->slots + (gsize)i * o->slot_stride);
        const bool scalar = slot->flags & NN_SLOT_SCALAR;
        const NnVariableSpec like = {.type = scalar ? NN_F32 : p->spec->type,
                                     .rank = scalar ? 0 : p->spec->rank,
                                     .dims = p->spec->dims,
                                     .init = slot->init == 0 ? NULL : "constant",
                                     .a = slot->init};
        variables[i] = beside(b, p, &like, slot->name);
        slots[i] = variables[i] ? b->api->read(b->g, variables[i]) : NULL;
    }
    if (decay > 0 && !o->decoupled)
        grad = role(b, "accumulate", NN_VALUES(grad, role(b, "scale", NN_VALUES(p->value, f32(b, decay)))));
    NnUpdate u = {.struct_size = sizeof u,
                  .host = nn_registry_host(b->t->context, o),
                  .graph = b->g,
                  .config = chosen->config,
                  .param = p->value,
                  .grad = grad,
                  .rate = rate_of(b, chosen),
                  .step = b->step,
                  .decay = decay > 0 && o->decoupled ? f32(b, decay) : NULL,
                  .slots = slots,
                  .new_slots = new_slots,
                  .status = b->api->status(b->g)};
    if (nn_status_code(u.status) != NN_OK)
        return nn_status_code(u.status);
    const int32_t code = o->update(&u);
    if (code != NN_OK || u.new_param == NULL)
        return nn_status_fail(u.status, code ? code : NN_ERROR, "optimizer %s wrote no update", o->name);
    b->api->assign(b->g, p->variable, u.new_param, NULL);
    for (uint32_t i = 0; i < o->n_slots; i++)
        if (new_slots[i])
            b->api->assign(b->g, variables[i], new_slots[i], NULL);
    nn_status_where(u.status, "update of %s", p->spec->name);
    return nn_status_code(u.status);
}

static void build(Build *b, bool accumulate) {
    const NnTraining *t = b->t;
    const NnVariableSpec halted_spec = {.struct_size = sizeof halted_spec,
                                        .type = NN_BOOL,
                                        .name = NN_HALTED,
                                        .role = NN_STATE,
                                        .lifetime = NN_RUN_ONLY};
    b->rate = b->api->input(b->g, NN_RATE_INPUT, NN_F32, 0, NULL);
    b->step = b->api->input(b->g, NN_STEP_INPUT, NN_F32, 0, NULL);
    find_params(b);
    take_gradients(b);
    if (b->params->len == 0)
        nn_status_fail(b->api->status(b->g), NN_INVALID, "its loss depends on no parameter");
    NnVariable *halted = b->api->variable(b->g, &halted_spec);
    if (nn_status_code(b->api->status(b->g)) != NN_OK)
        return;
    NnValue *fine = finite(b, b->api->read(b->g, halted));
    if (nn_setting_int(t->config.train, "accumulate") > 1)
        add_up(b, !accumulate);
    if (!accumulate) {
        clip(b);
        for (guint i = 0; i < b->params->len && update(b, param_at(b, i)) == NN_OK; i++)
            ;
    }
    if (nn_status_code(b->api->status(b->g)) != NN_OK || nn_graph_guard(b->g, fine) != NN_OK)
        return;
    NnValue *yes = truth(b, true), *no = truth(b, false);
    NnValue *stopped = role(b, "select", NN_VALUES(fine, no, yes));
    b->api->assign(b->g, halted, stopped, NULL);
    b->api->output(b->g, NN_HALTED, stopped);
}

const NnFunction *nn_update_build(NnTraining *t, const NnFunction *f, bool accumulate, NnStatus *status) {
    g_autofree char *name = g_strconcat(nn_function_name(f), accumulate ? "+accumulate" : "+update", NULL);
    NnGraph *g = nn_function_extend(f, name, status);
    if (g == NULL)
        return NULL;
    Build b = {.t = t,
               .api = nn_context_host(t->context)->graph,
               .g = g,
               .params = g_array_new(FALSE, TRUE, sizeof(Param))};
    build(&b, accumulate);
    g_array_unref(b.params);
    return nn_network_seal(t->network, g, status);
}

bool nn_update_wanted(NnTraining *t, const NnFunction *f) {
    NnStatus *status = nn_status_new();
    NnGraph *g = nn_function_extend(f, "look", status);
    NnVariable *const *variables;
    const uint32_t n = nn_network_variables(t->network, &variables);
    bool wanted = g && nn_graph_loss(g, NULL) != NULL;
    for (uint32_t i = 0; g && !wanted && i < n; i++)
        wanted = nn_graph_gradient(g, variables[i]) != NULL;
    if (g)
        nn_graph_free(g);
    nn_status_free(status);
    return wanted;
}
