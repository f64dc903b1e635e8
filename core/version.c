/* SPDX-License-Identifier: Apache-2.0 */
/* The library's version, for programs that want to say what they run on. */
#include "nn/nn.h"

const char *nn_version(void) { return PACKAGE_VERSION; }
