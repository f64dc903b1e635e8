/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of an imported graph. The file is read once for each of them; their variables are the same.
 */
#include "imported.h"

#include <stdlib.h>

/* A value that a node has made. */
typedef struct Made {
    char *name;
    NnValue *value;
    NnValue *logits; /* what went into a Softmax that made it; NULL */
    bool softmax;
} Made;

/* One function under construction. */
typedef struct Import {
    Net net;
    Source *source;
    bool raw;           /* as the file has it: no fields, no loss */
    const char *wanted; /* the value that is the result; NULL: the first output */
    NnValue *result;
    Made *made; /* by the graph's nodes */
    uint32_t n_made, room;
    char *first; /* the name of the first output */
    bool listed; /* the wanted value is an output of the graph */
    uint32_t n_inputs;
    uint8_t *used; /* per entry of `inputs`: is it an input of the graph? */
} Import;

static NnStatus *status_of(const Import *m) { return m->net.nn->graph->status(m->net.g); }

/* ---- what the format tells ---- */

static NnValue *take_input(void *self, const char *name, int32_t type, int32_t rank, const int64_t *dims,
                           const char *const *dim_names, NnStatus *status) {
    Import *m = self;
    const NnHost *nn = m->net.nn;
    const NnConfig *inputs = net_get(m->net.build, "inputs");
    const uint32_t index = m->n_inputs++;

    (void)dim_names;
    for (uint64_t i = 0; inputs && i < nn->config->count(inputs); i++)
        if (strcmp(nn->config->key(inputs, i), name) == 0)
            m->used[i] = 1;
    NnValue *v = m->raw ? nn->graph->input(m->net.g, name, type, rank, dims)
                        : feed_input(&m->net, index, name, type, rank, dims);
    if (v == NULL)
        (void)nn->fail(status, nn->code(status_of(m)), nn->message(status_of(m)));
    return v;
}

/* `*` any characters, `?` one. After a mismatch the last `*` takes one character more. */
static bool matches(const char *pattern, const char *name) {
    const char *star = NULL, *from = NULL;
    while (*name) {
        if (*pattern == '*') {
            star = pattern++;
            from = name;
        } else if (*pattern == '?' || *pattern == *name) {
            pattern++;
            name++;
        } else if (star) {
            pattern = star + 1;
            name = ++from;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

/* The last pattern that matches decides; one that begins with ! says no. */
static bool is_trained(const NnModelBuild *build, const char *name) {
    const NnConfigApi *config = build->host->config;
    const NnConfig *list = net_get(build, "train");
    bool trained = false;

    for (uint64_t i = 0; list && i < config->count(list); i++) {
        const char *pattern = config->string(config->at(list, i));
        if (pattern && matches(pattern + (*pattern == '!'), name))
            trained = *pattern != '!';
    }
    return trained;
}

static NnValue *take_initial(void *self, const NnArray *a, int32_t role, NnStatus *status) {
    Import *m = self;
    const NnHost *nn = m->net.nn;
    NnValue *v = NULL;

    if (!((NN_FLOATS & NN_MASK(a->type)) && a->bytes)) {
        v = nn->graph->constant(m->net.g, a->type, a->rank, a->dims, a->data);
    } else {
        const bool trained = role == NN_PARAMETER && a->rank && is_trained(m->net.build, a->name);
        const NnVariableSpec spec = {.struct_size = sizeof spec,
                                     .type = a->type,
                                     .name = a->name,
                                     .rank = a->rank,
                                     .role = trained ? NN_PARAMETER : NN_STATE,
                                     .dims = a->dims,
                                     .flags = a->rank < 2 ? NN_VARIABLE_NO_DECAY : 0,
                                     .value = a->data};
        NnVariable *variable = nn->graph->variable(m->net.g, &spec);
        v = variable ? nn->graph->read(m->net.g, variable) : NULL;
    }
    if (v == NULL)
        (void)nn->fail(status, nn->code(status_of(m)), nn->message(status_of(m)));
    return v;
}

static NnValue *made_value(const Import *m, const char *name) {
    for (uint32_t i = m->n_made; i-- > 0;)
        if (strcmp(m->made[i].name, name) == 0)
            return m->made[i].value;
    return NULL;
}

static bool add_made(Import *m, const char *name, NnValue *value, const NnFileNode *node) {
    const bool softmax = strcmp(node->op, "Softmax") == 0 && node->n_inputs;

    if (m->n_made == m->room) {
        const uint32_t room = m->room * 2 + 64;
        Made *more = realloc(m->made, room * sizeof *more);
        if (more == NULL)
            return false;
        m->made = more;
        m->room = room;
    }
    Made *made = &m->made[m->n_made];
    *made = (Made){.name = malloc(strlen(name) + 1),
                   .value = value,
                   .logits = softmax ? made_value(m, node->inputs[0]) : NULL,
                   .softmax = softmax};
    if (made->name == NULL)
        return false;
    (void)strcpy(made->name, name);
    m->n_made++;
    return true;
}

static int32_t take_node(void *self, const NnFileNode *node, NnStatus *status) {
    Import *m = self;

    for (uint32_t i = 0; i < node->n_outputs; i++)
        if (node->values[i] && !add_made(m, node->outputs[i], node->values[i], node))
            return nn_fail(m->net.nn, status, NN_OUT_OF_MEMORY, "no memory to import a graph");
    return NN_OK;
}

static int32_t take_output(void *self, const char *name, NnValue *value, NnStatus *status) {
    Import *m = self;
    const bool first = m->first == NULL;

    if (first && (m->first = malloc(strlen(name) + 1)) != NULL)
        (void)strcpy(m->first, name);
    if (m->first == NULL)
        return nn_fail(m->net.nn, status, NN_OUT_OF_MEMORY, "no memory for a name");
    if (first && m->wanted == NULL)
        m->result = value;
    if (m->wanted && strcmp(name, m->wanted) == 0)
        m->listed = true;
    return m->raw ? m->net.nn->graph->output(m->net.g, name, value) : NN_OK;
}

static int32_t take_companion(void *self, const char *name, uint64_t offset, uint64_t length,
                              const void **bytes, NnStatus *status) {
    return source_companion(((Import *)self)->source, name, offset, length, bytes, status);
}

/* ---- one function ---- */

static int32_t check_inputs(const Import *m) {
    const NnConfigApi *config = m->net.nn->config;
    const NnConfig *inputs = net_get(m->net.build, "inputs");

    for (uint64_t i = 0; inputs && i < config->count(inputs); i++)
        if (!m->used[i]) {
            char text[300];
            (void)snprintf(text, sizeof text, "the graph has no input \"%.100s\"; it has %u inputs",
                           config->key(inputs, i), m->n_inputs);
            return config->fail(config->at(inputs, i), status_of(m), text);
        }
    return NN_OK;
}

static int32_t read_graph(Import *m) {
    const NnHost *nn = m->net.nn;
    const Source *s = m->source;
    const NnConfig *output = net_get(m->net.build, "output"), *inputs = net_get(m->net.build, "inputs");
    const NnGraphSource told = {.struct_size = sizeof told,
                                .self = m,
                                .input = take_input,
                                .initial = take_initial,
                                .output = take_output,
                                .companion = take_companion,
                                .node = take_node};
    m->used = calloc(inputs ? nn->config->count(inputs) + 1 : 1, 1);
    if (m->used == NULL)
        return nn_fail(nn, status_of(m), NN_OUT_OF_MEMORY, "no memory to import a graph");
    if (s->format->read_graph(s->format_host, s->bytes, s->n, m->net.g, &told, status_of(m)) != NN_OK) {
        const char *message = nn->message(status_of(m)), *place = nn->config->place(s->setting);
        if (strncmp(message, place, strcspn(place, ":")) != 0)
            nn->where(status_of(m), nn->config->path(s->setting));
        return net_code(&m->net);
    }
    if (check_inputs(m) != NN_OK)
        return net_code(&m->net);
    if (m->wanted)
        m->result = made_value(m, m->wanted);
    if (m->result == NULL && m->wanted) {
        char text[300];
        (void)snprintf(text, sizeof text, "the graph has no value \"%.150s\"", m->wanted);
        return nn->config->fail(output, status_of(m), text);
    }
    if (m->raw && m->wanted && !m->listed)
        (void)nn->graph->output(m->net.g, m->wanted, m->result);
    return m->result ? NN_OK
                     : nn_fail(nn, status_of(m), NN_INVALID, "%s: the graph has no outputs",
                               nn->config->path(s->setting));
}

/* [N, C, 1, 1] as [N, C]; all dimensions of a sample in one, for a head. */
static NnValue *flatten(const Net *net, NnValue *x, bool always) {
    const NnValueInfo *info = net->nn->graph->info(net->g, x);
    bool thin = info && info->rank > 2;

    for (int32_t i = 2; thin && !always && i < info->rank; i++)
        thin = info->dims[i] == 1;
    return thin ? nn_op(net->nn, net->g, "Flatten", NN_VALUES(x), NN_ATTRS(NN_INT("axis", 1))) : x;
}

/* Probabilities as logits: what went into their Softmax or, where that is out of sight, their logarithms. */
static NnValue *undo_softmax(const Import *m) {
    const Net *net = &m->net;
    const char *said = net_get_string(net->build, "gives", "auto");
    const Made *made = NULL;

    for (uint32_t i = 0; i < m->n_made && strcmp(said, "logits") != 0; i++)
        if (m->made[i].value == m->result && m->made[i].softmax)
            made = &m->made[i];
    if (made && made->logits)
        return made->logits;
    if (made == NULL && strcmp(said, "probabilities") != 0)
        return m->result;
    NnValue *least = nn_scalar_like(net->nn, net->g, m->result, 1e-30);
    return nn_op1(net->nn, net->g, "Log",
                  nn_op(net->nn, net->g, "Clip", NN_VALUES(m->result, least), NN_NO_ATTRS));
}

/* What the graph gives, as logits of the data's classes or as values. */
static NnValue *finish(const Import *m, const NnField *y) {
    const Net *net = &m->net;
    const NnHost *nn = net->nn;
    const int64_t units = y == NULL ? 0 : y->classes ? (int64_t)y->classes : nn_product(y->dims, 0, y->rank);
    const NnConfig *head = net_get(net->build, "head");
    NnValue *x = m->result;

    if (head && nn->config->boolean(head))
        return y ? net_dense(net, flatten(net, x, true), units, true, "head")
                 : (nn->config->fail(head, status_of(m), "a head needs data with a field y"), NULL);
    if (y == NULL || y->classes == 0)
        return x;
    x = undo_softmax(m);
    x = x ? flatten(net, x, false) : NULL;
    const NnValueInfo *info = x ? nn->graph->info(net->g, x) : NULL;
    if (info && (info->rank < 2 || (info->dims[1] >= 0 && info->dims[1] != units))) {
        const NnConfig *at = net_get(net->build, "output");
        char text[300];
        (void)snprintf(
            text, sizeof text,
            "the graph's %.100s gives %lld numbers a sample, but the data has %lld classes; with head: true "
            "a new layer makes these out of it",
            m->wanted ? m->wanted : m->first, info->rank < 2 ? 1LL : (long long)info->dims[1],
            (long long)units);
        (void)nn->config->fail(at ? at : net_get(net->build, "file"), status_of(m), text);
    }
    return x;
}

static void add_outputs(const Import *m, const char *function) {
    const Net *net = &m->net;
    const NnField *y = net_field(net->build, "y");
    NnValue *x = finish(m, y);

    if (x == NULL || net_code(net) != NN_OK)
        return;
    if (strcmp(function, "predict") == 0 && y)
        net_predict(net, x, y);
    else if (strcmp(function, "predict") == 0)
        (void)net->nn->graph->output(net->g, "prediction", x);
    else if (y->classes)
        net_classify(net, x, net_classes(net, y, net_feed(net, y)));
    else
        net_regress(net, x, net_real(net, y, net_feed(net, y)));
}

static int32_t build_function(NnModelBuild *build, Source *source, const char *name, bool raw) {
    const NnConfig *output = net_get(build, "output");
    Import m = {.net = {.nn = build->host,
                        .build = build,
                        .init = "he_uniform",
                        .phase = strcmp(name, "train") == 0 ? NN_TRAINING : NN_INFERENCE},
                .source = source,
                .raw = raw,
                .wanted = output ? build->host->config->string(output) : NULL};
    if (m.wanted && *m.wanted == '\0')
        m.wanted = NULL;
    m.net.g = build->begin(build, name, m.net.phase);
    if (m.net.g == NULL)
        return build->host->code(build->status);
    if (read_graph(&m) == NN_OK && !raw)
        add_outputs(&m, name);
    free(m.used);
    free(m.first);
    for (uint32_t i = 0; i < m.n_made; i++)
        free(m.made[i].name);
    free(m.made);
    return build->end(build, m.net.g);
}

static int32_t build_imported(NnModelBuild *build) {
    static const struct {
        const char *name;
        bool raw, needs_x, needs_y;
    } functions[] = {{"train", false, true, true},
                     {"evaluate", false, true, true},
                     {"predict", false, true, false},
                     {"infer", true, false, false}};
    const bool x = build->data && build->data->n_fields, y = x && net_field(build, "y");
    Source source;
    int32_t code = source_open(&source, build);

    for (uint32_t i = 0; i < NN_COUNT(functions) && code == NN_OK; i++)
        if ((x || !functions[i].needs_x) && (y || !functions[i].needs_y))
            code = build_function(build, &source, functions[i].name, functions[i].raw);
    if (code == NN_OK && !x)
        code = build_function(build, &source, "predict", true);
    source_close(&source);
    return code;
}

static const NnSetting settings[] = {
    {.name = "file", .kind = NN_SET_PATH, .flags = NN_SET_REQUIRED, .doc = "The file that holds the graph."},
    {.name = "format",
     .kind = NN_SET_STRING,
     .preset = "''",
     .doc = "Its format; empty: as the file's name ends, model.onnx is read by onnx."},
    {.name = "inputs",
     .kind = NN_SET_MAP,
     .preset = "{}",
     .doc = "What goes into the graph's inputs: {INPUT: FIELD}, {INPUT: NUMBER}, or {INPUT: {field, "
            "transpose, scale, "
            "mean, std}}. The first input takes the field x where nothing else is said."},
    {.name = "output",
     .kind = NN_SET_STRING,
     .preset = "''",
     .doc = "Which value of the graph is the result, an inner one too; empty: the first output."},
    {.name = "gives",
     .kind = NN_SET_ENUM,
     .preset = "auto",
     .choices = "auto|logits|probabilities",
     .doc = "What the result is where the data has classes; auto: probabilities behind a Softmax, else "
            "logits, as "
            "which logarithms of probabilities serve too."},
    {.name = "head",
     .kind = NN_SET_BOOL,
     .preset = "false",
     .doc = "Put a new dense layer on the result, with one output for each class: head.weight, head.bias."},
    {.name = "train",
     .kind = NN_SET_STRINGS,
     .preset = "['*']",
     .doc = "Which weights train: patterns of their names, the last that matches decides, ! in front "
            "excludes; [] "
            "trains none but a head. Scalars and running statistics never train."},
};

static const NnModel imported = {
    .struct_size = sizeof imported,
    .n_settings = NN_COUNT(settings),
    .setting_stride = NN_STRIDE(settings),
    .name = "imported",
    .doc = "A graph from a file, as another program has written it; nnrun import makes "
           "the configuration.",
    .settings = settings,
    .build = build_imported};

static const NnExport exports[] = {{NN_MODEL_KIND, "imported", &imported}};
NN_PLUGIN(imported, "Networks from files of other programs.", exports)
