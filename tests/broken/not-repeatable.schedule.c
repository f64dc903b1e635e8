/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: not-repeatable, of a schedule. The best metric so far is kept in a static variable instead of the
 * state that checkpoints hold: the second training of a process starts from the first one's. */
#include "shelf.h"

#include <math.h>

enum { FACTOR, STATE };

static double best = HUGE_VAL;

static double factor(const NnHost *nn, const NnConfig *config, const NnProgress *at, double *state) {
    (void)nn;
    (void)config;
    if (at->step == 0)
        state[FACTOR] = 1;
    if (at->epoch_ended && at->metric < best)
        best = at->metric;
    else if (at->epoch_ended)
        state[FACTOR] /= 2;
    return state[FACTOR];
}

static const NnSchedule schedule = {.struct_size = sizeof schedule,
                                    .n_state = STATE,
                                    .name = "shelf",
                                    .doc = "Halves the rate after each epoch without progress.",
                                    .factor = factor};

static const NnExport exports[] = {{NN_SCHEDULE_KIND, "shelf", &schedule}};
NN_PLUGIN(not_repeatable_schedule, "The schedule shelf.", exports)
