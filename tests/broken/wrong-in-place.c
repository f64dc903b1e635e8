/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: wrong-in-place. LogSoftmax says that its result may take its input's memory, keeps exponentials in
 * the result meanwhile, and then reads the input once more. */
#include "shelf.h"

#include <math.h>

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    (void)nn;
    (void)device;
    (void)node;
    (void)status;
    out->n_in_place = 1;
    out->in_place[0] = (NnInPlace){.input = 0, .output = 0};
    return NN_OK;
}

static void log_softmax(const float *x, float *y, int64_t n) {
    float top = x[0];
    double sum = 0;
    for (int64_t i = 1; i < n; i++)
        top = x[i] > top ? x[i] : top;
    for (int64_t i = 0; i < n; i++)
        y[i] = expf(x[i] - top);
    for (int64_t i = 0; i < n; i++)
        sum += (double)y[i];
    for (int64_t i = 0; i < n; i++)
        y[i] = (float)((double)x[i] - (double)top - log(sum));
}

static int32_t run(void *state, const NnCall *call) {
    (void)state;
    const NnTensor *t = call->inputs[0];
    const int64_t rows = shelf_rows(t), n = shelf_columns(t);
    for (int64_t r = 0; r < rows && n > 0; r++)
        log_softmax((const float *)nn_data(t) + r * n, (float *)nn_data(call->outputs[0]) + r * n, n);
    return NN_OK;
}

SHELF_KERNEL(log_softmax_kernel, "LogSoftmax", .match = shelf_match_rows, .plan = plan, .run = run);
SHELF_PLUGIN(wrong_in_place, "LogSoftmax over its input.", "LogSoftmax", log_softmax_kernel)
