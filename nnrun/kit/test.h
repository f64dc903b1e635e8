/* SPDX-License-Identifier: Apache-2.0 */
/* The door of the conformance kit. */
#ifndef NNRUN_KIT_TEST_H
#define NNRUN_KIT_TEST_H

#include "../command.h"

int nnrun_plugin_test(Program *);

#endif
