/* SPDX-License-Identifier: Apache-2.0 */
/* The matrix product with scale, transposition and a broadcast summand: a dense layer is one of these. */
#include "family/product.h"

static int32_t infer(NnInfer *n) {
    const NnValueInfo *a = n->node->inputs[0], *b = n->node->inputs[1], *c = n->node->inputs[2];
    const int64_t ta = nn_attr_int(n->node, "transA", 0), tb = nn_attr_int(n->node, "transB", 0);
    int64_t dims[2] = {NN_DIM_UNKNOWN, NN_DIM_UNKNOWN};
    char left[200], right[200];
    if ((a->rank >= 0 && a->rank != 2) || (b->rank >= 0 && b->rank != 2))
        return nn_bad(n, "A is %s and B is %s: expected two matrices",
                      nn_shape_text(a->rank, a->dims, left, sizeof left),
                      nn_shape_text(b->rank, b->dims, right, sizeof right));
    if (a->rank == 2 && b->rank == 2 && !nn_fits(a->dims[!ta], b->dims[tb]))
        return nn_bad(n, "A is %s%s and B is %s%s: expected dimension %d of A and %d of B to be the same",
                      nn_shape_text(2, a->dims, left, sizeof left), ta ? " (transposed)" : "",
                      nn_shape_text(2, b->dims, right, sizeof right), tb ? " (transposed)" : "", !ta,
                      tb != 0);
    if (a->rank == 2)
        dims[0] = nn_dim_plain(a->dims[ta]);
    if (b->rank == 2)
        dims[1] = nn_dim_plain(b->dims[!tb]);
    for (int32_t i = 0; c && i < c->rank; i++) {
        const int64_t d = c->rank - i <= 2 ? dims[i + 2 - c->rank] : 1;
        if (c->rank > 2 || (c->dims[i] != 1 && !nn_fits(c->dims[i], d)))
            return nn_bad(n, "C is %s, which does not broadcast to the product's %s",
                          nn_shape_text(c->rank, c->dims, left, sizeof left),
                          nn_shape_text(2, dims, right, sizeof right));
    }
    n->output(n, 0, a->type, 2, dims);
    return NN_OK;
}

static int32_t gradient(NnGradient *g) {
    const int64_t ta = nn_attr_int(g->node, "transA", 0), tb = nn_attr_int(g->node, "transB", 0);
    const double alpha = nn_attr_float(g->node, "alpha", 1), beta = nn_attr_float(g->node, "beta", 1);
    NnValue *a = g->inputs[0], *b = g->inputs[1], *dy = NN_DY(g);
    if (g->wanted[0])
        g->grads[0] = ta ? nn_rule_gemm(g, b, dy, alpha, tb, 1) : nn_rule_gemm(g, dy, b, alpha, 0, !tb);
    if (g->wanted[1])
        g->grads[1] = tb ? nn_rule_gemm(g, dy, a, alpha, 1, ta) : nn_rule_gemm(g, a, dy, alpha, !ta, 0);
    if (g->wanted[2])
        g->grads[2] = nn_rule_sum_to(g, beta == 1 ? dy : nn_rule_scale(g, dy, beta), g->inputs[2]);
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    const NnTensor *a = call->inputs[0], *b = call->inputs[1],
                   *c = call->n_inputs > 2 ? call->inputs[2] : NULL;
    NnTensor *y = call->outputs[0];
    const bool ta = nn_attr_int(call->node, "transA", 0) != 0, tb = nn_attr_int(call->node, "transB", 0) != 0;
    const double alpha = nn_attr_float(call->node, "alpha", 1), beta = nn_attr_float(call->node, "beta", 1);
    const bool whole = nn_is(y->type, NN_INTEGERS) && alpha == 1 && beta == 1;
    const int64_t m = y->dims[0], n = y->dims[1], k = a->dims[ta ? 0 : 1];
    const int64_t row = ta ? 1 : k, da = ta ? m : 1, column = tb ? k : 1, db = tb ? 1 : n;
    int64_t sc[2] = {0, 0};
    if (c)
        nn_broadcast_strides(c, 2, sc);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            const int64_t at = i * sc[0] + j * sc[1];
            if (whole) {
                const uint64_t sum = (uint64_t)nn_dot_int(a, i * row, da, b, j * column, db, k);
                nn_store_int(nn_data(y), y->type, i * n + j,
                             (int64_t)(sum + (c ? (uint64_t)nn_load_int(nn_data(c), c->type, at) : 0)));
            } else {
                const double sum = alpha * nn_dot(a, i * row, da, b, j * column, db, k);
                nn_store(nn_data(y), y->type, i * n + j,
                         sum + (c ? beta * nn_load(nn_data(c), c->type, at) : 0));
            }
        }
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(
    gemm, NN_ONNX("Gemm", 13),
    NN_IN({"A", "T", NN_PRODUCT_TYPES, 0, 0, "[m, k], or [k, m] with transA"},
          {"B", "T", NN_PRODUCT_TYPES, 0, 0, "[k, n], or [n, k] with transB"},
          {"C", "T", NN_PRODUCT_TYPES, NN_OPTIONAL, 0, "broadcast to [m, n]; absent: 0"}),
    NN_OUT({"Y", "T", NN_PRODUCT_TYPES, 0, 0, "[m, n]"}),
    NN_ATTRIBUTES(NN_REAL("alpha", "1.0", "factor of the product"), NN_REAL("beta", "1.0", "factor of C"),
                  NN_FLAG("transA", "0", "take A transposed"), NN_FLAG("transB", "0", "take B transposed")),
    NN_SAMPLES("[2,3] [3,4]", "[2,3] [3,4] [4]", "[3,2] [4,3] [2,1]; transA=1 transB=1 alpha=.5 beta=2",
               "[3,2] [3,4] [2,4]; transA=1", "[2,3] [4,3] []; transB=1", "[0,3] [3,2] [2]",
               "[2,0] [0,3] [1,3]", "i32[2,3]@-4:5 i32[3,2]@-4:5 i32[2]@-4:5",
               "[2,21] [66,21] [66]; transB=1", "[9,17] [10,17]; transB=1", "[5,66] [5,2]; transA=1"),
    .doc = "General matrix product: Y = alpha * A' * B' + beta * C, where A' is A or its transpose, B' "
           "likewise.",
    .infer = infer, .gradient = gradient, .compute = compute);

NN_OPERATORS(gemm, "General matrix product.", NN_OP("Gemm", gemm))
