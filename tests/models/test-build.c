/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every family builds for data that fits it: the functions it promises are there, with their inputs and
 * outputs, and the parameters have the shapes of the papers. Data that does not fit, and layers that cannot
 * be, are refused with a sentence that names the layer and the place.
 */
#include "nn/nn.h"
#include "nn/plugin.h"

#include <stdlib.h>

static int failed;

static void report(bool good, const char *what, const char *why) {
    printf("%s %s%s%s\n", good ? "ok" : "not ok", what, good ? "" : ": ", good ? "" : why);
    failed += !good;
}

static const int64_t image[] = {1, 28, 28}, window[] = {16}, measures[] = {4};
static const NnField images[] = {
    {.name = "x", .type = NN_U8, .rank = 3, .dims = image, .scale = 1.0 / 255},
    {.name = "y", .type = NN_I64, .classes = 10},
};
static const NnField windows[] = {
    {.name = "x", .type = NN_U8, .rank = 1, .dims = window, .classes = 65},
    {.name = "y", .type = NN_U8, .rank = 1, .dims = window, .classes = 65},
};
static const NnField rows[] = {
    {.name = "x", .type = NN_F32, .rank = 1, .dims = measures},
    {.name = "y", .type = NN_F32},
};
static const NnSplit splits[] = {{"train", 100}, {"test", 50}};

typedef struct Case {
    const char *name, *family, *settings;
    const NnField *fields;
    const char *functions; /* separated by spaces: all must be there */
    uint64_t parameters;   /* elements of all of them; 0: it must be refused */
    const char *message;   /* what the refusal must contain */
} Case;

static const Case cases[] = {
    {"mlp of classes", "mlp", "{family: mlp, hidden: [512, 512]}", images, "train evaluate predict", 669706,
     NULL},
    {"mlp of values", "mlp", "{family: mlp, hidden: [8]}", rows, "train evaluate predict", 4 * 8 + 8 + 8 + 1,
     NULL},
    {"misspelt activation", "mlp", "family: mlp\nactivation: Relo\n", images, NULL, 0,
     "settings:2:13: layer dense1: no plug-in provides operator 'Relo'"},
    {"lenet5", "cnn", "{family: cnn}", images, "train evaluate predict", 61706, NULL},
    {"lenet5 on rows", "cnn", "{family: cnn}", rows, NULL, 0, "wants images"},
    {"elman", "rnn", "{family: rnn, cell: elman, units: 32}", windows,
     "train evaluate predict sample reset.train reset.evaluate reset.sample",
     65 * 32 + 32 * 32 + 32 + 32 * 65 + 65, NULL},
    {"gru", "rnn", "{family: rnn, cell: gru, units: 32, layers: 2}", windows, "train sample",
     65 * 96 + 3 * 32 * 96 + 2 * 96 + 32 * 65 + 65, NULL},
    {"lstm", "rnn", "{family: rnn, cell: lstm, units: 32, layers: 2, dropout: 0.1}", windows, "train sample",
     65 * 128 + 3 * 32 * 128 + 2 * 128 + 32 * 65 + 65, NULL},
    {"lstm on images", "rnn", "{family: rnn}", images, NULL, 0, "windows of symbols"},
    {"rbm", "boltzmann", "{family: boltzmann, hidden: 500}", images,
     "train evaluate predict reconstruct encode energy sample reset.sample", 784 * 500 + 784 + 500, NULL},
    {"persistent rbm", "boltzmann", "{family: boltzmann, hidden: 20, persistent: true, steps: 15}", images,
     "train", 784 * 20 + 784 + 20, NULL},
    {"net", "net",
     "family: net\nlayers:\n  - Conv: {name: a, filters: 4, kernel: 3, pad: same}\n  - BatchNormalization\n  "
     "- Relu\n"
     "  - Add: {inputs: [a, 1.0]}\n  - MaxPool: {kernel: 2}\n  - Flatten\n  - Dense: {units: 10}\n",
     images, "train evaluate predict", 4 * 9 + 4 + 8 + 4 * 196 * 10 + 10, NULL},
    {"net of sequences", "net",
     "family: net\nlayers:\n  - Reshape: {inputs: [x, [0, 28, 28]]}\n  - LSTM: {units: 8}\n"
     "  - GRU: {units: 6, direction: bidirectional}\n  - RNN: {units: 5, direction: reverse, last: true}\n"
     "  - Dense: {units: 10}\n",
     images, "train evaluate predict",
     4 * 8 * (28 + 8 + 2) + 2 * 3 * 6 * (8 + 6 + 2) + 5 * (12 + 5 + 2) + 5 * 10 + 10, NULL},
    {"net with attention", "net",
     "family: net\nlayers:\n  - Reshape: {name: rows, inputs: [x, [0, 28, 28]]}\n"
     "  - Parameter: {name: position, shape: [28, 28], init: uniform, scale: 0.1}\n"
     "  - Add: {inputs: [rows, position]}\n  - MultiHeadAttention: {heads: 4, causal: true}\n"
     "  - ReduceMean: {inputs: [previous, [1]], keepdims: 0}\n  - Dense: {units: 10}\n",
     images, "train evaluate predict", 28 * 28 + 4 * (28 * 28 + 28) + 280 + 10, NULL},
    {"recurrent layer of a picture", "net", "family: net\nlayers:\n  - LSTM: {units: 4}\n", images, NULL, 0,
     "settings:3:5: layer LSTM1: LSTM wants an input [N, steps, features], found 4 dimensions"},
    {"recurrent layer without units", "net",
     "family: net\nlayers:\n  - Reshape: {inputs: [x, [0, 28, 28]]}\n  - GRU: {last: true}\n", images, NULL,
     0, "layer GRU2: GRU needs units"},
    {"recurrent layer of a strange direction", "net",
     "family: net\nlayers:\n  - Reshape: {inputs: [x, [0, 28, 28]]}\n  - GRU: {units: 2, direction: up}\n",
     images, NULL, 0, "settings:4:5"},
    {"heads that do not divide", "net",
     "family: net\nlayers:\n  - Reshape: {inputs: [x, [0, 28, 28]]}\n  - MultiHeadAttention: {heads: 5}\n",
     images, NULL, 0, "layer MultiHeadAttention2: 28 features cannot be split into 5 heads"},
    {"parameter without shape", "net", "family: net\nlayers:\n  - Parameter: {name: p}\n", images, NULL, 0,
     "settings:3:5: layer p: Parameter needs shape"},
    {"parameter of a strange initialiser", "net",
     "family: net\nlayers:\n  - Parameter: {name: p, shape: [2], init: two}\n", images, NULL, 0,
     "settings:3:44: layer p: init: expected normal"},
    {"misspelt layer", "net", "family: net\nlayers:\n  - Flatten\n  - Relo\n  - Dense: {units: 10}\n", images,
     NULL, 0, "settings:4:5: layer Relo2"},
    {"misspelt input", "net", "family: net\nlayers:\n  - Flatten: {name: a}\n  - Add: {inputs: [a, b]}\n",
     images, NULL, 0, "settings:4:23: layer Add2: no layer or field before it is named \"b\""},
    {"unknown attribute", "net", "family: net\nlayers:\n  - Flatten\n  - Dense: {unit: 10}\n", images, NULL,
     0, "settings:4:5"},
    {"dense without units", "net", "family: net\nlayers:\n  - Dense: {name: out}\n", images, NULL, 0,
     "layer out: Dense needs units"},
    {"wrong number of classes", "net", "family: net\nlayers:\n  - Flatten\n  - Dense: {units: 9}\n", images,
     NULL, 0, "the last layer gives 9 numbers a sample, but the data has 10 classes"},
    {"window larger than the image", "net",
     "family: net\nlayers:\n  - Conv: {filters: 2, kernel: 30}\n  - Flatten\n", images, NULL, 0,
     "settings:3:5"},
};

static uint64_t count_parameters(const NnNetwork *network) {
    NnVariable *const *variables;
    uint64_t sum = 0;
    const uint32_t n = nn_network_variables(network, &variables);
    for (uint32_t i = 0; i < n; i++) {
        const NnVariableSpec *spec = nn_variable_spec(variables[i]);
        if (spec->role == NN_PARAMETER)
            sum += (uint64_t)nn_product(spec->dims, 0, spec->rank);
    }
    return sum;
}

static bool has_all(const NnNetwork *network, const char *names, char *missing, size_t size) {
    while (*names) {
        const size_t n = strcspn(names, " ");
        (void)snprintf(missing, size, "no function %.*s", (int)n, names);
        if (nn_network_function(network, missing + strlen("no function ")) == NULL)
            return false;
        names += n + (names[n] == ' ');
    }
    return true;
}

static NnNetwork *build(NnContext *context, const Case *c, const NnConfig *config, NnStatus *status) {
    static const NnSetting family = {.name = "family", .kind = NN_SET_STRING};
    const NnModel *model = nn_registry_table(context, NN_MODEL_KIND, c->family, status);
    if (model == NULL)
        return NULL;
    NnSetting table[64] = {family};
    for (uint32_t i = 0; i < model->n_settings; i++)
        memcpy(&table[i + 1], (const char *)model->settings + (size_t)i * model->setting_stride,
               sizeof *table);
    const NnConfig *checked = NULL;
    if (nn_config_api()->check(config, table, model->n_settings + 1, sizeof *table, "the model", &checked,
                               status) != NN_OK)
        return NULL;
    const NnDataInfo data = {.struct_size = sizeof data,
                             .n_fields = 2,
                             .field_stride = sizeof(NnField),
                             .n_splits = 2,
                             .split_stride = sizeof(NnSplit),
                             .fields = c->fields,
                             .splits = splits};
    return nn_network_new(context, c->family, checked, &data, 8, status);
}

static void run(NnContext *context, const Case *c) {
    char why[1400] = "";
    NnStatus *status = nn_status_new();
    NnConfig *config = nn_config_parse(c->settings, strlen(c->settings), "settings", status);
    NnNetwork *network = config ? build(context, c, config, status) : NULL;
    bool good = (network != NULL) == (c->parameters != 0);
    (void)snprintf(why, sizeof why, "%s", network ? "it was not refused" : nn_status_message(status));
    if (network == NULL && good) {
        good = nn_status_code(status) != NN_OK && strstr(nn_status_message(status), c->message) != NULL;
    } else if (good) {
        good = has_all(network, c->functions, why, sizeof why);
        if (good && count_parameters(network) != c->parameters) {
            good = false;
            (void)snprintf(why, sizeof why, "%llu parameters", (unsigned long long)count_parameters(network));
        }
    }
    report(good, c->name, why);
    nn_network_free(network);
    nn_config_free(config);
    nn_status_free(status);
}

int main(void) {
    NnStatus *status = nn_status_new();
    NnContext *context = nn_context_new(&(NnOptions){.struct_size = sizeof(NnOptions)}, status);
    if (context == NULL) {
        report(false, "context", nn_status_message(status));
        nn_status_free(status);
        return 1;
    }
    for (uint32_t i = 0; i < NN_COUNT(cases); i++)
        run(context, &cases[i]);
    nn_context_free(context);
    nn_status_free(status);
    return failed != 0;
}
