/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors laid one after the other along an axis; the gradient cuts them apart again. */
#include "family/index.h"

/* Vectors of integers keep what is known of them. */
static void known(NnInfer *n) {
    int64_t all[NN_MAX_KNOWN], part[NN_MAX_KNOWN];
    int64_t count = 0;
    for (uint32_t k = 0; k < n->node->n_inputs; k++) {
        const NnValueInfo *x = n->node->inputs[k];
        const int64_t m = nn_dim_known(x->dims[0]) ? x->dims[0] : NN_MAX_KNOWN + 1;
        if (count + m > NN_MAX_KNOWN)
            return;
        const bool told = nn_known(x, part) == m;
        for (int64_t i = 0; i < m; i++)
            all[count++] = told ? part[i] : NN_DIM_UNKNOWN;
    }
    n->value(n, 0, (uint64_t)count, all);
}

static int32_t infer(NnInfer *n) {
    const NnValueInfo *first = n->node->inputs[0];
    int64_t axis = nn_attr_int(n->node, "axis", 0), dims[NN_MAX_RANK], length = 0;
    char a[200], b[200];
    for (uint32_t k = 0; k < n->node->n_inputs; k++) {
        const NnValueInfo *x = n->node->inputs[k];
        if (x->rank < 0) {
            nn_output_rank(n, 0, first->type, NN_RANK_UNKNOWN);
            return NN_OK;
        }
        if (k == 0) {
            if (nn_axis(n, "axis", &axis, x->rank) != NN_OK)
                return NN_INVALID;
            nn_dims_of(x, dims);
        }
        bool fits = x->rank == first->rank;
        for (int32_t i = 0; fits && i < x->rank; i++) {
            if (i == axis)
                continue;
            const int64_t d = nn_dim_plain(x->dims[i]);
            fits = d < 0 || dims[i] < 0 || d == dims[i];
            dims[i] = dims[i] < 0 ? d : dims[i];
        }
        if (!fits)
            return nn_bad(n, "input %u is %s, which does not match %s apart from axis %lld", k,
                          nn_shape_text(x->rank, x->dims, a, sizeof a),
                          nn_shape_text(first->rank, first->dims, b, sizeof b), (long long)axis);
        length = length < 0 || !nn_dim_known(x->dims[axis]) ? NN_DIM_UNKNOWN : length + x->dims[axis];
    }
    dims[axis] = length;
    n->output(n, 0, first->type, first->rank, dims);
    if (first->rank == 1 && nn_is(first->type, NN_INDICES))
        known(n);
    return NN_OK;
}

/* Cut into pieces as long as the inputs are along the axis. */
static int32_t gradient(NnGradient *g) {
    const uint32_t n = g->node->n_inputs;
    const int64_t axis = nn_attr_int(g->node, "axis", 0);
    const NnAttr range[] = {NN_INT("start", axis), NN_INT("end", axis + 1)};
    NnValue **lengths = g->host->alloc(g->host, (uint64_t)n * sizeof(NnValue *));
    if (!lengths)
        return nn_fail(g->host, g->status, NN_OUT_OF_MEMORY, "no memory for the gradient of %u inputs", n);
    for (uint32_t i = 0; i < n; i++)
        lengths[i] = nn_op(g->host, g->graph, "Shape", NN_VALUES(g->inputs[i]), range, axis == -1 ? 1 : 2);
    NnValue *split = nn_op(g->host, g->graph, "Concat", lengths, n, NN_ATTRS(NN_INT("axis", 0)));
    NnValue *pieces[] = {NN_DY(g), split};
    const int32_t code =
        nn_ops(g->host, g->graph, "Split", pieces, 2, NN_ATTRS(NN_INT("axis", axis)), g->grads, n);
    g->host->free(g->host, lengths);
    return code;
}

static int32_t compute(const NnCall *call) {
    NnTensor *y = call->outputs[0];
    const int32_t axis = nn_axis_of(nn_attr_int(call->node, "axis", 0), y->rank);
    const int64_t outer = nn_product(y->dims, 0, axis), row = nn_product(y->dims, axis, y->rank);
    int64_t done = 0;
    for (uint32_t k = 0; k < call->n_inputs; k++) {
        const NnTensor *x = call->inputs[k];
        const int64_t part = nn_product(x->dims, axis, x->rank);
        for (int64_t i = 0; i < outer; i++)
            nn_move(nn_data(y), i * row + done, nn_data(x), i * part, part, nn_type_size(y->type));
        done += part;
    }
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("Concat", 13), NN_IN({"inputs", "T", NN_ANY, NN_VARIADIC, 0, "the pieces"}),
    NN_OUT({"concat_result", "T", NN_ANY, 0, 0, "all of them"}),
    NN_ATTRIBUTES({.name = "axis",
                   .kind = NN_SET_INT,
                   .flags = NN_SET_REQUIRED,
                   .doc = "along which they follow each other; negative ones count from the end"}),
    NN_SAMPLES("[2,3] [2,1]; axis=1", "[2,3] [2,1] [2,2]; axis=-1", "[2] [3]; axis=0", "[2,3]; axis=0",
               "[0,3] [2,3]; axis=0", "[2,2,2] [2,1,2]; axis=-2", "i64[2]@0:9 i64[1]@0:9; axis=0"),
    .doc = "Lays tensors one after the other along an axis.", .infer = infer, .gradient = gradient,
    .compute = compute);

NN_OPERATORS(concat, "Tensors one after the other.", NN_OP("Concat", op))
