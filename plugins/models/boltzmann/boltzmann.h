/* SPDX-License-Identifier: Apache-2.0 */
/* The machines of this family: one file each, each builds its named functions. */
#ifndef NN_MODELS_BOLTZMANN_H
#define NN_MODELS_BOLTZMANN_H

#include "models/shared/supervised.h"

/* rbm.c. x of any shape with values in 0 .. 1; functions train, evaluate, predict, reconstruct, encode,
 * energy, sample. */
int32_t boltzmann_rbm(NnModelBuild *build);

#endif
