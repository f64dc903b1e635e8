/* SPDX-License-Identifier: Apache-2.0 */
/* Gradient descent with a heavy ball, in the usual form: the rate multiplies the velocity, so that a new rate
 * acts at once. */
#include "update.h"

static const NnSetting settings[] = {
    {.name = "momentum",
     .kind = NN_SET_FLOAT,
     .flags = NN_SET_RANGE,
     .preset = "0.9",
     .min = 0,
     .max = 1,
     .doc = "The part of the velocity that a step keeps."},
};
static const NnSlot slots[] = {{.name = "momentum"}};

static int32_t update(NnUpdate *u) {
    NnValue *velocity = add(u, mul(u, u->slots[0], number(u, setting(u, "momentum"))), u->grad);
    u->new_slots[0] = velocity;
    u->new_param = descend(u, velocity);
    return built(u);
}

static const NnOptimizer momentum = {
    .struct_size = sizeof momentum,
    .name = "momentum",
    .doc = "Gradient descent with momentum (Polyak 1964): v <- momentum * v + g, p <- p - rate * v.",
    .rate = 1e-2,
    .n_settings = NN_COUNT(settings),
    .setting_stride = NN_STRIDE(settings),
    .n_slots = NN_COUNT(slots),
    .slot_stride = NN_STRIDE(slots),
    .settings = settings,
    .slots = slots,
    .update = update};

static const NnExport exports[] = {{NN_OPTIMIZER_KIND, "momentum", &momentum}};
NN_PLUGIN(momentum, "Gradient descent with momentum", exports)
