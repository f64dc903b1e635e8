/* SPDX-License-Identifier: Apache-2.0 */
/* The learning rate as it was configured. */
#include "nn/plugin.h"

static double factor(const NnHost *nn, const NnConfig *config, const NnProgress *at, double *state) {
    (void)nn, (void)config, (void)at, (void)state;
    return 1;
}

static const NnSchedule constant = {.struct_size = sizeof constant,
                                    .name = "constant",
                                    .doc = "A constant learning rate: factor 1.",
                                    .factor = factor};

static const NnExport exports[] = {{NN_SCHEDULE_KIND, "constant", &constant}};
NN_PLUGIN(constant, "A constant learning rate", exports)
