/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: reads-past-buffer. Relu loads whole vectors of four, also at the end, and stores as much of the
 * last as there is room for: what it computes is right, unless the memory ends there. */
#include "shelf.h"

#define LANES 4

static int32_t run(void *state, const NnCall *call) {
    (void)state;
    const float *x = nn_data(call->inputs[0]);
    float *y = nn_data(call->outputs[0]);
    const int64_t n = nn_elements(call->inputs[0]);
    for (int64_t i = 0; i < n; i += LANES) {
        volatile float lane[LANES]; /* as vector registers do: all of it is loaded */
        for (int64_t l = 0; l < LANES; l++)
            lane[l] = x[i + l];
        for (int64_t l = 0; l < LANES && i + l < n; l++)
            y[i + l] = lane[l] < 0 ? 0 : lane[l];
    }
    return NN_OK;
}

SHELF_KERNEL(relu, "Relu", .match = shelf_match, .run = run);
SHELF_PLUGIN(reads_past_buffer, "Relu by vectors.", "Relu", relu)
