/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies of other operators: short spellings, and a gradient rule by way of a body, for operators whose fused
 * gradient covers the common case only.
 */
#ifndef OPS_FAMILY_BODY_H
#define OPS_FAMILY_BODY_H

#include "define.h"

static inline NnValue *nn_body1(const NnBody *b, const char *op, NnValue *x) {
    return nn_op1(b->host, b->graph, op, x);
}

static inline NnValue *nn_body2(const NnBody *b, const char *op, NnValue *x, NnValue *y) {
    return nn_op2(b->host, b->graph, op, x, y);
}

/* A node with the attributes of the one whose body it is in. */
static inline int32_t nn_body_same_attrs(const NnBody *b, const char *op, NnValue *const *inputs, uint32_t n,
                                         NnValue **outputs, uint32_t n_outputs) {
    const NnNodeSpec spec = {.struct_size = sizeof spec,
                             .op = op,
                             .n_inputs = n,
                             .n_outputs = n_outputs,
                             .n_attrs = b->node->n_attrs,
                             .attr_stride = b->node->attr_stride,
                             .inputs = inputs,
                             .attrs = b->node->attrs};
    return b->host->graph->node(b->graph, &spec, outputs);
}

static inline NnValue *nn_body_cast(const NnBody *b, NnValue *x, int32_t type) {
    return nn_op(b->host, b->graph, "Cast", NN_VALUES(x), NN_ATTRS(NN_INT("to", type)));
}

static inline NnValue *nn_body_scalar(const NnBody *b, const NnValue *like, double value) {
    return nn_scalar_like(b->host, b->graph, like, value);
}

/* A reduction over the axes [from, to); keep: they stay as 1. */
static inline NnValue *nn_body_reduce(const NnBody *b, const char *op, NnValue *x, int64_t from, int64_t to,
                                      int64_t keep) {
    int64_t axes[NN_MAX_RANK] = {0};
    for (int64_t i = from; i < to; i++)
        axes[i - from] = i;
    return nn_op(b->host, b->graph, op, NN_VALUES(x, nn_vector(b->host, b->graph, to - from, axes)),
                 NN_ATTRS(NN_INT("keepdims", keep), NN_INT("noop_with_empty_axes", 1)));
}

/* A tensor over the channels, [C], with n dimensions of 1 behind it, so that it broadcasts along axis 1. */
static inline NnValue *nn_body_channels(const NnBody *b, NnValue *x, int32_t n) {
    int64_t axes[NN_MAX_RANK] = {0};
    for (int32_t i = 0; i < n; i++)
        axes[i] = i + 1;
    return n > 0 ? nn_body2(b, "Unsqueeze", x, nn_vector(b->host, b->graph, n, axes)) : x;
}

static inline int32_t nn_body_rank(const NnBody *b, const NnValue *x) {
    const NnValueInfo *info = b->host->graph->info(b->graph, x);
    return info ? info->rank : NN_RANK_UNKNOWN;
}

static inline int32_t nn_body_no_rank(const NnBody *b, const char *input) {
    return nn_fail(b->host, b->status, NN_UNSUPPORTED, "%s needs %s of known rank here", b->node->op, input);
}

/*
 * Differentiates the body instead of the node. The inputs are passed through a copy each, so that an input
 * which is itself computed from another one is not counted twice.
 */
static inline int32_t nn_rule_through(NnGradient *g, int32_t (*body)(NnBody *)) {
    NnValue *copies[8] = {0}, *wanted[8] = {0}, *targets[8] = {0}, *seeds[8] = {0}, *grads[8] = {0};
    const uint32_t n = g->node->n_inputs, m = g->node->n_outputs;
    uint32_t n_targets = 0;
    if (n > 8 || m > 8)
        return nn_fail(g->host, g->status, NN_UNSUPPORTED, "%s has too many inputs for this rule",
                       g->node->op);
    for (uint32_t i = 0; i < n; i++) {
        copies[i] = g->wanted[i] ? nn_op1(g->host, g->graph, "Identity", g->inputs[i]) : g->inputs[i];
        wanted[i] = g->wanted[i] ? copies[i] : NULL;
    }
    NnBody b = {.struct_size = sizeof b,
                .host = g->host,
                .graph = g->graph,
                .node = g->node,
                .inputs = copies,
                .outputs = targets,
                .status = g->status};
    const int32_t code = body(&b);
    if (code != NN_OK)
        return code;
    for (uint32_t k = 0; k < m; k++)
        if (g->grad_outputs[k]) {
            targets[n_targets] = targets[k];
            seeds[n_targets++] = g->grad_outputs[k];
        }
    const int32_t done = g->host->graph->gradient(g->graph, n_targets, targets, seeds, n, wanted, grads);
    for (uint32_t i = 0; i < n && done == NN_OK; i++)
        g->grads[i] = g->wanted[i] ? grads[i] : NULL;
    return done;
}

#endif
