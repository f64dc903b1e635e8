/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: wrong-table. The operator's attribute has to be above 1 and is 1 where nobody says otherwise: who
 * writes the default down is refused. */
#include "swish.h"

static int32_t gradient(NnGradient *d) { return swish_gradient(d, nn_attr_float(d->node, "beta", 1)); }

static const NnSetting attrs[] = SWISH_BETA(NN_SET_RANGE | NN_SET_ABOVE, 1, 100);
SWISH_OPERATOR(swish_operator, gradient, attrs);
static const NnExport exports[] = {{NN_OPERATOR_KIND, "shelf/Swish", &swish_operator}};
NN_PLUGIN(wrong_table, "The operator shelf/Swish.", exports)
