/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of a device, against the reference. A kernel of "*" is judged on every primitive operator. */
#include "gradient.h"
#include "object.h"
#include "trial.h"

#include <math.h>

#define LARGE 2048
#define DEEP_MAX 3u /* cases for what takes many calls */

typedef struct Kernel {
    const NnKernel *table;
    Place place;
    KitHost host;
    uint32_t asked, taken, deep[16];
} Kernel;

static bool is_odd(const RigResult *r) { return r->out[0] && tensor_count(&r->out[0]->t) % 8 != 0; }

static bool is_large(const RigResult *r) { return r->out[0] && tensor_count(&r->out[0]->t) >= LARGE; }

static void deep_trials(const Trial *t) {
    trial_strides(t);
    trial_in_place(t);
    trial_special_values(t);
    trial_pointers(t);
    trial_memory(t);
}

/* The rig is matched. */
static void try_kernel(Kit *k, Case *c, Kernel *j, Rig *rig, RigResult *want) {
    /* A kernel of "*" runs what definitions bring, and that may allocate. */
    Trial t = {.kit = k, .rig = rig, .c = c, .want = *want, .is_reference = strcmp(j->table->op, "*") == 0};
    RigResult got = {.code = NN_OK};
    NnStatus *status = nn_status_new();
    char text[200];
    const int32_t code = rig_plan(rig, status);
    if (code != NN_OK) {
        kit_fail(k, CLAIMS_TOO_MUCH, "it says yes to the case, and plan fails with code %d: %s", code,
                 nn_status_code(status) ? nn_status_message(status) : "no sentence");
    } else {
        if (c->brief ? trial_calls_brief(&t, &got) : trial_calls(&t, &got)) {
            const char *wrong = rig_compare(rig, &got, want, text, sizeof text);
            const uint32_t features = is_odd(want) ? TALLY_ODD : 0;
            const bool first = j->deep[c->variant % 16] == 0;
            const bool deep = j->deep[c->variant % 16]++ < DEEP_MAX || k->options->tier == TIER_ALL;
            kit_forward(k, c->type, features, wrong);
            /* What is wrong in every call would only get more names. */
            const bool sound = wrong == NULL && k->findings->verdicts[NOT_REPEATABLE].failed == 0;
            if (sound && c->brief)
                trial_values(&t, features);
            if (sound && !c->brief && deep)
                deep_trials(&t);
            if (sound && !c->brief && first)
                trial_beside(&t);
            if (sound && !c->brief && type_is(c->type, NN_INTEGERS))
                trial_extremes(&t);
            if (sound && !c->brief && (deep || is_large(want))) {
                trial_threads(&t);
                trial_torn(&t);
            }
            trial_speed(&t);
        }
        rig_release(rig);
    }
    rig_result_free(&got);
    nn_status_free(status);
}

/* The gradient of the operator as the device computes it, where this kernel is right so far. */
static void try_gradient(Kit *k, Case *c) {
    bool right = k->options->tier > TIER_SMOKE && c->type == NN_F32 && c->variant == 0 && gradient_applies(c);
    for (uint32_t i = 0; right && i < CHECK_COUNT; i++)
        right = k->findings->verdicts[i].failed == 0;
    for (uint32_t i = 0; right && i < TALLY_COUNT; i++)
        right = k->findings->tallies[NN_F32][i].failed == 0;
    if (right)
        gradient_judge_device(k, c, k->subject->device);
}

static void judge_case(Kit *k, Case *c, void *arg) {
    Kernel *j = arg;
    Rig rig;
    RigResult want = {.code = NN_ERROR};
    /* What the definition refuses is no case. */
    if (rig_begin(&rig, k, c->op, c->def, &c->sample))
        want = rig_reference_run(&rig, NULL);
    if (want.code == NN_OK) {
        NnStatus *reason = nn_status_new();
        const int32_t code = rig_match(&rig, j->table, &j->place, &j->host, reason);
        j->asked++;
        if (code == NN_OK) {
            j->taken++;
            kit_pass(k, REFUSES_ITS_CLAIM);
            try_kernel(k, c, j, &rig, &want);
            if (strcmp(j->table->op, "*") != 0)
                try_gradient(k, c);
        } else {
            (void)kit_expect(k, REFUSES_ITS_CLAIM, nn_status_code(reason) == code && code == NN_UNSUPPORTED,
                             "it refuses the case with code %d and %s", code,
                             nn_status_code(reason) ? nn_status_message(reason) : "without a reason");
        }
        nn_status_free(reason);
    }
    rig_result_free(&want);
    rig_end(&rig);
}

static void judge_on(Kit *k, Kernel *j, const char *name, const NnOperator *def) {
    if (def->since < j->table->since_min || (j->table->since_max && def->since > j->table->since_max))
        kit_skip(k, CLAIMS_TOO_MUCH, "it is for versions %d to %d of %s, and version %d is here",
                 j->table->since_min, j->table->since_max, name, def->since);
    else
        cases_walk(k, name, def, judge_case, j);
}

static void judge_all(Kit *k, Kernel *j) {
    for (uint32_t i = 0; i < nn_registry_count(k->context); i++) {
        const NnEntry *e = nn_registry_entry(k->context, i);
        if (strcmp(e->kind, NN_OPERATOR_KIND) != 0 || e->problem)
            continue;
        const NnOperator *def = nn_registry_table(k->context, e->kind, e->name, k->status);
        if (def && def->sort == NN_PRIMITIVE)
            judge_on(k, j, e->name, def);
        nn_status_clear(k->status);
    }
}

void judge_kernel(Kit *k) {
    const Subject *s = k->subject;
    Kernel j = {.table = NULL};
    j.table = object_export(k, sizeof *j.table);
    if (j.table == NULL)
        return;
    kit_expect(k, WRONG_TABLE, NN_HAS(j.table, run), "the kernel has no run");
    const NnDeviceKind *kind = nn_registry_table(k->context, NN_DEVICE_KIND, s->device, k->status);
    if (kind == NULL || !NN_HAS(j.table, run)) {
        kit_skip(k, CLAIMS_TOO_MUCH, "%s", nn_status_message(k->status));
        return;
    }
    kit_host_init(&j.host, nn_registry_host(k->context, kind));
    k->findings->stage = STAGE_RUN;
    if (place_open(&j.place, &j.host.table, kind, k->status) != NN_OK) {
        kit_skip(k, CLAIMS_TOO_MUCH, "device %s cannot be opened: %s", s->device,
                 nn_status_message(k->status));
        return;
    }
    object_host(k, s->file, &j.host);
    const bool any = strcmp(s->op, "*") == 0;
    const NnOperator *def = any ? NULL : nn_registry_table(k->context, NN_OPERATOR_KIND, s->op, k->status);
    if (any)
        judge_all(k, &j);
    else if (def)
        judge_on(k, &j, s->op, def);
    else
        kit_skip(k, CLAIMS_TOO_MUCH, "%s", nn_status_message(k->status));
    if (j.asked && j.taken == 0 && k->skip == 0)
        kit_fail(k, REFUSES_ITS_CLAIM, "it is listed for %s and takes none of %u cases", s->op, j.asked);
    place_close(&j.place);
}
