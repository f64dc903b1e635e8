/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Speed, as a share of what the machine could do at most (Williams, Waterman, Patterson 2009): the time that
 * moving the bytes or doing the arithmetic would take, whichever is longer, over the time measured. Told,
 * never judged. The machine's two numbers are measured here, on one thread, once.
 */
#include "trial.h"

#include <stdlib.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Bytes per second of a copy that stays within the second-level cache of most machines. */
static double bandwidth(void) {
    const size_t bytes = 1 << 18;
    char *a = calloc(2, bytes);
    double best = 0;
    for (int i = 0; a && i < 20; i++) {
        const double start = now();
        for (int k = 0; k < 8; k++)
            memmove(a + (k & 1 ? 0 : bytes), a + (k & 1 ? bytes : 0), bytes);
        best = MAX(best, 16. * (double)bytes / (now() - start));
    }
    free(a);
    return best;
}

/* Multiplications and additions per second in f32, in as many chains as hide their latency. */
static double arithmetic(void) {
    enum { LANES = 128, ROUNDS = 20000 };
    volatile float sink;
    float x[LANES];
    double best = 0;
    for (int t = 0; t < 5; t++) {
        for (int i = 0; i < LANES; i++)
            x[i] = (float)i;
        const double start = now();
        for (int r = 0; r < ROUNDS; r++)
            for (int i = 0; i < LANES; i++)
                x[i] = x[i] * .999f + .5f;
        best = MAX(best, 2. * LANES * ROUNDS / (now() - start));
    }
    sink = x[7];
    (void)sink;
    return best;
}

void trial_speed(const Trial *t) {
    static double most_bytes, most_flop;
    double bytes = 0, best = 1e9;
    const Rig *r = t->rig;
    for (uint32_t i = 0; i < SAMPLE_MAX; i++)
        bytes += (r->sample->inputs[i] ? (double)tensor_bytes(&r->sample->inputs[i]->t) : 0) +
                 (t->want.out[i] ? (double)tensor_bytes(&t->want.out[i]->t) : 0);
    if (bytes < 1 << 15 || t->kit->options->tier == TIER_SMOKE)
        return;
    if (most_bytes == 0) {
        most_bytes = bandwidth();
        most_flop = arithmetic();
    }
    for (int i = 0; i < 5; i++) {
        RigResult got = rig_run(t->rig, (RigCall){.poison = 0});
        best = MIN(best, got.code == NN_OK ? got.seconds : best);
        rig_result_free(&got);
    }
    const double ideal = MAX(bytes / most_bytes, r->plan.flop / most_flop);
    kit_note(t->kit, "%.3g us for %.0f KiB%s, %.0f %% of the roofline: %s", best * 1e6, bytes / 1024,
             r->plan.flop > 0 ? "" : " (no count of arithmetic)", 100 * ideal / best,
             t->kit->findings->where);
}
