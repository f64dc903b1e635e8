/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration tree: what a person wrote, as nodes that remember where. A node is a map, a list or a
 * scalar typed by the core schema of YAML 1.2 (`yes` and `on` are strings, `1e-3` is a float, whatever is
 * quoted is a string). Reading is bounded (64 MiB of text, half a million nodes after aliases, 64 levels); a
 * duplicate key, a second document, a NUL and bytes that are not UTF-8 are refused. Every error is one
 * sentence that begins with the place.
 *
 * A tree owns its nodes; nodes that are handed out live until the tree is changed or freed. Reading a tree is
 * thread-safe, changing it is not. Error codes are NnCode in the domain NN_CONFIG_ERROR.
 */
#ifndef NN_CONFIG_H
#define NN_CONFIG_H

#include "nn/nn.h"

#include <glib.h>

#define NN_CONFIG_MAX_BYTES (64u << 20)
#define NN_CONFIG_MAX_NODES 500000u      /* some 64 MiB of them */
#define NN_CONFIG_MAX_COPIED (16u << 20) /* bytes of text that aliases repeat */
#define NN_CONFIG_MAX_DEPTH 64u

/* nn.h has nn_config_read, _parse, _free, _override, _expand, _text. In places a file stands by its name
 * ("train.yaml:3:5"). Relative paths are taken from the folder of the file, or from the current one where the
 * text came from elsewhere. */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NnConfig, nn_config_free)

/* A NULL node reads as null with no items. */
NnConfigKind nn_config_kind(const NnConfig *);
size_t nn_config_size(const NnConfig *);
const char *nn_config_key(const NnConfig *, size_t i);
const NnConfig *nn_config_at(const NnConfig *, size_t i);
const NnConfig *nn_config_get(const NnConfig *, const char *key);
/* "layers.0.Conv.group"; a dot inside of a key is written `\.`. */
const NnConfig *nn_config_find(const NnConfig *, const char *dotted);

/* A float without a fraction passes as an integer (`1e3`), an integer as a float. NN_INVALID with the place,
 * what was expected and what was found. */
int32_t nn_config_as_bool(const NnConfig *, bool *, NnStatus *);
int32_t nn_config_as_int(const NnConfig *, int64_t *, NnStatus *);
int32_t nn_config_as_uint(const NnConfig *, uint64_t *, NnStatus *);
int32_t nn_config_as_float(const NnConfig *, double *, NnStatus *);
int32_t nn_config_as_string(const NnConfig *, const char **, NnStatus *);

/* Places of the value, and of the key that it stands under; they live as long as the node. */
const char *nn_config_place(const NnConfig *);
const char *nn_config_key_place(const NnConfig *);
/* A string as an absolute file name; of other nodes, the folder. Lives as long as the node. */
const char *nn_config_path(const NnConfig *);
/* "the string "abc"", "a list of 3 items": what messages say was found; g_free it. */
char *nn_config_describe(const NnConfig *);
/* Sets "place: sentence" and NN_INVALID, which it returns. */
int32_t nn_config_fail(const NnConfig *, NnStatus *, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Building. `place` is what errors show for the node ("the default of lr"). */
NnConfig *nn_config_new(NnConfigKind, const char *place);
NnConfig *nn_config_new_bool(bool, const char *place);
NnConfig *nn_config_new_int(int64_t, const char *place);
NnConfig *nn_config_new_float(double, const char *place);
NnConfig *nn_config_new_string(const char *, const char *place);
NnConfig *nn_config_copy(const NnConfig *);
/* Put replaces what stands under the key, and keeps its position; put and append take the value. */
void nn_config_put(NnConfig *map, const char *key, NnConfig *take_value);
void nn_config_append(NnConfig *list, NnConfig *take_value);
/* False when there is no such key. */
bool nn_config_remove(NnConfig *map, const char *key);
void nn_config_remove_at(NnConfig *list, size_t i);
/* Maps are merged key by key; anything else is replaced by a copy of what stands in `over`. */
void nn_config_merge(NnConfig *base, const NnConfig *over);
bool nn_config_equal(const NnConfig *, const NnConfig *);
/* The tree is freed with the node: for what has to live as long as what it was made from. Thread-safe. */
void nn_config_keep(const NnConfig *node, NnConfig *take_tree);

#endif
