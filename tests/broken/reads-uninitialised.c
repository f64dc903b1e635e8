/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: reads-uninitialised. ReduceSum keeps eight partial sums in its workspace and starts from what it
 * finds there, which is 0 in memory that is fresh from the system. */
#include "shelf.h"

#define LANES 8

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    (void)nn;
    (void)device;
    (void)node;
    (void)status;
    out->workspace = LANES * sizeof(double);
    return NN_OK;
}

static int32_t run(void *state, const NnCall *call) {
    (void)state;
    const float *x = nn_data(call->inputs[0]);
    double *lanes = shelf_workspace(call), sum = 0;
    const int64_t n = nn_elements(call->inputs[0]);
    for (int64_t i = 0; i < n; i++)
        lanes[i % LANES] += (double)x[i];
    for (int64_t i = 0; i < LANES; i++) {
        sum += lanes[i];
        lanes[i] = 0; /* for the next run */
    }
    *(float *)nn_data(call->outputs[0]) = (float)sum;
    return NN_OK;
}

SHELF_KERNEL(reduce_sum, "ReduceSum", .match = shelf_match_whole, .plan = plan, .run = run);
SHELF_PLUGIN(reads_uninitialised, "ReduceSum with partial sums.", "ReduceSum", reduce_sum)
