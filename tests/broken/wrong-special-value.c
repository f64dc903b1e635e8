/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: wrong-special-value. Relu keeps what is above 0 and so makes 0 of what is not a number, where the
 * operator keeps it: a network that has diverged looks healthy. */
#include "shelf.h"

static int32_t run(void *state, const NnCall *call) {
    (void)state;
    const float *x = nn_data(call->inputs[0]);
    float *y = nn_data(call->outputs[0]);
    const int64_t n = nn_elements(call->inputs[0]);
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] > 0 ? x[i] : 0;
    return NN_OK;
}

SHELF_KERNEL(relu, "Relu", .match = shelf_match, .run = run);
SHELF_PLUGIN(wrong_special_value, "Relu by a maximum.", "Relu", relu)
