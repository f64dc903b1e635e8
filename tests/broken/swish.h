/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator shelf/Swish, Y = X * sigmoid(beta X), but for its gradient rule: what the plug-ins of the
 * shelf that define an operator have in common.
 */
#ifndef NN_TESTS_BROKEN_SWISH_H
#define NN_TESTS_BROKEN_SWISH_H

#include "shelf.h"

#include <math.h>

static int32_t swish_infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    n->output(n, 0, x->type, x->rank, x->dims);
    return NN_OK;
}

static inline double swish(double x, double beta) { return x / (1 + exp(-beta * x)); }

static int32_t swish_compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0];
    const void *from = nn_data(x);
    void *to = nn_data(call->outputs[0]);
    const double beta = nn_attr_float(call->node, "beta", 1);
    const int64_t n = nn_elements(x);
    for (int64_t i = 0; i < n; i++)
        if (x->type == NN_F32)
            ((float *)to)[i] = (float)swish((double)((const float *)from)[i], beta);
        else
            ((double *)to)[i] = swish(((const double *)from)[i], beta);
    return NN_OK;
}

/* With s = sigmoid(beta X): dY/dX = s + beta Y (1 - s). The last beta is `factor`. */
static int32_t swish_gradient(NnGradient *d, double factor) {
    const NnHost *nn = d->host;
    NnGraph *g = d->graph;
    NnValue *x = d->inputs[0], *y = d->outputs[0];
    NnValue *beta = nn_scalar_like(nn, g, x, nn_attr_float(d->node, "beta", 1));
    NnValue *s = nn_op1(nn, g, "Sigmoid", nn_op2(nn, g, "Mul", beta, x));
    NnValue *rest = nn_op2(nn, g, "Sub", nn_scalar_like(nn, g, x, 1), s);
    NnValue *bend = nn_op2(nn, g, "Mul", nn_op2(nn, g, "Mul", nn_scalar_like(nn, g, x, factor), y), rest);
    d->grads[0] = nn_op2(nn, g, "Mul", d->grad_outputs[0], nn_op2(nn, g, "Add", s, bend));
    return NN_OK;
}

#define SWISH_TYPES (NN_MASK(NN_F32) | NN_MASK(NN_F64))
static const NnParam swish_inputs[] = {{"X", "T", SWISH_TYPES, 0, 0, "any shape"}};
static const NnParam swish_outputs[] = {{"Y", "T", SWISH_TYPES, 0, 0, "of the shape of X"}};
static const char *const swish_samples[] = {"[2,3]", "[4]@-3:3; beta=2", "[]", "[0,2]"};

#define SWISH_BETA(flags, low, high)                                                                         \
    {                                                                                                        \
        { "beta", NN_SET_FLOAT, flags, "1", low, high, NULL, NULL, "How steep the gate is." }                \
    }

/* The table. */
#define SWISH_OPERATOR(id, rule, attributes)                                                                 \
    static const NnOperator id = {.struct_size = sizeof id,                                                  \
                                  .since = 1,                                                                \
                                  .domain = "shelf",                                                         \
                                  .name = "Swish",                                                           \
                                  .doc = "A smooth gate: Y = X * sigmoid(beta * X).",                        \
                                  .sort = NN_PRIMITIVE,                                                      \
                                  .flags = NN_OP_ELEMENTWISE,                                                \
                                  .n_inputs = 1,                                                             \
                                  .n_outputs = 1,                                                            \
                                  .param_stride = sizeof(NnParam),                                           \
                                  .n_attrs = NN_COUNT(attributes),                                           \
                                  .attr_stride = NN_STRIDE(attributes),                                      \
                                  .min_outputs = 1,                                                          \
                                  .inputs = swish_inputs,                                                    \
                                  .outputs = swish_outputs,                                                  \
                                  .attrs = attributes,                                                       \
                                  .infer = swish_infer,                                                      \
                                  .gradient = rule,                                                          \
                                  .compute = swish_compute,                                                  \
                                  .n_samples = NN_COUNT(swish_samples),                                      \
                                  .samples = swish_samples}

#endif
