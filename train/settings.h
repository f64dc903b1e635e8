/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of a training, checked: each section against the table of its owner, which for model,
 * data, optimizer and schedule is a plug-in's own table behind the name that chooses it.
 */
#ifndef NN_TRAIN_SETTINGS_H
#define NN_TRAIN_SETTINGS_H

#include "nn-train/train.h"
#include "nn/device.h"
#include "nn/optimizer.h"

#include <glib.h>

/* An optimizer or schedule that a configuration has chosen. */
typedef struct NnChosen {
    char *group; /* of parameters; NULL: the default */
    const void *table;
    const NnConfig *config;
} NnChosen;

typedef struct NnTrainConfig {
    const NnConfig *root, *model, *data, *train; /* checked */
    const NnModel *family;
    const NnDataset *loader; /* NULL, as data: there is none */
    const NnFormat *format;  /* of checkpoints */
    NnChosen optimizer, schedule;
    GPtrArray *groups;             /* NnChosen *: optimizers of named groups */
    GPtrArray *devices;            /* char *, NULL-terminated */
    GPtrArray *device_nodes;       /* const NnConfig *, borrowed, one a device: its name, or a checked map */
    const NnConfig *device_config; /* NULL: no device was given settings */
    GPtrArray *owned;              /* NnConfig * that stand for absent sections */
} NnTrainConfig;

int32_t nn_train_config_read(NnTrainConfig *, NnContext *, const NnConfig *, NnStatus *);
void nn_train_config_clear(NnTrainConfig *);
/* The whole as YAML with all defaults filled in; g_free it. */
char *nn_train_config_text(const NnTrainConfig *);

static inline const NnConfig *nn_setting(const NnConfig *map, const char *key) {
    return nn_config_api()->get(map, key);
}
static inline int64_t nn_setting_int(const NnConfig *map, const char *key) {
    return nn_config_api()->integer(nn_setting(map, key));
}
static inline double nn_setting_number(const NnConfig *map, const char *key) {
    return nn_config_api()->number(nn_setting(map, key));
}
static inline bool nn_setting_bool(const NnConfig *map, const char *key) {
    return nn_config_api()->boolean(nn_setting(map, key));
}
static inline const char *nn_setting_string(const NnConfig *map, const char *key) {
    return nn_config_api()->string(nn_setting(map, key));
}

#endif
