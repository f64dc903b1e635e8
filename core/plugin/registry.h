/* SPDX-License-Identifier: Apache-2.0 */
/* All that the packages offer, by kind and name. Two providers of one identity: the earlier place wins; in
 * one place both are refused, with both named. Identity is kind and name, of an operator its version too;
 * kernels and claims have none. */
#ifndef NN_PLUGIN_REGISTRY_H
#define NN_PLUGIN_REGISTRY_H

#include "plugin/discover.h"
#include "plugin/verify.h"

typedef struct NnRegistry NnRegistry;

typedef struct NnRegistered {
    NnEntry entry;
    NnObject *object;
    NnOffer *offer;
    uint32_t index; /* among the object's offers */
    char *problem;
} NnRegistered;

/* Takes over the lists of what was found: whoever misses something is told where it was looked for. */
NnRegistry *nn_registry_new(const NnSearch *found, NnVerify);
void nn_registry_free(NnRegistry *);
GPtrArray *nn_registry_packages(const NnRegistry *); /* NnPackage * */
GPtrArray *nn_registry_entries(const NnRegistry *);  /* NnRegistered * */

/* The entry of a name, not loaded; of operators the newest that is not newer than `version`, 0: the newest.
 * NULL with why. */
NnRegistered *nn_registry_find(NnRegistry *, const char *kind, const char *name, int32_t version, NnStatus *);
/* Loads the object and gives the table; NULL with the reason. */
const void *nn_registry_load(NnRegistry *, NnRegistered *, NnStatus *);
NnObject *nn_registry_object(NnRegistry *, const void *table); /* that a loaded table came from, or NULL */

#endif
