/* SPDX-License-Identifier: Apache-2.0 */
/* A straight climb to the full rate, then constant, a straight or a cosine fall. */
#include "nn/plugin.h"

#include <math.h>

static const NnSetting settings[] = {
    {.name = "steps",
     .kind = NN_SET_INT,
     .flags = NN_SET_RANGE,
     .preset = "500",
     .min = 0,
     .max = 1e15,
     .unit = "steps",
     .doc = "The length of the climb."},
    {.name = "then",
     .kind = NN_SET_ENUM,
     .preset = "constant",
     .choices = "constant|linear|cosine",
     .doc = "What follows."},
    {.name = "floor",
     .kind = NN_SET_FLOAT,
     .flags = NN_SET_RANGE,
     .preset = "0",
     .min = 0,
     .max = 1,
     .doc = "The factor at the end of a fall."},
};

static double factor(const NnHost *nn, const NnConfig *config, const NnProgress *at, double *state) {
    (void)state;
    const NnConfigApi *c = nn->config;
    const double steps = (double)c->integer(c->get(config, "steps"));
    const double floor = c->number(c->get(config, "floor"));
    const double t = (double)at->step, left = (double)at->total_steps - steps;
    const char *then = c->string(c->get(config, "then"));
    if (t < steps)
        return (t + 1) / steps;
    if (strcmp(then, "constant") == 0)
        return 1;
    const double part = left > 0 && t - steps < left ? (t - steps) / left : 1;
    const double fall = strcmp(then, "linear") == 0 ? 1 - part : (1 + cos(3.14159265358979323846 * part)) / 2;
    return floor + (1 - floor) * fall;
}

static const NnSchedule warmup = {
    .struct_size = sizeof warmup,
    .name = "warmup",
    .doc = "Linear warm-up (Goyal et al. 2017): factor = (t + 1) / steps until it is 1; then it stays, or "
           "falls to `floor` "
           "at the last step in a straight line or by half a cosine (Loshchilov, Hutter 2017).",
    .n_settings = NN_COUNT(settings),
    .setting_stride = NN_STRIDE(settings),
    .settings = settings,
    .factor = factor};

static const NnExport exports[] = {{NN_SCHEDULE_KIND, "warmup", &warmup}};
NN_PLUGIN(warmup, "A linear warm-up", exports)
