/* SPDX-License-Identifier: Apache-2.0 */
/* Elements put in places of their own each, along an axis. */
#include "family/scatter.h"

static int32_t infer(NnInfer *n) {
    const int32_t code = nn_elements_infer(n);
    return code == NN_OK ? nn_infer_same(n) : code;
}

static int32_t gradient(NnGradient *g) {
    const NnAttr axis = NN_INT("axis", nn_attr_int(g->node, "axis", 0));
    return nn_scatter_rule(g, "ScatterElements", "GatherElements", &axis);
}

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0], *at = call->inputs[1], *updates = call->inputs[2];
    NnTensor *y = call->outputs[0];
    const int32_t axis = nn_axis_of(nn_attr_int(call->node, "axis", 0), x->rank);
    const char how = nn_meeting(call->node);
    int64_t index[NN_MAX_RANK] = {0};
    const int64_t n = nn_elements(at);
    if (n != nn_elements(updates))
        return nn_fail(call->host, call->status, NN_INVALID,
                       "indices has %lld elements, but updates has %lld", (long long)n,
                       (long long)nn_elements(updates));
    nn_move(nn_data(y), 0, nn_data(x), 0, nn_elements(x), nn_type_size(x->type));
    for (int64_t i = 0; i < n; i++, nn_next(at->rank, at->dims, index)) {
        int64_t to;
        const int32_t code = nn_elements_position(call, at, i, index, y, axis, &to);
        if (code != NN_OK)
            return code;
        nn_meet(how, y, to, updates, i);
    }
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("ScatterElements", 18),
    NN_IN(NN_DATA(0), NN_ELEMENT_INDICES, {"updates", "T", NN_ANY, 0, 0, "what is put there"}),
    NN_OUT({"output", "T", NN_ANY, 0, 0, "data with the updates"}),
    NN_ATTRIBUTES(NN_AXIS("0"), NN_REDUCTION_OF_UPDATES),
    NN_SAMPLES("[3,2] i64[2,2]{2,0,0,1} [2,2]", "[2,3] i64[2,2]{2,0,-1,1} [2,2]; axis=1",
               "[3] i64[4]{0,2,0,0} [4]; reduction=add", "[3] i64[0] [0]", "[0,3] i64[0,3] [0,3]",
               "i64[3]@0:9 i64[2]{1,1} i64[2]@0:9; reduction=max"),
    .doc = "Puts updates into a copy of data: output[indices[i][j]][j] = updates[i][j] for axis 0.",
    .infer = infer, .gradient = gradient, .compute = compute);

NN_OPERATORS(scatter_elements, "Elements put in places of their own.", NN_OP("ScatterElements", op))
