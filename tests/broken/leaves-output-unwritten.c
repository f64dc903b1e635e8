/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: leaves-output-unwritten. MatMul has nothing to do where there is nothing to sum, and forgets that
 * the sums are then 0: for [m,0] by [0,n] the result is what the memory held. */
#include "shelf.h"

static int32_t run(void *state, const NnCall *call) {
    (void)state;
    const NnTensor *a = call->inputs[0], *b = call->inputs[1];
    const float *x = nn_data(a), *w = nn_data(b);
    float *y = nn_data(call->outputs[0]);
    const int64_t m = a->dims[0], k = a->dims[1], n = b->dims[1];
    if (m == 0 || n == 0 || k == 0)
        return NN_OK;
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int64_t l = 0; l < k; l++)
                sum += (double)x[i * k + l] * (double)w[l * n + j];
            y[i * n + j] = (float)sum;
        }
    return NN_OK;
}

SHELF_KERNEL(matmul, "MatMul", .match = shelf_match_matrices, .run = run);
SHELF_PLUGIN(leaves_output_unwritten, "MatMul with an early way out.", "MatMul", matmul)
