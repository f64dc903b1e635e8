/* SPDX-License-Identifier: Apache-2.0 */
/* A tensor of zeros, shaped and typed like another. */
#include "family/index.h"

static int32_t infer(NnInfer *n) { return nn_infer_same(n); }

static int32_t compute(const NnCall *call) {
    NnTensor *y = call->outputs[0];
    const int64_t n = nn_elements(y);
    for (int64_t i = 0; i < n; i++)
        nn_store(nn_data(y), y->type, i, 0);
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_OURS("ZerosLike", 1), .role = "zeros_like",
                      NN_IN({"like", "T", NN_ANY, NN_SHAPE_ONLY | NN_NO_GRADIENT, 0,
                             "gives the shape and type of the result"}),
                      NN_OUT({"output", "T", NN_ANY, 0, 0, "the result"}),
                      NN_SAMPLES("[2,3]", "[]", "[0,3]", "i64[2]@0:9", "bool[2]"),
                      .doc = "A tensor of zeros with the shape and type of another.", .infer = infer,
                      .compute = compute);

NN_OPERATORS(zeros_like, "A tensor of zeros with the shape and type of another.", NN_OP("nn/ZerosLike", op))
