/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: writes-past-buffer. Relu goes by pairs, and where the number of elements is odd the last pair ends
 * one element behind the buffer. */
#include "shelf.h"

static int32_t run(void *state, const NnCall *call) {
    (void)state;
    const float *x = nn_data(call->inputs[0]);
    float *y = nn_data(call->outputs[0]);
    const int64_t n = nn_elements(call->inputs[0]);
    for (int64_t i = 0; i < n; i += 2) {
        const float a = x[i], b = i + 1 < n ? x[i + 1] : 0;
        y[i] = a < 0 ? 0 : a;
        y[i + 1] = b < 0 ? 0 : b;
    }
    return NN_OK;
}

SHELF_KERNEL(relu, "Relu", .match = shelf_match, .run = run);
SHELF_PLUGIN(writes_past_buffer, "Relu by pairs.", "Relu", relu)
