/* SPDX-License-Identifier: Apache-2.0 */
/* The short forms of layers that bring weights or whose attributes are tiresome to spell: Dense, Conv,
 * Embedding, ... */
#include "net.h"

static int64_t rank_of(const NetLayer *l) {
    const NnValueInfo *info = l->x ? l->scope->net.nn->graph->info(l->scope->net.g, l->x) : NULL;
    return info ? info->rank : 0;
}

static NnValue *dense(const NetLayer *l) {
    const int64_t units = net_option_int(l, "units", 0);
    if (units <= 0) {
        (void)net_fail(l, l->item, "layer %s: Dense needs units, a whole number above 0", l->name);
        return NULL;
    }
    return net_dense(&l->scope->net, l->x, units, net_option_bool(l, "bias", true), l->name);
}

static bool spatial(const NetLayer *l, int32_t *rank) {
    *rank = (int32_t)rank_of(l) - 2;
    if (*rank >= 1 && *rank <= 3)
        return true;
    (void)net_fail(l, l->item,
                   "layer %s: %s wants an input [N, channels, 1 to 3 dimensions], found %d dimensions",
                   l->name, l->op, *rank + 2);
    return false;
}

static NnValue *conv(const NetLayer *l) {
    NetConv c = {.filters = net_option_int(l, "filters", 0),
                 .groups = net_option_int(l, "groups", net_option_int(l, "group", 1)),
                 .bias = net_option_bool(l, "bias", true)};
    if (!spatial(l, &c.rank))
        return NULL;
    const uint32_t n = (uint32_t)c.rank;
    net_option_ints(l, net_option(l, "kernel_shape") ? "kernel_shape" : "kernel", n, 0, c.kernel);
    net_option_ints(l, net_option(l, "strides") ? "strides" : "stride", n, 1, c.strides);
    net_option_ints(l, net_option(l, "dilations") ? "dilations" : "dilation", n, 1, c.dilations);
    const NnConfigApi *config = l->scope->net.nn->config;
    const NnConfig *pads = net_option(l, net_option(l, "pads") ? "pads" : "pad");
    if (pads && config->kind(pads) == NN_CONFIG_STRING) {
        if (strcmp(config->string(pads), "same") != 0) {
            (void)net_fail(l, pads,
                           "layer %s: pad: expected a number, a list of numbers or \"same\", found \"%s\"",
                           l->name, config->string(pads));
            return NULL;
        }
        c.auto_pad = "SAME_UPPER";
    } else if (pads && config->kind(pads) == NN_CONFIG_LIST && config->count(pads) == n) {
        net_option_ints(l, net_option(l, "pads") ? "pads" : "pad", n, 0, c.pads);
        for (uint32_t i = 0; i < n; i++)
            c.pads[n + i] = c.pads[i];
    } else {
        net_option_ints(l, net_option(l, "pads") ? "pads" : "pad", 2 * n, 0, c.pads);
    }
    bool whole = true;
    for (uint32_t i = 0; i < n; i++)
        whole = whole && c.kernel[i] > 0 && c.strides[i] > 0 && c.dilations[i] > 0;
    if (c.filters <= 0 || c.groups <= 0 || !whole) {
        (void)net_fail(l, l->item,
                       "layer %s: Conv needs filters and kernel, and with them stride and dilation, above 0",
                       l->name);
        return NULL;
    }
    return net_conv(&l->scope->net, l->x, &c, l->name);
}

static NnValue *pool(const NetLayer *l) {
    int32_t rank;
    if (!spatial(l, &rank))
        return NULL;
    const uint32_t n = (uint32_t)rank;
    int64_t kernel[3], strides[3], pads[6];
    net_option_ints(l, net_option(l, "kernel_shape") ? "kernel_shape" : "kernel", n, 2, kernel);
    net_option_ints(l, net_option(l, "pads") ? "pads" : "pad", 2 * n, 0, pads);
    const char *stride = net_option(l, "strides") ? "strides" : "stride";
    for (uint32_t i = 0; i < n; i++)
        strides[i] = kernel[i];
    if (net_option(l, stride))
        net_option_ints(l, stride, n, 1, strides);
    const Net *net = &l->scope->net;
    return net_node(net, l->op, l->name, NN_VALUES(l->x),
                    NN_ATTRS(NN_INTS("kernel_shape", n, kernel), NN_INTS("strides", n, strides),
                             NN_INTS("pads", 2 * n, pads),
                             NN_INT("ceil_mode", net_option_bool(l, "ceil_mode", false))));
}

static NnValue *dropout(const NetLayer *l) {
    return net_dropout(&l->scope->net, l->x, net_option_number(l, "ratio", 0.5), l->name);
}

/* Ioffe, Szegedy 2015: batch statistics in training, running ones (kept as state) otherwise. */
static NnValue *batch_normalization(const NetLayer *l) {
    const Net *net = &l->scope->net;
    const NnGraphApi *graph = net->nn->graph;
    char text[128];
    const int64_t channels = net_extent(net, l->x, 1, l->name);
    if (channels == 0)
        return NULL;
    NnValue *scale = net_param(net, net_join(text, sizeof text, l->name, "scale"), 1, &channels, "ones", 0, 0,
                               NN_VARIABLE_NO_DECAY);
    NnValue *bias = net_param(net, net_join(text, sizeof text, l->name, "bias"), 1, &channels, "zeros", 0, 0,
                              NN_VARIABLE_NO_DECAY);
    NnVariable *mean = net_state(net, net_join(text, sizeof text, l->name, "mean"), 1, &channels, "zeros");
    NnVariable *variance =
        net_state(net, net_join(text, sizeof text, l->name, "variance"), 1, &channels, "ones");
    if (mean == NULL || variance == NULL)
        return NULL;
    NnValue *const inputs[] = {l->x, scale, bias, graph->read(net->g, mean), graph->read(net->g, variance)};
    const double epsilon = net_option_number(l, "epsilon", 1e-5),
                 momentum = net_option_number(l, "momentum", 0.9);
    const bool training = net->phase == NN_TRAINING;
    NnValue *out[3] = {NULL, NULL, NULL};
    (void)net_nodes(net, "BatchNormalization", l->name, inputs, 5,
                    NN_ATTRS(NN_FLOAT("epsilon", epsilon), NN_FLOAT("momentum", momentum),
                             NN_INT("training_mode", training)),
                    out, training ? 3 : 1);
    if (training) {
        (void)graph->assign(net->g, mean, out[1], NULL);
        (void)graph->assign(net->g, variance, out[2], NULL);
    }
    return out[0];
}

/* Ba, Kiros, Hinton 2016: over the last dimension. */
static NnValue *layer_normalization(const NetLayer *l) {
    const Net *net = &l->scope->net;
    char text[128];
    const int64_t n = net_extent(net, l->x, -1, l->name);
    if (n == 0)
        return NULL;
    NnValue *scale = net_param(net, net_join(text, sizeof text, l->name, "scale"), 1, &n, "ones", 0, 0,
                               NN_VARIABLE_NO_DECAY);
    NnValue *bias = net_param(net, net_join(text, sizeof text, l->name, "bias"), 1, &n, "zeros", 0, 0,
                              NN_VARIABLE_NO_DECAY);
    return net_node(net, "LayerNormalization", l->name, NN_VALUES(l->x, scale, bias),
                    NN_ATTRS(NN_INT("axis", -1), NN_FLOAT("epsilon", net_option_number(l, "epsilon", 1e-5))));
}

/* Rows of a table [count, size] picked by integer inputs. */
static NnValue *embedding(const NetLayer *l) {
    const Net *net = &l->scope->net;
    char text[128];
    const int64_t dims[2] = {net_option_int(l, "count", 0), net_option_int(l, "size", 0)};
    if (dims[0] <= 0 || dims[1] <= 0) {
        (void)net_fail(l, l->item, "layer %s: Embedding needs count and size, whole numbers above 0",
                       l->name);
        return NULL;
    }
    NnValue *table = net_param(net, net_join(text, sizeof text, l->name, "weight"), 2, dims, "lecun_normal",
                               dims[1], dims[1], NN_VARIABLE_NO_DECAY);
    return net_node(net, "Gather", l->name, NN_VALUES(table, l->x), NN_NO_ATTRS);
}

static NnValue *flatten(const NetLayer *l) {
    return net_node(&l->scope->net, "Flatten", l->name, NN_VALUES(l->x),
                    NN_ATTRS(NN_INT("axis", net_option_int(l, "axis", 1))));
}

static const char *const dense_keys[] = {"units", "bias", NULL};
static const char *const conv_keys[] = {
    "filters", "kernel", "kernel_shape", "stride", "strides", "dilation", "dilations",
    "pad",     "pads",   "group",        "groups", "bias",    NULL};
static const char *const pool_keys[] = {"kernel", "kernel_shape", "stride",    "strides",
                                        "pad",    "pads",         "ceil_mode", NULL};
static const char *const dropout_keys[] = {"ratio", NULL};
static const char *const batch_keys[] = {"epsilon", "momentum", NULL};
static const char *const norm_keys[] = {"epsilon", NULL};
static const char *const embedding_keys[] = {"count", "size", NULL};
static const char *const flatten_keys[] = {"axis", NULL};

const NetShort net_shorts[] = {
    {"Dense", dense_keys, dense, true},
    {"Conv", conv_keys, conv, false},
    {"MaxPool", pool_keys, pool, false},
    {"AveragePool", pool_keys, pool, false},
    {"Dropout", dropout_keys, dropout, false},
    {"BatchNormalization", batch_keys, batch_normalization, false},
    {"LayerNormalization", norm_keys, layer_normalization, false},
    {"Embedding", embedding_keys, embedding, true},
    {"Flatten", flatten_keys, flatten, false},
};
const uint32_t net_n_shorts = NN_COUNT(net_shorts);
