/* SPDX-License-Identifier: Apache-2.0 */
/* Products over axes. The gradient is the product of the others, right also where an element is 0. */
#include "family/reduce.h"

static double real(NnRow *row) {
    double product = 1, x;
    while (nn_row_next(row, &x))
        product *= x;
    return product;
}

static int64_t whole(NnRow *row) {
    uint64_t product = 1;
    int64_t x;
    while (nn_row_next_int(row, &x))
        product *= (uint64_t)x;
    return (int64_t)product;
}

static int32_t compute(const NnCall *call) { return nn_reduce_compute(call, real, whole); }

static int32_t gradient(NnGradient *g) {
    const NnAttr noop = NN_INT("noop_with_empty_axes", nn_attr_int(g->node, "noop_with_empty_axes", 0));
    NnValue *in[] = {g->inputs[0], nn_rule_unreduce(g, NN_DY(g)),
                     g->node->n_inputs > 1 ? g->inputs[1] : NULL};
    g->grads[0] = nn_op(g->host, g->graph, "nn/ReduceProdGrad", in, 3, &noop, 1);
    return NN_OK;
}

static int32_t grad_compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0], *dy = call->inputs[1];
    NnTensor *dx = call->outputs[0];
    int64_t rest[NN_MAX_RANK], strides[NN_MAX_RANK], index[NN_MAX_RANK] = {0};
    NnRow row;
    const int32_t kept = nn_row_begin(&row, x, nn_run_mask(call, 2), rest, strides);
    const int64_t n = nn_product(rest, 0, kept);
    for (int64_t i = 0; i < n; i++, nn_next(kept, rest, index)) {
        double product = 1, v;
        int64_t zeros = 0, at;
        row.base = nn_at(kept, index, strides);
        nn_row_rewind(&row);
        while (nn_row_next(&row, &v)) {
            zeros += v == 0;
            product *= v == 0 ? 1 : v;
        }
        nn_row_rewind(&row);
        while ((at = nn_row_position(&row)) >= 0) {
            v = nn_load(nn_data(x), x->type, at);
            const double others = zeros > (v == 0) ? 0 : v == 0 ? product : product / v;
            nn_store(nn_data(dx), dx->type, at, others * nn_load(nn_data(dy), dy->type, i));
        }
    }
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("ReduceProd", 18), NN_REDUCTION(NN_NUMBERS), NN_REDUCTION_NUMBER_SAMPLES,
                      .doc = "Product of the elements along axes: reduced = prod(data).",
                      .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(grad_op, NN_OURS("ReduceProdGrad", 1), .flags = NN_OP_NOT_TWICE,
                      NN_IN({"X", "T", NN_FLOATS, 0, 0, "the argument of ReduceProd"},
                            {"dY", "T", NN_FLOATS, 0, 0,
                             "gradient of the result, with reduced dimensions as 1"},
                            {"axes", NULL, NN_MASK(NN_I64), NN_OPTIONAL | NN_SHAPE_VALUE | NN_NO_GRADIENT, 0,
                             "axes that were reduced; absent: all"}),
                      NN_OUT({"dX", "T", NN_FLOATS, 0, 0, "gradient of the argument"}),
                      NN_ATTRIBUTES(NN_FLAG("noop_with_empty_axes", "0", "as in ReduceProd")),
                      NN_SAMPLES("[2,3] [2,1] i64[1]{1}", "[3]{0,2,3} [1]", "[0,3] [0,1] i64[1]{1}"),
                      .doc = "Gradient of ReduceProd: dX = dY times the product of the other elements.",
                      .infer = nn_infer_same, .compute = grad_compute);

NN_OPERATORS(reduce_prod, "Products over axes.", NN_OP("ReduceProd", op), NN_OP("nn/ReduceProdGrad", grad_op))
