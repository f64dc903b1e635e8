/* SPDX-License-Identifier: Apache-2.0 */
/* Running sums; the gradient runs the other way. */
#include "family/index.h"

static int32_t gradient(NnGradient *g) {
    const NnAttr attrs[] = {NN_INT("exclusive", nn_attr_int(g->node, "exclusive", 0)),
                            NN_INT("reverse", !nn_attr_int(g->node, "reverse", 0))};
    g->grads[0] = nn_op(g->host, g->graph, "CumSum", NN_VALUES(NN_DY(g), g->inputs[1]), attrs, 2);
    return NN_OK;
}

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    int64_t axis[NN_MAX_KNOWN];
    if (nn_single(n, 1, "axis") != NN_OK)
        return NN_INVALID;
    if (nn_ask(n, 1, axis) == 1 && x->rank >= 0 && nn_axis(n, "axis", axis, x->rank) != NN_OK)
        return NN_INVALID;
    return nn_infer_same(n);
}

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0], *which = call->inputs[1];
    NnTensor *y = call->outputs[0];
    const int32_t axis = nn_axis_of(nn_load_int(nn_data(which), which->type, 0), x->rank);
    const bool exclusive = nn_attr_int(call->node, "exclusive", 0) != 0,
               reverse = nn_attr_int(call->node, "reverse", 0) != 0;
    const int64_t length = x->dims[axis], inner = nn_product(x->dims, axis + 1, x->rank);
    const int64_t rows = nn_product(x->dims, 0, axis) * inner;
    for (int64_t r = 0; r < rows; r++) {
        double real = 0;
        uint64_t whole = 0;
        for (int64_t i = 0; i < length; i++) {
            const int64_t at = (r / inner * length + (reverse ? length - 1 - i : i)) * inner + r % inner;
            const double before = real;
            const uint64_t whole_before = whole;
            if (nn_is(x->type, NN_INTEGERS)) {
                whole += (uint64_t)nn_load_int(nn_data(x), x->type, at);
                nn_store_int(nn_data(y), y->type, at, (int64_t)(exclusive ? whole_before : whole));
            } else {
                real += nn_load(nn_data(x), x->type, at);
                nn_store(nn_data(y), y->type, at, exclusive ? before : real);
            }
        }
    }
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("CumSum", 14),
                      NN_IN({"x", "T", NN_NUMBERS, 0, 0, "what is summed"},
                            NN_HOST_INTS("axis", 0, "along which, a scalar")),
                      NN_OUT({"y", "T", NN_NUMBERS, 0, 0, "the running sums"}),
                      NN_ATTRIBUTES(NN_FLAG("exclusive", "0", "1: each sum leaves its own element out"),
                                    NN_FLAG("reverse", "0", "1: from the end")),
                      NN_SAMPLES("[2,3] i64[]{1}", "[2,3] i64[]{0}; exclusive=1", "[4] i64[]{-1}; reverse=1",
                                 "[4] i64[]{0}; reverse=1 exclusive=1", "[0,3] i64[]{0}",
                                 "i64[3]@0:9 i32[]{0}"),
                      .doc = "Running sums along an axis: y[i] = x[0] + ... + x[i].", .infer = infer,
                      .gradient = gradient, .compute = compute);

NN_OPERATORS(cum_sum, "Running sums.", NN_OP("CumSum", op))
