/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: wrong-type. MatMul takes f32 and f64, and sums both in float: f64 comes back with seven right
 * digits. */
#include "shelf.h"

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    (void)device;
    const bool fits = node->inputs[0]->rank == 2 && node->inputs[1]->rank == 2;
    return fits && shelf_types(node, NN_MASK(NN_F32) | NN_MASK(NN_F64))
               ? NN_OK
               : nn_fail(nn, reason, NN_UNSUPPORTED, "operands are matrices of f32 or f64 here");
}

#define MULTIPLY(T)                                                                                          \
    static void multiply_##T(const NnCall *call, int64_t m, int64_t k, int64_t n) {                          \
        const T *a = nn_data(call->inputs[0]), *b = nn_data(call->inputs[1]);                                \
        T *y = nn_data(call->outputs[0]);                                                                    \
        for (int64_t i = 0; i < m; i++)                                                                      \
            for (int64_t j = 0; j < n; j++) {                                                                \
                float sum = 0;                                                                               \
                for (int64_t l = 0; l < k; l++)                                                              \
                    sum += (float)(a[i * k + l] * b[l * n + j]);                                             \
                y[i * n + j] = (T)sum;                                                                       \
            }                                                                                                \
    }
MULTIPLY(float)
MULTIPLY(double)

static int32_t run(void *state, const NnCall *call) {
    (void)state;
    const NnTensor *a = call->inputs[0], *b = call->inputs[1];
    if (a->type == NN_F32)
        multiply_float(call, a->dims[0], a->dims[1], b->dims[1]);
    else
        multiply_double(call, a->dims[0], a->dims[1], b->dims[1]);
    return NN_OK;
}

SHELF_KERNEL(matmul, "MatMul", .match = match, .run = run);
SHELF_PLUGIN(wrong_type, "MatMul of f32 and f64.", "MatMul", matmul)
