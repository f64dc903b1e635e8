/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: writes-past-workspace. MatMul packs B into panels of four columns, the last one filled up with
 * zeros, and asks for a workspace that has no room for the filling. */
#include "shelf.h"

#define PANEL 4

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    (void)nn;
    (void)device;
    (void)status;
    out->workspace = (uint64_t)nn_product(node->inputs[1]->dims, 0, 2) * sizeof(float);
    return NN_OK;
}

static void pack(const float *b, float *panel, int64_t k, int64_t n, int64_t from) {
    for (int64_t l = 0; l < k; l++)
        for (int64_t j = from; j < from + PANEL; j++)
            *panel++ = j < n ? b[l * n + j] : 0;
}

static int32_t run(void *state, const NnCall *call) {
    (void)state;
    const NnTensor *a = call->inputs[0], *b = call->inputs[1];
    const float *x = nn_data(a);
    float *y = nn_data(call->outputs[0]), *panel = shelf_workspace(call);
    const int64_t m = a->dims[0], k = a->dims[1], n = b->dims[1];
    for (int64_t from = 0; from < n; from += PANEL, panel += k * PANEL) {
        if (k > 0)
            pack(nn_data(b), panel, k, n, from);
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = from; j < n && j < from + PANEL; j++) {
                double sum = 0;
                for (int64_t l = 0; l < k; l++)
                    sum += (double)x[i * k + l] * (double)panel[l * PANEL + j - from];
                y[i * n + j] = (float)sum;
            }
    }
    return NN_OK;
}

SHELF_KERNEL(matmul, "MatMul", .match = shelf_match_matrices, .plan = plan, .run = run);
SHELF_PLUGIN(writes_past_workspace, "MatMul by packed panels.", "MatMul", matmul)
