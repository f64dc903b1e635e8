/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gradient rules by central differences in f64 on the reference, and devices' gradients by the reference's.
 * The objective is the sum of the outputs weighted with random numbers; where the gradient has a gradient,
 * that is judged alike.
 */
#ifndef NNRUN_KIT_GRADIENT_H
#define NNRUN_KIT_GRADIENT_H

#include "cases.h"

/* Rule against differences, |a - n| <= 1e-6 (1 + |n|), with shapes known and unknown while it is built. */
void gradient_judge_rule(Kit *, Case *);
/* On `device`, with all its kernels and claims, against the reference. */
void gradient_judge_device(Kit *, Case *, const char *device);
/* Can any input of the case have a gradient by a rule of this definition? */
bool gradient_applies(const Case *);

#endif
