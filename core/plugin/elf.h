/* SPDX-License-Identifier: Apache-2.0 */
/* What a shared object says of itself before the dynamic linker sees it: word size, byte order, machine,
 * needs. */
#ifndef NN_PLUGIN_ELF_H
#define NN_PLUGIN_ELF_H

#include "nn/nn.h"

#include <glib.h>

/* Refuses an object of another word size, byte order or machine, and one with an RPATH, a RUNPATH or a need
 * with a folder in it: libraries come from the system's own places. The needed names are appended to `needs`
 * (char *), which may be NULL. */
int32_t nn_elf_check(int fd, GPtrArray *needs, NnStatus *);

#endif
