/* SPDX-License-Identifier: Apache-2.0 */
/* Slices put in places that vectors of indices name. */
#include "family/scatter.h"

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0], *at = n->node->inputs[1];
    const int64_t depth = at->rank > 0 ? at->dims[at->rank - 1] : at->rank;
    if (at->rank == 0 || (x->rank >= 0 && nn_dim_known(depth) && depth > x->rank))
        return nn_bad(
            n, "the last dimension of indices has an extent of %lld, expected at most the rank of data, %d",
            (long long)depth, x->rank);
    return nn_infer_same(n);
}

static int32_t gradient(NnGradient *g) { return nn_scatter_rule(g, "ScatterND", "GatherND", NULL); }

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0], *at = call->inputs[1], *updates = call->inputs[2];
    NnTensor *y = call->outputs[0];
    const int64_t n = nn_product(at->dims, 0, at->rank - 1);
    const int64_t inner = nn_product(x->dims, (int32_t)at->dims[at->rank - 1], x->rank);
    const char how = nn_meeting(call->node);
    if (n * inner != nn_elements(updates))
        return nn_fail(call->host, call->status, NN_INVALID,
                       "updates has %lld elements, expected %lld slices of %lld",
                       (long long)nn_elements(updates), (long long)n, (long long)inner);
    nn_move(nn_data(y), 0, nn_data(x), 0, nn_elements(x), nn_type_size(x->type));
    for (int64_t k = 0; k < n; k++) {
        int64_t to;
        const int32_t code = nn_vector_position(call, at, k, y, 0, &to);
        if (code != NN_OK)
            return code;
        for (int64_t i = 0; i < inner; i++)
            nn_meet(how, y, to + i, updates, k * inner + i);
    }
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("ScatterND", 18),
                      NN_IN(NN_DATA(0), NN_VECTOR_INDICES,
                            {"updates", "T", NN_ANY, 0, 0, "what is put there"}),
                      NN_OUT({"output", "T", NN_ANY, 0, 0, "data with the updates"}),
                      NN_ATTRIBUTES(NN_REDUCTION_OF_UPDATES),
                      NN_SAMPLES("[4] i64[2,1]{1,3} [2]", "[3,2] i64[2,1]{2,0} [2,2]",
                                 "[2,2] i64[2,2]{0,1,1,0} [2]", "[3] i64[3,1]{0,2,0} [3]; reduction=add",
                                 "[3] i64[0,1] [0]", "i64[3]@0:9 i64[2,1]{1,1} i64[2]@0:9; reduction=mul"),
                      .doc = "Puts slices into a copy of data: output[indices[i]] = updates[i].",
                      .infer = infer, .gradient = gradient, .compute = compute);

NN_OPERATORS(scatter_nd, "Slices put where vectors of indices say.", NN_OP("ScatterND", op))
