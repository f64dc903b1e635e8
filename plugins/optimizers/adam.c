/* SPDX-License-Identifier: Apache-2.0 */
/* Adaptive moments with bias correction; eps is added to the corrected deviation. */
#include "adam.h"

static const NnSetting settings[] = {
    {.name = "beta1",
     .kind = NN_SET_FLOAT,
     .flags = NN_SET_RANGE,
     .preset = "0.9",
     .min = 0,
     .max = 1,
     .doc = "The part of the running mean of gradients that a step keeps."},
    {.name = "beta2",
     .kind = NN_SET_FLOAT,
     .flags = NN_SET_RANGE,
     .preset = "0.999",
     .min = 0,
     .max = 1,
     .doc = "The part of the running mean of squares that a step keeps."},
    {.name = "eps",
     .kind = NN_SET_FLOAT,
     .flags = NN_SET_RANGE,
     .preset = "1e-8",
     .min = 0,
     .max = 1,
     .doc = "Added to the denominator, so that nothing is divided by zero."},
};
static const NnSlot slots[] = {{.name = "mean"}, {.name = "square"}};

static int32_t update(NnUpdate *u) {
    u->new_param = descend(u, adam_direction(u));
    return built(u);
}

static const NnOptimizer adam = {
    .struct_size = sizeof adam,
    .name = "adam",
    .doc = "Adam (Kingma, Ba 2015): m <- beta1 * m + (1 - beta1) * g, v <- beta2 * v + (1 - beta2) * g^2, "
           "p <- p - rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps).",
    .rate = 1e-3,
    .n_settings = NN_COUNT(settings),
    .setting_stride = NN_STRIDE(settings),
    .n_slots = NN_COUNT(slots),
    .slot_stride = NN_STRIDE(slots),
    .settings = settings,
    .slots = slots,
    .update = update};

static const NnExport exports[] = {{NN_OPTIMIZER_KIND, "adam", &adam}};
NN_PLUGIN(adam, "Adam", exports)
