/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: keeps-pointer. MatMul takes its second operand for weights that never move, and keeps the pointer
 * of the first run. */
#include "shelf.h"

typedef struct State {
    const float *weights;
} State;

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    (void)device;
    (void)node;
    out->state = nn->alloc(nn, sizeof(State));
    return out->state ? NN_OK : nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory for the state of MatMul");
}

static int32_t run(void *arg, const NnCall *call) {
    State *state = arg;
    const NnTensor *a = call->inputs[0], *b = call->inputs[1];
    const float *x = nn_data(a);
    float *y = nn_data(call->outputs[0]);
    const int64_t m = a->dims[0], k = a->dims[1], n = b->dims[1];
    if (state->weights == NULL)
        state->weights = nn_data(b);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int64_t l = 0; l < k; l++)
                sum += (double)x[i * k + l] * (double)state->weights[l * n + j];
            y[i * n + j] = (float)sum;
        }
    return NN_OK;
}

static void release(const NnHost *nn, void *state) { nn->free(nn, state); }

SHELF_KERNEL(matmul, "MatMul", .match = shelf_match_matrices, .plan = plan, .run = run, .release = release);
SHELF_PLUGIN(keeps_pointer, "MatMul with weights at rest.", "MatMul", matmul)
