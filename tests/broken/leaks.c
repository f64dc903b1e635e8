/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: leaks. Elu plans with a state that points to a table; its release frees the state and forgets the
 * table. */
#include "shelf.h"

#include <math.h>
#include <stdlib.h>

#define POWERS 64

typedef struct State {
    double *powers; /* exp(-i), so that exp(-i - f) is powers[i] * exp(-f) */
    double alpha;
} State;

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    (void)device;
    State *state = malloc(sizeof *state);
    double *powers = malloc(POWERS * sizeof *powers);
    if (state == NULL || powers == NULL) {
        free(state);
        free(powers);
        return nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory for the table of Elu");
    }
    for (int i = 0; i < POWERS; i++)
        powers[i] = exp(-i);
    *state = (State){.powers = powers, .alpha = nn_attr_float(node, "alpha", 1)};
    out->state = state;
    return NN_OK;
}

static int32_t run(void *arg, const NnCall *call) {
    const State *state = arg;
    const float *x = nn_data(call->inputs[0]);
    float *y = nn_data(call->outputs[0]);
    const int64_t n = nn_elements(call->inputs[0]);
    for (int64_t i = 0; i < n; i++) {
        const double v = (double)x[i];
        if (v < -1 && v > -POWERS) {
            const int whole = (int)-v;
            y[i] = (float)(state->alpha * (state->powers[whole] * exp(v + whole) - 1));
        } else {
            y[i] = v < 0 ? (float)(state->alpha * expm1(v)) : x[i];
        }
    }
    return NN_OK;
}

static void release(const NnHost *nn, void *state) {
    (void)nn;
    free(state);
}

SHELF_KERNEL(elu, "Elu", .match = shelf_match, .plan = plan, .run = run, .release = release);
SHELF_PLUGIN(leaks, "Elu with a table.", "Elu", elu)
