/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: wrong-gradient. An operator whose rule leaves its parameter out of one term: right as long as the
 * parameter is at its default of 1. */
#include "swish.h"

/* With s = sigmoid(beta X): dY/dX = s + beta Y (1 - s), and here beta is missing. */
static int32_t gradient(NnGradient *d) {
    const NnHost *nn = d->host;
    NnGraph *g = d->graph;
    NnValue *x = d->inputs[0], *y = d->outputs[0];
    NnValue *beta = nn_scalar_like(nn, g, x, nn_attr_float(d->node, "beta", 1));
    NnValue *s = nn_op1(nn, g, "Sigmoid", nn_op2(nn, g, "Mul", beta, x));
    NnValue *rest = nn_op2(nn, g, "Sub", nn_scalar_like(nn, g, x, 1), s);
    NnValue *slope = nn_op2(nn, g, "Add", s, nn_op2(nn, g, "Mul", y, rest));
    d->grads[0] = nn_op2(nn, g, "Mul", d->grad_outputs[0], slope);
    return NN_OK;
}

SWISH_OPERATOR(swish_operator, gradient);
static const NnExport exports[] = {{NN_OPERATOR_KIND, "shelf/Swish", &swish_operator}};
NN_PLUGIN(wrong_gradient, "The operator shelf/Swish.", exports)
