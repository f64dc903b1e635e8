/* SPDX-License-Identifier: Apache-2.0 */
/* The logarithm of Softmax along an axis, and its gradient, which is told by the result. */
#include "family/rows.h"

static void log_softmax(const NnCall *call, const NnLine *line) {
    const NnTensor *x = call->inputs[0];
    const double norm = nn_line_log_sum(x, line);
    for (int64_t k = 0; k < line->n; k++)
        nn_line_store(call->outputs[0], line, k, nn_line_load(x, line, k) - norm);
}

static int32_t compute(const NnCall *call) { return nn_lines(call, log_softmax); }

static int32_t gradient(NnGradient *g) {
    g->grads[0] = nn_rule_same_attrs(g, "nn/LogSoftmaxGrad", NN_VALUES(NN_DY(g), g->outputs[0]));
    return NN_OK;
}

static void log_softmax_grad(const NnCall *call, const NnLine *line) {
    const NnTensor *dy = call->inputs[0], *y = call->inputs[1];
    double sum = 0;
    for (int64_t k = 0; k < line->n; k++)
        sum += nn_line_load(dy, line, k);
    for (int64_t k = 0; k < line->n; k++)
        nn_line_store(call->outputs[0], line, k,
                      nn_line_load(dy, line, k) - exp(nn_line_load(y, line, k)) * sum);
}

static int32_t grad_compute(const NnCall *call) { return nn_lines(call, log_softmax_grad); }

static int32_t grad_body(NnBody *b) {
    NnValue *dy = b->inputs[0], *p = nn_op1(b->host, b->graph, "Exp", b->inputs[1]);
    NnValue *part = nn_op2(b->host, b->graph, "Mul", p, nn_body_sum_axis(b, dy));
    b->outputs[0] = nn_op2(b->host, b->graph, "Sub", dy, part);
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(log_softmax_operator, NN_ONNX("LogSoftmax", 13),
                      NN_LINES("the result, of the shape of input"), NN_LINES_SAMPLES,
                      .doc = "Y = X - log(sum(exp(X))), the sum along an axis.", .gradient = gradient,
                      .compute = compute);

NN_PRIMITIVE_OPERATOR(
    log_softmax_grad_operator, NN_OURS("LogSoftmaxGrad", 1), NN_LINES_GRAD, NN_LINES_GRAD_SAMPLES,
    .doc = "Gradient of LogSoftmax from its result: dX = dY - exp(Y) * sum(dY), the sum along the axis.",
    .body = grad_body, .compute = grad_compute);

NN_OPERATORS(log_softmax, "LogSoftmax and its gradient.", NN_OP("LogSoftmax", log_softmax_operator),
             NN_OP("nn/LogSoftmaxGrad", log_softmax_grad_operator))
