/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: not-repeatable. ReduceSum by Kahan's compensated sums, whose compensation is kept from one run to
 * the next: every result is within tolerance, and no two have the same bits. */
#include "shelf.h"

#include <math.h>

typedef struct State {
    float lost; /* what the sum so far was too large by */
} State;

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    (void)device;
    (void)node;
    out->state = nn->alloc(nn, sizeof(State));
    return out->state ? NN_OK : nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory for the state of ReduceSum");
}

static int32_t run(void *arg, const NnCall *call) {
    State *state = arg;
    const float *x = nn_data(call->inputs[0]);
    const int64_t n = nn_elements(call->inputs[0]);
    volatile float sum = 0; /* as it is written: the compensation is not to be optimized away */
    for (int64_t i = 0; i < n; i++) {
        const float y = x[i] - state->lost;
        const float t = sum + y;
        state->lost = t - sum - y;
        sum = t;
    }
    state->lost = isfinite(state->lost) ? state->lost : 0;
    *(float *)nn_data(call->outputs[0]) = sum;
    return NN_OK;
}

static void release(const NnHost *nn, void *state) { nn->free(nn, state); }

SHELF_KERNEL(reduce_sum, "ReduceSum", .match = shelf_match_whole, .plan = plan, .run = run,
             .release = release);
SHELF_PLUGIN(not_repeatable, "ReduceSum with compensation.", "ReduceSum", reduce_sum)
