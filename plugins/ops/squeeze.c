/* SPDX-License-Identifier: Apache-2.0 */
/* Dimensions of extent 1 taken away. */
#include "family/index.h"

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    int64_t axes[NN_MAX_KNOWN], dims[NN_MAX_RANK];
    const bool given = nn_given(n->node, 1);
    const int64_t count = given ? nn_ask(n, 1, axes) : 0;
    uint32_t mask = 0;
    int32_t rank = 0;
    bool known = x->rank >= 0 && count >= 0;
    const int32_t code = known && given ? nn_axes(n, axes, (uint64_t)count, x->rank, &mask) : NN_OK;
    if (code != NN_OK)
        return code;
    for (int32_t i = 0; known && i < x->rank; i++) {
        const bool gone = given ? mask >> i & 1 : x->dims[i] == 1;
        known = given || nn_dim_known(x->dims[i]);
        if (gone && nn_dim_known(x->dims[i]) && x->dims[i] != 1)
            return nn_bad(n, "dimension %d has an extent of %lld, expected 1", i, (long long)x->dims[i]);
        if (!gone)
            dims[rank++] = nn_dim_plain(x->dims[i]);
    }
    n->output(n, 0, x->type, known ? rank : NN_RANK_UNKNOWN, dims);
    if (known)
        nn_pass_value(n, x->type, rank);
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Squeeze", 21), .flags = NN_OP_SAME,
                      NN_IN(NN_DATA(0), NN_HOST_INTS("axes", NN_OPTIONAL, "which; absent: all of extent 1")),
                      NN_OUT({"squeezed", "T", NN_ANY, 0, 0, "the same elements"}),
                      NN_SAMPLES("[1,3,1]", "[1,3,1] i64[1]{0}", "[1,3,1] i64[2]{0,-1}", "[1,0] i64[1]{0}",
                                 "[1]"),
                      .doc = "Takes dimensions of extent 1 away.", .infer = infer,
                      .gradient = nn_reshape_rule, .compute = nn_copy_compute);

NN_OPERATORS(squeeze, "Takes dimensions of extent 1 away.", NN_OP("Squeeze", op))
