/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where plug-ins are looked for: the options' paths, NN_PLUGIN_PATH, $XDG_DATA_HOME/nnrun/plugins, the
 * system's folder. Each is a package or a folder of packages; what is in one is taken in the order of names.
 * Only manifests are read.
 */
#ifndef NN_PLUGIN_DISCOVER_H
#define NN_PLUGIN_DISCOVER_H

#include "plugin/package.h"

typedef struct NnSearch {
    GPtrArray *packages; /* NnPackage *, in order of preference; the refused ones among them */
    GPtrArray *places;   /* char *: what was searched, for messages */
    GPtrArray *unopened; /* char *: objects that no manifest states */
    NnContext *context;  /* what is odd is logged here */
    const NnOptions *options;
} NnSearch;

/* Fails only where a path that the options name cannot be used. */
int32_t nn_discover(NnSearch *, NnStatus *);

#endif
