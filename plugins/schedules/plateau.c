/* SPDX-License-Identifier: Apache-2.0 */
/* The rate falls when the watched metric has stopped getting better. What it remembers is kept in
 * checkpoints. */
#include "nn/plugin.h"

#include <math.h>

static const NnSetting settings[] = {
    {.name = "gamma",
     .kind = NN_SET_FLOAT,
     .flags = NN_SET_RANGE,
     .preset = "0.1",
     .min = 0,
     .max = 1,
     .doc = "What a plateau multiplies the rate by."},
    {.name = "patience",
     .kind = NN_SET_INT,
     .flags = NN_SET_RANGE,
     .preset = "10",
     .min = 0,
     .max = 1e9,
     .unit = "epochs",
     .doc = "Epochs without progress that are waited for."},
    {.name = "threshold",
     .kind = NN_SET_FLOAT,
     .flags = NN_SET_RANGE,
     .preset = "1e-4",
     .min = 0,
     .max = 1,
     .doc = "The part of the best value that counts as progress."},
    {.name = "cooldown",
     .kind = NN_SET_INT,
     .flags = NN_SET_RANGE,
     .preset = "0",
     .min = 0,
     .max = 1e9,
     .unit = "epochs",
     .doc = "Epochs after a fall that are not counted."},
    {.name = "floor",
     .kind = NN_SET_FLOAT,
     .flags = NN_SET_RANGE,
     .preset = "0",
     .min = 0,
     .max = 1,
     .doc = "The smallest factor."},
    {.name = "mode",
     .kind = NN_SET_ENUM,
     .preset = "min",
     .choices = "min|max",
     .doc = "Whether smaller or larger values of the watched metric are better."},
};

enum { STARTED, FACTOR, BEST, BAD, WAIT, STATE };

static double factor(const NnHost *nn, const NnConfig *config, const NnProgress *at, double *state) {
    const NnConfigApi *c = nn->config;
    if (state[STARTED] == 0) {
        state[STARTED] = 1;
        state[FACTOR] = 1;
        state[BEST] = NAN;
    }
    if (!at->epoch_ended || isnan(at->metric))
        return state[FACTOR];
    /* With the sign turned, smaller is better in both modes. */
    const double sign = strcmp(c->string(c->get(config, "mode")), "max") == 0 ? -1 : 1;
    const double metric = sign * at->metric, best = sign * state[BEST];
    const double progress = c->number(c->get(config, "threshold")) * fabs(best);
    if (isnan(best) || metric < best - progress) {
        state[BEST] = at->metric;
        state[BAD] = 0;
    } else {
        state[BAD]++;
    }
    if (state[WAIT] > 0) {
        state[WAIT]--;
        state[BAD] = 0;
    }
    if (state[BAD] > (double)c->integer(c->get(config, "patience"))) {
        const double floor = c->number(c->get(config, "floor"));
        const double next = state[FACTOR] * c->number(c->get(config, "gamma"));
        state[FACTOR] = next > floor ? next : floor;
        state[WAIT] = (double)c->integer(c->get(config, "cooldown"));
        state[BAD] = 0;
    }
    return state[FACTOR];
}

static const NnSchedule plateau = {.struct_size = sizeof plateau,
                                   .n_state = STATE,
                                   .name = "plateau",
                                   .doc = "Reduce on plateau: after `patience` epochs in a row in which the "
                                          "watched metric did not get better by more than "
                                          "`threshold` of its best value, the factor is multiplied by gamma; "
                                          "`cooldown` epochs then pass uncounted.",
                                   .n_settings = NN_COUNT(settings),
                                   .setting_stride = NN_STRIDE(settings),
                                   .settings = settings,
                                   .factor = factor};

static const NnExport exports[] = {{NN_SCHEDULE_KIND, "plateau", &plateau}};
NN_PLUGIN(plateau, "A learning rate that falls on plateaus", exports)
