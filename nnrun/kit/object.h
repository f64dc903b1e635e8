/* SPDX-License-Identifier: Apache-2.0 */
/* An object as it is, apart from what the host makes of it: its head, its exports, its start. */
#ifndef NNRUN_KIT_OBJECT_H
#define NNRUN_KIT_OBJECT_H

#include "guard.h"

/* Loads an object and judges head, descriptor and tables; in a child. NULL after a failure. */
const NnPlugin *object_load(Kit *, const char *file);
/* The subject's table, in today's size; NULL with the failure charged. The plug-in is started first. */
const void *object_export(Kit *, uint32_t size);
/* Makes a host table out to the object, as its `start` was given. */
void object_host(Kit *, const char *file, KitHost *);

/* Judges that: subject->file. */
void judge_object(Kit *);

#endif
