/* SPDX-License-Identifier: Apache-2.0 */
/* What the rooms of the core ask of the context: loaded tables by name, the pool, the log, the wish to stop.
 */
#ifndef NN_CORE_CONTEXT_H
#define NN_CORE_CONTEXT_H

#include "nn/kernel.h"
#include "nn/nn.h"

#include <glib.h>

typedef struct NnPool NnPool;

NnContext *nn_context_of(const NnHost *);
NnPool *nn_context_pool(NnContext *);
bool nn_context_cancelled(NnContext *);
void nn_context_progress(NnContext *, const char *what, uint64_t done, uint64_t total);
void nn_context_log(NnContext *, int32_t level, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* "Conv", "nn/ReluGrad"; version 0: the newest. Loads the object; a miss names near ones, or why the provider
 * is absent. */
const NnOperator *nn_context_operator(NnContext *, const char *name, int32_t version, NnStatus *);
const NnOperator *nn_context_role(NnContext *, const char *role, NnStatus *);

/* Kernels of a device for an operator ("Conv" or "nn/ReluGrad"), loaded, in order of preference, "*" last.
 * The arrays belong to the context and live as long as it does. */
const GPtrArray *nn_context_kernels(NnContext *, const char *device, const char *op,
                                    int32_t version);                /* of const NnKernel * */
const GPtrArray *nn_context_claims(NnContext *, const char *device); /* of const NnClaim * */
const NnDeviceKind *nn_context_device(NnContext *, const char *name, NnStatus *);
/* All device kinds, the highest priority first, by the manifests; for `auto` and `nnrun devices`. */
const GPtrArray *nn_context_devices(NnContext *); /* of const NnEntry * */

#endif
