/* SPDX-License-Identifier: Apache-2.0 */
/* Determinants of square matrices, and their cofactors, which are the gradient. */
#include "family/index.h"

static int32_t check(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    char text[200];
    if (x->rank < 0)
        return NN_OK;
    const int64_t rows = x->rank > 1 ? x->dims[x->rank - 2] : 0,
                  columns = x->rank > 1 ? x->dims[x->rank - 1] : 1;
    if (!nn_dim_known(rows) || !nn_dim_known(columns) || rows == columns)
        return NN_OK;
    return nn_bad(n, "X is %s: expected square matrices [..., M, M]",
                  nn_shape_text(x->rank, x->dims, text, sizeof text));
}

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    int64_t dims[NN_MAX_RANK] = {0};
    nn_dims_of(x, dims);
    n->output(n, 0, x->type, x->rank < 0 ? NN_RANK_UNKNOWN : x->rank > 1 ? x->rank - 2 : 0, dims);
    return check(n);
}

/* Gaussian elimination with the largest pivots of rows and columns, in place. `rank` is how many pivots are
 * not 0, and their product with the sign of the exchanges is what it gives. Rows and columns stand in the
 * order that `row` and `column` say. */
static double eliminate(double *a, int64_t n, int64_t *row, int64_t *column, int64_t *rank) {
    double det = 1;
    for (int64_t i = 0; i < n; i++)
        row[i] = column[i] = i;
    for (*rank = 0; *rank < n; ++*rank) {
        const int64_t k = *rank;
        int64_t p = k, q = k;
        for (int64_t i = k; i < n; i++)
            for (int64_t j = k; j < n; j++)
                if (fabs(a[row[i] * n + column[j]]) > fabs(a[row[p] * n + column[q]])) {
                    p = i;
                    q = j;
                }
        const int64_t r = row[p], c = column[q];
        const double pivot = a[r * n + c];
        if (pivot == 0)
            break;
        det *= p != k ? -pivot : pivot;
        det *= q != k ? -1 : 1;
        row[p] = row[k];
        column[q] = column[k];
        row[k] = r;
        column[k] = c;
        for (int64_t i = k + 1; i < n; i++) {
            const double f = a[row[i] * n + c] /= pivot;
            for (int64_t j = k + 1; j < n; j++)
                a[row[i] * n + column[j]] -= f * a[r * n + column[j]];
        }
    }
    return det;
}

/* Room for work on matrices of n x n: the matrix itself, one more row, and two orders. */
typedef struct Work {
    double *a, *v;
    int64_t *row, *column;
} Work;

static int32_t work_begin(const NnCall *call, int64_t n, Work *w) {
    const uint64_t side = (uint64_t)n + 1;
    w->a = call->host->alloc(call->host, side * side * sizeof *w->a);
    w->v = call->host->alloc(call->host, side * sizeof *w->v);
    w->row = call->host->alloc(call->host, 2 * side * sizeof *w->row);
    w->column = w->row ? w->row + side : NULL;
    return w->a && w->v && w->row ? NN_OK
                                  : nn_fail(call->host, call->status, NN_OUT_OF_MEMORY,
                                            "no memory for a matrix of %lld rows", (long long)n);
}

static void work_end(const NnCall *call, Work *w) {
    call->host->free(call->host, w->a);
    call->host->free(call->host, w->v);
    call->host->free(call->host, w->row);
}

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0];
    NnTensor *y = call->outputs[0];
    const int64_t n = x->dims[x->rank - 1], count = nn_elements(y);
    int64_t rank;
    Work w = {.a = NULL};
    const int32_t code = work_begin(call, n, &w);
    for (int64_t m = 0; code == NN_OK && m < count; m++) {
        for (int64_t i = 0; i < n * n; i++)
            w.a[i] = nn_load(nn_data(x), x->type, m * n * n + i);
        const double det = eliminate(w.a, n, w.row, w.column, &rank);
        nn_store(nn_data(y), y->type, m, rank == n ? det : 0);
    }
    work_end(call, &w);
    return code;
}

/* Row `unit` of det (A^-1)^T: the solution of A v = e times det. Without an inverse, as long as one pivot
 * alone is 0, it is the limit for a small pivot in its place: only its element of L^-1 e counts. */
static void solve(const Work *w, int64_t n, int64_t unit, int64_t rank, double det, NnTensor *y,
                  int64_t base) {
    double *v = w->v; /* by place in the order of elimination */
    for (int64_t i = 0; i < n; i++) {
        v[i] = w->row[i] == unit;
        for (int64_t j = 0; j < i; j++)
            v[i] -= w->a[w->row[i] * n + w->column[j]] * v[j];
    }
    for (int64_t i = n - 1; i >= 0; i--) {
        v[i] = rank < n && i < n - 1 ? 0 : v[i];
        for (int64_t j = i + 1; j < n; j++)
            v[i] -= w->a[w->row[i] * n + w->column[j]] * v[j];
        v[i] /= i < rank ? w->a[w->row[i] * n + w->column[i]] : 1;
    }
    for (int64_t i = 0; i < n; i++)
        nn_store(nn_data(y), y->type, base + unit * n + w->column[i], det * v[i]);
}

static int32_t cofactor_compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0];
    NnTensor *y = call->outputs[0];
    const int64_t n = x->dims[x->rank - 1], count = n > 0 ? nn_elements(x) / (n * n) : 0;
    Work w = {.a = NULL};
    const int32_t code = work_begin(call, n, &w);
    for (int64_t m = 0; code == NN_OK && m < count; m++) {
        const int64_t base = m * n * n;
        int64_t rank;
        for (int64_t i = 0; i < n * n; i++)
            w.a[i] = nn_load(nn_data(x), x->type, base + i);
        const double det = eliminate(w.a, n, w.row, w.column, &rank);
        for (int64_t j = 0; j < n && rank >= n - 1; j++)
            solve(&w, n, j, rank, det, y, base);
        for (int64_t i = 0; i < n * n && rank < n - 1; i++)
            nn_store(nn_data(y), y->type, base + i, 0);
    }
    work_end(call, &w);
    return code;
}

static NnValue *as_matrices(const NnGradient *g, NnValue *scalars) {
    const int64_t axes[] = {-2, -1};
    return nn_rule2(g, "Unsqueeze", scalars, nn_vector(g->host, g->graph, 2, axes));
}

static int32_t gradient(NnGradient *g) {
    g->grads[0] = nn_rule2(g, "Mul", as_matrices(g, NN_DY(g)), nn_rule1(g, "nn/Cofactor", g->inputs[0]));
    return NN_OK;
}

static NnValue *transposed(const NnGradient *g, NnValue *x, int32_t rank) {
    int64_t perm[NN_MAX_RANK] = {0};
    for (int32_t i = 0; i < rank; i++)
        perm[i] = i < rank - 2 ? i : 2 * rank - 3 - i;
    return nn_op(g->host, g->graph, "Transpose", NN_VALUES(x),
                 NN_ATTRS(NN_INTS("perm", (uint32_t)rank, perm)));
}

/* With C the cofactors of X and det its determinant, which must not be 0, dX = (<dC, C> C - C dC^T C) / det.
 */
static int32_t cofactor_gradient(NnGradient *g) {
    const NnValueInfo *info = g->host->graph->info(g->graph, g->inputs[0]);
    const int64_t axes[] = {-2, -1};
    if (!info || info->rank < 2)
        return nn_fail(g->host, g->status, NN_UNSUPPORTED, "the gradient of Cofactor needs X of known rank");
    NnValue *c = g->outputs[0], *det = as_matrices(g, nn_rule1(g, "Det", g->inputs[0]));
    NnValue *along =
        nn_rule2(g, "ReduceSum", nn_rule2(g, "Mul", NN_DY(g), c), nn_vector(g->host, g->graph, 2, axes));
    NnValue *turned = nn_rule2(g, "MatMul", nn_rule2(g, "MatMul", c, transposed(g, NN_DY(g), info->rank)), c);
    g->grads[0] = nn_rule2(g, "Div", nn_rule2(g, "Sub", nn_rule2(g, "Mul", along, c), turned), det);
    return NN_OK;
}

static int32_t cofactor_infer(NnInfer *n) {
    nn_output_like(n, 0, 0, NN_NONE);
    return check(n);
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Det", 22),
                      NN_IN({"X", "T", NN_FLOATS, 0, 0, "square matrices [..., M, M]"}),
                      NN_OUT({"Y", "T", NN_FLOATS, 0, 0, "their determinants [...]"}),
                      NN_SAMPLES("[2,2]", "[2,3,3]", "[1,1]", "[4,4]@-2:2", "f32[3,3]{1,2,3,4,5,6,7,8,9}",
                                 "f32[3,3]{1,0,0,0,0,0,0,0,0}", "f32[2,2]{2,-4,-1,2}", "[2,0,0]", "[0,2,2]"),
                      .doc = "The determinant of each matrix.", .infer = infer, .gradient = gradient,
                      .compute = compute);

NN_PRIMITIVE_OPERATOR(
    cofactor, NN_OURS("Cofactor", 1), NN_IN({"X", "T", NN_FLOATS, 0, 0, "square matrices [..., M, M]"}),
    NN_OUT({"C", "T", NN_FLOATS, 0, 0, "their cofactors, of the shape of X"}),
    NN_SAMPLES("[2,2]", "[2,3,3]@.1:1", "[1,1]", "[0,2,2]", "[1,4,4]@-3:3"),
    .doc = "The derivative of the determinant, which is the determinant of what is left without a row and a "
           "column, with its sign; with an inverse, C = det(X) (X^-1)^T.",
    .infer = cofactor_infer, .gradient = cofactor_gradient, .compute = cofactor_compute);

NN_OPERATORS(det, "Determinants and cofactors.", NN_OP("Det", op), NN_OP("nn/Cofactor", cofactor))
