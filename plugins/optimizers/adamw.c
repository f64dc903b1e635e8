/* SPDX-License-Identifier: Apache-2.0 */
/* Adam whose weight decay shrinks the weights directly instead of entering the moments. */
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
    NnValue *direction = adam_direction(u);
    if (u->decay)
        u->param = mul(u, u->param, sub(u, number(u, 1), mul(u, cast(u, u->rate), cast(u, u->decay))));
    u->new_param = descend(u, direction);
    return built(u);
}

static const NnOptimizer adamw = {
    .struct_size = sizeof adamw,
    .decoupled = 1,
    .name = "adamw",
    .doc = "AdamW (Loshchilov, Hutter 2019): p <- p - rate * weight_decay * p, then as Adam.",
    .rate = 1e-3,
    .n_settings = NN_COUNT(settings),
    .setting_stride = NN_STRIDE(settings),
    .n_slots = NN_COUNT(slots),
    .slot_stride = NN_STRIDE(slots),
    .settings = settings,
    .slots = slots,
    .update = update};

static const NnExport exports[] = {{NN_OPTIMIZER_KIND, "adamw", &adamw}};
NN_PLUGIN(adamw, "Adam with decoupled weight decay", exports)
