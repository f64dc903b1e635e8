/* SPDX-License-Identifier: Apache-2.0 */
/* The table of functions that plug-ins are given: made out once per object, so that each knows its own path.
 */
#ifndef NN_PLUGIN_HOST_H
#define NN_PLUGIN_HOST_H

#include "context.h"

/* The strings are borrowed and have to live as long as the table. */
void nn_host_fill(NnHost *, NnContext *, const char *plugin_path, const char *resource_dir);

#endif
