/* SPDX-License-Identifier: Apache-2.0 */
/* Layers that families share, spelled with ONNX operators: dense, convolution, pooling, dropout, activation.
 */
#ifndef NN_MODELS_LAYERS_H
#define NN_MODELS_LAYERS_H

#include "models/shared/build.h"

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

#endif
