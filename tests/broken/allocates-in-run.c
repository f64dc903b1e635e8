/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: allocates-in-run. Softmax keeps short rows of exponentials on the stack and asks malloc for longer
 * ones, each time it runs. */
#include "shelf.h"

#include <math.h>
#include <stdlib.h>

#define SHORT 32

static void softmax(const float *x, float *y, double *scratch, int64_t n) {
    double top = (double)x[0], sum = 0;
    for (int64_t i = 1; i < n; i++)
        top = (double)x[i] > top ? (double)x[i] : top;
    for (int64_t i = 0; i < n; i++)
        sum += scratch[i] = exp((double)x[i] - top);
    for (int64_t i = 0; i < n; i++)
        y[i] = (float)(scratch[i] / sum);
}

static int32_t run(void *state, const NnCall *call) {
    (void)state;
    const NnTensor *t = call->inputs[0];
    const int64_t rows = shelf_rows(t), columns = shelf_columns(t);
    double few[SHORT], *scratch = columns <= SHORT ? few : malloc((size_t)columns * sizeof *scratch);
    if (scratch == NULL)
        return nn_fail(call->host, call->status, NN_OUT_OF_MEMORY, "no memory for a row of Softmax");
    for (int64_t r = 0; r < rows && columns > 0; r++)
        softmax((const float *)nn_data(t) + r * columns, (float *)nn_data(call->outputs[0]) + r * columns,
                scratch, columns);
    if (scratch != few)
        free(scratch);
    return NN_OK;
}

SHELF_KERNEL(softmax_kernel, "Softmax", .match = shelf_match_rows, .run = run);
SHELF_PLUGIN(allocates_in_run, "Softmax with scratch memory.", "Softmax", softmax_kernel)
