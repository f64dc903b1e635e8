/* SPDX-License-Identifier: Apache-2.0 */
/* The family of image classifiers by convolution: which network, and the settings that they share. */
#include "cnn.h"

typedef struct Network {
    const char *name;
    NetBody body;
} Network;

static const Network networks[] = {
    {"lenet5", cnn_lenet5},
};

static int32_t build_cnn(NnModelBuild *build) {
    const NnField *x = net_need_field(build, "x");
    if (x == NULL)
        return build->host->code(build->status);
    if (x->rank != 3)
        return nn_fail(
            build->host, build->status, NN_INVALID,
            "the family cnn wants images [channels, height, width], the data's field x has %d dimensions",
            x->rank);
    const char *name = net_get_string(build, "network", "lenet5");
    for (uint32_t i = 0; i < NN_COUNT(networks); i++)
        if (strcmp(networks[i].name, name) == 0)
            return net_build_supervised(build, net_get_string(build, "init", "he_uniform"), networks[i].body,
                                        build);
    return nn_fail(build->host, build->status, NN_INVALID, "the family cnn has no network named %s", name);
}

static const NnSetting settings[] = {
    {"network", NN_SET_ENUM, 0, "lenet5", 0, 0, "lenet5", NULL, "Which network of the family."},
    {"activation", NN_SET_STRING, 0, "Relu", 0, 0, NULL, NULL,
     "An operator of one input; Tanh is the 1998 paper's."},
    {"pooling", NN_SET_ENUM, 0, "max", 0, 0, "max|average", NULL,
     "How feature maps are halved; average is the 1998 paper's."},
    {"dropout", NN_SET_FLOAT, NN_SET_RANGE, "0", 0, 0.99, NULL, NULL,
     "Share of each dense layer's outputs dropped in training."},
    {"init", NN_SET_ENUM, 0, "he_uniform", 0, 0,
     "he_normal|he_uniform|xavier_uniform|xavier_normal|lecun_normal|orthogonal", NULL,
     "Initialiser of the weights."},
};

static const NnModel cnn = {.struct_size = sizeof cnn,
                            .n_settings = NN_COUNT(settings),
                            .setting_stride = NN_STRIDE(settings),
                            .name = "cnn",
                            .doc = "Convolutional image classifiers: LeNet-5.",
                            .settings = settings,
                            .build = build_cnn};

static const NnExport exports[] = {{NN_MODEL_KIND, "cnn", &cnn}};
NN_PLUGIN(cnn, "Convolutional image classifiers.", exports)
