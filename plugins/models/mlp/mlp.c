/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The multilayer perceptron (Rumelhart, Hinton, Williams 1986): dense layers with an activation between them.
 *   h_0 = x;  h_i = f(h_{i-1} W_i + b_i);  y = h_n W + b
 */
#include "models/shared/supervised.h"

static NnValue *body(Net *net, NnValue *x, int64_t outputs, const void *arg) {
    const NnModelBuild *build = arg;
    const NnConfigApi *config = net->nn->config;
    const NnConfig *hidden = net_get(build, "hidden");
    const double dropout = net_get_number(build, "dropout", 0);
    NnValue *h = nn_op(net->nn, net->g, "Flatten", NN_VALUES(x), NN_ATTRS(NN_INT("axis", 1)));
    h = net_dropout(net, h, net_get_number(build, "input_dropout", 0), "input");
    for (uint64_t i = 0; hidden && i < config->count(hidden); i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "dense%llu", (unsigned long long)i + 1);
        h = net_activation(net, net_dense(net, h, config->integer(config->at(hidden, i)), true, name), "Relu",
                           name);
        h = net_dropout(net, h, dropout, name);
    }
    net->init = "xavier_uniform";
    h = net_dense(net, h, outputs, true, "output");
    net->init = net_get_string(build, "init", "he_normal");
    return h;
}

static int32_t build_mlp(NnModelBuild *build) {
    const NnConfigApi *config = build->host->config;
    const NnConfig *hidden = net_get(build, "hidden");
    for (uint64_t i = 0; hidden && i < config->count(hidden); i++)
        if (config->integer(config->at(hidden, i)) < 1)
            return config->fail(config->at(hidden, i), build->status, "hidden: expected widths of 1 or more");
    return net_build_supervised(build, net_get_string(build, "init", "he_normal"), body, build);
}

static const NnSetting settings[] = {
    {"hidden", NN_SET_INTS, 0, "[512, 512]", 0, 0, NULL, "units",
     "Widths of the hidden layers, from the input on."},
    {"activation", NN_SET_STRING, 0, "Relu", 0, 0, NULL, NULL,
     "An operator of one input: Relu, Tanh, Sigmoid, Gelu, ..."},
    {"dropout", NN_SET_FLOAT, NN_SET_RANGE, "0", 0, 0.99, NULL, NULL,
     "Share of each hidden layer's outputs dropped in training."},
    {"input_dropout", NN_SET_FLOAT, NN_SET_RANGE, "0", 0, 0.99, NULL, NULL,
     "Share of the inputs dropped in training."},
    {"init", NN_SET_ENUM, 0, "he_normal", 0, 0,
     "he_normal|he_uniform|xavier_uniform|xavier_normal|lecun_normal|orthogonal", NULL,
     "Initialiser of the hidden weights."},
};

static const NnModel mlp = {
    .struct_size = sizeof mlp,
    .n_settings = NN_COUNT(settings),
    .setting_stride = NN_STRIDE(settings),
    .name = "mlp",
    .doc = "Multilayer perceptron: dense layers with an activation between them, for classes or values.",
    .settings = settings,
    .build = build_mlp};

static const NnExport exports[] = {{NN_MODEL_KIND, "mlp", &mlp}};
NN_PLUGIN(mlp, "The multilayer perceptron.", exports)
