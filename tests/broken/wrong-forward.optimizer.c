/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: wrong-forward, of an optimizer. Each element goes by its gradient over the size of that, and
 * nothing keeps the size from being 0: a weight without gradient, behind a dead unit, is not a number ever
 * after. */
#include "shelf.h"

static int32_t update(NnUpdate *u) {
    const NnHost *nn = u->host;
    NnGraph *g = u->graph;
    NnValue *size = nn_op1(nn, g, "Abs", u->grad);
    NnValue *move = nn_op2(nn, g, "Mul", u->rate, nn_op2(nn, g, "Div", u->grad, size));
    u->new_param = nn_op2(nn, g, "Sub", u->param, move);
    return nn->code(nn->graph->status(g));
}

static const NnOptimizer optimizer = {.struct_size = sizeof optimizer,
                                      .name = "shelf",
                                      .doc = "Steps of one size: p <- p - rate * g / |g|.",
                                      .rate = 1e-3,
                                      .update = update};

static const NnExport exports[] = {{NN_OPTIMIZER_KIND, "shelf", &optimizer}};
NN_PLUGIN(wrong_forward_optimizer, "The optimizer shelf.", exports)
