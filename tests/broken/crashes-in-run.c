/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: crashes-in-run. Clip minds that there may be fewer inputs, and forgets that one in between may be
 * absent. */
#include "shelf.h"

#include <math.h>

static int32_t run(void *state, const NnCall *call) {
    (void)state;
    const float *x = nn_data(call->inputs[0]);
    const float low = call->n_inputs > 1 ? *(const float *)nn_data(call->inputs[1]) : -INFINITY;
    const float high =
        call->n_inputs > 2 && call->inputs[2] ? *(const float *)nn_data(call->inputs[2]) : INFINITY;
    float *y = nn_data(call->outputs[0]);
    const int64_t n = nn_elements(call->inputs[0]);
    for (int64_t i = 0; i < n; i++) {
        const float v = x[i] < low ? low : x[i];
        y[i] = v > high ? high : v;
    }
    return NN_OK;
}

SHELF_KERNEL(clip, "Clip", .match = shelf_match, .run = run);
SHELF_PLUGIN(crashes_in_run, "Clip.", "Clip", clip)
