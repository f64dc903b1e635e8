/* SPDX-License-Identifier: Apache-2.0 */
/* Steps in the unit of the weights: the ratio of two running means, so that the rate is near 1. */
#include "update.h"

static const NnSetting settings[] = {
    {.name = "rho",
     .kind = NN_SET_FLOAT,
     .flags = NN_SET_RANGE,
     .preset = "0.9",
     .min = 0,
     .max = 1,
     .doc = "The part of the running means that a step keeps."},
    {.name = "eps",
     .kind = NN_SET_FLOAT,
     .flags = NN_SET_RANGE,
     .preset = "1e-6",
     .min = 0,
     .max = 1,
     .doc = "Added under the square roots."},
};
static const NnSlot slots[] = {{.name = "square"}, {.name = "delta"}};

static int32_t update(NnUpdate *u) {
    const double rho = setting(u, "rho");
    NnValue *eps = number(u, setting(u, "eps"));
    NnValue *square = mean(u, rho, u->slots[0], mul(u, u->grad, u->grad));
    NnValue *ratio = divide(u, root(u, add(u, u->slots[1], eps)), root(u, add(u, square, eps)));
    NnValue *delta = mul(u, ratio, u->grad);
    u->new_slots[0] = square;
    u->new_slots[1] = mean(u, rho, u->slots[1], mul(u, delta, delta));
    u->new_param = descend(u, delta);
    return built(u);
}

static const NnOptimizer adadelta = {
    .struct_size = sizeof adadelta,
    .name = "adadelta",
    .doc = "Adadelta (Zeiler 2012): s <- rho * s + (1 - rho) * g^2, d = sqrt(a + eps) / sqrt(s + eps) * g, "
           "a <- rho * a + (1 - rho) * d^2, p <- p - rate * d.",
    .rate = 1.0,
    .n_settings = NN_COUNT(settings),
    .setting_stride = NN_STRIDE(settings),
    .n_slots = NN_COUNT(slots),
    .slot_stride = NN_STRIDE(slots),
    .settings = settings,
    .slots = slots,
    .update = update};

static const NnExport exports[] = {{NN_OPTIMIZER_KIND, "adadelta", &adadelta}};
NN_PLUGIN(adadelta, "Adadelta", exports)
