/* SPDX-License-Identifier: Apache-2.0 */
/* The convolutional networks of this family: one file each, each a body from the image to the logits. */
#ifndef NN_MODELS_CNN_H
#define NN_MODELS_CNN_H

#include "models/shared/supervised.h"

/* LeNet-5, lenet5.c. x [N, channels, H, W] with H, W >= 28 (or 32 unpadded). */
NnValue *cnn_lenet5(Net *net, NnValue *x, int64_t outputs, const void *build);

#endif
