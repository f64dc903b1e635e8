/* SPDX-License-Identifier: Apache-2.0 */
/* From a file to tables that may be called: opened under the policy, its head compared, its exports held
 * against the manifest, its host table made out, `start` called. Each refusal is one sentence and final for
 * the context. */
#ifndef NN_PLUGIN_LOAD_H
#define NN_PLUGIN_LOAD_H

#include "plugin/verify.h"

/* Loads an object once; later calls answer as the first. */
int32_t nn_object_load(NnObject *, NnContext *, NnVerify, NnStatus *);
/* Calls `stop`, and closes what declared itself safe for that. Everything else stays mapped until the process
 * ends. */
void nn_object_stop(NnObject *);

/* Calls the entry of an open object and compares the head. The plug-in is widened to today's size into *copy
 * when it is shorter. */
const NnPlugin *nn_load_entry(void *handle, NnPlugin *copy, NnStatus *);
/* Export i of a plug-in. */
const NnExport *nn_load_export(const NnPlugin *, uint32_t i);
/* Fills the offers (all that a binary says of its exports); no two may have one name and kind. */
int32_t nn_load_offers(const NnPlugin *, GPtrArray *offers, NnStatus *);

#endif
