/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Learning from examples: the fields of the data as a network takes them, the losses and metrics of classes
 * and values, and the three functions of a feed-forward network. Shapes are of one batch: [N, ...].
 */
#ifndef NN_MODELS_SUPERVISED_H
#define NN_MODELS_SUPERVISED_H

#include "models/shared/layers.h"

static inline NN_MAYBE_UNUSED const NnField *net_field(const NnModelBuild *build, const char *name) {
    for (uint32_t i = 0; build->data && i < build->data->n_fields; i++) {
        const NnField *f =
            (const void *)((const char *)build->data->fields + (size_t)i * build->data->field_stride);
        if (strcmp(f->name, name) == 0)
            return f;
    }
    return NULL;
}

static inline NN_MAYBE_UNUSED const NnField *net_need_field(const NnModelBuild *build, const char *name) {
    const NnField *f = net_field(build, name);
    if (f == NULL)
        (void)nn_fail(build->host, build->status, NN_INVALID, "%s field named %s, which this model needs",
                      build->data && build->data->n_fields ? "the data has no" : "there is no `data` with a",
                      name);
    return f;
}

/* The batch of a field, as stored. */
static inline NN_MAYBE_UNUSED NnValue *net_feed(const Net *net, const NnField *field) {
    int64_t dims[NN_MAX_RANK] = {NN_DIM_UNKNOWN};
    if (field->rank + 1 > NN_MAX_RANK) {
        (void)nn_fail(net->nn, net->build->status, NN_INVALID, "field %s has too many dimensions",
                      field->name);
        return NULL;
    }
    for (int32_t i = 0; i < field->rank; i++)
        dims[i + 1] = field->dims[i];
    return net->nn->graph->input(net->g, field->name, field->type, field->rank + 1, dims);
}

/* A field as real numbers: stored * scale + offset, in f32. */
static inline NN_MAYBE_UNUSED NnValue *net_real(const Net *net, const NnField *field, NnValue *stored) {
    NnValue *x = stored;
    if (field->type != NN_F32)
        x = nn_op(net->nn, net->g, "Cast", NN_VALUES(x), NN_ATTRS(NN_INT("to", NN_F32)));
    if (field->scale != 0 && field->scale != 1)
        x = nn_op2(net->nn, net->g, "Mul", x, nn_scalar(net->nn, net->g, NN_F32, field->scale));
    if (field->offset != 0)
        x = nn_op2(net->nn, net->g, "Add", x, nn_scalar(net->nn, net->g, NN_F32, field->offset));
    return x;
}

/* Class indices as 64-bit integers. */
static inline NN_MAYBE_UNUSED NnValue *net_classes(const Net *net, const NnField *field, NnValue *stored) {
    if (field->type == NN_I64)
        return stored;
    return nn_op(net->nn, net->g, "Cast", NN_VALUES(stored), NN_ATTRS(NN_INT("to", NN_I64)));
}

static inline NN_MAYBE_UNUSED NnValue *net_mean(const Net *net, NnValue *x) {
    return nn_op(net->nn, net->g, "ReduceMean", NN_VALUES(x), NN_ATTRS(NN_INT("keepdims", 0)));
}

/* Share of rows whose largest logit (axis 1) is the target's. */
static inline NN_MAYBE_UNUSED NnValue *net_accuracy(const Net *net, NnValue *logits, NnValue *target) {
    NnValue *best = nn_op(net->nn, net->g, "ArgMax", NN_VALUES(logits),
                          NN_ATTRS(NN_INT("axis", 1), NN_INT("keepdims", 0)));
    NnValue *hit = nn_op2(net->nn, net->g, "Equal", best, target);
    return net_mean(net, nn_op(net->nn, net->g, "Cast", NN_VALUES(hit), NN_ATTRS(NN_INT("to", NN_F32))));
}

/* logits [N, C, ...], target [N, ...]: the outputs loss and accuracy; in training the loss is minimised. */
static inline NN_MAYBE_UNUSED void net_classify(const Net *net, NnValue *logits, NnValue *target) {
    const NnGraphApi *graph = net->nn->graph;
    NnValue *loss = nn_op2(net->nn, net->g, "SoftmaxCrossEntropyLoss", logits, target);
    (void)graph->output(net->g, "loss", loss);
    (void)graph->output(net->g, "accuracy", net_accuracy(net, logits, target));
    if (net->phase == NN_TRAINING)
        (void)graph->minimize(net->g, loss, NULL);
}

/* prediction and target [N, ...]: mean squared and mean absolute error. */
static inline NN_MAYBE_UNUSED void net_regress(const Net *net, NnValue *prediction, NnValue *target) {
    const NnGraphApi *graph = net->nn->graph;
    NnValue *difference = nn_op2(net->nn, net->g, "Sub", prediction,
                                 nn_op2(net->nn, net->g, "nn/ReshapeLike", target, prediction));
    NnValue *loss = net_mean(net, nn_op2(net->nn, net->g, "Mul", difference, difference));
    (void)graph->output(net->g, "loss", loss);
    (void)graph->output(net->g, "absolute_error", net_mean(net, nn_op1(net->nn, net->g, "Abs", difference)));
    if (net->phase == NN_TRAINING)
        (void)graph->minimize(net->g, loss, NULL);
}

/* The outputs of predict: for classes the logits, and their softmax as the prediction. */
static inline NN_MAYBE_UNUSED void net_predict(const Net *net, NnValue *result, const NnField *y) {
    const NnGraphApi *graph = net->nn->graph;
    if (y->classes) {
        (void)graph->output(net->g, "logits", result);
        result = nn_op(net->nn, net->g, "Softmax", NN_VALUES(result), NN_ATTRS(NN_INT("axis", 1)));
    }
    (void)graph->output(net->g, "prediction", result);
}

/* The body of a feed-forward family: from the real input to logits (classes > 0) or values. */
typedef NnValue *(*NetBody)(Net *, NnValue *x, int64_t outputs, const void *arg);

/* Builds train, evaluate and predict of a feed-forward network on the fields x and y. */
static inline NN_MAYBE_UNUSED int32_t net_build_supervised(NnModelBuild *build, const char *init,
                                                           NetBody body, const void *arg) {
    const NnField *x = net_need_field(build, "x"), *y = net_need_field(build, "y");
    if (x == NULL || y == NULL)
        return build->host->code(build->status);
    static const char *const name[] = {"train", "evaluate", "predict"};
    for (int i = 0; i < 3; i++) {
        Net net = {
            .nn = build->host, .build = build, .init = init, .phase = i == 0 ? NN_TRAINING : NN_INFERENCE};
        net.g = build->begin(build, name[i], net.phase);
        if (net.g == NULL)
            return build->host->code(build->status);
        const int64_t outputs = y->classes ? (int64_t)y->classes
                                : y->rank  ? nn_product(y->dims, 0, y->rank)
                                           : 1;
        NnValue *result = body(&net, net_real(&net, x, net_feed(&net, x)), outputs, arg);
        if (i == 2) {
            net_predict(&net, result, y);
        } else if (y->classes) {
            net_classify(&net, result, net_classes(&net, y, net_feed(&net, y)));
        } else {
            net_regress(&net, result, net_real(&net, y, net_feed(&net, y)));
        }
        if (build->end(build, net.g) != NN_OK)
            return build->host->code(build->status);
    }
    return NN_OK;
}

#endif
