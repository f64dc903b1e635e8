/* SPDX-License-Identifier: Apache-2.0 */
/* The training library's version, which may differ from libnn's when the two are installed apart. */
#include "nn-train/train.h"

const char *nn_train_version(void) { return PACKAGE_VERSION; }
