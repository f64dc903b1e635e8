/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What model families share: parameters, dense and convolution layers, the cleaning of an input, the losses
 * and metrics of classification and regression. Shapes are of one batch: [N, ...]. Everything is spelled with
 * ONNX operators.
 */
#ifndef NN_MODELS_LAYERS_H
#define NN_MODELS_LAYERS_H

#include "nn/plugin.h"

typedef struct Net {
    const NnHost *nn;
    NnModelBuild *build;
    NnGraph *g;
    const char *init;  /* of weights */
    const char *place; /* where in a configuration the current layer was asked for; NULL: nowhere */
    int32_t phase;
} Net;

static inline NN_MAYBE_UNUSED int32_t net_code(const Net *net) {
    return net->nn->code(net->g ? net->nn->graph->status(net->g) : net->build->status);
}

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
        (void)nn_fail(build->host, build->status, NN_INVALID,
                      "the data has no field named %s, which this model needs", name);
    return f;
}

/* A layer's own node, under the layer's name and with the place that asked for it (the model's where no layer
 * has one of its own), so that messages can tell which it was. */
static inline NN_MAYBE_UNUSED int32_t net_nodes(const Net *net, const char *op, const char *name,
                                                NnValue *const *inputs, uint32_t n, const NnAttr *attrs,
                                                uint32_t n_attrs, NnValue **outputs, uint32_t n_outputs) {
    char place[512];
    if (net->place == NULL && net->build->config)
        (void)snprintf(place, sizeof place, "%s: layer %s", net->nn->config->place(net->build->config), name);
    const NnNodeSpec spec = {.struct_size = sizeof spec,
                             .op = op,
                             .name = name,
                             .n_inputs = n,
                             .n_outputs = n_outputs,
                             .n_attrs = n_attrs,
                             .attr_stride = sizeof(NnAttr),
                             .inputs = inputs,
                             .attrs = attrs,
                             .place = net->place           ? net->place
                                      : net->build->config ? place
                                                           : NULL};
    return net->nn->graph->node(net->g, &spec, outputs);
}

static inline NN_MAYBE_UNUSED NnValue *net_node(const Net *net, const char *op, const char *name,
                                                NnValue *const *inputs, uint32_t n, const NnAttr *attrs,
                                                uint32_t n_attrs) {
    NnValue *out = NULL;
    return net_nodes(net, op, name, inputs, n, attrs, n_attrs, &out, 1) == NN_OK ? out : NULL;
}

/* A trainable tensor. Fans of 0 are taken from dims as [out, in, ...]. */
static inline NN_MAYBE_UNUSED NnValue *net_param(const Net *net, const char *name, int32_t rank,
                                                 const int64_t *dims, const char *init, int64_t fan_in,
                                                 int64_t fan_out, uint32_t flags) {
    const NnVariableSpec spec = {.struct_size = sizeof spec,
                                 .type = NN_F32,
                                 .name = name,
                                 .rank = rank,
                                 .role = NN_PARAMETER,
                                 .dims = dims,
                                 .init = init,
                                 .fan_in = fan_in,
                                 .fan_out = fan_out,
                                 .flags = flags};
    NnVariable *v = net->nn->graph->variable(net->g, &spec);
    return v ? net->nn->graph->read(net->g, v) : NULL;
}

/* State that the model keeps from call to call and assigns itself. */
static inline NN_MAYBE_UNUSED NnVariable *net_state(const Net *net, const char *name, int32_t rank,
                                                    const int64_t *dims, const char *init) {
    const NnVariableSpec spec = {.struct_size = sizeof spec,
                                 .type = NN_F32,
                                 .name = name,
                                 .rank = rank,
                                 .role = NN_STATE,
                                 .dims = dims,
                                 .init = init};
    return net->nn->graph->variable(net->g, &spec);
}

static inline NN_MAYBE_UNUSED const char *net_join(char *buffer, size_t size, const char *name,
                                                   const char *part) {
    (void)snprintf(buffer, size, "%s.%s", name, part);
    return buffer;
}

/* The last `dims[axis]` of a value, which a layer's weights need to know. */
static inline NN_MAYBE_UNUSED int64_t net_extent(const Net *net, const NnValue *x, int32_t axis,
                                                 const char *layer) {
    const NnValueInfo *info = x ? net->nn->graph->info(net->g, x) : NULL;
    if (info == NULL)
        return 0;
    const int32_t at = axis < 0 ? info->rank + axis : axis;
    if (info->rank > at && at >= 0 && nn_dim_known(info->dims[at]))
        return info->dims[at];
    (void)nn_fail(net->nn, net->nn->graph->status(net->g), NN_INVALID,
                  "layer %s: dimension %d of its input is not known when the network is built, so its "
                  "weights have no size",
                  layer, axis);
    return 0;
}

/* y = x W + b, W [in, units], over the last dimension of x (Gemm for a matrix, MatMul for more). */
static inline NN_MAYBE_UNUSED NnValue *net_dense(const Net *net, NnValue *x, int64_t units, bool bias,
                                                 const char *name) {
    char text[128];
    const int64_t in = net_extent(net, x, -1, name);
    const NnValueInfo *info = x ? net->nn->graph->info(net->g, x) : NULL;
    if (info == NULL || in == 0)
        return NULL;
    const bool matrix = info->rank == 2;
    NnValue *w = net_param(net, net_join(text, sizeof text, name, "weight"), 2, (const int64_t[]){in, units},
                           net->init, in, units, 0);
    NnValue *b = bias ? net_param(net, net_join(text, sizeof text, name, "bias"), 1, &units, "zeros", 0, 0,
                                  NN_VARIABLE_NO_DECAY)
                      : NULL;
    if (matrix)
        return net_node(net, "Gemm", name, NN_VALUES(x, w, b), NN_NO_ATTRS);
    NnValue *y = net_node(net, "MatMul", name, NN_VALUES(x, w), NN_NO_ATTRS);
    return b ? nn_op2(net->nn, net->g, "Add", y, b) : y;
}

/* What a convolution of rank 1 to 3 is told; zero entries of the arrays read as the operator's defaults. */
typedef struct NetConv {
    int64_t filters, groups;
    int32_t rank;
    bool bias;
    int64_t kernel[3], strides[3], dilations[3], pads[6];
    const char *auto_pad;
} NetConv;

/* Conv of x [N, C, ...], W [filters, C / groups, kernel...]. */
static inline NN_MAYBE_UNUSED NnValue *net_conv(const Net *net, NnValue *x, const NetConv *c,
                                                const char *name) {
    char text[128];
    const int64_t channels = net_extent(net, x, 1, name);
    if (channels == 0)
        return NULL;
    const int64_t groups = c->groups ? c->groups : 1;
    if (channels % groups != 0 || c->filters % groups != 0) {
        (void)nn_fail(net->nn, net->nn->graph->status(net->g), NN_INVALID,
                      "layer %s: %lld channels in and %lld out cannot be split into %lld groups", name,
                      (long long)channels, (long long)c->filters, (long long)groups);
        return NULL;
    }
    int64_t dims[5] = {c->filters, channels / groups};
    int64_t ones[3] = {1, 1, 1}, area = 1;
    for (int32_t i = 0; i < c->rank; i++) {
        dims[2 + i] = c->kernel[i];
        area *= c->kernel[i];
    }
    NnValue *w = net_param(net, net_join(text, sizeof text, name, "weight"), c->rank + 2, dims, net->init,
                           dims[1] * area, c->filters * area, 0);
    NnValue *b = c->bias ? net_param(net, net_join(text, sizeof text, name, "bias"), 1, &c->filters, "zeros",
                                     0, 0, NN_VARIABLE_NO_DECAY)
                         : NULL;
    const uint32_t rank = (uint32_t)c->rank;
    const bool automatic = c->auto_pad != NULL;
    return net_node(
        net, "Conv", name, NN_VALUES(x, w, b),
        NN_ATTRS(NN_INT("group", groups), NN_INTS("kernel_shape", rank, c->kernel),
                 NN_INTS("strides", rank, c->strides[0] ? c->strides : ones),
                 NN_INTS("dilations", rank, c->dilations[0] ? c->dilations : ones),
                 automatic ? NN_TEXT("auto_pad", c->auto_pad) : NN_INTS("pads", 2 * rank, c->pads)));
}

/* Max pooling of a plane with a square window that does not overlap itself. */
static inline NN_MAYBE_UNUSED NnValue *net_max_pool(const Net *net, NnValue *x, int64_t size) {
    const int64_t two[2] = {size, size};
    return nn_op(net->nn, net->g, "MaxPool", NN_VALUES(x),
                 NN_ATTRS(NN_INTS("kernel_shape", 2, two), NN_INTS("strides", 2, two)));
}

/* Keeps each element with probability 1 - ratio and scales it up, in training only (Srivastava et al. 2014).
 */
static inline NN_MAYBE_UNUSED NnValue *net_dropout(const Net *net, NnValue *x, double ratio,
                                                   const char *name) {
    char text[128];
    if (ratio <= 0 || net->phase != NN_TRAINING)
        return x;
    return net_node(
        net, "Dropout", net_join(text, sizeof text, name, "dropout"),
        NN_VALUES(x, nn_scalar(net->nn, net->g, NN_F32, ratio), nn_scalar(net->nn, net->g, NN_BOOL, 1)),
        NN_NO_ATTRS);
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

/* Reading a family's checked settings. */
static inline NN_MAYBE_UNUSED const NnConfig *net_get(const NnModelBuild *build, const char *key) {
    return build->config ? build->host->config->get(build->config, key) : NULL;
}
static inline NN_MAYBE_UNUSED int64_t net_get_int(const NnModelBuild *build, const char *key,
                                                  int64_t absent) {
    const NnConfig *c = net_get(build, key);
    return c ? build->host->config->integer(c) : absent;
}
static inline NN_MAYBE_UNUSED double net_get_number(const NnModelBuild *build, const char *key,
                                                    double absent) {
    const NnConfig *c = net_get(build, key);
    return c ? build->host->config->number(c) : absent;
}
static inline NN_MAYBE_UNUSED const char *net_get_string(const NnModelBuild *build, const char *key,
                                                         const char *absent) {
    const NnConfig *c = net_get(build, key);
    return c ? build->host->config->string(c) : absent;
}

/* The operator that the setting `activation` names, behind a layer. */
static inline NN_MAYBE_UNUSED NnValue *net_activation(const Net *net, NnValue *x, const char *absent,
                                                      const char *layer) {
    const NnConfig *setting = net_get(net->build, "activation");
    char name[128], place[512];
    (void)snprintf(name, sizeof name, "%s.activation", layer);
    Net at = *net;
    if (setting) {
        (void)snprintf(place, sizeof place, "%s: layer %s", net->nn->config->place(setting), layer);
        at.place = place;
    }
    return net_node(&at, net_get_string(net->build, "activation", absent), name, NN_VALUES(x), NN_NO_ATTRS);
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
        const NnGraphApi *graph = build->host->graph;
        const int64_t outputs = y->classes ? (int64_t)y->classes
                                : y->rank  ? nn_product(y->dims, 0, y->rank)
                                           : 1;
        NnValue *result = body(&net, net_real(&net, x, net_feed(&net, x)), outputs, arg);
        if (i == 2) {
            if (y->classes)
                result = nn_op(net.nn, net.g, "Softmax", NN_VALUES(result), NN_ATTRS(NN_INT("axis", 1)));
            (void)graph->output(net.g, "prediction", result);
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
