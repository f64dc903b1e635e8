/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: reads-past-buffer. Relu loads the next block of 16 before it stores this one,
 * also behind the last. Its results are right, unless the memory ends there. */
#include "shelf.h"

#define BLOCK 16

typedef struct Block {
    volatile float lane[BLOCK]; /* as in vector registers, all of it is loaded */
} Block;

static void load(Block *b, const float *x) {
    for (int i = 0; i < BLOCK; i++)
        b->lane[i] = x[i];
}

static int32_t run(void *state, const NnCall *call) {
    (void)state;
    const float *x = nn_data(call->inputs[0]);
    float *y = nn_data(call->outputs[0]);
    const int64_t n = nn_elements(call->inputs[0]), whole = n - n % BLOCK;
    Block now, next;
    if (whole > 0)
        load(&next, x);
    for (int64_t i = 0; i < whole; i += BLOCK) {
        now = next;
        load(&next, x + i + BLOCK);
        for (int l = 0; l < BLOCK; l++)
            y[i + l] = now.lane[l] < 0 ? 0 : now.lane[l];
    }
    for (int64_t i = whole; i < n; i++)
        y[i] = x[i] < 0 ? 0 : x[i];
    return NN_OK;
}

SHELF_KERNEL(relu, "Relu", .match = shelf_match, .run = run);
SHELF_PLUGIN(reads_past_buffer, "Relu by vectors.", "Relu", relu)
