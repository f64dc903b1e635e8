/* SPDX-License-Identifier: Apache-2.0 */
/* The family of Boltzmann machines: which network, and the settings that they share. */
#include "boltzmann.h"

static const struct {
    const char *name;
    int32_t (*build)(NnModelBuild *);
} networks[] = {
    {"rbm", boltzmann_rbm},
};

static int32_t build_boltzmann(NnModelBuild *build) {
    const char *name = net_get_string(build, "network", "rbm");
    for (uint32_t i = 0; i < NN_COUNT(networks); i++)
        if (strcmp(networks[i].name, name) == 0)
            return networks[i].build(build);
    return nn_fail(build->host, build->status, NN_INVALID, "the family boltzmann has no network named %s",
                   name);
}

static const NnSetting settings[] = {
    {"network", NN_SET_ENUM, 0, "rbm", 0, 0, "rbm", NULL, "Which network of the family."},
    {"hidden", NN_SET_INT, NN_SET_RANGE, "500", 1, 1048576, NULL, "units", "Number of hidden units."},
    {"steps", NN_SET_INT, NN_SET_RANGE, "1", 1, 1000, NULL, "steps",
     "Gibbs steps between the two statistics (k of CD-k)."},
    {"persistent", NN_SET_BOOL, 0, "false", 0, 0, NULL, NULL,
     "The chain goes on where the last step left it (PCD)."},
    {"binarise", NN_SET_ENUM, 0, "threshold", 0, 0, "threshold|sample|none", NULL,
     "How inputs in 0 .. 1 become visible units."},
    {"threshold", NN_SET_FLOAT, NN_SET_RANGE, "0.5", 0, 1, NULL, NULL,
     "With binarise: threshold, the least value that is on."},
    {"deviation", NN_SET_FLOAT, NN_SET_RANGE | NN_SET_ABOVE, "0.01", 0, 10, NULL, NULL,
     "Deviation of the initial weights."},
    {"chains", NN_SET_INT, NN_SET_RANGE, "16", 1, 65536, NULL, "chains",
     "Chains that are sampled side by side."},
    {"sample_steps", NN_SET_INT, NN_SET_RANGE, "1000", 1, 1000000, NULL, "steps",
     "Gibbs steps from one sample to the next."},
};

static const NnModel boltzmann = {
    .struct_size = sizeof boltzmann,
    .n_settings = NN_COUNT(settings),
    .setting_stride = NN_STRIDE(settings),
    .name = "boltzmann",
    .doc = "Boltzmann machines: the restricted one, trained by contrastive divergence.",
    .settings = settings,
    .build = build_boltzmann};

static const NnExport exports[] = {{NN_MODEL_KIND, "boltzmann", &boltzmann}};
NN_PLUGIN(boltzmann, "Boltzmann machines.", exports)
