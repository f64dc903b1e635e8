/* SPDX-License-Identifier: Apache-2.0 */
/* Dimensions of extent 1 put in. */
#include "family/index.h"

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0], *given = n->node->inputs[1];
    int64_t axes[NN_MAX_KNOWN], dims[NN_MAX_RANK];
    const int64_t count = nn_ask(n, 1, axes);
    uint32_t mask;
    if (x->rank < 0 || count < 0) {
        const bool sized = x->rank >= 0 && given->rank == 1 && nn_dim_known(given->dims[0]);
        nn_output_rank(n, 0, x->type, sized ? x->rank + (int32_t)given->dims[0] : NN_RANK_UNKNOWN);
        return NN_OK;
    }
    const int32_t rank = x->rank + (int32_t)count;
    if (rank > NN_MAX_RANK)
        return nn_bad(n, "the result would have rank %d, at most %d is supported", rank, NN_MAX_RANK);
    const int32_t code = nn_axes(n, axes, (uint64_t)count, rank, &mask);
    if (code != NN_OK)
        return code;
    for (int32_t i = 0, from = 0; i < rank; i++)
        dims[i] = mask >> i & 1 ? 1 : nn_dim_plain(x->dims[from++]);
    n->output(n, 0, x->type, rank, dims);
    nn_pass_value(n, x->type, rank);
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Unsqueeze", 21), .role = "unsqueeze", .flags = NN_OP_SAME,
                      NN_IN(NN_DATA(0), NN_HOST_INTS("axes", 0, "where in the result they stand")),
                      NN_OUT({"expanded", "T", NN_ANY, 0, 0, "the same elements"}),
                      NN_SAMPLES("[2,3] i64[1]{0}", "[2,3] i64[2]{1,-1}", "[] i64[1]{0}", "[0,3] i64[1]{2}",
                                 "[2] i64[0]"),
                      .doc = "Puts dimensions of extent 1 in.", .infer = infer, .gradient = nn_reshape_rule,
                      .compute = nn_copy_compute);

NN_OPERATORS(unsqueeze, "Puts dimensions of extent 1 in.", NN_OP("Unsqueeze", op))
