/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: not-repeatable. ReduceSum keeps what rounding its result has cut off and adds it to the next sum:
 * every result is within tolerance, and not every one has the same bits. */
#include "shelf.h"

#include <math.h>

typedef struct State {
    double rest;
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
    double sum = state->rest;
    for (int64_t i = 0; i < n; i++)
        sum += (double)x[i];
    const float y = (float)sum;
    state->rest = isfinite(y) ? sum - (double)y : 0;
    *(float *)nn_data(call->outputs[0]) = y;
    return NN_OK;
}

static void release(const NnHost *nn, void *state) { nn->free(nn, state); }

SHELF_KERNEL(reduce_sum, "ReduceSum", .match = shelf_match_whole, .plan = plan, .run = run,
             .release = release);
SHELF_PLUGIN(not_repeatable, "ReduceSum with a rest carried over.", "ReduceSum", reduce_sum)
