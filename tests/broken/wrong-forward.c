/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: wrong-forward. Gelu by its approximation with tanh, also where the exact one was asked for: wrong
 * in the fourth digit, which looks right in every plot. */
#include "shelf.h"

#include <math.h>

static int32_t run(void *state, const NnCall *call) {
    (void)state;
    const float *x = nn_data(call->inputs[0]);
    float *y = nn_data(call->outputs[0]);
    const int64_t n = nn_elements(call->inputs[0]);
    for (int64_t i = 0; i < n; i++) {
        const double v = (double)x[i];
        y[i] = (float)(v / 2 * (1 + tanh(0.7978845608028654 * (v + 0.044715 * v * v * v))));
    }
    return NN_OK;
}

SHELF_KERNEL(gelu, "Gelu", .match = shelf_match, .run = run);
SHELF_PLUGIN(wrong_forward, "Gelu, always approximated.", "Gelu", gelu)
