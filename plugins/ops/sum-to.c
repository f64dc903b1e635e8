/* SPDX-License-Identifier: Apache-2.0 */
/* Broadcasting undone: the gradient of an operand that was repeated is the sum over its copies. */
#include "family/shape.h"
#include "family/typed.h"

static int32_t infer(NnInfer *n) {
    nn_output_like(n, 0, 1, n->node->inputs[0]->type);
    return NN_OK;
}

static int32_t gradient(NnGradient *g) {
    g->grads[0] = nn_rule_expand(g, NN_DY(g), g->inputs[0]);
    return NN_OK;
}

/* For each element of the result, the sum over the dimensions of X along which `like` has no extent. */
static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0], *like = call->inputs[1];
    NnTensor *y = call->outputs[0];
    int64_t dense[NN_MAX_RANK], reduced[NN_MAX_RANK], index[NN_MAX_RANK] = {0};
    const int32_t extra = x->rank - like->rank;
    const int64_t n = nn_elements(y);
    bool fits = extra >= 0;
    for (int32_t i = 0; fits && i < like->rank; i++)
        fits = like->dims[i] == 1 || like->dims[i] == x->dims[i + extra];
    if (!fits)
        return nn_fail(call->host, call->status, NN_INVALID,
                       "the shape of X was not broadcast from that of `like`");
    nn_dense(x->rank, x->dims, dense);
    for (int32_t i = 0; i < x->rank; i++)
        reduced[i] = i < extra || like->dims[i - extra] != x->dims[i] ? x->dims[i] : 1;
    for (int64_t i = 0; i < n; i++, nn_next(y->rank, y->dims, index)) {
        const int64_t base = nn_at(y->rank, index, dense + extra), m = nn_product(reduced, 0, x->rank);
        int64_t inner[NN_MAX_RANK] = {0}, whole = 0;
        double real = 0;
        for (int64_t k = 0; k < m; k++, nn_next(x->rank, reduced, inner)) {
            const int64_t at = base + nn_at(x->rank, inner, dense);
            if (nn_is(x->type, NN_INTEGERS))
                whole = (int64_t)((uint64_t)whole + (uint64_t)nn_load_int(nn_data(x), x->type, at));
            else
                real += nn_load(nn_data(x), x->type, at);
        }
        if (nn_is(x->type, NN_INTEGERS))
            nn_store_int(nn_data(y), y->type, i, whole);
        else
            nn_store(nn_data(y), y->type, i, real);
    }
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(
    sum_to, NN_OURS("SumTo", 1), .role = "sum_to", .flags = NN_OP_SAME,
    NN_IN({"X", "T", NN_NUMBERS, 0, 0, "a tensor of a shape to which that of `like` broadcasts"},
          {"like", "L", NN_ANY, NN_SHAPE_ONLY | NN_NO_GRADIENT, 0, "gives the shape of the result"}),
    NN_OUT({"Y", "T", NN_NUMBERS, 0, 0, "X summed over all dimensions in which `like` was repeated"}),
    NN_SAMPLES("[2,3] [2,3]", "[2,3] [3]", "[2,3] [2,1]", "[4,2,3] [1,3]", "[2,3] []", "[0,3] [1,3]",
               "[2,0] [2,1]"),
    .doc = "Sums X to the shape of `like`, the reverse of broadcasting `like` to the shape of X.",
    .infer = infer, .gradient = gradient, .compute = compute);

NN_OPERATORS(sum_to, "Sums a tensor to the shape of another.", NN_OP("nn/SumTo", sum_to))
