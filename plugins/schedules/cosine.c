/* SPDX-License-Identifier: Apache-2.0 */
/* Half a cosine from the full rate to a floor, in every step. */
#include "nn/plugin.h"

#include <math.h>

static const NnSetting settings[] = {
    {.name = "floor",
     .kind = NN_SET_FLOAT,
     .flags = NN_SET_RANGE,
     .preset = "0",
     .min = 0,
     .max = 1,
     .doc = "The factor at the end."},
    {.name = "steps",
     .kind = NN_SET_INT,
     .flags = NN_SET_RANGE,
     .min = 1,
     .max = 1e15,
     .unit = "steps",
     .doc = "T; absent: all steps of the training."},
};

static double factor(const NnHost *nn, const NnConfig *config, const NnProgress *at, double *state) {
    (void)state;
    const NnConfigApi *c = nn->config;
    const double floor = c->number(c->get(config, "floor"));
    const int64_t given = c->integer(c->get(config, "steps"));
    const double total = given > 0 ? (double)given : (double)at->total_steps;
    const double part = total > 0 && (double)at->step < total ? (double)at->step / total : 1;
    return floor + (1 - floor) * (1 + cos(3.14159265358979323846 * part)) / 2;
}

static const NnSchedule cosine = {
    .struct_size = sizeof cosine,
    .name = "cosine",
    .doc = "Cosine annealing without restarts (Loshchilov, Hutter 2017): factor = floor + (1 - floor) * "
           "(1 + cos(pi * t / T)) / 2, T the steps of the training; the floor afterwards.",
    .n_settings = NN_COUNT(settings),
    .setting_stride = NN_STRIDE(settings),
    .settings = settings,
    .factor = factor};

static const NnExport exports[] = {{NN_SCHEDULE_KIND, "cosine", &cosine}};
NN_PLUGIN(cosine, "Cosine annealing", exports)
