/* SPDX-License-Identifier: Apache-2.0 */
/* The host's error object, behind NnStatus: a code, one sentence, the places it came through, and details. */
#ifndef NN_CORE_STATUS_H
#define NN_CORE_STATUS_H

#include "nn/nn.h"

#include <glib.h>

#define nn_status_failed(status) (nn_status_code(status) != NN_OK)

/* Copies code, sentence and details of one status to another that has none yet. */
void nn_status_copy(NnStatus *to, const NnStatus *from);
void nn_status_set_detail(NnStatus *, const char *key, const char *value);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NnStatus, nn_status_free)

#endif
