/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The family `net`: any acyclic network from a list of layers in the configuration. A layer is the name of an
 * operator, or a map of that name to its options: `name`, `inputs` (names of layers or fields, numbers, lists
 * of numbers, null; `previous` is the layer before), `outputs` (names of the results), and the operator's
 * attributes. Layers with weights of their own have short forms, layers.c and sequence.c.
 */
#ifndef NN_MODELS_NET_H
#define NN_MODELS_NET_H

#include "models/shared/supervised.h"

#define NET_MAX_VALUES 4096

/* One function under construction: which names stand for which values. */
typedef struct NetScope {
    Net net;
    const char *names[NET_MAX_VALUES];
    NnValue *values[NET_MAX_VALUES];
    uint32_t count;
    NnValue *last; /* what a layer without `inputs` takes */
} NetScope;

typedef struct NetLayer {
    NetScope *scope;
    const char *op;
    const char *name;
    const NnConfig *item;    /* for places */
    const NnConfig *options; /* may be NULL */
    NnValue *x;              /* the first input */
} NetLayer;

/* A layer that brings its weights; keys: the options that it takes, ending with NULL. */
typedef struct NetShort {
    const char *op;
    const char *const *keys;
    NnValue *(*build)(const NetLayer *);
    bool only; /* there is no operator of this name, so an option that is not a key is a mistake */
} NetShort;
extern const NetShort net_shorts[];
extern const uint32_t net_n_shorts;
extern const NetShort net_sequence_shorts[];
extern const uint32_t net_n_sequence_shorts;

/* Options of a layer; a wrong kind fails with the place. */
const NnConfig *net_option(const NetLayer *, const char *key);
int64_t net_option_int(const NetLayer *, const char *key, int64_t absent);
double net_option_number(const NetLayer *, const char *key, double absent);
const char *net_option_text(const NetLayer *, const char *key, const char *absent);
bool net_option_bool(const NetLayer *, const char *key, bool absent);
/* One integer for all of n, or a list of n. */
void net_option_ints(const NetLayer *, const char *key, uint32_t n, int64_t absent, int64_t *values);
int32_t net_fail(const NetLayer *, const NnConfig *at, const char *format, ...) NN_PRINTF(3, 4);

/* Any operator as a layer: options become attributes, net/operator.c. */
NnValue *net_operator(const NetLayer *);
int32_t net_name_value(NetScope *, const char *name, NnValue *);
NnValue *net_named(const NetScope *, const char *name);

#endif
