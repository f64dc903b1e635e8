/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax with cross entropy against class labels, and its gradient in one piece. */
#include "family/loss.h"

static int32_t infer(NnInfer *n) {
    const int32_t code = nn_infer_loss(n);
    if (code == NN_OK)
        nn_output_like(n, 1, 0, NN_NONE);
    return code;
}

static double loss(const NnCall *call, NnLine line, int64_t label) {
    const NnTensor *x = call->inputs[0];
    return nn_line_log_sum(x, &line) - nn_line_load(x, &line, label);
}

static void log_prob(const NnCall *call, const NnLine *line) {
    const NnTensor *x = call->inputs[0];
    const double norm = nn_line_log_sum(x, line);
    for (int64_t k = 0; k < line->n; k++)
        nn_line_store(call->outputs[1], line, k, nn_line_load(x, line, k) - norm);
}

static int32_t compute(const NnCall *call) {
    const NnLabels labels = nn_labels(call, call->inputs[0], 1);
    if (call->n_outputs > 1 && call->outputs[1])
        nn_lines_along(call, 1, log_prob);
    return nn_labels_reduce(call, &labels, loss);
}

static int32_t body(NnBody *b) {
    b->outputs[1] =
        nn_op(b->host, b->graph, "LogSoftmax", NN_VALUES(b->inputs[0]), NN_ATTRS(NN_INT("axis", 1)));
    return nn_body_same_attrs(b, "NegativeLogLikelihoodLoss",
                              NN_VALUES(b->outputs[1], b->inputs[1], b->inputs[2]), b->outputs, 1);
}

static int32_t gradient(NnGradient *g) {
    NnValue *dscores = NULL;
    if (g->grad_outputs[0])
        dscores =
            nn_rule_same_attrs(g, "nn/SoftmaxCrossEntropyLossGrad",
                               NN_VALUES(g->grad_outputs[0], g->outputs[1], g->inputs[1], g->inputs[2]));
    if (g->grad_outputs[1]) {
        NnValue *more = nn_op(g->host, g->graph, "nn/LogSoftmaxGrad",
                              NN_VALUES(g->grad_outputs[1], g->outputs[1]), NN_ATTRS(NN_INT("axis", 1)));
        dscores = dscores ? nn_rule2(g, "Add", dscores, more) : more;
    }
    g->grads[0] = dscores;
    return NN_OK;
}

static int32_t grad_infer(NnInfer *n) {
    const NnValueInfo *dloss = n->node->inputs[0];
    nn_output_like(n, 0, 1, NN_NONE);
    if (nn_unreduced(n->node) ? !nn_same_shapes(dloss, n->node->inputs[2]) : dloss->rank > 0)
        return nn_bad(n, "dloss has rank %d: expected %s", dloss->rank,
                      nn_unreduced(n->node) ? "the shape of labels" : "a scalar");
    return nn_check_labels(n, 1);
}

static int32_t grad_compute(const NnCall *call) {
    const NnTensor *dy = call->inputs[0], *lp = call->inputs[1];
    const NnLabels l = nn_labels(call, lp, 2);
    const char *reduction = nn_attr_string(call->node, "reduction", "mean");
    const bool none = strcmp(reduction, "none") == 0;
    const int64_t positions = l.batch * l.inner;
    double total = 0, weight;
    int64_t label;
    for (int64_t p = 0; p < positions; p++) {
        const int32_t code = nn_label_at(call, &l, p, &label, &weight);
        if (code != NN_OK)
            return code;
        total += weight;
    }
    for (int64_t p = 0; p < positions; p++) {
        (void)nn_label_at(call, &l, p, &label, &weight);
        const NnLine line = nn_label_line(&l, p);
        double scale = weight * nn_load(nn_data(dy), dy->type, none ? p : 0);
        if (strcmp(reduction, "mean") == 0)
            scale /= total;
        for (int64_t c = 0; c < l.classes; c++)
            nn_line_store(call->outputs[0], &line, c,
                          weight == 0 ? 0 : scale * (exp(nn_line_load(lp, &line, c)) - (c == label)));
    }
    return NN_OK;
}

static int32_t grad_body(NnBody *b) {
    const NnHost *nn = b->host;
    NnGraph *g = b->graph;
    const char *reduction = nn_attr_string(b->node, "reduction", "mean");
    const int64_t one = 1;
    NnValue *targets = nn_body_targets(b, b->inputs[1], b->inputs[2], b->inputs[3]), *scale = b->inputs[0];
    NnValue *expected =
        nn_op2(nn, g, "Mul", nn_op1(nn, g, "Exp", b->inputs[1]), nn_body_sum_classes(b, targets, 1));
    if (strcmp(reduction, "mean") == 0)
        scale = nn_op2(nn, g, "Div", scale, nn_body_sum_all(b, targets));
    else if (strcmp(reduction, "none") == 0)
        scale = nn_op2(nn, g, "Unsqueeze", scale, nn_vector(nn, g, 1, &one));
    b->outputs[0] = nn_op2(nn, g, "Mul", scale, nn_op2(nn, g, "Sub", expected, targets));
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(
    loss_operator, NN_ONNX("SoftmaxCrossEntropyLoss", 13),
    NN_IN({"scores", "T", NN_FLOATS, 0, 0, "logits [N, C, d1, ...]"}, NN_LOSS_LABELS, NN_LOSS_WEIGHTS),
    NN_OUT_FROM(1, {"output", "T", NN_FLOATS, 0, 0, "the loss: a scalar, or [N, d1, ...] without reduction"},
                {"log_prob", "T", NN_FLOATS, 0, 0, "log of the softmax of scores over the classes"}),
    NN_LOSS_ATTRIBUTES,
    NN_SAMPLES("[3,4] i64[3]{1,0,3}", "[3,4] i64[3]{1,0,3}; reduction=sum",
               "[2,3,2] i64[2,2]{0,1,2,0}; reduction=none", "[3,4] i32[3]{1,2,3} [4]@.5:2",
               "[4,3] i64[4]{2,-1,0,-1}; ignore_index=-1 -> 2",
               "[2,3,2] i64[2,2]{0,1,2,0} [3]@.5:2; ignore_index=1 reduction=sum",
               "[0,3] i64[0]; reduction=sum"),
    .doc = "Cross entropy of softmax against labels: for each position -w[label] * "
           "log(softmax(scores)[label]), then "
           "the sum, or that divided by the sum of the weights (mean).",
    .infer = infer, .gradient = gradient, .body = body, .compute = compute);

NN_PRIMITIVE_OPERATOR(loss_grad_operator, NN_OURS("SoftmaxCrossEntropyLossGrad", 1),
                      NN_IN({"dloss", "T", NN_FLOATS, 0, 0, "gradient of the loss"},
                            {"log_prob", "T", NN_FLOATS, 0, 0, "second output of SoftmaxCrossEntropyLoss"},
                            NN_LOSS_LABELS, NN_LOSS_WEIGHTS),
                      NN_OUT({"dscores", "T", NN_FLOATS, 0, 0, "gradient of the scores"}), NN_LOSS_ATTRIBUTES,
                      NN_SAMPLES("[] [3,4]@-3:-.2 i64[3]{1,0,3}",
                                 "[2,2] [2,3,2]@-3:-.2 i64[2,2]{0,1,2,0}; reduction=none",
                                 "[] [4,3]@-3:-.2 i64[4]{2,-1,0,-1} [3]@.5:2; ignore_index=-1",
                                 "[] [0,3] i64[0]; reduction=sum"),
                      .doc = "Gradient of SoftmaxCrossEntropyLoss: dscores = dloss * w[label] * "
                             "(exp(log_prob) - onehot(label)), divided "
                             "by the sum of the weights for the mean.",
                      .infer = grad_infer, .body = grad_body, .compute = grad_compute);

NN_OPERATORS(softmax_cross_entropy_loss, "Softmax with cross entropy.",
             NN_OP("SoftmaxCrossEntropyLoss", loss_operator),
             NN_OP("nn/SoftmaxCrossEntropyLossGrad", loss_grad_operator))
