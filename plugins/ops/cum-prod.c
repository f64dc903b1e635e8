/* SPDX-License-Identifier: Apache-2.0 */
/* Running products, and their gradient without a division, so that zeros are as good as any number. */
#include "family/alike.h"
#include "family/index.h"

/* Of CumProd, and of its gradient, which has X in between. */
static int32_t infer(NnInfer *n) {
    const uint32_t which = n->node->n_inputs - 1;
    const NnValueInfo *x = n->node->inputs[0];
    int64_t axis[NN_MAX_KNOWN];
    if (nn_single(n, which, "axis") != NN_OK)
        return NN_INVALID;
    if (which == 2 && nn_alike(n, 0, 1) != NN_OK)
        return NN_INVALID;
    if (nn_ask(n, which, axis) == 1 && x->rank >= 0 && nn_axis(n, "axis", axis, x->rank) != NN_OK)
        return NN_INVALID;
    return nn_infer_same(n);
}

/* The lines of a tensor along an axis, walked in the direction of the products. */
typedef struct Lines {
    int64_t n, length, inner;
    bool reverse, exclusive;
} Lines;

static Lines lines_of(const NnCall *call, const NnTensor *x, const NnTensor *which) {
    const int32_t axis = nn_axis_of(nn_load_int(nn_data(which), which->type, 0), x->rank);
    const int64_t inner = nn_product(x->dims, axis + 1, x->rank);
    return (Lines){.n = nn_product(x->dims, 0, axis) * inner,
                   .length = x->dims[axis],
                   .inner = inner,
                   .reverse = nn_attr_int(call->node, "reverse", 0) != 0,
                   .exclusive = nn_attr_int(call->node, "exclusive", 0) != 0};
}

static int64_t position(const Lines *l, int64_t line, int64_t i) {
    return (line / l->inner * l->length + (l->reverse ? l->length - 1 - i : i)) * l->inner + line % l->inner;
}

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0];
    NnTensor *y = call->outputs[0];
    const Lines l = lines_of(call, x, call->inputs[1]);
    for (int64_t r = 0; r < l.n; r++) {
        double real = 1;
        uint64_t whole = 1;
        for (int64_t i = 0; i < l.length; i++) {
            const int64_t at = position(&l, r, i);
            const double before = real;
            const uint64_t whole_before = whole;
            if (nn_is(x->type, NN_INTEGERS)) {
                whole *= (uint64_t)nn_load_int(nn_data(x), x->type, at);
                nn_store_int(nn_data(y), y->type, at, (int64_t)(l.exclusive ? whole_before : whole));
            } else {
                real *= nn_load(nn_data(x), x->type, at);
                nn_store(nn_data(y), y->type, at, l.exclusive ? before : real);
            }
        }
    }
    return NN_OK;
}

static int32_t gradient(NnGradient *g) {
    g->grads[0] = nn_rule_same_attrs(g, "nn/CumProdGrad", NN_VALUES(NN_DY(g), g->inputs[0], g->inputs[1]));
    return NN_OK;
}

/*
 * dx[j] = p[j] s[j]: p[j] the product in front of j, and s[j] the sum over the outputs i that hold x[j], of
 * dy[i] times the product between j and i, which from the end is s[j] = dy[j] + x[j+1] s[j+1]. An exclusive
 * product leaves its own element out, so that there s[j] = dy[j+1] + x[j+1] s[j+1].
 */
static int32_t grad_compute(const NnCall *call) {
    const NnTensor *dy = call->inputs[0], *x = call->inputs[1];
    NnTensor *dx = call->outputs[0];
    const Lines l = lines_of(call, x, call->inputs[2]);
    double *sums = call->host->alloc(call->host, (uint64_t)(l.length + 1) * sizeof *sums);
    if (!sums)
        return nn_fail(call->host, call->status, NN_OUT_OF_MEMORY, "no memory for %lld sums",
                       (long long)l.length);
    for (int64_t r = 0; r < l.n; r++) {
        double sum = 0, product = 1, behind = 0;
        for (int64_t j = l.length - 1; j >= 0; j--) {
            const int64_t at = position(&l, r, j);
            const double arrives = nn_load(nn_data(dy), dy->type, at);
            sums[j] = sum = (l.exclusive ? behind : arrives) + sum;
            sum *= nn_load(nn_data(x), x->type, at);
            behind = arrives;
        }
        for (int64_t j = 0; j < l.length; j++) {
            const int64_t at = position(&l, r, j);
            nn_store(nn_data(dx), dx->type, at, product * sums[j]);
            product *= nn_load(nn_data(x), x->type, at);
        }
    }
    call->host->free(call->host, sums);
    return NN_OK;
}

#define AXIS NN_HOST_INTS("axis", 0, "along which, a scalar")
#define FLAGS                                                                                                \
    NN_ATTRIBUTES(NN_FLAG("exclusive", "0", "1: each product leaves its own element out"),                   \
                  NN_FLAG("reverse", "0", "1: from the end"))

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("CumProd", 26),
                      NN_IN({"x", "T", NN_NUMBERS, 0, 0, "what is multiplied"}, AXIS),
                      NN_OUT({"y", "T", NN_NUMBERS, 0, 0, "the running products"}), FLAGS,
                      NN_SAMPLES("[2,3] i64[]{1}", "[3,2] i64[]{0}; exclusive=1", "[4] i64[]{-1}; reverse=1",
                                 "[4] i64[]{0}; reverse=1 exclusive=1", "[5]{2,0,3,0,1} i64[]{0}",
                                 "[0,3] i64[]{0}", "[1] i32[]{0}; exclusive=1", "i64[3]@1:4 i32[]{0}"),
                      .doc = "Running products along an axis: y[i] = x[0] * ... * x[i].", .infer = infer,
                      .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(grad_op, NN_OURS("CumProdGrad", 1), .flags = NN_OP_NOT_TWICE,
                      NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of the products"},
                            {"X", "T", NN_FLOATS, 0, 0, "what was multiplied"}, AXIS),
                      NN_OUT({"dX", "T", NN_FLOATS, 0, 0, "gradient of X"}), FLAGS,
                      NN_SAMPLES("[2,3] [2,3] i64[]{1}", "[4] [4] i64[]{0}; reverse=1 exclusive=1",
                                 "[0,3] [0,3] i64[]{0}"),
                      .doc = "Gradient of CumProd.", .infer = infer, .compute = grad_compute);

NN_OPERATORS(cum_prod, "Running products.", NN_OP("CumProd", op), NN_OP("nn/CumProdGrad", grad_op))
