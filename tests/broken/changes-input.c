/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: changes-input. LogSoftmax takes the maximum off its input in place and puts it back when it is
 * done, which rounds. */
#include "shelf.h"

#include <math.h>

static void log_softmax(float *x, float *y, int64_t n) {
    float top = x[0];
    double sum = 0;
    for (int64_t i = 1; i < n; i++)
        top = x[i] > top ? x[i] : top;
    for (int64_t i = 0; i < n; i++)
        y[i] = NAN;
    if (!isfinite(top))
        return;
    for (int64_t i = 0; i < n; i++) {
        x[i] -= top;
        sum += exp((double)x[i]);
    }
    for (int64_t i = 0; i < n; i++) {
        y[i] = (float)((double)x[i] - log(sum));
        x[i] += top;
    }
}

static int32_t run(void *state, const NnCall *call) {
    (void)state;
    const NnTensor *t = call->inputs[0];
    const int64_t rows = shelf_rows(t), n = shelf_columns(t);
    for (int64_t r = 0; r < rows && n > 0; r++)
        log_softmax((float *)nn_data(t) + r * n, (float *)nn_data(call->outputs[0]) + r * n, n);
    return NN_OK;
}

SHELF_KERNEL(log_softmax_kernel, "LogSoftmax", .match = shelf_match_rows, .run = run);
SHELF_PLUGIN(changes_input, "LogSoftmax that borrows its input.", "LogSoftmax", log_softmax_kernel)
