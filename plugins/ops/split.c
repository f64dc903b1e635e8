/* SPDX-License-Identifier: Apache-2.0 */
/* A tensor cut into pieces along an axis. */
#include "family/index.h"

/* Without lengths all pieces are equal, but for a shorter last one. */
static int64_t equal_part(int64_t extent, int64_t pieces, int64_t i) {
    const int64_t length = (extent + pieces - 1) / pieces, start = length * i;
    return start >= extent ? 0 : start + length > extent ? extent - start : length;
}

static int32_t infer(NnInfer *n) {
    const NnNode *node = n->node;
    const NnValueInfo *x = node->inputs[0];
    const bool given = nn_given(node, 1);
    const int64_t wanted = nn_attr_int(node, "num_outputs", 0);
    int64_t lengths[NN_MAX_KNOWN], dims[NN_MAX_RANK], axis = nn_attr_int(node, "axis", 0), total = 0;
    const int64_t count = given ? nn_ask(n, 1, lengths) : (int64_t)node->n_outputs;
    if (!given && wanted && wanted != node->n_outputs)
        return nn_bad(n, "num_outputs is %lld, but %u outputs are used", (long long)wanted, node->n_outputs);
    if (x->rank < 0)
        return NN_OK;
    if (nn_axis(n, "axis", &axis, x->rank) != NN_OK)
        return NN_INVALID;
    if (given && count >= 0 && count != node->n_outputs)
        return nn_bad(n, "split has %lld lengths, but %u outputs are used", (long long)count,
                      node->n_outputs);
    nn_dims_of(x, dims);
    const int64_t extent = dims[axis];
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        dims[axis] = given ? (count < 0 ? NN_DIM_UNKNOWN : lengths[i])
                           : (extent < 0 ? NN_DIM_UNKNOWN : equal_part(extent, node->n_outputs, i));
        if (given && count >= 0 && lengths[i] < 0)
            return nn_bad(n, "split has %lld at place %u, expected 0 or more", (long long)lengths[i], i);
        total += dims[axis];
        n->output(n, i, x->type, x->rank, dims);
    }
    if (given && count >= 0 && extent >= 0 && total != extent)
        return nn_bad(n, "the lengths in split add up to %lld, but dimension %lld has %lld", (long long)total,
                      (long long)axis, (long long)extent);
    return NN_OK;
}

static int32_t gradient(NnGradient *g) {
    const uint32_t n = g->node->n_outputs;
    NnValue **all = g->host->alloc(g->host, (uint64_t)n * sizeof(NnValue *));
    if (!all)
        return nn_fail(g->host, g->status, NN_OUT_OF_MEMORY, "no memory for the gradient of %u outputs", n);
    for (uint32_t i = 0; i < n; i++)
        all[i] = g->grad_outputs[i] ? g->grad_outputs[i] : nn_rule1(g, "nn/ZerosLike", g->outputs[i]);
    const NnAttr axis[] = {NN_INT("axis", nn_attr_int(g->node, "axis", 0))};
    g->grads[0] = nn_op(g->host, g->graph, "Concat", all, n, axis, 1);
    g->host->free(g->host, all);
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0], *lengths = nn_input(call, 1);
    const int32_t axis = nn_axis_of(nn_attr_int(call->node, "axis", 0), x->rank);
    const int64_t outer = nn_product(x->dims, 0, axis), row = nn_product(x->dims, axis, x->rank);
    const int64_t inner = nn_product(x->dims, axis + 1, x->rank);
    int64_t done = 0;
    for (uint32_t k = 0; k < call->n_outputs; k++) {
        const int64_t length = lengths ? nn_load_int(nn_data(lengths), lengths->type, k)
                                       : equal_part(x->dims[axis], call->n_outputs, k);
        const int64_t part = length * inner;
        for (int64_t i = 0; call->outputs[k] && i < outer; i++)
            nn_move(nn_data(call->outputs[k]), i * part, nn_data(x), i * row + done, part,
                    nn_type_size(x->type));
        done += part;
    }
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Split", 18),
                      NN_IN({"input", "T", NN_ANY, 0, 0, "what is cut"},
                            NN_HOST_INTS("split", NN_OPTIONAL, "length of each piece; absent: equal ones")),
                      NN_OUT({"outputs", "T", NN_ANY, NN_VARIADIC, 0, "the pieces"}),
                      NN_ATTRIBUTES(NN_AXIS("0"), {.name = "num_outputs",
                                                   .kind = NN_SET_INT,
                                                   .flags = NN_SET_RANGE,
                                                   .min = 1,
                                                   .max = 65536,
                                                   .doc = "number of pieces, without split"}),
                      NN_SAMPLES("[5,2]; num_outputs=2 -> 2", "[2,5] i64[3]{1,0,4}; axis=1 -> 3",
                                 "[4]; num_outputs=4 -> 4", "[0,3]; axis=-1 num_outputs=3 -> 3",
                                 "[3,2] i64[1]{3} -> 1"),
                      .doc = "Cuts a tensor into pieces along an axis.", .infer = infer, .gradient = gradient,
                      .compute = compute);

NN_OPERATORS(split, "A tensor cut into pieces.", NN_OP("Split", op))
