/* SPDX-License-Identifier: Apache-2.0 */
/* The maximum of each plane. */
#include "family/global-pool.h"

static double largest(const NnTensor *x, int64_t from, int64_t n) {
    double top = -HUGE_VAL;
    for (int64_t i = 0; i < n; i++) {
        const double e = nn_load(nn_data(x), x->type, from + i);
        top = e > top || isnan(e) ? e : top;
    }
    return top;
}

static int32_t compute(const NnCall *call) { return nn_global_pool_compute(call, largest); }
static int32_t body(NnBody *b) { return nn_global_pool_body(b, "ReduceMax"); }

NN_PRIMITIVE_OPERATOR(global_max_pool, NN_ONNX("GlobalMaxPool", 22), NN_GLOBAL_POOL,
                      .doc = "The maximum over all spatial dimensions, which become 1.", .body = body,
                      .compute = compute);

NN_OPERATORS(global_max_pool, "The maximum of each plane.", NN_OP("GlobalMaxPool", global_max_pool))
