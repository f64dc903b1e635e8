/* SPDX-License-Identifier: Apache-2.0 */
/* Any operator as a layer: its inputs by name or as numbers, its options as attributes, its results under
 * names. */
#include "net.h"

#define MAX_INPUTS 64
#define MAX_ATTRS 32
#define MAX_ITEMS 256

typedef struct Numbers {
    int64_t ints[MAX_ITEMS];
    double floats[MAX_ITEMS];
    const char *strings[MAX_ITEMS];
    uint32_t count;
    int32_t kind; /* NN_CONFIG_INT, _FLOAT or _STRING: the widest that occurs */
} Numbers;

int32_t net_fail(const NetLayer *l, const NnConfig *at, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const NnHost *nn = l->scope->net.nn;
    return nn->config->fail(at, nn->graph->status(l->scope->net.g), text);
}

const NnConfig *net_option(const NetLayer *l, const char *key) {
    return l->options ? l->scope->net.nn->config->get(l->options, key) : NULL;
}

int64_t net_option_int(const NetLayer *l, const char *key, int64_t absent) {
    const NnConfig *c = net_option(l, key);
    if (c == NULL)
        return absent;
    if (l->scope->net.nn->config->kind(c) != NN_CONFIG_INT)
        (void)net_fail(l, c, "layer %s: %s: expected a whole number", l->name, key);
    return l->scope->net.nn->config->integer(c);
}

double net_option_number(const NetLayer *l, const char *key, double absent) {
    const NnConfig *c = net_option(l, key);
    if (c == NULL)
        return absent;
    const int32_t kind = l->scope->net.nn->config->kind(c);
    if (kind != NN_CONFIG_INT && kind != NN_CONFIG_FLOAT)
        (void)net_fail(l, c, "layer %s: %s: expected a number", l->name, key);
    return l->scope->net.nn->config->number(c);
}

const char *net_option_text(const NetLayer *l, const char *key, const char *absent) {
    const NnConfig *c = net_option(l, key);
    if (c == NULL)
        return absent;
    if (l->scope->net.nn->config->kind(c) == NN_CONFIG_STRING)
        return l->scope->net.nn->config->string(c);
    (void)net_fail(l, c, "layer %s: %s: expected a name", l->name, key);
    return absent;
}

bool net_option_bool(const NetLayer *l, const char *key, bool absent) {
    const NnConfig *c = net_option(l, key);
    if (c == NULL)
        return absent;
    if (l->scope->net.nn->config->kind(c) != NN_CONFIG_BOOL)
        (void)net_fail(l, c, "layer %s: %s: expected true or false", l->name, key);
    return l->scope->net.nn->config->boolean(c);
}

void net_option_ints(const NetLayer *l, const char *key, uint32_t n, int64_t absent, int64_t *values) {
    const NnConfigApi *config = l->scope->net.nn->config;
    const NnConfig *c = net_option(l, key);
    const bool list = c && config->kind(c) == NN_CONFIG_LIST;
    if (list && config->count(c) != n)
        (void)net_fail(l, c, "layer %s: %s: expected one number or %u, found %llu", l->name, key, n,
                       (unsigned long long)config->count(c));
    for (uint32_t i = 0; i < n; i++) {
        const NnConfig *item = list ? config->at(c, i) : c;
        values[i] = item ? config->integer(item) : absent;
        if (item && config->kind(item) != NN_CONFIG_INT)
            (void)net_fail(l, item, "layer %s: %s: expected whole numbers", l->name, key);
    }
}

int32_t net_name_value(NetScope *scope, const char *name, NnValue *value) {
    if (scope->count == NET_MAX_VALUES)
        return nn_fail(scope->net.nn, scope->net.build->status, NN_INVALID,
                       "the network has more than %d named values", NET_MAX_VALUES);
    scope->names[scope->count] = name;
    scope->values[scope->count++] = value;
    return NN_OK;
}

NnValue *net_named(const NetScope *scope, const char *name) {
    for (uint32_t i = scope->count; i-- > 0;)
        if (strcmp(scope->names[i], name) == 0)
            return scope->values[i];
    return strcmp(name, "previous") == 0 ? scope->last : NULL;
}

static int32_t numbers(const NetLayer *l, const NnConfig *c, Numbers *out) {
    const NnConfigApi *config = l->scope->net.nn->config;
    const bool list = config->kind(c) == NN_CONFIG_LIST;
    const uint64_t n = list ? config->count(c) : 1;
    if (n > MAX_ITEMS)
        return net_fail(l, c, "layer %s: a list of more than %d items", l->name, MAX_ITEMS);
    out->count = (uint32_t)n;
    out->kind = NN_CONFIG_INT;
    for (uint32_t i = 0; i < n; i++) {
        const NnConfig *item = list ? config->at(c, i) : c;
        const int32_t kind = config->kind(item);
        if (kind == NN_CONFIG_NULL || kind == NN_CONFIG_LIST || kind == NN_CONFIG_MAP)
            return net_fail(l, item, "layer %s: expected a number or a string", l->name);
        out->ints[i] = kind == NN_CONFIG_BOOL  ? config->boolean(item)
                       : kind == NN_CONFIG_INT ? config->integer(item)
                                               : 0;
        out->floats[i] = kind == NN_CONFIG_STRING ? 0
                         : kind == NN_CONFIG_BOOL ? (double)out->ints[i]
                                                  : config->number(item);
        out->strings[i] = kind == NN_CONFIG_STRING ? config->string(item) : "";
        if (kind == NN_CONFIG_STRING || (kind == NN_CONFIG_FLOAT && out->kind == NN_CONFIG_INT))
            out->kind = kind;
    }
    return NN_OK;
}

/* A name, null, a number, or a list of numbers. */
static NnValue *input(const NetLayer *l, const NnConfig *c) {
    const Net *net = &l->scope->net;
    const NnConfigApi *config = net->nn->config;
    if (config->kind(c) == NN_CONFIG_NULL)
        return NULL;
    if (config->kind(c) == NN_CONFIG_STRING) {
        NnValue *v = net_named(l->scope, config->string(c));
        if (v == NULL)
            (void)net_fail(l, c, "layer %s: no layer or field before it is named \"%s\"", l->name,
                           config->string(c));
        return v;
    }
    Numbers list;
    if (numbers(l, c, &list) != NN_OK)
        return NULL;
    const bool scalar = config->kind(c) != NN_CONFIG_LIST;
    const int64_t n = list.count;
    if (list.kind == NN_CONFIG_INT)
        return net->nn->graph->constant(net->g, NN_I64, scalar ? 0 : 1, &n, list.ints);
    float floats[MAX_ITEMS];
    for (int64_t i = 0; i < n; i++)
        floats[i] = (float)list.floats[i];
    return net->nn->graph->constant(net->g, NN_F32, scalar ? 0 : 1, &n, floats);
}

static uint32_t gather_inputs(const NetLayer *l, NnValue **inputs) {
    const NnConfigApi *config = l->scope->net.nn->config;
    const NnConfig *c = net_option(l, "inputs");
    if (c == NULL) {
        inputs[0] = l->x;
        return 1;
    }
    if (config->kind(c) != NN_CONFIG_LIST) {
        inputs[0] = input(l, c);
        return 1;
    }
    const uint64_t n = config->count(c);
    if (n > MAX_INPUTS) {
        (void)net_fail(l, c, "layer %s: more than %d inputs", l->name, MAX_INPUTS);
        return 0;
    }
    for (uint64_t i = 0; i < n; i++)
        inputs[i] = input(l, config->at(c, i));
    return (uint32_t)n;
}

static void attribute(const char *key, const NnConfig *value, const NnConfigApi *config, Numbers *n,
                      NnAttr *out) {
    *out = (NnAttr){.name = key, .count = n->count};
    if (config->kind(value) == NN_CONFIG_LIST) {
        out->kind = n->kind == NN_CONFIG_INT     ? NN_ATTR_INTS
                    : n->kind == NN_CONFIG_FLOAT ? NN_ATTR_FLOATS
                                                 : NN_ATTR_STRINGS;
        if (n->kind == NN_CONFIG_INT)
            out->u.ints = n->ints;
        else if (n->kind == NN_CONFIG_FLOAT)
            out->u.floats = n->floats;
        else
            out->u.strings = n->strings;
        return;
    }
    out->kind = n->kind == NN_CONFIG_INT     ? NN_ATTR_INT
                : n->kind == NN_CONFIG_FLOAT ? NN_ATTR_FLOAT
                                             : NN_ATTR_STRING;
    if (n->kind == NN_CONFIG_INT)
        out->u.i = n->ints[0];
    else if (n->kind == NN_CONFIG_FLOAT)
        out->u.f = n->floats[0];
    else
        out->u.s = n->strings[0];
}

static bool reserved(const char *key) {
    return strcmp(key, "name") == 0 || strcmp(key, "inputs") == 0 || strcmp(key, "outputs") == 0;
}

static uint32_t gather_attributes(const NetLayer *l, NnAttr *attrs, Numbers *lists) {
    const NnConfigApi *config = l->scope->net.nn->config;
    uint32_t n = 0;
    for (uint64_t i = 0; l->options && i < config->count(l->options); i++) {
        const char *key = config->key(l->options, i);
        const NnConfig *value = config->at(l->options, i);
        if (reserved(key))
            continue;
        if (n == MAX_ATTRS) {
            (void)net_fail(l, value, "layer %s: more than %d attributes", l->name, MAX_ATTRS);
            return 0;
        }
        if (numbers(l, value, &lists[n]) != NN_OK)
            return 0;
        attribute(key, value, config, &lists[n], &attrs[n]);
        n++;
    }
    return n;
}

/* `outputs` is a list of names. */
static int32_t check_outputs(const NetLayer *l) {
    const NnConfigApi *config = l->scope->net.nn->config;
    const NnConfig *names = net_option(l, "outputs");
    if (names == NULL)
        return NN_OK;
    if (config->kind(names) != NN_CONFIG_LIST || config->count(names) == 0 ||
        config->count(names) > MAX_INPUTS)
        return net_fail(l, names, "layer %s: outputs: expected a list of 1 to %d names", l->name, MAX_INPUTS);
    for (uint64_t i = 0; i < config->count(names); i++)
        if (config->kind(config->at(names, i)) != NN_CONFIG_STRING)
            return net_fail(l, config->at(names, i), "layer %s: outputs: expected a name", l->name);
    return NN_OK;
}

NnValue *net_operator(const NetLayer *l) {
    const Net *net = &l->scope->net;
    const NnConfigApi *config = net->nn->config;
    NnValue *inputs[MAX_INPUTS] = {NULL}, *outputs[MAX_INPUTS] = {NULL};
    if (check_outputs(l) != NN_OK)
        return NULL;
    Numbers *lists = net->nn->alloc(net->nn, MAX_ATTRS * sizeof *lists);
    if (lists == NULL) {
        (void)nn_fail(net->nn, net->build->status, NN_OUT_OF_MEMORY,
                      "no memory for the attributes of layer %s", l->name);
        return NULL;
    }
    NnAttr attrs[MAX_ATTRS];
    const NnConfig *names = net_option(l, "outputs");
    const uint64_t n_names = names ? config->count(names) : 0;
    const NnNodeSpec spec = {.struct_size = sizeof spec,
                             .op = l->op,
                             .name = l->name,
                             .n_inputs = gather_inputs(l, inputs),
                             .n_outputs = n_names ? (uint32_t)n_names : 1,
                             .n_attrs = gather_attributes(l, attrs, lists),
                             .attr_stride = sizeof(NnAttr),
                             .inputs = inputs,
                             .attrs = attrs,
                             .place = net->place};
    (void)net->nn->graph->node(net->g, &spec, outputs);
    net->nn->free(net->nn, lists);
    for (uint32_t i = 0; i < spec.n_outputs && n_names; i++)
        (void)net_name_value(l->scope, config->string(config->at(names, i)), outputs[i]);
    return outputs[0];
}
