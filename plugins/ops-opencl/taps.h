/* SPDX-License-Identifier: Apache-2.0 */
/* Between the parts of the object `taps`: which elements an element is made of, as the reference finds it. */
#ifndef OPENCL_TAPS_H
#define OPENCL_TAPS_H

#include "ops-opencl/opencl.h"

#include "ops/family/resize.h"

/* NULL, or why the node is not done here. */
const char *taps_why_not(const NnNode *);
/* Is it a gradient, which goes from the result's shape to the input's? */
bool taps_back(const NnNode *);
/* The taps of dimension d, whose extents are set; nn_taps_free() ends them, also after an error. */
int32_t taps_find(const NnCall *, int32_t d, NnTaps *);

#endif
