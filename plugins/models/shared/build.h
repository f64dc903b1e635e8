/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A function of a model under construction, as all families write it: nodes that know their layer and its
 * place, parameters, state, and the family's settings.
 */
#ifndef NN_MODELS_BUILD_H
#define NN_MODELS_BUILD_H

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

#endif
