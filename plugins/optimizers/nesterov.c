/* SPDX-License-Identifier: Apache-2.0 */
/* The accelerated gradient, in the form that needs one gradient at the current point (Sutskever et al. 2013).
 */
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
    NnValue *momentum = number(u, setting(u, "momentum"));
    NnValue *velocity = add(u, mul(u, u->slots[0], momentum), u->grad);
    u->new_slots[0] = velocity;
    u->new_param = descend(u, add(u, u->grad, mul(u, velocity, momentum)));
    return built(u);
}

static const NnOptimizer nesterov = {
    .struct_size = sizeof nesterov,
    .name = "nesterov",
    .doc = "Nesterov's accelerated gradient (Nesterov 1983; Sutskever et al. 2013): v <- momentum * v + g, "
           "p <- p - rate * (g + momentum * v).",
    .rate = 1e-2,
    .n_settings = NN_COUNT(settings),
    .setting_stride = NN_STRIDE(settings),
    .n_slots = NN_COUNT(slots),
    .slot_stride = NN_STRIDE(slots),
    .settings = settings,
    .slots = slots,
    .update = update};

static const NnExport exports[] = {{NN_OPTIMIZER_KIND, "nesterov", &nesterov}};
NN_PLUGIN(nesterov, "Nesterov's accelerated gradient", exports)
