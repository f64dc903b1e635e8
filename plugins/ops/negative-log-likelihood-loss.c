/* SPDX-License-Identifier: Apache-2.0 */
/* The loss against class labels of scores that are log-probabilities already. Differentiated through its
 * body. */
#include "family/loss.h"

static double loss(const NnCall *call, NnLine line, int64_t label) {
    return -nn_line_load(call->inputs[0], &line, label);
}

static int32_t compute(const NnCall *call) {
    const NnLabels labels = nn_labels(call, call->inputs[0], 1);
    return nn_labels_reduce(call, &labels, loss);
}

static int32_t body(NnBody *b) {
    const NnHost *nn = b->host;
    NnGraph *g = b->graph;
    const char *reduction = nn_attr_string(b->node, "reduction", "mean");
    NnValue *targets = nn_body_targets(b, b->inputs[0], b->inputs[1], b->inputs[2]);
    NnValue *each = nn_op1(nn, g, "Neg", nn_op2(nn, g, "Mul", b->inputs[0], targets));
    if (strcmp(reduction, "none") == 0)
        b->outputs[0] = nn_body_sum_classes(b, each, 0);
    else if (strcmp(reduction, "sum") == 0)
        b->outputs[0] = nn_body_sum_all(b, each);
    else
        b->outputs[0] = nn_op2(nn, g, "Div", nn_body_sum_all(b, each), nn_body_sum_all(b, targets));
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(loss_operator, NN_ONNX("NegativeLogLikelihoodLoss", 22),
                      NN_IN({"input", "T", NN_FLOATS, 0, 0, "log-probabilities [N, C, d1, ...]"},
                            NN_LOSS_LABELS, NN_LOSS_WEIGHTS),
                      NN_OUT({"loss", "T", NN_FLOATS, 0, 0, "a scalar, or [N, d1, ...] without reduction"}),
                      NN_LOSS_ATTRIBUTES,
                      NN_SAMPLES("[3,4]@-3:-.2 i64[3]{1,0,3}", "[3,4]@-3:-.2 i64[3]{1,0,3}; reduction=sum",
                                 "[2,3,2]@-3:-.2 i64[2,2]{0,1,2,0}; reduction=none",
                                 "[4,3] i64[4]{2,-1,0,-1} [3]@.5:2; ignore_index=-1",
                                 "[0,3] i64[0]; reduction=sum"),
                      .doc = "For each position -w[label] * input[label], then the sum, or that divided by "
                             "the sum of the weights (mean).",
                      .infer = nn_infer_loss, .body = body, .compute = compute);

NN_OPERATORS(negative_log_likelihood_loss, "Loss of log-probabilities against labels.",
             NN_OP("NegativeLogLikelihoodLoss", loss_operator))
