/* SPDX-License-Identifier: Apache-2.0 */
/* The mean of each plane. */
#include "family/global-pool.h"

static double mean(const NnTensor *x, int64_t from, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += nn_load(nn_data(x), x->type, from + i);
    return sum / (double)n;
}

static int32_t compute(const NnCall *call) { return nn_global_pool_compute(call, mean); }
static int32_t body(NnBody *b) { return nn_global_pool_body(b, "ReduceMean"); }

NN_PRIMITIVE_OPERATOR(global_average_pool, NN_ONNX("GlobalAveragePool", 22), NN_GLOBAL_POOL,
                      .doc = "The mean over all spatial dimensions, which become 1.", .body = body,
                      .compute = compute);

NN_OPERATORS(global_average_pool, "The mean of each plane.", NN_OP("GlobalAveragePool", global_average_pool))
