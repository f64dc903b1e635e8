/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Losses against class labels: scores [N, C, d1, ...], labels [N, d1, ...], optional weights [C]. A position
 * whose label is ignore_index counts for nothing; "mean" divides by the sum of the weights of the positions
 * that count.
 */
#ifndef OPS_FAMILY_LOSS_H
#define OPS_FAMILY_LOSS_H

#include "body.h"
#include "rows.h"

#define NN_LOSS_ATTRIBUTES                                                                                   \
    NN_ATTRIBUTES(                                                                                           \
        {.name = "ignore_index", .kind = NN_SET_INT, .doc = "label of positions that do not count"},         \
        NN_CHOICE("reduction", "mean", "none|sum|mean", "what becomes of the losses of all positions"))
#define NN_LOSS_LABELS                                                                                       \
    { "labels", "L", NN_INDICES, NN_NO_GRADIENT, 0, "class numbers [N, d1, ...], 0 to C - 1" }
#define NN_LOSS_WEIGHTS                                                                                      \
    { "weights", "T", NN_FLOATS, NN_OPTIONAL | NN_NO_GRADIENT, 0, "a weight for each class; absent: 1" }

typedef struct NnLabels {
    const NnTensor *labels, *weights;
    int64_t batch, classes, inner;
    const NnAttr *ignored;
} NnLabels;

static inline NnLabels nn_labels(const NnCall *call, const NnTensor *scores, uint32_t labels) {
    return (NnLabels){.labels = call->inputs[labels],
                      .weights = call->n_inputs > labels + 1 ? call->inputs[labels + 1] : NULL,
                      .batch = scores->dims[0],
                      .classes = scores->dims[1],
                      .inner = nn_product(scores->dims, 2, scores->rank),
                      .ignored = nn_attr(call->node, "ignore_index")};
}

/* The scores of position p. */
static inline NnLine nn_label_line(const NnLabels *l, int64_t p) {
    return (NnLine){
        .start = p / l->inner * l->classes * l->inner + p % l->inner, .step = l->inner, .n = l->classes};
}

/* Label and weight of position p; a weight of 0 when it does not count. */
static inline int32_t nn_label_at(const NnCall *call, const NnLabels *l, int64_t p, int64_t *label,
                                  double *weight) {
    *label = nn_load_int(nn_data(l->labels), l->labels->type, p);
    *weight = 0;
    if (l->ignored && *label == l->ignored->u.i) {
        *label = 0;
        return NN_OK;
    }
    if (*label < 0 || *label >= l->classes)
        return nn_fail(call->host, call->status, NN_INVALID,
                       "label %lld at position %lld: expected 0 to %lld", (long long)*label, (long long)p,
                       (long long)l->classes - 1);
    *weight = l->weights ? nn_load(nn_data(l->weights), l->weights->type, *label) : 1;
    return NN_OK;
}

/* Stores the loss of each position, or their sum or mean. */
static inline int32_t nn_labels_reduce(const NnCall *call, const NnLabels *l,
                                       double (*loss)(const NnCall *, NnLine, int64_t)) {
    NnTensor *y = call->outputs[0];
    const char *reduction = nn_attr_string(call->node, "reduction", "mean");
    double sum = 0, total = 0, weight;
    int64_t label;
    for (int64_t p = 0; p < l->batch * l->inner; p++) {
        const int32_t code = nn_label_at(call, l, p, &label, &weight);
        if (code != NN_OK)
            return code;
        const double e = weight == 0 ? 0 : weight * loss(call, nn_label_line(l, p), label);
        sum += e;
        total += weight;
        if (y && strcmp(reduction, "none") == 0)
            nn_store(nn_data(y), y->type, p, e);
    }
    if (y && strcmp(reduction, "none") != 0)
        nn_store(nn_data(y), y->type, 0, strcmp(reduction, "mean") == 0 ? sum / total : sum);
    return NN_OK;
}

/* Checks scores, which are input `first`, against the labels and weights behind them. */
static inline int32_t nn_check_labels(NnInfer *n, uint32_t first) {
    const NnValueInfo *x = n->node->inputs[first], *l = n->node->inputs[first + 1],
                      *w = n->node->inputs[first + 2];
    char a[200], b[200];
    bool fits = x->rank < 0 || l->rank < 0 || (x->rank >= 2 && l->rank == x->rank - 1);
    for (int32_t i = 0; fits && x->rank >= 0 && i < l->rank; i++)
        fits = !nn_dim_known(l->dims[i]) || !nn_dim_known(x->dims[i + (i > 0)]) ||
               l->dims[i] == x->dims[i + (i > 0)];
    if (!fits)
        return nn_bad(n, "scores are %s and labels %s: expected [N,C,d1,...] and [N,d1,...]",
                      nn_shape_text(x->rank, x->dims, a, sizeof a),
                      nn_shape_text(l->rank, l->dims, b, sizeof b));
    if (w && w->rank >= 0 &&
        (w->rank != 1 ||
         (x->rank >= 2 && nn_dim_known(w->dims[0]) && nn_dim_known(x->dims[1]) && w->dims[0] != x->dims[1])))
        return nn_bad(n, "weights are %s and scores %s: expected a weight for each class",
                      nn_shape_text(w->rank, w->dims, a, sizeof a),
                      nn_shape_text(x->rank, x->dims, b, sizeof b));
    return NN_OK;
}

static inline bool nn_unreduced(const NnNode *node) {
    return strcmp(nn_attr_string(node, "reduction", "mean"), "none") == 0;
}

static inline int32_t nn_infer_loss(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0], *l = n->node->inputs[1];
    int64_t dims[NN_MAX_RANK] = {0};
    const int32_t code = nn_check_labels(n, 0);
    for (int32_t i = 0; i < l->rank; i++)
        dims[i] = nn_dim_plain(l->dims[i]);
    n->output(n, 0, x->type, nn_unreduced(n->node) ? l->rank : 0, dims);
    return code;
}

/* ---- in bodies ---- */

/* The weight of each position at its class, 0 elsewhere, of the shape of scores. */
static inline NnValue *nn_body_targets(const NnBody *b, NnValue *scores, NnValue *labels, NnValue *weights) {
    const NnHost *nn = b->host;
    NnGraph *g = b->graph;
    const NnValueInfo *s = nn->graph->info(g, scores);
    const NnAttr *ignored = nn_attr(b->node, "ignore_index");
    const int64_t one = 1;
    if (!s || s->rank < 2)
        return NULL;
    NnValue *depth = nn_op(
        nn, g, "Gather", NN_VALUES(nn_op1(nn, g, "Shape", scores), nn_scalar(nn, g, NN_I64, 1)), NN_NO_ATTRS);
    NnValue *values = nn_op(
        nn, g, "Concat",
        NN_VALUES(
            nn_op2(nn, g, "Unsqueeze", nn_scalar(nn, g, s->type, 0), nn_vector(nn, g, 1, (int64_t[]){0})),
            nn_op2(nn, g, "Unsqueeze", nn_scalar(nn, g, s->type, 1), nn_vector(nn, g, 1, (int64_t[]){0}))),
        NN_ATTRS(NN_INT("axis", 0)));
    NnValue *t = nn_op(nn, g, "OneHot", NN_VALUES(labels, depth, values), NN_ATTRS(NN_INT("axis", 1)));
    if (ignored) {
        NnValue *same = nn_op2(nn, g, "Equal", labels, nn_scalar_like(nn, g, labels, (double)ignored->u.i));
        NnValue *counts =
            nn_op(nn, g, "Cast", NN_VALUES(nn_op1(nn, g, "Not", same)), NN_ATTRS(NN_INT("to", s->type)));
        t = nn_op2(nn, g, "Mul", t, nn_op2(nn, g, "Unsqueeze", counts, nn_vector(nn, g, 1, &one)));
    }
    if (weights) {
        int64_t shape[NN_MAX_RANK] = {-1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
        t = nn_op2(nn, g, "Mul", t, nn_op2(nn, g, "Reshape", weights, nn_vector(nn, g, s->rank - 1, shape)));
    }
    return t;
}

static inline NnValue *nn_body_sum_all(const NnBody *b, NnValue *x) {
    return nn_op(b->host, b->graph, "ReduceSum", NN_VALUES(x), NN_ATTRS(NN_INT("keepdims", 0)));
}

/* The sum over classes. */
static inline NnValue *nn_body_sum_classes(const NnBody *b, NnValue *x, int64_t keep) {
    const int64_t one = 1;
    return nn_op(b->host, b->graph, "ReduceSum", NN_VALUES(x, nn_vector(b->host, b->graph, 1, &one)),
                 NN_ATTRS(NN_INT("keepdims", keep)));
}

#endif
