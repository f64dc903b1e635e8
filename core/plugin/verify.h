/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loading policy, and the one place where an object is opened. Under the policy `digest` an object and
 * its folder have to belong to root or to the user who runs the program, nobody else may be able to write to
 * them, the bytes have to be those that the manifest states, and the file must not change while it is loaded.
 * This keeps out mistakes and other users, not whoever could already change this user's files: a loaded
 * plug-in is fully trusted code.
 */
#ifndef NN_PLUGIN_VERIFY_H
#define NN_PLUGIN_VERIFY_H

#include "plugin/package.h"

/* Opens an object under a policy: a handle of dlopen, or NULL with the reason. */
typedef void *(*NnVerify)(const NnObject *, NnStatus *);

void *nn_verify_digest(const NnObject *, NnStatus *);

/* Owner and mode of an open file or folder; `what` names it in the sentence. */
int32_t nn_verify_owner(int fd, const char *what, NnStatus *);
/* SHA-256 of an open file as hexadecimal digits; g_free it. NULL with the status set when it cannot be read.
 */
char *nn_verify_hash(int fd, NnStatus *);

#endif
