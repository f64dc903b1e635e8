/* SPDX-License-Identifier: Apache-2.0 */
/* Dimensions in another order. */
#include "family/index.h"

/* Which dimension of data becomes dimension i; without perm the order is reversed. */
static int32_t source(const NnNode *node, int32_t rank, int32_t i) {
    uint32_t n;
    const int64_t *perm = nn_attr_ints(node, "perm", &n);
    return perm ? (int32_t)perm[i] : rank - 1 - i;
}

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    int64_t dims[NN_MAX_RANK];
    uint32_t count, seen = 0;
    const int64_t *perm = nn_attr_ints(n->node, "perm", &count);
    if (perm && x->rank >= 0 && (int64_t)count != x->rank)
        return nn_bad(n, "perm has %u elements, but the rank is %d", count, x->rank);
    for (uint32_t i = 0; perm && i < count; i++) {
        if (perm[i] < 0 || perm[i] >= count || (seen >> perm[i] & 1))
            return nn_bad(n, "perm is not a permutation of 0 to %u: %lld at place %u", count - 1,
                          (long long)perm[i], i);
        seen |= 1u << perm[i];
    }
    for (int32_t i = 0; i < x->rank; i++)
        dims[i] = nn_dim_plain(x->dims[source(n->node, x->rank, i)]);
    n->output(n, 0, x->type, x->rank, dims);
    return NN_OK;
}

static int32_t gradient(NnGradient *g) {
    uint32_t n;
    int64_t inverse[NN_MAX_RANK];
    const int64_t *perm = nn_attr_ints(g->node, "perm", &n);
    for (uint32_t i = 0; i < n; i++)
        inverse[perm[i]] = i;
    g->grads[0] = perm ? nn_op(g->host, g->graph, "Transpose", NN_VALUES(NN_DY(g)),
                               NN_ATTRS(NN_INTS("perm", n, inverse)))
                       : nn_rule1(g, "Transpose", NN_DY(g));
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0];
    NnTensor *y = call->outputs[0];
    int64_t dense[NN_MAX_RANK], strides[NN_MAX_RANK], index[NN_MAX_RANK] = {0};
    const int64_t n = nn_elements(y);
    const uint64_t size = nn_type_size(y->type);
    nn_dense(x->rank, x->dims, dense);
    for (int32_t i = 0; i < x->rank; i++)
        strides[i] = dense[source(call->node, x->rank, i)];
    for (int64_t i = 0; i < n; i++, nn_next(y->rank, y->dims, index))
        nn_move(nn_data(y), i, nn_data(x), nn_at(y->rank, index, strides), 1, size);
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("Transpose", 21), NN_IN(NN_DATA(0)),
    NN_OUT({"transposed", "T", NN_ANY, 0, 0, "the same elements in the new order"}),
    NN_ATTRIBUTES({.name = "perm",
                   .kind = NN_SET_INTS,
                   .doc = "for each dimension of the result, the one of data; absent: reversed"}),
    NN_SAMPLES("[2,3]", "[2,3,4]; perm=1,2,0", "[2,3,4]", "[2,3,4]; perm=0,2,1", "[]", "[0,3]",
               "i64[2,2]@0:9"),
    .doc = "Puts the dimensions in another order: transposed.dims[i] = data.dims[perm[i]].", .infer = infer,
    .gradient = gradient, .compute = compute);

NN_OPERATORS(transpose, "Dimensions in another order.", NN_OP("Transpose", op))
