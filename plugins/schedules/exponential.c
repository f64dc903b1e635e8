/* SPDX-License-Identifier: Apache-2.0 */
/* Exponential decay, once an epoch or once a step. */
#include "nn/plugin.h"

#include <math.h>

static const NnSetting settings[] = {
    {.name = "gamma",
     .kind = NN_SET_FLOAT,
     .flags = NN_SET_RANGE,
     .preset = "0.95",
     .min = 0,
     .max = 1,
     .doc = "What each epoch or step multiplies the rate by."},
    {.name = "unit",
     .kind = NN_SET_ENUM,
     .preset = "epochs",
     .choices = "epochs|steps",
     .doc = "What t counts."},
};

static double factor(const NnHost *nn, const NnConfig *config, const NnProgress *at, double *state) {
    (void)state;
    const NnConfigApi *c = nn->config;
    const bool steps = strcmp(c->string(c->get(config, "unit")), "steps") == 0;
    return pow(c->number(c->get(config, "gamma")), steps ? (double)at->step : (double)at->epoch);
}

static const NnSchedule exponential = {.struct_size = sizeof exponential,
                                       .name = "exponential",
                                       .doc = "Exponential decay: factor = gamma ^ t, t in epochs or steps.",
                                       .n_settings = NN_COUNT(settings),
                                       .setting_stride = NN_STRIDE(settings),
                                       .settings = settings,
                                       .factor = factor};

static const NnExport exports[] = {{NN_SCHEDULE_KIND, "exponential", &exponential}};
NN_PLUGIN(exponential, "A learning rate that falls exponentially", exports)
