/* SPDX-License-Identifier: Apache-2.0 */
/* Stochastic gradient descent without memory: the plain rule that the others are compared with. */
#include "update.h"

static int32_t update(NnUpdate *u) {
    u->new_param = descend(u, u->grad);
    return built(u);
}

static const NnOptimizer sgd = {.struct_size = sizeof sgd,
                                .name = "sgd",
                                .doc =
                                    "Stochastic gradient descent (Robbins, Monro 1951): p <- p - rate * g.",
                                .rate = 1e-2,
                                .update = update};

static const NnExport exports[] = {{NN_OPTIMIZER_KIND, "sgd", &sgd}};
NN_PLUGIN(sgd, "Stochastic gradient descent", exports)
