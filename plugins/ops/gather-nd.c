/* SPDX-License-Identifier: Apache-2.0 */
/* Slices picked by vectors of indices. */
#include "family/scatter.h"

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0], *at = n->node->inputs[1];
    const int64_t batch = nn_attr_int(n->node, "batch_dims", 0);
    const int64_t depth = at->rank > 0 ? at->dims[at->rank - 1] : NN_DIM_UNKNOWN;
    int64_t dims[2 * NN_MAX_RANK];
    if (x->rank < 0 || at->rank < 0 || (at->rank > 0 && !nn_dim_known(depth))) {
        nn_output_rank(n, 0, x->type, NN_RANK_UNKNOWN);
        return NN_OK;
    }
    const int64_t rank = at->rank - 1 + x->rank - batch - depth;
    if (at->rank == 0 || batch < 0 || batch >= at->rank || batch + depth > x->rank || rank > NN_MAX_RANK)
        return nn_bad(
            n, "indices of rank %d with vectors of %lld and batch_dims %lld do not fit data of rank %d",
            at->rank, (long long)depth, (long long)batch, x->rank);
    for (int32_t i = 0; i < rank; i++)
        dims[i] = nn_dim_plain(i < at->rank - 1 ? at->dims[i] : x->dims[i - (at->rank - 1) + batch + depth]);
    n->output(n, 0, x->type, (int32_t)rank, dims);
    return NN_OK;
}

/* Slices between the large tensor and the small one. */
static int32_t each(const NnCall *call, const NnTensor *at, const NnTensor *data, NnTensor *to,
                    const NnTensor *from, bool back) {
    const int32_t batch = (int32_t)nn_attr_int(call->node, "batch_dims", 0);
    const int64_t n = nn_product(at->dims, 0, at->rank - 1);
    const int64_t inner = nn_product(data->dims, batch + (int32_t)at->dims[at->rank - 1], data->rank);
    for (int64_t k = 0; k < n; k++) {
        int64_t place;
        const int32_t code = nn_vector_position(call, at, k, data, batch, &place);
        if (code != NN_OK)
            return code;
        if (!back)
            nn_move(nn_data(to), k * inner, nn_data(from), place, inner, nn_type_size(to->type));
        for (int64_t i = 0; back && i < inner; i++)
            nn_accumulate(to, place + i, from, k * inner + i);
    }
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    return each(call, call->inputs[1], call->inputs[0], call->outputs[0], call->inputs[0], false);
}

static int32_t gradient(NnGradient *g) {
    g->grads[0] = nn_rule_same_attrs(g, "nn/GatherNDGrad", NN_VALUES(NN_DY(g), g->inputs[1], g->inputs[0]));
    return NN_OK;
}

static int32_t grad_infer(NnInfer *n) {
    nn_output_like(n, 0, 2, n->node->inputs[0]->type);
    return NN_OK;
}

static int32_t grad_gradient(NnGradient *g) {
    g->grads[0] = nn_rule_same_attrs(g, "GatherND", NN_VALUES(NN_DY(g), g->inputs[1]));
    return NN_OK;
}

static int32_t grad_compute(const NnCall *call) {
    nn_clear(call->outputs[0]);
    return each(call, call->inputs[1], call->outputs[0], call->outputs[0], call->inputs[0], true);
}

#define BATCH NN_ATTRIBUTES(NN_WHOLE("batch_dims", "0", "leading dimensions that data and indices share"))

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("GatherND", 13), NN_IN(NN_DATA(0), NN_VECTOR_INDICES),
                      NN_OUT({"output", "T", NN_ANY, 0, 0, "the slices"}), BATCH,
                      NN_SAMPLES("[2,2] i64[2,2]{0,0,1,1}", "[3,2] i64[2,1]{2,0}",
                                 "[2,3,2] i64[2,1]{2,0}; batch_dims=1",
                                 "[2,3] i64[2,2,1]{0,0,2,1}; batch_dims=1", "[3] i64[0,1]",
                                 "[3,0] i64[1,1]{2}"),
                      .doc = "Picks slices by vectors of indices: output[i] = data[indices[i]].",
                      .infer = infer, .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(
    grad_op, NN_OURS("GatherNDGrad", 1),
    NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of the slices"}, NN_VECTOR_INDICES, NN_LIKE),
    NN_OUT({"dX", "T", NN_FLOATS, 0, 0, "gradient of data"}), BATCH,
    NN_SAMPLES("[2] i64[2,2]{0,0,1,1} [2,2]", "[2,2] i64[2,1]{2,0} [2,3,2]; batch_dims=1",
               "[0] i64[0,1] [3]"),
    .doc = "Gradient of GatherND: each slice of data gets the sum over the places it was picked for.",
    .infer = grad_infer, .gradient = grad_gradient, .compute = grad_compute);

NN_OPERATORS(gather_nd, "Slices picked by vectors of indices.", NN_OP("GatherND", op),
             NN_OP("nn/GatherNDGrad", grad_op))
