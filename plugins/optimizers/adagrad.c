/* SPDX-License-Identifier: Apache-2.0 */
/* A rate per weight that falls with the squares it has seen. `initial` is added where the sum is used, so
 * that the slot starts at 0. */
#include "update.h"

static const NnSetting settings[] = {
    {.name = "rate_decay",
     .kind = NN_SET_FLOAT,
     .flags = NN_SET_RANGE,
     .preset = "0",
     .min = 0,
     .max = 1e300,
     .doc = "How fast the rate falls with the steps."},
    {.name = "initial",
     .kind = NN_SET_FLOAT,
     .flags = NN_SET_RANGE,
     .preset = "0",
     .min = 0,
     .max = 1e300,
     .doc = "What the sum of squares starts at."},
    {.name = "eps",
     .kind = NN_SET_FLOAT,
     .flags = NN_SET_RANGE,
     .preset = "1e-10",
     .min = 0,
     .max = 1,
     .doc = "Added to the denominator, so that nothing is divided by zero."},
};
static const NnSlot slots[] = {{.name = "sum"}};

static int32_t update(NnUpdate *u) {
    NnValue *sum = add(u, u->slots[0], mul(u, u->grad, u->grad));
    u->new_slots[0] = sum;
    NnValue *deviation = root(u, add(u, sum, number(u, setting(u, "initial"))));
    NnValue *direction = divide(u, u->grad, add(u, deviation, number(u, setting(u, "eps"))));
    NnValue *past = mul(u, sub(u, cast(u, u->step), number(u, 1)), number(u, setting(u, "rate_decay")));
    u->new_param = descend(u, divide(u, direction, add(u, number(u, 1), past)));
    return built(u);
}

static const NnOptimizer adagrad = {
    .struct_size = sizeof adagrad,
    .name = "adagrad",
    .doc = "Adagrad (Duchi, Hazan, Singer 2011): s <- s + g^2, p <- p - rate / (1 + (t - 1) * rate_decay) * "
           "g / (sqrt(initial + s) + eps).",
    .rate = 1e-2,
    .n_settings = NN_COUNT(settings),
    .setting_stride = NN_STRIDE(settings),
    .n_slots = NN_COUNT(slots),
    .slot_stride = NN_STRIDE(slots),
    .settings = settings,
    .slots = slots,
    .update = update};

static const NnExport exports[] = {{NN_OPTIMIZER_KIND, "adagrad", &adagrad}};
NN_PLUGIN(adagrad, "Adaptive subgradients", exports)
