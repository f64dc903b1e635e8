/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same call with other bytes in outputs and workspace beforehand, and with its tasks in another order.
 * What differs then tells the defect.
 */
#include "trial.h"

#define POISON_A 0xff /* not a number in every floating type */
#define POISON_B 0x5a
#define REPEATS 8
#define THREADS 4u
#define THREAD_ROUNDS 12u

static bool call(const Trial *t, RigCall how, TaskOrder order, RigResult *result) {
    const uint64_t before = memory_count().in_run;
    t->rig->host->order = order;
    *result = rig_run(t->rig, how);
    t->rig->host->order = TASKS_FORWARD;
    const uint64_t taken = memory_count().in_run - before;
    if (!t->is_reference)
        (void)kit_expect(t->kit, ALLOCATES_IN_RUN, taken == 0, "run took memory %llu times",
                         (unsigned long long)taken);
    if (result->code == NN_OK)
        return !result->damaged;
    if (result->starved)
        return false;
    /* Values of a case in another size may be none: an index into what has become empty. */
    if (t->c->variant > 0 && result->code == NN_INVALID && result->why[0])
        return false;
    kit_fail(t->kit, CLAIMS_TOO_MUCH, "it says yes to the case, and run fails with code %d: %s", result->code,
             result->why[0] ? result->why : "no sentence");
    return false;
}

/* Is there an element that holds each call's own poison? */
static bool unwritten(const RigResult *a, const RigResult *b, uint32_t *output, int64_t *element) {
    for (uint32_t k = 0; k < SAMPLE_MAX; k++) {
        if (a->out[k] == NULL || b->out[k] == NULL || !tensor_same_shape(&a->out[k]->t, &b->out[k]->t))
            continue;
        const uint64_t width = nn_type_size(a->out[k]->t.type);
        const uint8_t *x = a->out[k]->t.buffer, *y = b->out[k]->t.buffer;
        for (int64_t i = 0; i < tensor_count(&a->out[k]->t); i++) {
            bool all = true;
            for (uint64_t j = 0; all && j < width; j++)
                all = x[(uint64_t)i * width + j] == POISON_A && y[(uint64_t)i * width + j] == POISON_B;
            *output = k;
            *element = i;
            if (all)
                return true;
        }
    }
    return false;
}

static const RigCall with_a = {.poison = POISON_A, .guard = true},
                     with_b = {.poison = POISON_B, .guard = true};

/* Does the same call, some times again, give the same bits each time? */
static bool repeats(const Trial *t, const RigResult *got) {
    bool same = true;
    char text[160];
    for (uint32_t i = 0; i < REPEATS && same; i++) {
        RigResult again = {.code = NN_OK};
        same = call(t, with_a, TASKS_FORWARD, &again) && !rig_same_bits(got, &again, text, sizeof text);
        rig_result_free(&again);
    }
    return same;
}

/* Charges a difference to `check`, unless there is one without the change that was made. */
static bool expect_same(const Trial *t, Check check, const RigResult *got, const RigResult *changed,
                        const char *says) {
    char text[160];
    if (!rig_same_bits(got, changed, text, sizeof text)) {
        kit_pass(t->kit, check);
        return true;
    }
    if (repeats(t, got))
        kit_fail(t->kit, check, "%s: %s", says, text);
    else
        kit_fail(t->kit, NOT_REPEATABLE, "the same call again gives other bits: %s", text);
    return false;
}

/* Two calls that differ in their poison only, and a third one like the first: what do differences mean? */
static bool same_whatever_was_there(const Trial *t, const RigResult *a, const RigResult *b,
                                    const RigResult *again) {
    uint32_t output = 0;
    int64_t element = 0;
    if (!kit_expect(t->kit, LEAVES_OUTPUT_UNWRITTEN, !unwritten(a, b, &output, &element),
                    "element %lld of output %u is not written", (long long)element, output))
        return false;
    return expect_same(t, NOT_REPEATABLE, a, again, "the same call again gives other bits") &&
           expect_same(t, READS_UNINITIALISED, a, b, "results depend on what was in outputs or workspace");
}

bool trial_calls(const Trial *t, RigResult *got) {
    RigResult b = {.code = NN_OK}, again = {.code = NN_OK}, other = {.code = NN_OK};
    bool good = call(t, with_a, TASKS_FORWARD, got) && call(t, with_b, TASKS_FORWARD, &b) &&
                call(t, with_a, TASKS_FORWARD, &again) && call(t, with_a, TASKS_BACKWARD, &other);
    if (good)
        kit_pass(t->kit, CLAIMS_TOO_MUCH);
    good = good && same_whatever_was_there(t, got, &b, &again) &&
           expect_same(t, RACES, got, &other, "its tasks in another order give other bits");
    rig_result_free(&b);
    rig_result_free(&again);
    rig_result_free(&other);
    return good;
}

bool trial_calls_brief(const Trial *t, RigResult *got) {
    RigResult b = {.code = NN_OK}, again = {.code = NN_OK};
    const bool good = call(t, with_a, TASKS_FORWARD, got) && call(t, with_b, TASKS_FORWARD, &b) &&
                      call(t, with_a, TASKS_FORWARD, &again) && same_whatever_was_there(t, got, &b, &again);
    rig_result_free(&b);
    rig_result_free(&again);
    return good;
}

void trial_threads(const Trial *t) {
    RigResult want = {.code = NN_OK};
    char text[160];
    bool good = true;
    t->rig->host->threads = THREADS;
    t->rig->host->split = false;
    if (call(t, with_a, TASKS_FORWARD, &want) && t->rig->host->split)
        for (uint32_t i = 0; good && i < THREAD_ROUNDS; i++) {
            RigResult got = {.code = NN_OK};
            good = call(t, with_a, TASKS_THREADS, &got) &&
                   kit_expect(t->kit, RACES, !rig_same_bits(&want, &got, text, sizeof text),
                              "its %u tasks at the same time give other bits: %s", THREADS, text);
            rig_result_free(&got);
        }
    t->rig->host->threads = 2;
    rig_result_free(&want);
}

/* ---- tasks torn apart ---- */

/* The number of places where the first half can be stopped. */
static uint32_t run_torn(const Trial *t, uint32_t stop_at, RigResult *got) {
    t->rig->host->writes = 0;
    t->rig->host->stop_at = stop_at;
    RigCall how = with_a;
    how.torn = true;
    return call(t, how, TASKS_TORN, got) ? t->rig->host->writes : 0;
}

/* Have two tasks memory in common? Then it goes wrong when one stops in the midst for the other. */
void trial_torn(const Trial *t) {
    RigResult want = {.code = NN_OK}, got = {.code = NN_OK};
    char text[160];
    bool good = call(t, with_a, TASKS_FORWARD, &want);
    const uint32_t n = good ? run_torn(t, 0, &got) : 0, places[] = {1, 2, n / 4, n / 2, n - n / 4, n};
    for (uint32_t i = 0, last = 0; i < NN_COUNT(places) && good; i++) {
        if (places[i] <= last || places[i] > n)
            continue;
        last = places[i];
        rig_result_free(&got);
        good = run_torn(t, last, &got) &&
               kit_expect(t->kit, RACES, !rig_same_bits(&want, &got, text, sizeof text),
                          "tasks that run at the same time disturb each other: %s", text);
    }
    rig_result_free(&want);
    rig_result_free(&got);
}

/* ---- views ---- */

void trial_strides(const Trial *t) {
    char text[160];
    if (t->rig->plan.strided == 0)
        return;
    for (uint32_t stride = 1; stride <= 2; stride++) {
        RigResult got;
        kit_doing(t->kit, stride == 1 ? "rows apart" : "transposed");
        if (call(t, (RigCall){.poison = POISON_A, .guard = true, .stride = stride}, TASKS_FORWARD, &got))
            kit_forward(t->kit, t->c->type, TALLY_STRIDED,
                        rig_compare(t->rig, &got, &t->want, text, sizeof text));
        rig_result_free(&got);
    }
}

static bool fits_in_place(const Rig *r, const NnInPlace *p) {
    const Tensor *x = p->input < r->sample->n_inputs ? r->sample->inputs[p->input] : NULL;
    const NnValueInfo *y = p->output < r->node.n_outputs ? r->outputs[p->output] : NULL;
    uint64_t bytes = y ? nn_type_size(y->type) : 0;
    for (int32_t i = 0; y && i < y->rank; i++)
        bytes *= (uint64_t)nn_dim_max(y->dims[i]);
    return x && y && bytes == tensor_bytes(&x->t);
}

void trial_in_place(const Trial *t) {
    char text[160];
    for (uint32_t i = 0; i < t->rig->plan.n_in_place && i < NN_COUNT(t->rig->plan.in_place); i++) {
        const NnInPlace pair = t->rig->plan.in_place[i];
        if (!fits_in_place(t->rig, &pair))
            continue;
        RigResult got;
        if (call(t, (RigCall){.poison = POISON_A, .guard = true, .pair = &pair}, TASKS_FORWARD, &got)) {
            const char *wrong = rig_compare(t->rig, &got, &t->want, text, sizeof text);
            (void)kit_expect(t->kit, WRONG_IN_PLACE, wrong == NULL, "output %u in the memory of input %u: %s",
                             pair.output, pair.input, wrong ? wrong : "");
        }
        rig_result_free(&got);
    }
}
