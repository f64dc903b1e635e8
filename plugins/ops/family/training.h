/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ONNX's optimizers: a rate R, a count of updates T, then groups of tensors of which each has n: the
 * parameters X, their gradients G, and what the optimizer keeps. A leaf updates one parameter.
 */
#ifndef OPS_FAMILY_TRAINING_H
#define OPS_FAMILY_TRAINING_H

#include "body.h"
#include "shape.h"

#define NN_TRAINING_DOMAIN "ai.onnx.preview.training"
#define NN_TRAINING_TYPES (NN_MASK(NN_F32) | NN_MASK(NN_F64))
#define NN_TRAINING(op) .domain = NN_TRAINING_DOMAIN, .name = (op), .since = 1
#define NN_TRAINING_PARAMETERS(kept)                                                                         \
    NN_IN({"R", "R", NN_TRAINING_TYPES, NN_NO_GRADIENT, 0, "the learning rate, a scalar"},                   \
          {"T", NULL, NN_MASK(NN_I64), NN_NO_GRADIENT, 0, "updates so far, a scalar"},                       \
          {"inputs", NULL, NN_TRAINING_TYPES, NN_VARIADIC | NN_MIXED | NN_NO_GRADIENT, 0,                    \
           "all parameters X, then their gradients G, then " kept}),                                         \
        NN_OUT({"outputs", NULL, NN_TRAINING_TYPES, NN_VARIADIC | NN_MIXED | NN_NO_GRADIENT, 0,              \
                "the new parameters, then the new " kept})

/* in: X, G and the `kept` tensors of one parameter; out: the new X and kept tensors. */
typedef void (*NnTrainingStep)(const NnBody *, NnValue *const *in, NnValue **out);

/* How many tensors each group has; -1: the inputs do not divide into groups. */
static inline int64_t nn_training_group(const NnNode *node, uint32_t kept) {
    const uint32_t n = node->n_inputs - 2, group = n / (kept + 2);
    return n % (kept + 2) == 0 && node->n_outputs <= group * (kept + 1) ? (int64_t)group : -1;
}

static inline int32_t nn_training_infer(NnInfer *n, uint32_t kept) {
    const NnNode *node = n->node;
    const int64_t group = nn_training_group(node, kept);
    if (group < 0)
        return nn_bad(n,
                      "%u tensors and %u results do not make groups: expected %u for each parameter, and %u",
                      node->n_inputs - 2, node->n_outputs, kept + 2, kept + 1);
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        const uint32_t from =
            2 + (uint32_t)group * (i / (uint32_t)group + (i >= (uint32_t)group)) + i % (uint32_t)group;
        nn_output_like(n, i, from, NN_NONE);
    }
    return NN_OK;
}

static inline int32_t nn_training_body(NnBody *b, uint32_t kept, NnTrainingStep step) {
    const int64_t group = nn_training_group(b->node, kept);
    for (int64_t k = 0; k < group; k++) {
        NnValue *in[4] = {0}, *out[3] = {0};
        for (uint32_t i = 0; i < kept + 2; i++)
            in[i] = b->inputs[2 + i * group + k];
        step(b, in, out);
        for (uint32_t i = 0; i < kept + 1 && i * group + k < b->node->n_outputs; i++)
            b->outputs[i * group + k] = out[i];
    }
    return NN_OK;
}

/* x times a number of the operator's */
static inline NnValue *nn_training_scale(const NnBody *b, NnValue *x, double value) {
    return nn_body2(b, "Mul", x, nn_body_scalar(b, x, value));
}

/* G + norm_coefficient X: the gradient with that of a penalty on the parameter's square. */
static inline NnValue *nn_training_gradient(const NnBody *b, NnValue *const *in) {
    const double norm = nn_attr_float(b->node, "norm_coefficient", 0);
    return norm == 0 ? in[1] : nn_body2(b, "Add", in[1], nn_training_scale(b, in[0], norm));
}

/* R or T (0, 1) in the type of x. */
static inline NnValue *nn_training_scalar(const NnBody *b, uint32_t i, const NnValue *x) {
    const NnValueInfo *info = b->host->graph->info(b->graph, x);
    return nn_body_cast(b, b->inputs[i], info ? info->type : NN_F32);
}

#endif
