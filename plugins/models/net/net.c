/* SPDX-License-Identifier: Apache-2.0 */
/* The family `net`: walks the list of layers once for each of train, evaluate and predict. See net.h for the
 * list's form. */
#include "net.h"

static const NetShort *find_short(const NetShort *shorts, uint32_t n, const char *op) {
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(shorts[i].op, op) == 0)
            return &shorts[i];
    return NULL;
}

static const NetShort *short_form(const char *op) {
    const NetShort *found = find_short(net_shorts, net_n_shorts, op);
    return found ? found : find_short(net_sequence_shorts, net_n_sequence_shorts, op);
}

/* The short form serves when every option is one of its keys; else the operator is taken as it is. NULL: it
 * serves; otherwise the option that it does not know. */
static const char *strange_option(const NetShort *form, const NetLayer *l) {
    const NnConfigApi *config = l->scope->net.nn->config;
    for (uint64_t i = 0; l->options && i < config->count(l->options); i++) {
        const char *key = config->key(l->options, i);
        bool known =
            strcmp(key, "name") == 0 ||
            (strcmp(key, "inputs") == 0 && config->kind(config->at(l->options, i)) == NN_CONFIG_STRING);
        for (const char *const *k = form->keys; *k && !known; k++)
            known = strcmp(*k, key) == 0;
        if (!known)
            return key;
    }
    return NULL;
}

static int32_t refuse_option(const NetShort *form, const NetLayer *l, const char *key) {
    char keys[256] = "";
    for (const char *const *k = form->keys; *k; k++)
        (void)snprintf(keys + strlen(keys), sizeof keys - strlen(keys), "%s%s", *keys ? ", " : "", *k);
    return net_fail(l, l->item, "layer %s: %s has no option \"%s\"; it takes name, inputs, %s", l->name,
                    l->op, key, keys);
}

static int32_t read_item(NetScope *scope, const NnConfig *item, NetLayer *l) {
    const NnConfigApi *config = scope->net.nn->config;
    *l = (NetLayer){.scope = scope, .item = item, .x = scope->last};
    if (config->kind(item) == NN_CONFIG_STRING) {
        l->op = config->string(item);
        return NN_OK;
    }
    l->name = "?";
    if (config->kind(item) != NN_CONFIG_MAP || config->count(item) != 1)
        return net_fail(l, item,
                        "expected a layer: the name of an operator, or a map of one name to its options");
    l->op = config->key(item, 0);
    const NnConfig *options = config->at(item, 0);
    if (config->kind(options) == NN_CONFIG_MAP)
        l->options = options;
    else if (config->kind(options) != NN_CONFIG_NULL)
        return net_fail(l, options, "layer %s: expected a map of options", l->op);
    return NN_OK;
}

static int32_t add_layer(NetScope *scope, const NnConfig *item, uint64_t index) {
    const NnConfigApi *config = scope->net.nn->config;
    NetLayer l;
    if (read_item(scope, item, &l) != NN_OK)
        return NN_INVALID;
    char made[96];
    (void)snprintf(made, sizeof made, "%s%llu", l.op, (unsigned long long)index + 1);
    const NnConfig *named = l.options ? config->get(l.options, "name") : NULL;
    if (named && config->kind(named) != NN_CONFIG_STRING)
        return net_fail(&l, named, "layer %s: name: expected a string", l.op);
    l.name = named ? config->string(named) : made;
    const NetShort *form = short_form(l.op);
    const char *strange = form ? strange_option(form, &l) : NULL;
    const bool is_short = form && strange == NULL;
    if (strange && form->only)
        return refuse_option(form, &l, strange);
    const NnConfig *inputs = l.options ? config->get(l.options, "inputs") : NULL;
    if (is_short && inputs && (l.x = net_named(scope, config->string(inputs))) == NULL)
        return net_fail(&l, inputs, "layer %s: no layer or field before it is named \"%s\"", l.name,
                        config->string(inputs));
    char place[512];
    (void)snprintf(place, sizeof place, "%s: layer %s", config->place(item), l.name);
    scope->net.place = place;
    scope->last = is_short ? form->build(&l) : net_operator(&l);
    scope->net.place = NULL;
    if (net_code(&scope->net) != NN_OK) {
        NnStatus *status = scope->net.nn->graph->status(scope->net.g);
        const char *message = scope->net.nn->message(status);
        if (strncmp(message, place, strcspn(place, ":")) != 0)
            scope->net.nn->where(status, strncmp(message, "layer ", 6) == 0 ? config->place(item) : place);
        return net_code(&scope->net);
    }
    return named ? net_name_value(scope, l.name, scope->last) : NN_OK;
}

static NnValue *normalise(const Net *net, NnValue *x) {
    const double mean = net_get_number(net->build, "mean", 0),
                 deviation = net_get_number(net->build, "std", 1);
    if (mean != 0)
        x = nn_op2(net->nn, net->g, "Sub", x, nn_scalar(net->nn, net->g, NN_F32, mean));
    if (deviation != 1)
        x = nn_op2(net->nn, net->g, "Div", x, nn_scalar(net->nn, net->g, NN_F32, deviation));
    return x;
}

static int32_t name_fields(NetScope *scope, const NnField **target) {
    const NnModelBuild *build = scope->net.build;
    for (uint32_t i = 0; i < build->data->n_fields; i++) {
        const NnField *f =
            (const void *)((const char *)build->data->fields + (size_t)i * build->data->field_stride);
        if (strcmp(f->name, "y") == 0) {
            *target = f;
            continue;
        }
        NnValue *stored = net_feed(&scope->net, f);
        NnValue *v = f->classes ? net_classes(&scope->net, f, stored) : net_real(&scope->net, f, stored);
        if (strcmp(f->name, "x") == 0)
            scope->last = v = f->classes ? v : normalise(&scope->net, v);
        if (net_name_value(scope, f->name, v) != NN_OK)
            return NN_INVALID;
    }
    if (*target == NULL || scope->last == NULL)
        return nn_fail(build->host, build->status, NN_INVALID, "the data must have the fields x and y");
    return NN_OK;
}

/* The last layer has to give one number per class. */
static int32_t check_logits(const NetScope *scope, const NnField *y, const NnConfig *layers) {
    const NnHost *nn = scope->net.nn;
    const NnValueInfo *info = nn->graph->info(scope->net.g, scope->last);
    if (y->classes == 0 || info == NULL || info->rank < 2 || !nn_dim_known(info->dims[1]) ||
        info->dims[1] == (int64_t)y->classes)
        return NN_OK;
    char text[160];
    (void)snprintf(text, sizeof text,
                   "the last layer gives %lld numbers a sample, but the data has %llu classes",
                   (long long)info->dims[1], (unsigned long long)y->classes);
    const uint64_t last = nn->config->count(layers) - 1;
    return nn->config->fail(nn->config->at(layers, last), nn->graph->status(scope->net.g), text);
}

static int32_t build_function(NetScope *scope, const NnConfig *layers, bool predicts) {
    Net *net = &scope->net;
    const NnConfigApi *config = net->nn->config;
    const NnField *y = NULL;
    if (name_fields(scope, &y) != NN_OK)
        return NN_INVALID;
    for (uint64_t i = 0; i < config->count(layers); i++)
        if (add_layer(scope, config->at(layers, i), i) != NN_OK)
            return NN_INVALID;
    if (check_logits(scope, y, layers) != NN_OK)
        return NN_INVALID;
    if (predicts) {
        net_predict(net, scope->last, y);
        return net_code(net);
    }
    if (y->classes)
        net_classify(net, scope->last, net_classes(net, y, net_feed(net, y)));
    else
        net_regress(net, scope->last, net_real(net, y, net_feed(net, y)));
    return net_code(net);
}

static int32_t build_net(NnModelBuild *build) {
    const NnConfig *layers = net_get(build, "layers");
    const NnConfigApi *config = build->host->config;
    if (layers == NULL || config->count(layers) == 0)
        return config->fail(layers, build->status, "the family net needs a list of layers that is not empty");
    static const char *const name[] = {"train", "evaluate", "predict"};
    NetScope *scope = build->host->alloc(build->host, sizeof *scope);
    if (scope == NULL)
        return nn_fail(build->host, build->status, NN_OUT_OF_MEMORY, "no memory for the names of a network");
    int32_t code = NN_OK;
    for (int i = 0; i < 3 && code == NN_OK; i++) {
        memset(scope, 0, sizeof *scope);
        scope->net = (Net){.nn = build->host,
                           .build = build,
                           .init = net_get_string(build, "init", "he_uniform"),
                           .phase = i == 0 ? NN_TRAINING : NN_INFERENCE};
        scope->net.g = build->begin(build, name[i], scope->net.phase);
        if (scope->net.g == NULL) {
            code = NN_ERROR;
            break;
        }
        code = build_function(scope, layers, i == 2);
        const int32_t ended = build->end(build, scope->net.g);
        code = code == NN_OK ? ended : code;
    }
    build->host->free(build->host, scope);
    return code;
}

static const NnSetting settings[] = {
    {"layers", NN_SET_LIST, NN_SET_REQUIRED, NULL, 0, 0, NULL, NULL,
     "The layers in order: names of operators, or maps of a name to its options (name, inputs, outputs, "
     "attributes)."},
    {"init", NN_SET_ENUM, 0, "he_uniform", 0, 0,
     "he_normal|he_uniform|xavier_uniform|xavier_normal|lecun_normal|orthogonal", NULL,
     "Initialiser of the layers' weights."},
    {"mean", NN_SET_FLOAT, 0, "0", 0, 0, NULL, NULL, "Subtracted from the input x."},
    {"std", NN_SET_FLOAT, NN_SET_RANGE | NN_SET_ABOVE, "1", 0, 1e30, NULL, NULL,
     "The input x is divided by it."},
};

static const NnModel net = {.struct_size = sizeof net,
                            .n_settings = NN_COUNT(settings),
                            .setting_stride = NN_STRIDE(settings),
                            .name = "net",
                            .doc =
                                "Any acyclic network from a list of layers; every operator can be a layer.",
                            .settings = settings,
                            .build = build_net};

static const NnExport exports[] = {{NN_MODEL_KIND, "net", &net}};
NN_PLUGIN(net, "Networks from a list of layers.", exports)
