/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: ignores-failed-allocation. LeakyRelu plans with a state from the host and does not ask whether it
 * got one. */
#include "shelf.h"

typedef struct State {
    float slope;
} State;

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    (void)device;
    (void)status;
    State *state = nn->alloc(nn, sizeof *state);
    state->slope = (float)nn_attr_float(node, "alpha", 0.01);
    out->state = state;
    return NN_OK;
}

static int32_t run(void *arg, const NnCall *call) {
    const State *state = arg;
    const float *x = nn_data(call->inputs[0]);
    float *y = nn_data(call->outputs[0]);
    const int64_t n = nn_elements(call->inputs[0]);
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] < 0 ? state->slope * x[i] : x[i];
    return NN_OK;
}

static void release(const NnHost *nn, void *state) { nn->free(nn, state); }

SHELF_KERNEL(leaky_relu, "LeakyRelu", .match = shelf_match, .plan = plan, .run = run, .release = release);
SHELF_PLUGIN(ignores_failed_allocation, "LeakyRelu with a state.", "LeakyRelu", leaky_relu)
