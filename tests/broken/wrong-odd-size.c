/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: wrong-odd-size. Relu by blocks of 16; what is left is copied and then rectified under a mask, and
 * the mask for 15 elements has 14. */
#include "shelf.h"

#define BLOCK 16

static void rectify(const float *x, float *y, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] < 0 ? 0 : x[i];
}

static int32_t run(void *state, const NnCall *call) {
    static const uint8_t lanes[BLOCK] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 14};
    (void)state;
    const float *x = nn_data(call->inputs[0]);
    float *y = nn_data(call->outputs[0]);
    const int64_t n = nn_elements(call->inputs[0]), rest = n % BLOCK;
    rectify(x, y, n - rest);
    memmove(y + n - rest, x + n - rest, (size_t)rest * sizeof *y);
    rectify(y + n - rest, y + n - rest, lanes[rest]);
    return NN_OK;
}

SHELF_KERNEL(relu, "Relu", .match = shelf_match, .run = run);
SHELF_PLUGIN(wrong_odd_size, "Relu by blocks.", "Relu", relu)
