/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: a failed allocation ends in a sentence, and all of it comes back. */
#include "trial.h"

#define FAILURES_MAX 24u

/* Plans anew, runs once, releases. The first code that is not OK. */
static int32_t round_trip(const Trial *t, RigResult *got, char *why, size_t size) {
    NnStatus *status = nn_status_new();
    Rig r = *t->rig;
    r.n_retired = 0;
    *got = (RigResult){.code = NN_OK};
    int32_t code = rig_plan(&r, status);
    (void)g_strlcpy(why, nn_status_message(status), size);
    if (code == NN_OK) {
        *got = rig_run(&r, (RigCall){.poison = 0});
        code = got->code;
        (void)g_strlcpy(why, got->why, size);
        rig_release(&r);
    }
    nn_status_free(status);
    return code;
}

static void judge_leaks(const Trial *t) {
    uint64_t live[4];
    char why[TEXT_MAX];
    for (uint32_t i = 0; i < 4; i++) {
        RigResult got;
        (void)round_trip(t, &got, why, sizeof why);
        rig_result_free(&got);
        live[i] = memory_count().live;
    }
    /* What is kept once, a table or a cache, is no leak. */
    (void)kit_expect(t->kit, LEAKS, live[3] <= live[1],
                     "after release %lld more blocks are held than a round before",
                     (long long)((live[3] - live[1]) / 2));
    (void)kit_expect(t->kit, WRITES_PAST_BUFFER, !memory_count().damaged,
                     "it wrote behind memory that it had from the host");
}

static void judge_failures(const Trial *t) {
    char why[TEXT_MAX], text[160];
    for (uint32_t n = 1; n <= FAILURES_MAX; n++) {
        const uint64_t before = memory_count().live;
        RigResult got;
        char doing[64];
        (void)snprintf(doing, sizeof doing, "allocation %u fails", n);
        memory_fail_at(n);
        t->kit->findings->stage = STAGE_WITHOUT_MEMORY;
        const int32_t code = round_trip(t, &got, why, sizeof why);
        t->kit->findings->stage = STAGE_RUN;
        const bool failed = memory_has_failed();
        memory_fail_at(0);
        kit_doing(t->kit, doing);
        if (failed && code == NN_OK) {
            const char *wrong = rig_compare(t->rig, &got, &t->want, text, sizeof text);
            (void)kit_expect(t->kit, IGNORES_FAILED_ALLOCATION, wrong == NULL,
                             "it goes on with wrong results: %s", wrong ? wrong : "");
        } else if (failed) {
            (void)kit_expect(t->kit, IGNORES_FAILED_ALLOCATION, why[0] != '\0',
                             "it fails without a sentence");
            (void)kit_expect(t->kit, LEAKS, memory_count().live <= before,
                             "of a plan that failed it keeps memory");
        }
        rig_result_free(&got);
        if (!failed)
            return;
    }
}

void trial_memory(const Trial *t) {
    judge_leaks(t);
    judge_failures(t);
}
