/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the update rules share: arithmetic on values in one short line each, and scalars in the parameter's
 * own type. A rule computes in the type of its parameter; learning rate and step arrive as f32 and are cast
 * when that is another.
 */
#ifndef NN_OPTIMIZERS_UPDATE_H
#define NN_OPTIMIZERS_UPDATE_H

#include "nn/plugin.h"

static inline NN_MAYBE_UNUSED NnValue *add(NnUpdate *u, NnValue *a, NnValue *b) {
    return nn_op2(u->host, u->graph, "Add", a, b);
}

static inline NN_MAYBE_UNUSED NnValue *sub(NnUpdate *u, NnValue *a, NnValue *b) {
    return nn_op2(u->host, u->graph, "Sub", a, b);
}

static inline NN_MAYBE_UNUSED NnValue *mul(NnUpdate *u, NnValue *a, NnValue *b) {
    return nn_op2(u->host, u->graph, "Mul", a, b);
}

static inline NN_MAYBE_UNUSED NnValue *divide(NnUpdate *u, NnValue *a, NnValue *b) {
    return nn_op2(u->host, u->graph, "Div", a, b);
}

static inline NN_MAYBE_UNUSED NnValue *root(NnUpdate *u, NnValue *a) {
    return nn_op1(u->host, u->graph, "Sqrt", a);
}

static inline NN_MAYBE_UNUSED NnValue *number(NnUpdate *u, double value) {
    return nn_scalar_like(u->host, u->graph, u->param, value);
}

/* An f32 scalar in the parameter's type. */
static inline NN_MAYBE_UNUSED NnValue *cast(NnUpdate *u, NnValue *scalar) {
    const NnValueInfo *param = u->host->graph->info(u->graph, u->param);
    const NnValueInfo *info = u->host->graph->info(u->graph, scalar);
    if (!param || !info || param->type == info->type)
        return scalar;
    return nn_op(u->host, u->graph, "Cast", NN_VALUES(scalar), NN_ATTRS(NN_INT("to", param->type)));
}

/* decay * a + (1 - decay) * b: the running mean that most rules keep. */
static inline NN_MAYBE_UNUSED NnValue *mean(NnUpdate *u, double decay, NnValue *a, NnValue *b) {
    return add(u, mul(u, a, number(u, decay)), mul(u, b, number(u, 1 - decay)));
}

/* param - rate * direction */
static inline NN_MAYBE_UNUSED NnValue *descend(NnUpdate *u, NnValue *direction) {
    return sub(u, u->param, mul(u, direction, cast(u, u->rate)));
}

static inline NN_MAYBE_UNUSED double setting(const NnUpdate *u, const char *name) {
    const NnConfigApi *c = u->host->config;
    return c->number(c->get(u->config, name));
}

/* What every rule returns: has building the graph failed? */
static inline NN_MAYBE_UNUSED int32_t built(const NnUpdate *u) {
    return u->new_param ? NN_OK : u->host->code(u->status);
}

#endif
