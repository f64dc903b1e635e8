/* SPDX-License-Identifier: Apache-2.0 */
/* The gradient divided by its running deviation; centred and with momentum if asked. Slots that a setting
 * leaves unused stay 0. */
#include "update.h"

static const NnSetting settings[] = {
    {.name = "alpha",
     .kind = NN_SET_FLOAT,
     .flags = NN_SET_RANGE,
     .preset = "0.99",
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
    {.name = "momentum",
     .kind = NN_SET_FLOAT,
     .flags = NN_SET_RANGE,
     .preset = "0",
     .min = 0,
     .max = 1,
     .doc = "The part of the velocity that a step keeps."},
    {.name = "centered",
     .kind = NN_SET_BOOL,
     .preset = "false",
     .doc = "Divide by the deviation from the running mean instead."},
};
static const NnSlot slots[] = {{.name = "square"}, {.name = "mean"}, {.name = "momentum"}};

static int32_t update(NnUpdate *u) {
    const NnConfigApi *c = u->host->config;
    const double alpha = setting(u, "alpha"), momentum = setting(u, "momentum");
    NnValue *square = mean(u, alpha, u->slots[0], mul(u, u->grad, u->grad));
    NnValue *variance = square;
    u->new_slots[0] = square;
    if (c->boolean(c->get(u->config, "centered"))) {
        NnValue *average = mean(u, alpha, u->slots[1], u->grad);
        u->new_slots[1] = average;
        /* Rounding may leave it just below 0. */
        variance = nn_op1(u->host, u->graph, "Relu", sub(u, square, mul(u, average, average)));
    }
    NnValue *direction = divide(u, u->grad, add(u, root(u, variance), number(u, setting(u, "eps"))));
    if (momentum > 0)
        u->new_slots[2] = direction = add(u, mul(u, u->slots[2], number(u, momentum)), direction);
    u->new_param = descend(u, direction);
    return built(u);
}

static const NnOptimizer rmsprop = {
    .struct_size = sizeof rmsprop,
    .name = "rmsprop",
    .doc =
        "RMSProp (Tieleman, Hinton 2012): s <- alpha * s + (1 - alpha) * g^2, p <- p - rate * g / (sqrt(s) + "
        "eps). "
        "Centred (Graves 2013): sqrt(s - m^2), m the running mean of g. With momentum: b <- momentum * b + "
        "g / (sqrt(s) + eps), p <- p - rate * b.",
    .rate = 1e-2,
    .n_settings = NN_COUNT(settings),
    .setting_stride = NN_STRIDE(settings),
    .n_slots = NN_COUNT(slots),
    .slot_stride = NN_STRIDE(slots),
    .settings = settings,
    .slots = slots,
    .update = update};

static const NnExport exports[] = {{NN_OPTIMIZER_KIND, "rmsprop", &rmsprop}};
NN_PLUGIN(rmsprop, "RMSProp", exports)
