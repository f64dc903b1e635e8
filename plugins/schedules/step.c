/* SPDX-License-Identifier: Apache-2.0 */
/* A staircase: the rate falls by a factor at equal distances. */
#include "nn/plugin.h"

#include <math.h>

static const NnSetting settings[] = {
    {.name = "every",
     .kind = NN_SET_INT,
     .flags = NN_SET_RANGE,
     .preset = "10",
     .min = 1,
     .max = 1e15,
     .doc = "The length of a stair."},
    {.name = "gamma",
     .kind = NN_SET_FLOAT,
     .flags = NN_SET_RANGE,
     .preset = "0.1",
     .min = 0,
     .max = 1,
     .doc = "What each stair multiplies the rate by."},
    {.name = "unit",
     .kind = NN_SET_ENUM,
     .preset = "epochs",
     .choices = "epochs|steps",
     .doc = "What `every` counts."},
};

static double factor(const NnHost *nn, const NnConfig *config, const NnProgress *at, double *state) {
    (void)state;
    const NnConfigApi *c = nn->config;
    const bool steps = strcmp(c->string(c->get(config, "unit")), "steps") == 0;
    const uint64_t t = steps ? at->step : at->epoch;
    const uint64_t every = (uint64_t)c->integer(c->get(config, "every"));
    return pow(c->number(c->get(config, "gamma")), (double)(t / (every ? every : 1)));
}

static const NnSchedule step = {.struct_size = sizeof step,
                                .name = "step",
                                .doc =
                                    "A staircase: factor = gamma ^ floor(t / every), t in epochs or steps.",
                                .n_settings = NN_COUNT(settings),
                                .setting_stride = NN_STRIDE(settings),
                                .settings = settings,
                                .factor = factor};

static const NnExport exports[] = {{NN_SCHEDULE_KIND, "step", &step}};
NN_PLUGIN(step, "A learning rate that falls in stairs", exports)
