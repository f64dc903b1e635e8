/* SPDX-License-Identifier: Apache-2.0 */
/* The same elements in the shape of another tensor: the gradient of whatever reshapes. */
#include "family/index.h"

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0], *like = n->node->inputs[1];
    int64_t a = x->rank < 0 ? -1 : 1, b = like->rank < 0 ? -1 : 1;
    for (int32_t i = 0; i < x->rank; i++)
        a = a < 0 || !nn_dim_known(x->dims[i]) ? -1 : a * x->dims[i];
    for (int32_t i = 0; i < like->rank; i++)
        b = b < 0 || !nn_dim_known(like->dims[i]) ? -1 : b * like->dims[i];
    if (a >= 0 && b >= 0 && a != b)
        return nn_bad(n, "data has %lld elements, `like` has %lld", (long long)a, (long long)b);
    nn_output_like(n, 0, 1, x->type);
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_OURS("ReshapeLike", 1), .role = "reshape_like", .flags = NN_OP_SAME,
                      NN_IN(NN_DATA(0), NN_LIKE), NN_OUT({"output", "T", NN_ANY, 0, 0, "the result"}),
                      NN_SAMPLES("[2,3] [3,2]", "[1] []", "[0,3] [2,0]", "[2,3] i64[6]@0:2"),
                      .doc = "Gives the elements the shape of another tensor.", .infer = infer,
                      .gradient = nn_reshape_rule, .compute = nn_copy_compute);

NN_OPERATORS(reshape_like, "Gives the elements the shape of another tensor.", NN_OP("nn/ReshapeLike", op))
