/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: wrong-stride. Relu says that it takes strided views, and minds the strides of all dimensions but
 * the last, where it expects neighbours: right for rows cut out of a matrix, wrong for a transposed one. */
#include "shelf.h"

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    (void)nn;
    (void)device;
    (void)node;
    (void)status;
    out->strided = 1;
    return NN_OK;
}

static int32_t run(void *state, const NnCall *call) {
    (void)state;
    const NnTensor *t = call->inputs[0];
    const float *x = nn_data(t);
    float *y = nn_data(call->outputs[0]);
    const int64_t rows = shelf_columns(t) > 0 ? shelf_rows(t) : 0, columns = shelf_columns(t);
    for (int64_t r = 0; r < rows; r++) {
        int64_t at = 0;
        for (int64_t d = t->rank - 2, rest = r; d >= 0; rest /= t->dims[d], d--)
            at += rest % t->dims[d] * t->strides[d];
        for (int64_t c = 0; c < columns; c++, y++)
            *y = x[at + c] < 0 ? 0 : x[at + c];
    }
    return NN_OK;
}

SHELF_KERNEL(relu, "Relu", .match = shelf_match, .plan = plan, .run = run);
SHELF_PLUGIN(wrong_stride, "Relu of strided views.", "Relu", relu)
