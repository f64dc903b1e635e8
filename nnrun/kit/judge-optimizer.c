/* SPDX-License-Identifier: Apache-2.0 */
/* Optimizers and schedules with the defaults of their settings: an update is built and run on the reference.
 */
#include "object.h"
#include "session.h"

#include <math.h>

#define N 5
#define STEPS 1000u

/* ---- optimizers ---- */

typedef struct Update {
    NnFunction *function;
    NnCallable *callable;
    uint32_t slots;
} Update;

/* Inputs: parameter, gradient, rate, step, slots. Outputs: the new parameter, the new slots. */
static bool build(Kit *k, const NnOptimizer *o, const NnConfig *config, Update *u, NnStatus *status) {
    static const char *const names[] = {"param", "grad", "rate", "step"};
    const NnHost *host = nn_context_host(k->context);
    const int64_t dims[] = {N};
    NnGraph *g = nn_graph_new(k->context, NULL, "update", NN_TRAINING);
    NnValue *in[4], *slots[NN_MAX_SLOTS] = {NULL}, *new_slots[NN_MAX_SLOTS] = {NULL};
    char name[32];
    for (uint32_t i = 0; i < 4; i++)
        in[i] = host->graph->input(g, names[i], NN_F32, i < 2, dims);
    for (uint32_t i = 0; i < o->n_slots; i++) {
        const NnSlot *s = (const void *)((const char *)o->slots + (size_t)i * o->slot_stride);
        slots[i] = host->graph->input(g, s->name, NN_F32, s->flags & NN_SLOT_SCALAR ? 0 : 1, dims);
    }
    NnUpdate update = {.struct_size = sizeof update,
                       .host = host,
                       .graph = g,
                       .config = config,
                       .param = in[0],
                       .grad = in[1],
                       .rate = in[2],
                       .step = in[3],
                       .slots = slots,
                       .new_slots = new_slots,
                       .status = status};
    kit_doing(k, "update");
    const int32_t code = o->update(&update);
    const NnStatus *why = nn_status_code(status) != NN_OK ? status : host->graph->status(g);
    if (!kit_expect(k, WRONG_FORWARD, code == NN_OK && nn_status_code(why) == NN_OK && update.new_param,
                    "the update is not built: %s", nn_status_message(why))) {
        nn_graph_free(g);
        return false;
    }
    (void)host->graph->output(g, "param", update.new_param);
    for (uint32_t i = 0; i < o->n_slots; i++) {
        (void)snprintf(name, sizeof name, "slot%u", i);
        (void)host->graph->output(g, name, new_slots[i] ? new_slots[i] : slots[i]);
    }
    u->slots = o->n_slots;
    u->function = nn_graph_seal(g, status);
    NnSession *session = u->function ? session_on(k, "reference", NN_SESSION_NO_FALLBACK, status) : NULL;
    u->callable = session ? nn_callable_new(session, u->function, status) : NULL;
    return kit_expect(k, WRONG_FORWARD, u->callable != NULL, "%s", nn_status_message(status));
}

/* Steps with a gradient of this factor times 1, -1, 1, ...; the parameter afterwards. */
static bool walk(Kit *k, const NnOptimizer *o, Update *u, double factor, uint32_t steps, Tensor *param) {
    const int64_t dims[] = {N};
    NnStatus *status = nn_status_new();
    Tensor *in[4 + NN_MAX_SLOTS];
    const NnTensor *given[4 + NN_MAX_SLOTS];
    bool good = true;
    for (uint32_t i = 0; i < 4 + u->slots; i++) {
        const NnSlot *s =
            i < 4 ? NULL : (const void *)((const char *)o->slots + (size_t)(i - 4) * o->slot_stride);
        in[i] = tensor_new(NN_F32, s ? !(s->flags & NN_SLOT_SCALAR) : i < 2, dims);
        for (int64_t e = 0; e < tensor_count(&in[i]->t); e++)
            tensor_set(&in[i]->t, e,
                       s        ? s->init
                       : i == 0 ? 1
                       : i == 1 ? (e % 2 ? -factor : factor)
                                : o->rate);
        given[i] = &in[i]->t;
    }
    for (uint32_t step = 1; good && step <= steps; step++) {
        tensor_set(&in[3]->t, 0, step);
        good = nn_callable_call(u->callable, given, status) == NN_OK;
        for (uint32_t i = 0; good && i <= u->slots; i++) {
            const NnTensor *out;
            Tensor *to = in[i == 0 ? 0 : 3 + i];
            good = nn_callable_output(u->callable, i, &out, status) == NN_OK &&
                   kit_expect(k, WRONG_INFERENCE, tensor_same_shape(out, &to->t),
                              "new value %u has another type or shape than the old one", i);
            if (good)
                memcpy(to->t.buffer, nn_data(out), tensor_bytes(out));
        }
    }
    (void)kit_expect(k, WRONG_FORWARD, nn_status_code(status) == NN_OK, "%s", nn_status_message(status));
    memcpy(param->t.buffer, in[0]->t.buffer, tensor_bytes(&param->t));
    for (uint32_t i = 0; i < 4 + u->slots; i++)
        tensor_free(in[i]);
    nn_status_free(status);
    return good;
}

static void judge_updates(Kit *k, const NnOptimizer *o, const NnConfig *config) {
    const int64_t dims[] = {N};
    Update u = {.function = NULL};
    NnStatus *status = nn_status_new();
    Tensor *still = tensor_new(NN_F32, 1, dims), *a = tensor_new(NN_F32, 1, dims),
           *b = tensor_new(NN_F32, 1, dims);
    if (build(k, o, config, &u, status) && walk(k, o, &u, 0, 3, still) && walk(k, o, &u, .5, 3, a) &&
        walk(k, o, &u, .5, 3, b)) {
        bool stays = true, descends = true;
        for (int64_t e = 0; e < N; e++) {
            const double moved = tensor_get(&a->t, e) - 1;
            stays = stays && tensor_get(&still->t, e) == 1;
            descends = descends && isfinite(moved) && (e % 2 ? moved > 0 : moved < 0);
        }
        (void)kit_expect(k, WRONG_FORWARD, stays, "a gradient of zero moves the parameter");
        (void)kit_expect(k, WRONG_FORWARD, descends, "three steps do not go against the gradient");
        (void)kit_expect(k, NOT_REPEATABLE, memcmp(a->t.buffer, b->t.buffer, tensor_bytes(&a->t)) == 0,
                         "the same steps again end in other bits");
    }
    nn_callable_free(u.callable);
    nn_function_free(u.function);
    tensor_free(still);
    tensor_free(a);
    tensor_free(b);
    nn_status_free(status);
}

/* The defaults of a settings table; NULL where some setting must be given. */
static const NnConfig *defaults(const NnSetting *s, uint32_t n, uint32_t stride, const char *what,
                                NnConfig **owner, NnStatus *status) {
    const NnConfig *checked = NULL;
    *owner = nn_config_parse("{}", 2, "defaults", status);
    if (*owner)
        (void)nn_config_api()->check(*owner, s, n, stride, what, &checked, status);
    return nn_status_code(status) == NN_OK ? checked : NULL;
}

void judge_optimizer(Kit *k) {
    const NnOptimizer *o = object_export(k, sizeof *o);
    NnConfig *owner = NULL;
    if (o == NULL)
        return;
    k->findings->stage = STAGE_RUN;
    if (kit_case(k, "the table")) {
        judge_settings(k, o->settings, o->n_settings, o->setting_stride, "setting");
        if (!kit_expect(k, WRONG_TABLE,
                        NN_HAS(o, update) && o->doc && o->n_slots <= NN_MAX_SLOTS && o->rate > 0 &&
                            (o->n_slots == 0 || (o->slots && o->slot_stride >= sizeof(NnSlot))),
                        "no update, no text, %u slots, or a rate of %g", o->n_slots, o->rate))
            return;
    }
    const NnConfig *config =
        defaults(o->settings, o->n_settings, o->setting_stride, o->name, &owner, k->status);
    if (config && kit_case(k, "updates with the defaults"))
        judge_updates(k, o, config);
    else if (config == NULL)
        kit_skip(k, WRONG_FORWARD, "%s", nn_status_message(k->status));
    nn_config_free(owner);
}

/* ---- schedules ---- */

static uint64_t follow(Kit *k, const NnSchedule *s, const NnConfig *config, const NnHost *host) {
    double state[64] = {0};
    uint64_t digest = 14695981039346656037u; /* FNV-1a */
    for (uint32_t step = 0; step < STEPS; step++) {
        const NnProgress at = {.struct_size = sizeof at,
                               .epoch = step / 100,
                               .step = step,
                               .steps_per_epoch = 100,
                               .total_steps = STEPS,
                               .metric = step < 100 ? (double)NAN : 1. / (1 + step / 100),
                               .epoch_ended = step > 0 && step % 100 == 0};
        const double factor = s->factor(host, config, &at, state);
        if (!kit_expect(k, WRONG_FORWARD, isfinite(factor) && factor >= 0, "the factor at step %u is %g",
                        step, factor))
            break;
        for (size_t i = 0; i < sizeof factor; i++)
            digest = (digest ^ ((const uint8_t *)&factor)[i]) * 1099511628211u;
    }
    return digest;
}

void judge_schedule(Kit *k) {
    const NnSchedule *s = object_export(k, sizeof *s);
    NnConfig *owner = NULL;
    KitHost host;
    if (s == NULL)
        return;
    k->findings->stage = STAGE_RUN;
    object_host(k, k->subject->file, &host);
    if (kit_case(k, "the table")) {
        judge_settings(k, s->settings, s->n_settings, s->setting_stride, "setting");
        if (!kit_expect(k, WRONG_TABLE, NN_HAS(s, factor) && s->doc && s->n_state <= 64,
                        "no factor, no text, or a state of %u numbers", s->n_state))
            return;
    }
    const NnConfig *config =
        defaults(s->settings, s->n_settings, s->setting_stride, s->name, &owner, k->status);
    if (config && kit_case(k, "%u steps with the defaults", STEPS)) {
        const uint64_t first = follow(k, s, config, &host.table);
        (void)kit_expect(k, NOT_REPEATABLE, follow(k, s, config, &host.table) == first,
                         "the same steps again give other factors");
    } else if (config == NULL) {
        kit_skip(k, WRONG_FORWARD, "%s", nn_status_message(k->status));
    }
    nn_config_free(owner);
}
