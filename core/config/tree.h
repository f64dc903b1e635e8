/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a configuration node, for the files of this folder only. */
#ifndef NN_CONFIG_TREE_H
#define NN_CONFIG_TREE_H

#include "config/config.h"

/* Where nodes come from; shared by all of them. */
typedef struct NnConfigSource {
    gatomicrefcount refs;
    char *name;
    char *folder;   /* absolute; NULL: the current one */
    bool positions; /* do line and column mean anything? */
} NnConfigSource;

/* What is asked of few nodes: made on the first question, under one lock. */
typedef struct NnConfigExtra {
    char *place, *key_place, *path;
    GPtrArray *kept; /* of NnConfig */
} NnConfigExtra;

struct NnConfig {
    NnConfigSource *source;
    NnConfigExtra *extra;
    char *key;                                   /* in a map */
    uint32_t line, column, key_line, key_column; /* from 1 */
    int32_t kind;                                /* NnConfigKind */
    uint32_t n;                                  /* items of a list or map */
    union {
        bool boolean;
        int64_t integer;
        double number;
        char *string;
        struct {
            struct NnConfig **items;
            GHashTable *index; /* of a large map: key to item */
            uint32_t room;
        };
    };
};

NnConfigSource *nn_config_source_new(const char *name, const char *folder, bool positions);
NnConfigSource *nn_config_source_ref(NnConfigSource *);
void nn_config_source_unref(NnConfigSource *);

/* A node of that kind, zero or empty, that takes a reference to the source. */
NnConfig *nn_config_node(NnConfigSource *, NnConfigKind);
/* Items without a look at what is there already; the map's caller has asked nn_config_get. */
void nn_config_push(NnConfig *container, NnConfig *take_item);
/* The value of a flow expression, as overrides and defaults spell it; `text` may be a comma list: see
 * `items`. */
NnConfig *nn_config_parse_flow(const char *text, const char *place, NnStatus *);

/* The core schema: sets kind and value of a scalar node from plain text. False: a number that no type can
 * hold. */
bool nn_config_resolve(NnConfig *, const char *text);
/* The fewest digits that read back as the same bits, always with the look of a float; g_free it. */
char *nn_config_float_text(double value);
/* Would plain `text` be read back as this very string? */
bool nn_config_is_plain_string(const char *text);

#endif
