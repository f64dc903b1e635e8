/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings tables: whatever a person configures (attributes of an operator, a device, an optimizer, a model,
 * a loader) is declared once, here, as data. Validation, `nnrun help`, the reference manual and the defaults
 * come from it. Also how a plug-in reads the part of the configuration that was written for it.
 */
#ifndef NN_SETTINGS_H
#define NN_SETTINGS_H

#include "nn/abi.h"

typedef enum NnSettingKind {
    NN_SET_BOOL = 1,
    NN_SET_INT = 2,
    NN_SET_FLOAT = 3,
    NN_SET_STRING = 4,
    NN_SET_ENUM = 5, /* a string out of `choices` */
    NN_SET_INTS = 6,
    NN_SET_FLOATS = 7,
    NN_SET_STRINGS = 8,
    NN_SET_PATH = 9, /* relative ones are taken from the folder of the file that says so */
    NN_SET_MAP = 10,
    NN_SET_LIST = 11, /* of anything; the owner checks the items */
    NN_SET_ANY = 12,
    NN_SET_TENSOR = 13,  /* attributes only */
    NN_SET_FUNCTION = 14 /* attributes only */
} NnSettingKind;

#define NN_SET_REQUIRED 1u
#define NN_SET_DEPRECATED 2u
#define NN_SET_RANGE 4u /* min and max hold, inclusive */
#define NN_SET_ABOVE 8u /* min itself is excluded */

typedef struct NnSetting {
    const char *name;
    int32_t kind; /* NnSettingKind */
    uint32_t flags;
    const char *preset;  /* the default, as YAML text; NULL: absent */
    double min, max;     /* with NN_SET_RANGE */
    const char *choices; /* NN_SET_ENUM: "mean|sum|none" */
    const char *unit;    /* "steps", "s", "bytes"; NULL: none */
    const char *doc;     /* one sentence */
} NnSetting;

typedef enum NnConfigKind {
    NN_CONFIG_NULL = 0,
    NN_CONFIG_BOOL = 1,
    NN_CONFIG_INT = 2,
    NN_CONFIG_FLOAT = 3,
    NN_CONFIG_STRING = 4,
    NN_CONFIG_LIST = 5,
    NN_CONFIG_MAP = 6
} NnConfigKind;

/*
 * Read access to a validated configuration. Nodes live as long as the object that was opened or built from
 * them. The getters of a present value of the wrong kind return the zero of their type; validation has
 * already refused it. All are thread-safe.
 */
struct NnConfigApi {
    uint32_t struct_size;
    int32_t (*kind)(const NnConfig *); /* NnConfigKind; NULL reads as NN_CONFIG_NULL */
    uint64_t (*count)(const NnConfig *);
    const char *(*key)(const NnConfig *, uint64_t i);          /* of a map's i-th entry */
    const NnConfig *(*at)(const NnConfig *, uint64_t i);       /* of a list or a map */
    const NnConfig *(*get)(const NnConfig *, const char *key); /* of a map; NULL when absent */
    bool (*boolean)(const NnConfig *);
    int64_t (*integer)(const NnConfig *);
    double (*number)(const NnConfig *); /* of an int or a float */
    const char *(*string)(const NnConfig *);
    /* "file.yaml:12:5", for the plug-in's own messages. */
    const char *(*place)(const NnConfig *);
    /* Sets the status to "place: message" with code NN_INVALID, and returns that. */
    int32_t (*fail)(const NnConfig *, NnStatus *, const char *message);
    /* The folder that relative paths in this node are taken from; of a PATH setting, the whole path. */
    const char *(*path)(const NnConfig *);
    /* Checks a map against a table: unknown keys, kinds, ranges; fills the defaults in. */
    int32_t (*check)(const NnConfig *, const NnSetting *table, uint32_t count, uint32_t stride,
                     const char *what, const NnConfig **checked, NnStatus *);
};

#endif
