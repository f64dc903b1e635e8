/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products over broadcast batch dimensions, as numpy.matmul has them. */
#include "family/product.h"

/* Batch dimensions of both operands, broadcast: how many they are, or a failure code made negative. */
static int32_t batch_dims(NnInfer *n, const NnValueInfo *a, const NnValueInfo *b, int64_t *dims) {
    const int32_t na = a->rank > 2 ? a->rank - 2 : 0, nb = b->rank > 2 ? b->rank - 2 : 0,
                  rank = na > nb ? na : nb;
    char left[200], right[200];
    for (int32_t i = 0; i < rank; i++) {
        const int64_t x = i < rank - na ? 1 : nn_dim_plain(a->dims[i - (rank - na)]);
        const int64_t y = i < rank - nb ? 1 : nn_dim_plain(b->dims[i - (rank - nb)]);
        if (!nn_fits(x, y) && x != 1 && y != 1)
            return -nn_bad(n, "A is %s and B is %s: their batch dimensions do not broadcast",
                           nn_shape_text(a->rank, a->dims, left, sizeof left),
                           nn_shape_text(b->rank, b->dims, right, sizeof right));
        dims[i] = x == 1 || (x == NN_DIM_UNKNOWN && y != 1) ? y : x;
    }
    return rank;
}

static int32_t infer(NnInfer *n) {
    const NnValueInfo *a = n->node->inputs[0], *b = n->node->inputs[1];
    int64_t dims[NN_MAX_RANK];
    char left[200], right[200];
    if (a->rank == 0 || b->rank == 0)
        return nn_bad(n, "%s is a scalar; a matrix product needs ranks of at least 1",
                      a->rank == 0 ? "A" : "B");
    if (a->rank < 0 || b->rank < 0) {
        n->output(n, 0, a->type, NN_RANK_UNKNOWN, NULL);
        return NN_OK;
    }
    if (!nn_fits(a->dims[a->rank - 1], b->dims[b->rank > 1 ? b->rank - 2 : 0]))
        return nn_bad(
            n, "A is %s and B is %s: expected the last dimension of A and the %s of B to be the same",
            nn_shape_text(a->rank, a->dims, left, sizeof left),
            nn_shape_text(b->rank, b->dims, right, sizeof right), b->rank > 1 ? "last but one" : "length");
    int32_t rank = batch_dims(n, a, b, dims);
    if (rank < 0)
        return -rank;
    if (a->rank > 1)
        dims[rank++] = nn_dim_plain(a->dims[a->rank - 2]);
    if (b->rank > 1)
        dims[rank++] = nn_dim_plain(b->dims[b->rank - 1]);
    n->output(n, 0, a->type, rank, dims);
    return NN_OK;
}

static NnValue *unsqueeze(const NnGradient *g, NnValue *v, int64_t axis) {
    return nn_rule2(g, "Unsqueeze", v, nn_vector(g->host, g->graph, 1, &axis));
}

static NnValue *rows(const NnGradient *g, NnValue *v) {
    return nn_rank_of(g, v) == 2
               ? v
               : nn_op(g->host, g->graph, "Flatten", NN_VALUES(v), NN_ATTRS(NN_INT("axis", -1)));
}

static NnValue *swap_last(const NnGradient *g, NnValue *v) {
    const int32_t rank = nn_rank_of(g, v);
    int64_t perm[NN_MAX_RANK] = {0};
    for (int32_t i = 0; i < rank; i++)
        perm[i] = i < rank - 2 ? i : 2 * rank - 3 - i;
    return nn_op(g->host, g->graph, "Transpose", NN_VALUES(v),
                 NN_ATTRS(NN_INTS("perm", (uint32_t)rank, perm)));
}

/* One matrix for all of the batch needs no sum over copies: the batch is more rows of the same product. */
static void by_one_matrix(NnGradient *g, NnValue *a, NnValue *b, NnValue *dy) {
    if (g->wanted[0])
        g->grads[0] = nn_rule_reshape(g, nn_rule_gemm(g, rows(g, dy), b, 1, 0, 1), g->inputs[0]);
    if (g->wanted[1])
        g->grads[1] = nn_rule_reshape(g, nn_rule_gemm(g, rows(g, a), rows(g, dy), 1, 1, 0), g->inputs[1]);
}

static int32_t gradient(NnGradient *g) {
    NnValue *a = g->inputs[0], *b = g->inputs[1], *dy = NN_DY(g);
    const int32_t ra = nn_rank_of(g, a), rb = nn_rank_of(g, b);
    if (ra < 0 || rb < 0)
        return nn_fail(g->host, g->status, NN_UNSUPPORTED,
                       "the gradient of MatMul needs operands of known rank");
    /* As matrices: a vector on the left is a row, on the right a column. */
    if (rb == 1) {
        b = unsqueeze(g, b, 1);
        dy = unsqueeze(g, dy, -1);
    }
    if (ra == 1) {
        a = unsqueeze(g, a, 0);
        dy = unsqueeze(g, dy, -2);
    }
    if (rb <= 2) {
        by_one_matrix(g, a, b, dy);
        return NN_OK;
    }
    if (g->wanted[0]) {
        NnValue *da = nn_rule2(g, "MatMul", dy, swap_last(g, b));
        g->grads[0] = nn_rule_reshape(g, nn_rule_sum_to(g, da, a), g->inputs[0]);
    }
    if (g->wanted[1])
        g->grads[1] = nn_rule_sum_to(g, nn_rule2(g, "MatMul", swap_last(g, a), dy), b);
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    const NnTensor *a = call->inputs[0], *b = call->inputs[1];
    NnTensor *y = call->outputs[0];
    const int64_t k = a->dims[a->rank - 1], m = a->rank > 1 ? a->dims[a->rank - 2] : 1;
    const int64_t n = b->rank > 1 ? b->dims[b->rank - 1] : 1;
    const int32_t batch = y->rank - (a->rank > 1) - (b->rank > 1);
    const bool whole = nn_is(y->type, NN_INTEGERS);
    int64_t index[NN_MAX_RANK] = {0}, sa[NN_MAX_RANK], sb[NN_MAX_RANK], at = 0;
    /* Strides of the batch dimensions only: the operands seen without their matrices. */
    const NnTensor la = {.rank = a->rank > 2 ? a->rank - 2 : 0, .dims = a->dims};
    const NnTensor lb = {.rank = b->rank > 2 ? b->rank - 2 : 0, .dims = b->dims};
    if (nn_elements(y) == 0)
        return NN_OK;
    nn_broadcast_strides(&la, batch, sa);
    nn_broadcast_strides(&lb, batch, sb);
    do {
        const int64_t left = nn_at(batch, index, sa) * m * k, right = nn_at(batch, index, sb) * k * n;
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = 0; j < n; j++, at++) {
                if (whole)
                    nn_store_int(nn_data(y), y->type, at, nn_dot_int(a, left + i * k, 1, b, right + j, n, k));
                else
                    nn_store(nn_data(y), y->type, at, nn_dot(a, left + i * k, 1, b, right + j, n, k));
            }
    } while (nn_next(batch, y->dims, index));
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(
    mat_mul, NN_ONNX("MatMul", 13),
    NN_IN({"A", "T", NN_PRODUCT_TYPES, 0, 0, "matrices [..., m, k], or a vector [k]"},
          {"B", "T", NN_PRODUCT_TYPES, 0, 0, "matrices [..., k, n], or a vector [k]"}),
    NN_OUT({"Y", "T", NN_PRODUCT_TYPES, 0, 0, "products [..., m, n]; a vector's dimension is left out"}),
    NN_SAMPLES("[2,3] [3,4]", "[3] [3]", "[3] [3,2]", "[2,3] [3]", "[2,2,3] [3,2]", "[2,1,2,3] [3,3,2]",
               "[3] [2,3,2]", "[2,2,3] [3]", "[2,3] [2,3,1]", "[0,3] [3,2]", "[2,0] [0,3]", "[0,2,3] [3,1]",
               "i64[2,3]@-4:5 i64[3,2]@-4:5", "[1,9] [9,70]", "[66,21] [21]"),
    .doc = "Matrix product, over broadcast batch dimensions: Y[i,j] = sum over k of A[i,k] * B[k,j].",
    .infer = infer, .gradient = gradient, .compute = compute);

NN_OPERATORS(mat_mul, "Matrix products.", NN_OP("MatMul", mat_mul))
