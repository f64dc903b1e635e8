/* SPDX-License-Identifier: Apache-2.0 */
/* Cases run as whole functions, through the host's compiler: what composites, gradients and claims need. */
#ifndef NNRUN_KIT_SESSION_H
#define NNRUN_KIT_SESSION_H

#include "rig.h"

/* A session on one device alone, kept for the life of the child; NULL with the status set. */
NnSession *session_on(Kit *, const char *device, uint32_t flags, NnStatus *);
/* One operator on one case. */
RigResult session_run(Kit *, const char *op, const NnOperator *, const Sample *, const char *device,
                      uint32_t flags);

#endif
