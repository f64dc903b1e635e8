/* SPDX-License-Identifier: Apache-2.0 */
/* A tensor laid side by side with itself. */
#include "family/index.h"

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    int64_t repeats[NN_MAX_KNOWN], dims[NN_MAX_RANK];
    const int64_t count = nn_ask(n, 1, repeats);
    if (x->rank < 0 || count < 0) {
        nn_output_rank(n, 0, x->type, x->rank);
        return NN_OK;
    }
    if (count != x->rank)
        return nn_bad(n, "repeats has %lld elements, but the rank is %d", (long long)count, x->rank);
    for (int32_t i = 0; i < x->rank; i++) {
        if (repeats[i] < 0)
            return nn_bad(n, "repeats has %lld at place %d, expected 0 or more", (long long)repeats[i], i);
        dims[i] = nn_dim_known(x->dims[i]) ? x->dims[i] * repeats[i] : NN_DIM_UNKNOWN;
    }
    n->output(n, 0, x->type, x->rank, dims);
    return NN_OK;
}

/* Where element `index` of the tiled tensor comes from. */
static int64_t source(const NnTensor *small, const int64_t *index) {
    int64_t at = 0;
    for (int32_t i = 0; i < small->rank; i++)
        at = at * small->dims[i] + index[i] % small->dims[i];
    return at;
}

static int32_t gradient(NnGradient *g) {
    g->grads[0] = nn_rule3(g, "nn/TileGrad", NN_DY(g), g->inputs[0], g->inputs[1]);
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    NnTensor *y = call->outputs[0];
    int64_t index[NN_MAX_RANK] = {0};
    const int64_t n = nn_elements(y);
    for (int64_t i = 0; i < n; i++, nn_next(y->rank, y->dims, index))
        nn_move(nn_data(y), i, nn_data(call->inputs[0]), source(call->inputs[0], index), 1,
                nn_type_size(y->type));
    return NN_OK;
}

static int32_t grad_infer(NnInfer *n) {
    nn_output_like(n, 0, 1, n->node->inputs[0]->type);
    return NN_OK;
}

static int32_t grad_gradient(NnGradient *g) {
    g->grads[0] = nn_rule2(g, "Tile", NN_DY(g), g->inputs[2]);
    return NN_OK;
}

static int32_t grad_compute(const NnCall *call) {
    const NnTensor *dy = call->inputs[0];
    int64_t index[NN_MAX_RANK] = {0};
    const int64_t n = nn_elements(dy);
    nn_clear(call->outputs[0]);
    for (int64_t i = 0; i < n; i++, nn_next(dy->rank, dy->dims, index))
        nn_accumulate(call->outputs[0], source(call->outputs[0], index), dy, i);
    return NN_OK;
}

#define REPEATS NN_HOST_INTS("repeats", 0, "how often, per dimension")

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Tile", 13), .flags = NN_OP_SAME, NN_IN(NN_DATA(0), REPEATS),
                      NN_OUT({"output", "T", NN_ANY, 0, 0, "data, repeated"}),
                      NN_SAMPLES("[2,3] i64[2]{2,1}", "[2,3] i64[2]{1,3}", "[2] i64[1]{0}",
                                 "[0,3] i64[2]{2,2}", "[] i64[0]"),
                      .doc = "Repeats a tensor along its dimensions: output[i] = data[i mod extent].",
                      .infer = infer, .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(grad_op, NN_OURS("TileGrad", 1),
                      NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of the result"}, NN_LIKE, REPEATS),
                      NN_OUT({"dX", "T", NN_FLOATS, 0, 0, "gradient of data"}),
                      NN_SAMPLES("[4,3] [2,3] i64[2]{2,1}", "[0] [2] i64[1]{0}"),
                      .doc = "Gradient of Tile: the sum over the copies.", .infer = grad_infer,
                      .gradient = grad_gradient, .compute = grad_compute);

NN_OPERATORS(tile, "A tensor laid side by side with itself.", NN_OP("Tile", op),
             NN_OP("nn/TileGrad", grad_op))
