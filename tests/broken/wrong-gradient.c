/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: wrong-gradient. An operator whose rule leaves its parameter out of one term: right as long as the
 * parameter is at its default of 1. */
#include "swish.h"

static int32_t gradient(NnGradient *d) { return swish_gradient(d, 1); }

static const NnSetting attrs[] = SWISH_BETA(0, 0, 0);
SWISH_OPERATOR(swish_operator, gradient, attrs);
static const NnExport exports[] = {{NN_OPERATOR_KIND, "shelf/Swish", &swish_operator}};
NN_PLUGIN(wrong_gradient, "The operator shelf/Swish.", exports)
