/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: claims-too-much. Softmax along the last axis; its match looks at the type alone and says yes to
 * every axis, and run refuses the others. */
#include "shelf.h"

#include <math.h>

static void softmax(const float *x, float *y, int64_t n) {
    double top = (double)x[0], sum = 0;
    for (int64_t i = 1; i < n; i++)
        top = (double)x[i] > top ? (double)x[i] : top;
    for (int64_t i = 0; i < n; i++)
        sum += exp((double)x[i] - top);
    for (int64_t i = 0; i < n; i++)
        y[i] = (float)(exp((double)x[i] - top) / sum);
}

static int32_t run(void *state, const NnCall *call) {
    (void)state;
    const NnTensor *t = call->inputs[0];
    const int64_t axis = nn_attr_int(call->node, "axis", -1), rows = shelf_rows(t), n = shelf_columns(t);
    if (axis != -1 && axis != t->rank - 1)
        return nn_fail(call->host, call->status, NN_UNSUPPORTED, "Softmax goes along the last axis here");
    for (int64_t r = 0; r < rows && n > 0; r++)
        softmax((const float *)nn_data(t) + r * n, (float *)nn_data(call->outputs[0]) + r * n, n);
    return NN_OK;
}

SHELF_KERNEL(softmax_kernel, "Softmax", .match = shelf_match, .run = run);
SHELF_PLUGIN(claims_too_much, "Softmax along any axis, it says.", "Softmax", softmax_kernel)
