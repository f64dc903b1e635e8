/* SPDX-License-Identifier: Apache-2.0 */
/* Slices picked by index along an axis; embeddings are this. The gradient adds up what was picked several
 * times. */
#include "family/index.h"

static void known(NnInfer *n, int32_t rank) {
    int64_t data[NN_MAX_KNOWN], at[NN_MAX_KNOWN], out[NN_MAX_KNOWN];
    const int64_t extent = nn_known(n->node->inputs[0], data), count = nn_known(n->node->inputs[1], at);
    bool inside = extent >= 0 && count >= 0 && n->node->inputs[1]->value && rank <= 1;
    for (int64_t i = 0; inside && i < count; i++) {
        inside = at[i] >= -extent && at[i] < extent;
        out[i] = inside ? data[at[i] < 0 ? at[i] + extent : at[i]] : 0;
    }
    if (inside)
        n->value(n, 0, (uint64_t)count, out);
}

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0], *at = n->node->inputs[1];
    int64_t axis = nn_attr_int(n->node, "axis", 0), dims[2 * NN_MAX_RANK];
    if (x->rank >= 0 && nn_axis(n, "axis", &axis, x->rank) != NN_OK)
        return NN_INVALID;
    if (x->rank < 0 || at->rank < 0) {
        nn_output_rank(n, 0, x->type, NN_RANK_UNKNOWN);
        return NN_OK;
    }
    const int32_t rank = x->rank - 1 + at->rank;
    if (rank > NN_MAX_RANK)
        return nn_bad(n, "the result would have rank %d, at most %d is supported", rank, NN_MAX_RANK);
    for (int32_t i = 0; i < rank; i++)
        dims[i] = nn_dim_plain(i < axis              ? x->dims[i]
                               : i < axis + at->rank ? at->dims[i - axis]
                                                     : x->dims[i - at->rank + 1]);
    n->output(n, 0, x->type, rank, dims);
    if (x->rank == 1)
        known(n, rank);
    return NN_OK;
}

/* Calls `move` or adds, for each index: rows of `inner` elements between the small and the large tensor. */
static int32_t each(const NnCall *call, const NnTensor *indices, NnTensor *to, const NnTensor *from,
                    const NnTensor *data, bool back) {
    const int32_t axis = nn_axis_of(nn_attr_int(call->node, "axis", 0), data->rank);
    const int64_t outer = nn_product(data->dims, 0, axis), extent = data->dims[axis];
    const int64_t inner = nn_product(data->dims, axis + 1, data->rank), count = nn_elements(indices);
    for (int64_t o = 0; o < outer; o++)
        for (int64_t k = 0; k < count; k++) {
            int64_t at;
            const int32_t code = nn_index(call, indices, k, extent, &at);
            if (code != NN_OK)
                return code;
            const int64_t small = (o * count + k) * inner, large = (o * extent + at) * inner;
            if (!back)
                nn_move(nn_data(to), small, nn_data(from), large, inner, nn_type_size(to->type));
            for (int64_t i = 0; back && i < inner; i++)
                nn_accumulate(to, large + i, from, small + i);
        }
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    return each(call, call->inputs[1], call->outputs[0], call->inputs[0], call->inputs[0], false);
}

static int32_t gradient(NnGradient *g) {
    g->grads[0] = nn_rule_same_attrs(g, "nn/GatherGrad", NN_VALUES(NN_DY(g), g->inputs[1], g->inputs[0]));
    return NN_OK;
}

static int32_t grad_infer(NnInfer *n) {
    nn_output_like(n, 0, 2, n->node->inputs[0]->type);
    return NN_OK;
}

static int32_t grad_gradient(NnGradient *g) {
    g->grads[0] = nn_rule_same_attrs(g, "Gather", NN_VALUES(NN_DY(g), g->inputs[1]));
    return NN_OK;
}

static int32_t grad_compute(const NnCall *call) {
    nn_clear(call->outputs[0]);
    return each(call, call->inputs[1], call->outputs[0], call->inputs[0], call->outputs[0], true);
}

#define INDICES                                                                                              \
    {                                                                                                        \
        "indices", "I", NN_INDICES, NN_NO_GRADIENT, 0,                                                       \
            "positions along the axis; negative ones count from the end"                                     \
    }

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("Gather", 13), NN_IN(NN_DATA(0), INDICES),
    NN_OUT({"output", "T", NN_ANY, 0, 0, "the slices, the dimensions of indices in place of the axis"}),
    NN_ATTRIBUTES(NN_AXIS("0")),
    NN_SAMPLES("[4,3] i64[2]{1,-1}", "[4,3] i64[2,2]{0,1,1,3}", "[2,4] i64[3]{3,0,3}; axis=1", "[3] i64[]{2}",
               "[3,2] i64[0]", "[3,0] i32[2]{0,2}", "i64[4]@0:9 i64[2]{0,3}"),
    .doc = "Picks slices along an axis: output[i, ...] = data[indices[i], ...] for axis 0.", .infer = infer,
    .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(
    grad_op, NN_OURS("GatherGrad", 1),
    NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of the slices"}, INDICES, NN_LIKE),
    NN_OUT({"dX", "T", NN_FLOATS, 0, 0, "gradient of data"}), NN_ATTRIBUTES(NN_AXIS("0")),
    NN_SAMPLES("[2,3] i64[2]{1,-1} [4,3]", "[2,3] i64[3]{3,0,3} [2,4]; axis=1", "[0,2] i64[0] [3,2]"),
    .doc = "Gradient of Gather: each slice of data gets the sum over the places it was picked for.",
    .infer = grad_infer, .gradient = grad_gradient, .compute = grad_compute);

NN_OPERATORS(gather, "Slices picked by index.", NN_OP("Gather", op), NN_OP("nn/GatherGrad", grad_op))
