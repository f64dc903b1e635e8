/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax along an axis, and its gradient, which is told by the result. */
#include "family/rows.h"

static void softmax(const NnCall *call, const NnLine *line) {
    const NnTensor *x = call->inputs[0];
    NnTensor *y = call->outputs[0];
    const double top = nn_line_max(x, line);
    double sum = 0;
    for (int64_t k = 0; k < line->n; k++)
        sum += exp(nn_line_load(x, line, k) - top);
    for (int64_t k = 0; k < line->n; k++)
        nn_line_store(y, line, k, exp(nn_line_load(x, line, k) - top) / sum);
}

static int32_t compute(const NnCall *call) { return nn_lines(call, softmax); }

static int32_t gradient(NnGradient *g) {
    g->grads[0] = nn_rule_same_attrs(g, "nn/SoftmaxGrad", NN_VALUES(NN_DY(g), g->outputs[0]));
    return NN_OK;
}

static void softmax_grad(const NnCall *call, const NnLine *line) {
    const NnTensor *dy = call->inputs[0], *y = call->inputs[1];
    double sum = 0;
    for (int64_t k = 0; k < line->n; k++)
        sum += nn_line_load(dy, line, k) * nn_line_load(y, line, k);
    for (int64_t k = 0; k < line->n; k++)
        nn_line_store(call->outputs[0], line, k,
                      nn_line_load(y, line, k) * (nn_line_load(dy, line, k) - sum));
}

static int32_t grad_compute(const NnCall *call) { return nn_lines(call, softmax_grad); }

static int32_t grad_body(NnBody *b) {
    NnValue *dy = b->inputs[0], *y = b->inputs[1];
    NnValue *sum = nn_body_sum_axis(b, nn_op2(b->host, b->graph, "Mul", dy, y));
    b->outputs[0] = nn_op2(b->host, b->graph, "Mul", y, nn_op2(b->host, b->graph, "Sub", dy, sum));
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(softmax_operator, NN_ONNX("Softmax", 13), NN_LINES("the result, of the shape of input"),
                      NN_LINES_SAMPLES, .doc = "Y = exp(X) / sum(exp(X)), sums along an axis.",
                      .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(
    softmax_grad_operator, NN_OURS("SoftmaxGrad", 1), NN_LINES_GRAD, NN_LINES_GRAD_SAMPLES,
    .doc = "Gradient of Softmax from its result: dX = Y * (dY - sum(dY * Y)), the sum along the axis.",
    .body = grad_body, .compute = grad_compute);

NN_OPERATORS(softmax, "Softmax and its gradient.", NN_OP("Softmax", softmax_operator),
             NN_OP("nn/SoftmaxGrad", softmax_grad_operator))
