/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Einstein's summation: products of any operands, summed over the labels that the output leaves out. Its
 * gradient is the same sum with another factor as the result, and so are the gradient's gradients.
 */
#include "family/einsum.h"
#include "family/index.h"

/* Equation and extents of a node whose operands begin at input `first`. */
static int32_t read_node(NnInfer *n, uint32_t first, NnEinsum *e, bool *ranks) {
    const NnNode *node = n->node;
    const char *text = nn_attr_string(node, "equation", "");
    int32_t code = nn_einsum_parse(n->host, n->status, text, node->n_inputs - first, e);
    *ranks = true;
    for (uint32_t k = 0; code == NN_OK && k < e->n; k++) {
        const NnValueInfo *x = node->inputs[first + k];
        if (x->rank >= 0)
            code = nn_einsum_rank(n->host, n->status, e, k, x->rank);
        else if (nn_einsum_dots(&e->term[k]))
            *ranks = false;
    }
    for (uint32_t k = 0; code == NN_OK && *ranks && k < e->n; k++) {
        const NnValueInfo *x = node->inputs[first + k];
        code = nn_einsum_extents(n->host, n->status, e, k, x->rank, x->dims);
    }
    return code;
}

static int32_t infer(NnInfer *n) {
    int64_t dims[NN_MAX_RANK];
    int32_t rank;
    NnEinsum e;
    bool ranks;
    int32_t code = read_node(n, 0, &e, &ranks);
    if (code == NN_OK)
        code = nn_einsum_output(n->host, n->status, &e, &rank, dims);
    if (code == NN_OK)
        n->output(n, 0, n->node->inputs[0]->type, ranks ? rank : NN_RANK_UNKNOWN, dims);
    return code;
}

typedef union Sum {
    double real;
    uint64_t whole;
} Sum;

/* The loop over all labels, and how it steps through each factor: the operands, then the output. */
typedef struct Walk {
    int32_t n;
    int64_t extent[NN_EINSUM_LABELS], step[NN_EINSUM_OPERANDS + 1][NN_EINSUM_LABELS];
} Walk;

static void steps(const NnEinsum *e, const NnTensor *t, uint32_t k, const int32_t *place, Walk *w) {
    int64_t dense[NN_MAX_RANK];
    nn_dense(t->rank, t->dims, dense);
    for (int32_t i = 0; i < t->rank; i++)
        if (t->dims[i] != 1)
            w->step[k][place[nn_einsum_at(e, &e->term[k], t->rank, i)]] += dense[i];
}

/* One factor is summed, the others are multiplied. */
static void add_up(const Walk *w, const NnTensor *const *factor, uint32_t n, uint32_t result, Sum *sums) {
    const bool whole = nn_is(factor[result]->type, NN_INTEGERS);
    int64_t index[NN_EINSUM_LABELS] = {0};
    do {
        Sum product = {.real = 1};
        if (whole)
            product.whole = 1;
        for (uint32_t k = 0; k <= n; k++) {
            const int64_t at = nn_at(w->n, index, w->step[k]);
            if (k != result && whole)
                product.whole *= (uint64_t)nn_load_int(nn_data(factor[k]), factor[k]->type, at);
            else if (k != result)
                product.real *= nn_load(nn_data(factor[k]), factor[k]->type, at);
        }
        Sum *to = &sums[nn_at(w->n, index, w->step[result])];
        if (whole)
            to->whole += product.whole;
        else
            to->real += product.real;
    } while (nn_next(w->n, w->extent, index));
}

/* factor[0 .. n-1] are the operands, factor[n] the output; the one of index `result` is summed, the others
 * are multiplied. */
static int32_t sum(const NnCall *call, const NnTensor *const *factor, uint32_t n, uint32_t result) {
    const NnTensor *to = factor[result];
    const int64_t count = nn_elements(to);
    int32_t place[NN_EINSUM_LABELS] = {0};
    Walk w = {0};
    NnEinsum e;
    int32_t code =
        nn_einsum_parse(call->host, call->status, nn_attr_string(call->node, "equation", ""), n, &e);
    for (uint32_t k = 0; code == NN_OK && k < n; k++)
        code = nn_einsum_rank(call->host, call->status, &e, k, factor[k]->rank);
    for (uint32_t k = 0; code == NN_OK && k < n; k++)
        code = nn_einsum_extents(call->host, call->status, &e, k, factor[k]->rank, factor[k]->dims);
    if (code != NN_OK)
        return code;
    for (int32_t l = 0; l < NN_EINSUM_LABELS; l++)
        if (e.used[l]) {
            place[l] = w.n;
            w.extent[w.n++] = e.extent[l];
        }
    for (uint32_t k = 0; k <= n; k++)
        steps(&e, factor[k], k, place, &w);
    Sum *sums = call->host->alloc(call->host, (uint64_t)(count + 1) * sizeof *sums);
    if (!sums)
        return nn_fail(call->host, call->status, NN_OUT_OF_MEMORY, "no memory for %lld sums",
                       (long long)count);
    if (nn_product(w.extent, 0, w.n) > 0)
        add_up(&w, factor, n, result, sums);
    for (int64_t i = 0; i < count; i++)
        if (nn_is(to->type, NN_INTEGERS))
            nn_store_int(nn_data(to), to->type, i, (int64_t)sums[i].whole);
        else
            nn_store(nn_data(to), to->type, i, sums[i].real);
    call->host->free(call->host, sums);
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    const NnTensor *factor[NN_EINSUM_OPERANDS + 1];
    for (uint32_t k = 0; k < call->n_inputs; k++)
        factor[k] = call->inputs[k];
    factor[call->n_inputs] = call->outputs[0];
    return sum(call, factor, call->n_inputs, call->n_inputs);
}

static NnValue *with_equation(const NnGradient *g, const char *op, NnValue *const *in, uint32_t n,
                              int64_t operand) {
    const NnAttr attrs[] = {NN_TEXT("equation", nn_attr_string(g->node, "equation", "")),
                            NN_INT("operand", operand)};
    return nn_op(g->host, g->graph, op, in, n, attrs, operand < 0 ? 1 : 2);
}

static int32_t gradient(NnGradient *g) {
    NnValue *in[NN_EINSUM_OPERANDS + 1] = {NN_DY(g)};
    const uint32_t n = g->node->n_inputs;
    for (uint32_t k = 0; k < n; k++)
        in[k + 1] = g->inputs[k];
    for (uint32_t k = 0; k < n; k++)
        if (g->wanted[k])
            g->grads[k] = with_equation(g, "nn/EinsumGrad", in, n + 1, k);
    return NN_OK;
}

/* ---- nn/EinsumGrad(dY, X..): dX of one operand ---- */

static int32_t grad_infer(NnInfer *n) {
    const int64_t operand = nn_attr_int(n->node, "operand", 0);
    const NnValueInfo *dy = n->node->inputs[0];
    int64_t dims[NN_MAX_RANK];
    char a[200], c[200];
    int32_t rank;
    NnEinsum e;
    bool ranks;
    int32_t code = read_node(n, 1, &e, &ranks);
    if (code == NN_OK)
        code = nn_einsum_output(n->host, n->status, &e, &rank, dims);
    if (code != NN_OK)
        return code;
    if (operand >= e.n)
        return nn_bad(n, "operand is %lld, but there are %u", (long long)operand, e.n);
    bool fits = !ranks || dy->rank < 0 || dy->rank == rank;
    for (int32_t i = 0; fits && ranks && i < dy->rank; i++)
        fits = !nn_dim_known(dims[i]) || !nn_dim_known(dy->dims[i]) || dims[i] == dy->dims[i];
    if (!fits)
        return nn_bad(n, "dY is %s, but the result of the equation %s",
                      nn_shape_text(dy->rank, dy->dims, a, sizeof a), nn_shape_text(rank, dims, c, sizeof c));
    nn_output_like(n, 0, (uint32_t)operand + 1, NN_NONE);
    return NN_OK;
}

static int32_t grad_compute(const NnCall *call) {
    const uint32_t n = call->n_inputs - 1, operand = (uint32_t)nn_attr_int(call->node, "operand", 0);
    const NnTensor *factor[NN_EINSUM_OPERANDS + 1];
    for (uint32_t k = 0; k < n; k++)
        factor[k] = k == operand ? call->outputs[0] : call->inputs[k + 1];
    factor[n] = call->inputs[0];
    return sum(call, factor, n, operand);
}

/* In all of its own gradients what arrives stands in the operand's place. */
static int32_t grad_gradient(NnGradient *g) {
    NnValue *in[NN_EINSUM_OPERANDS + 1] = {0};
    const uint32_t n = g->node->n_inputs, operand = (uint32_t)nn_attr_int(g->node, "operand", 0);
    for (uint32_t k = 0; k < n; k++)
        in[k] = k == operand + 1 ? NN_DY(g) : g->inputs[k];
    if (g->wanted[0])
        g->grads[0] = with_equation(g, "Einsum", in + 1, n - 1, -1);
    for (uint32_t k = 1; k < n; k++)
        if (g->wanted[k] && k != operand + 1)
            g->grads[k] = with_equation(g, "nn/EinsumGrad", in, n, k - 1);
    return NN_OK;
}

#define EQUATION                                                                                             \
    {                                                                                                        \
        .name = "equation", .kind = NN_SET_STRING, .flags = NN_SET_REQUIRED,                                 \
        .doc = "labels of the operands' dimensions, and of the result's: \"ij,jk->ik\""                      \
    }

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("Einsum", 12), NN_IN({"Inputs", "T", NN_NUMBERS, NN_VARIADIC, 0, "the operands, at most 32"}),
    NN_OUT({"Output", "T", NN_NUMBERS, 0, 0, "the sums"}), NN_ATTRIBUTES(EQUATION),
    NN_SAMPLES("[2,3] [3,4]; equation=ij,jk->ik", "[2,3]; equation=ij->ji", "[3,3]; equation=ii",
               "[3,3]; equation=ii->i", "[2,3,3]; equation=...ii->...i",
               "[2,3,2] [2,2,4]; equation=bij,bjk->bik", "[2,2,3] [3,2]; equation='...ij, jk'",
               "[3] [3]; equation=i,i", "[2] [3] [2,3]; equation=a,B,aB->Ba", "[2,3]; equation=ij->",
               "[]; equation=->", "[2,1,3] [4,3]; equation=...k,...k->...", "[2,3]; equation=...j->j",
               "[3,3] [3]; equation='ii , i -> i'", "[1,3] [4,3]; equation=ij,ij->ij",
               "[2,3] []; equation=ba,->ab", "[0,3] [3,2]; equation=ij,jk->ik",
               "[2,0] [0,3]; equation=ij,jk->ik", "i64[2,3]@-9:9 i64[3]@-9:9; equation=ij,j"),
    .doc = "Einstein's summation: the product of the operands at equal labels, summed over the labels that "
           "the result does not have.",
    .infer = infer, .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(
    grad_op, NN_OURS("EinsumGrad", 1),
    NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of the result"},
          {"Inputs", "T", NN_FLOATS, NN_VARIADIC, 0,
           "the operands; of the one asked for only the shape counts"}),
    NN_OUT({"dX", "T", NN_FLOATS, 0, 0, "gradient of the operand"}),
    NN_ATTRIBUTES(EQUATION, {.name = "operand",
                             .kind = NN_SET_INT,
                             .flags = NN_SET_RANGE,
                             .preset = "0",
                             .min = 0,
                             .max = NN_EINSUM_OPERANDS - 1,
                             .doc = "which operand's gradient"}),
    NN_SAMPLES("[2,4] [2,3] [3,4]; equation=ij,jk->ik", "[2,4] [2,3] [3,4]; equation=ij,jk->ik operand=1",
               "[] [3,3]; equation=ii", "[2] [2,1,3] [2,3]; equation='...ak,...k->...'",
               "[2,3] [1,3] [2,3]; equation=ij,ij->ij", "[0,2] [0,3] [3,2]; equation=ij,jk->ik operand=1"),
    .doc = "Gradient of Einsum with respect to one operand: the same sum, with dY in place of the operand.",
    .infer = grad_infer, .gradient = grad_gradient, .compute = grad_compute);

NN_OPERATORS(einsum, "Einstein's summation.", NN_OP("Einsum", op), NN_OP("nn/EinsumGrad", grad_op))
