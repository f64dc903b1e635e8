/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Einstein's summation: products of any operands, summed over the labels that the output leaves out. Its
 * gradient is the same sum with another factor as the result, and so are the gradient's gradients.
 */
#include "family/einsum-body.h"
#include "family/einsum-sum.h"

static int32_t infer(NnInfer *n) {
    int64_t dims[NN_MAX_RANK];
    int32_t rank;
    NnEinsum e;
    bool ranks;
    int32_t code = nn_einsum_read(n->host, n->status, n->node, 0, &e, &ranks);
    if (code == NN_OK)
        code = nn_einsum_output(n->host, n->status, &e, &rank, dims);
    if (code == NN_OK)
        n->output(n, 0, n->node->inputs[0]->type, ranks ? rank : NN_RANK_UNKNOWN, dims);
    return code;
}

static int32_t compute(const NnCall *call) {
    const NnTensor *factor[NN_EINSUM_OPERANDS + 1];
    for (uint32_t k = 0; k < call->n_inputs; k++)
        factor[k] = call->inputs[k];
    factor[call->n_inputs] = call->outputs[0];
    return nn_einsum_sum(call, factor, call->n_inputs, call->n_inputs);
}

static int32_t body(NnBody *b) {
    int32_t out[NN_MAX_RANK], rank;
    int64_t dims[NN_MAX_RANK];
    NnEinsum e;
    bool ranks;
    int32_t code = nn_einsum_read(b->host, b->status, b->node, 0, &e, &ranks);
    for (uint32_t k = 0; k < b->node->n_inputs; k++)
        ranks = ranks && b->node->inputs[k]->rank >= 0;
    if (code == NN_OK)
        code = nn_einsum_output(b->host, b->status, &e, &rank, dims);
    if (code != NN_OK)
        return code;
    for (int32_t l = 0; l < NN_EINSUM_LABELS; l++)
        if (!ranks || (e.used[l] && e.extent[l] < 0))
            return nn_fail(b->host, b->status, NN_UNSUPPORTED, "Einsum needs operands of known extents here");
    for (int32_t i = 0; i < rank; i++)
        out[i] = nn_einsum_at(&e, &e.term[e.n], rank, i);
    return nn_einsum_body(b, &e, out, rank);
}

static NnValue *with_equation(const NnGradient *g, const char *op, NnValue *const *in, uint32_t n,
                              const char *equation, int64_t operand) {
    const NnAttr attrs[] = {NN_TEXT("equation", equation), NN_INT("operand", operand)};
    return nn_op(g->host, g->graph, op, in, n, attrs, operand < 0 ? 1 : 2);
}

static NnValue *general(const NnGradient *g, NnValue *const *in, uint32_t n, int64_t operand) {
    return with_equation(g, "nn/EinsumGrad", in, n, nn_attr_string(g->node, "equation", ""), operand);
}

/* Mostly the gradient of an operand is an Einsum of the other ones and dY: where all of its labels are among
 * theirs, once, and nothing was broadcast. */
static bool is_einsum(const NnGradient *g, const NnEinsum *e, uint32_t operand) {
    const NnValueInfo *x = g->node->inputs[operand];
    bool here[NN_EINSUM_LABELS] = {false}, there[NN_EINSUM_LABELS] = {false};
    for (uint32_t k = 0; k < e->n; k++)
        for (int32_t i = 0; i < g->node->inputs[k]->rank; i++)
            if (k != operand)
                there[nn_einsum_at(e, &e->term[k], g->node->inputs[k]->rank, i)] = true;
    const int32_t rank = e->term[e->n].letters + (nn_einsum_dots(&e->term[e->n]) ? e->unnamed : 0);
    for (int32_t i = 0; i < rank; i++)
        there[nn_einsum_at(e, &e->term[e->n], rank, i)] = true;
    for (int32_t i = 0; i < x->rank; i++) {
        const int32_t l = nn_einsum_at(e, &e->term[operand], x->rank, i);
        if (here[l] || !there[l] || !nn_dim_known(x->dims[i]) || x->dims[i] != e->extent[l])
            return false;
        here[l] = true;
    }
    return !nn_einsum_dots(&e->term[operand]) || x->rank - e->term[operand].letters == e->unnamed;
}

static int32_t gradient(NnGradient *g) {
    NnValue *in[NN_EINSUM_OPERANDS + 1] = {NN_DY(g)}, *others[NN_EINSUM_OPERANDS];
    const uint32_t n = g->node->n_inputs;
    NnEinsum e;
    bool ranks, known = true;
    const int32_t code = nn_einsum_read(g->host, g->status, g->node, 0, &e, &ranks);
    for (uint32_t k = 0; k < n; k++)
        known = known && g->node->inputs[k]->rank >= 0;
    for (uint32_t k = 0; k < n; k++)
        in[k + 1] = g->inputs[k];
    for (uint32_t k = 0; code == NN_OK && k < n; k++) {
        char equation[NN_EINSUM_TEXT];
        if (!g->wanted[k])
            continue;
        for (uint32_t i = 0; i < n; i++)
            others[i] = i == k ? NN_DY(g) : g->inputs[i];
        g->grads[k] = known && is_einsum(g, &e, k)
                          ? with_equation(g, "Einsum", others, n, nn_einsum_swapped(&e, k, equation), -1)
                          : general(g, in, n + 1, k);
    }
    return code;
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
    int32_t code = nn_einsum_read(n->host, n->status, n->node, 1, &e, &ranks);
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
    return nn_einsum_sum(call, factor, n, operand);
}

/* In all of its own gradients what arrives stands in the operand's place. */
static int32_t grad_gradient(NnGradient *g) {
    NnValue *in[NN_EINSUM_OPERANDS + 1] = {0};
    const uint32_t n = g->node->n_inputs, operand = (uint32_t)nn_attr_int(g->node, "operand", 0);
    for (uint32_t k = 0; k < n; k++)
        in[k] = k == operand + 1 ? NN_DY(g) : g->inputs[k];
    if (g->wanted[0])
        g->grads[0] = with_equation(g, "Einsum", in + 1, n - 1, nn_attr_string(g->node, "equation", ""), -1);
    for (uint32_t k = 1; k < n; k++)
        if (g->wanted[k] && k != operand + 1)
            g->grads[k] = general(g, in, n, k - 1);
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
    .infer = infer, .gradient = gradient, .body = body, .compute = compute);

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
