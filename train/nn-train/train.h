/* SPDX-License-Identifier: Apache-2.0 */
/* Training on top of the host API: what a program calls to train, save and resume. */
#ifndef NN_TRAIN_TRAIN_H
#define NN_TRAIN_TRAIN_H

#include "nn/nn.h"

/* The version of the training library that runs, as "MAJOR.MINOR.PATCH". The string is static. */
NN_API const char *nn_train_version(void);

#endif
