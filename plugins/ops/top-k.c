/* SPDX-License-Identifier: Apache-2.0 */
/* The k best elements along an axis and where they stand; among equal ones the lower index comes first. */
#include "family/index.h"

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    int64_t axis = nn_attr_int(n->node, "axis", -1), dims[NN_MAX_RANK], k[NN_MAX_KNOWN];
    const bool known = nn_ask(n, 1, k) == 1;
    if (nn_single(n, 1, "K") != NN_OK)
        return NN_INVALID;
    if (x->rank >= 0 && nn_axis(n, "axis", &axis, x->rank) != NN_OK)
        return NN_INVALID;
    if (x->rank >= 0) {
        nn_dims_of(x, dims);
        if (known && (k[0] < 0 || (dims[axis] >= 0 && k[0] > dims[axis])))
            return nn_bad(n, "K is %lld, but axis %lld has %lld elements", (long long)k[0], (long long)axis,
                          (long long)dims[axis]);
        dims[axis] = known ? k[0] : NN_DIM_UNKNOWN;
    }
    n->output(n, 0, x->type, x->rank, dims);
    n->output(n, 1, NN_I64, x->rank, dims);
    return NN_OK;
}

/* Does element a come before b? Both are positions in x; a NaN is the largest. */
static bool before(const NnTensor *x, int64_t a, int64_t b, bool largest) {
    if (nn_is(x->type, NN_INTEGERS)) {
        const int64_t turn = x->type == NN_U64 ? INT64_MIN : 0;
        const int64_t p = nn_load_int(nn_data(x), x->type, a) ^ turn,
                      q = nn_load_int(nn_data(x), x->type, b) ^ turn;
        return p != q ? (p > q) == largest : a < b;
    }
    const double p = nn_load(nn_data(x), x->type, a), q = nn_load(nn_data(x), x->type, b);
    if (isnan(p) || isnan(q))
        return isnan(p) && isnan(q) ? a < b : (isnan(p) != 0) == largest;
    return p != q ? (p > q) == largest : a < b;
}

/* Where the best elements of a row stand, by insertion; places are `step` apart. */
static void search(const NnTensor *x, int64_t base, int64_t inner, int64_t length, bool largest, int64_t k,
                   int64_t *at, int64_t step) {
    for (int64_t i = 0; k > 0 && i < length; i++) {
        int64_t place = i < k ? i : k;
        for (; place > 0 && before(x, base + i * inner, base + at[(place - 1) * step] * inner, largest);
             place--)
            if (place < k)
                at[place * step] = at[(place - 1) * step];
        if (place < k)
            at[place * step] = i;
    }
}

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0];
    NnTensor *values = call->outputs[0], *indices = call->n_outputs > 1 ? call->outputs[1] : NULL;
    const int32_t axis = nn_axis_of(nn_attr_int(call->node, "axis", -1), x->rank);
    const bool largest = nn_attr_int(call->node, "largest", 1) != 0;
    const int64_t length = x->dims[axis], k = (values ? values : indices)->dims[axis];
    const int64_t inner = nn_product(x->dims, axis + 1, x->rank), rows = nn_product(x->dims, 0, axis) * inner;
    const int64_t step = indices ? inner : 1;
    int64_t *own = indices ? NULL : call->host->alloc(call->host, (uint64_t)(k + 1) * sizeof *own);
    if (!indices && !own)
        return nn_fail(call->host, call->status, NN_OUT_OF_MEMORY, "no memory for %lld indices",
                       (long long)k);
    for (int64_t r = 0; r < rows; r++) {
        const int64_t base = r / inner * length * inner + r % inner, out = r / inner * k * inner + r % inner;
        int64_t *at = indices ? (int64_t *)nn_data(indices) + out : own;
        search(x, base, inner, length, largest, k, at, step);
        for (int64_t i = 0; values && i < k; i++)
            nn_move(nn_data(values), out + i * inner, nn_data(x), base + at[i * step] * inner, 1,
                    nn_type_size(x->type));
    }
    if (own)
        call->host->free(call->host, own);
    return NN_OK;
}

static int32_t gradient(NnGradient *g) {
    const NnAttr attrs[] = {NN_INT("axis", nn_attr_int(g->node, "axis", -1)), NN_TEXT("reduction", "add")};
    NnValue *zeros = nn_rule1(g, "nn/ZerosLike", g->inputs[0]);
    g->grads[0] =
        nn_op(g->host, g->graph, "ScatterElements", NN_VALUES(zeros, g->outputs[1], NN_DY(g)), attrs, 2);
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("TopK", 11),
                      NN_IN({"X", "T", NN_NUMBERS, 0, 0, "what is searched"},
                            NN_HOST_INTS("K", 0, "how many, a vector of one")),
                      NN_OUT({"Values", "T", NN_NUMBERS, 0, 0, "the best elements, the best first"},
                             {"Indices", NULL, NN_MASK(NN_I64), NN_NO_GRADIENT, 0, "where they stand"}),
                      NN_ATTRIBUTES(NN_WHOLE("axis", "-1", "along which; negative ones count from the end"),
                                    NN_FLAG("largest", "1", "1: the largest, 0: the smallest"),
                                    NN_FLAG("sorted", "1",
                                            "0 allows any order; the reference sorts all the same")),
                      NN_SAMPLES("[2,4] i64[1]{2}", "[4,2] i64[1]{3}; axis=0 largest=0", "[3] i64[1]{0}",
                                 "[0,3] i64[1]{2}", "i64[5]@0:3 i64[1]{4}"),
                      .doc = "The K largest or smallest elements along an axis and their indices.",
                      .infer = infer, .gradient = gradient, .compute = compute);

NN_OPERATORS(top_k, "The best elements along an axis.", NN_OP("TopK", op))
