/* SPDX-License-Identifier: Apache-2.0 */
/* The Scans of a recurrent layer, and what becomes of their results; see recurrent.h. */
#ifndef OPS_FAMILY_RECURRENT_SCAN_H
#define OPS_FAMILY_RECURRENT_SCAN_H

#include "recurrent.h"

typedef struct NnLayer {
    const NnBody *b;
    const NnCell *cell;
    NnCellFn step;
    int64_t hidden;
    NnValue *x;            /* [seq, batch, in] */
    NnValue *lens, *times; /* [batch, 1] and [seq], or NULL */
    NnValue *first[2];     /* initial states [dirs, batch, hidden], or NULL */
} NnLayer;

static inline bool nn_layer_is_late(const NnLayer *l) {
    return l->cell->late_bias && l->cell->late_bias(l->b);
}

/* The state's weights, in one piece or two: cut here rather than in every step. */
static inline uint32_t nn_layer_weights(const NnLayer *l, uint32_t d, NnValue *parts[2]) {
    const NnBody *b = l->b;
    const int64_t n = l->cell->early * l->hidden, lengths[2] = {n, l->cell->gates * l->hidden - n};
    parts[0] = nn_recurrent_of(b, b->inputs[2], d);
    if (n == 0 || nn_layer_is_late(l))
        return 1;
    (void)nn_ops(b->host, b->graph, "Split", NN_VALUES(parts[0], nn_vector(b->host, b->graph, 2, lengths)),
                 NN_ATTRS(NN_INT("axis", 0)), parts, 2);
    return 2;
}

/* X's part of all steps, [seq, batch, gates * hidden], with all biases that are not the step's. */
static inline NnValue *nn_layer_projected(const NnLayer *l, uint32_t d, NnValue **late) {
    const NnBody *b = l->b;
    const int64_t swap[2] = {1, 0}, n = l->cell->gates * l->hidden;
    NnValue *w = nn_recurrent_permute(b, nn_recurrent_of(b, b->inputs[1], d), 2, swap),
            *bias = nn_recurrent_of(b, b->inputs[3], d);
    NnValue *y = nn_body2(b, "MatMul", l->x, w);
    *late = NULL;
    if (!bias)
        return y;
    NnValue *first = nn_recurrent_part(b, bias, 0, 0, n), *second = nn_recurrent_part(b, bias, 0, n, 2 * n);
    if (nn_layer_is_late(l)) {
        const int64_t zero = 0;
        *late = nn_recurrent_part(b, second, 0, n - l->hidden, n);
        NnValue *none = nn_body2(b, "Expand", nn_body_scalar(b, second, zero),
                                 nn_vector(b->host, b->graph, 1, &l->hidden));
        second = nn_op(b->host, b->graph, "Concat",
                       NN_VALUES(nn_recurrent_part(b, second, 0, 0, n - l->hidden), none),
                       NN_ATTRS(NN_INT("axis", 0)));
    }
    /* The halves first: the sum over all steps that is their gradient is then made once. */
    return nn_body2(b, "Add", y, nn_body2(b, "Add", first, second));
}

static inline NnValue *nn_layer_initial(const NnLayer *l, uint32_t d, uint32_t state) {
    const NnBody *b = l->b;
    if (l->first[state])
        return nn_recurrent_of(b, l->first[state], d);
    NnValue *batch =
        nn_op(b->host, b->graph, "Shape", NN_VALUES(l->x), NN_ATTRS(NN_INT("start", 1), NN_INT("end", 2)));
    NnValue *shape =
        nn_op(b->host, b->graph, "Concat", NN_VALUES(batch, nn_vector(b->host, b->graph, 1, &l->hidden)),
              NN_ATTRS(NN_INT("axis", 0)));
    return nn_body2(b, "Expand", nn_body_scalar(b, l->x, 0), shape);
}

/* Runs direction d; results: the final states, then the outputs of all steps [seq, batch, hidden]. */
static inline int32_t nn_layer_run(const NnLayer *l, uint32_t d, NnValue **results) {
    const NnBody *b = l->b;
    const NnGraphApi *api = b->host->graph;
    const bool reverse = d == 1 || strcmp(nn_attr_string(b->node, "direction", "forward"), "reverse") == 0;
    const uint32_t states = l->cell->states;
    NnValue *in[NN_RECURRENT_MAX], *formal[NN_RECURRENT_MAX], *next[3] = {0}, *late;
    NnValue *projected = nn_layer_projected(l, d, &late);
    uint32_t n = 0;
    NnBody inner = *b;
    inner.graph = api->begin(b->graph, "step");
    for (uint32_t k = 0; k < states; k++)
        in[n++] = nn_layer_initial(l, d, k);
    in[n++] = projected;
    if (l->lens)
        in[n++] = l->times;
    const uint32_t captures = n, pieces = nn_layer_weights(l, d, in + n);
    n += pieces;
    if (late)
        in[n++] = late;
    if (l->lens)
        in[n++] = l->lens;
    const uint32_t peepholes = n;
    if (states == 2 && b->node->n_inputs > 7 && b->inputs[7])
        in[n++] = nn_recurrent_of(b, b->inputs[7], d);
    for (uint32_t i = 0; i < n; i++)
        formal[i] = nn_recurrent_input(b, inner.graph, "value", in[i], i >= states && i < captures);
    const NnCellStep step = {.b = &inner,
                             .cell = l->cell,
                             .direction = d,
                             .hidden = l->hidden,
                             .x = formal[states],
                             .r = formal[captures],
                             .r_waiting = pieces == 2 ? formal[captures + 1] : NULL,
                             .bias = late ? formal[captures + 1] : NULL,
                             .peepholes = n > peepholes ? formal[peepholes] : NULL};
    l->step(&step, formal, next);
    next[states] = next[0];
    /* A sequence that is over keeps its state and gives zeros. */
    if (l->lens) {
        NnValue *going = nn_body2(&inner, "Less", formal[states + 1], formal[peepholes - 1]);
        next[states] =
            nn_op3(b->host, inner.graph, "Where", going, next[0], nn_body_scalar(&inner, next[0], 0));
        for (uint32_t k = 0; k < states; k++)
            next[k] = nn_op3(b->host, inner.graph, "Where", going, next[k], formal[k]);
    }
    NnFunction *f = inner.graph ? api->end(inner.graph, states + 1, next) : NULL;
    const int64_t back[2] = {reverse, reverse};
    const NnAttr attrs[] = {NN_BODY("body", f), NN_INT("num_scan_inputs", captures - states),
                            NN_INT("carried", states),
                            NN_INTS("scan_input_directions", captures - states, back),
                            NN_INTS("scan_output_directions", 1, back)};
    return nn_ops(b->host, b->graph, "Scan", in, n, attrs, NN_COUNT(attrs), results, states + 1);
}

static inline NnValue *nn_layer_join(const NnBody *b, NnValue *const *parts, uint32_t n, int64_t axis) {
    NnValue *each[2] = {0};
    for (uint32_t i = 0; i < n; i++)
        each[i] = nn_recurrent_unsqueeze(b, parts[i], axis);
    return n == 1 ? each[0] : nn_op(b->host, b->graph, "Concat", each, n, NN_ATTRS(NN_INT("axis", axis)));
}

static inline int32_t nn_recurrent_body(NnBody *b, const NnCell *cell, NnCellFn step) {
    static const int64_t swap3[3] = {1, 0, 2}, swap4[4] = {2, 0, 1, 3};
    const bool first = nn_attr_int(b->node, "layout", 0) != 0;
    const NnValueInfo *r = b->host->graph->info(b->graph, b->inputs[2]);
    const uint32_t directions = nn_recurrent_directions(b->node);
    NnValue *results[2][3], *column[2] = {0};
    NnLayer l = {.b = b,
                 .cell = cell,
                 .step = step,
                 .x = first ? nn_recurrent_permute(b, b->inputs[0], 3, swap3) : b->inputs[0]};
    l.hidden =
        nn_attr_int(b->node, "hidden_size", r && r->rank == 3 && nn_dim_known(r->dims[2]) ? r->dims[2] : 0);
    if (l.hidden <= 0)
        return nn_fail(b->host, b->status, NN_UNSUPPORTED,
                       "%s needs hidden_size, as the shape of R is not known", b->node->op);
    for (uint32_t k = 0; k < cell->states; k++) {
        l.first[k] = b->node->n_inputs > 5 + k ? b->inputs[5 + k] : NULL;
        if (l.first[k] && first)
            l.first[k] = nn_recurrent_permute(b, l.first[k], 3, swap3);
    }
    if (b->inputs[4]) {
        NnValue *seq =
            nn_body2(b, "Gather", nn_body1(b, "Shape", l.x), nn_scalar(b->host, b->graph, NN_I64, 0));
        l.times = nn_op3(b->host, b->graph, "Range", nn_scalar(b->host, b->graph, NN_I64, 0), seq,
                         nn_scalar(b->host, b->graph, NN_I64, 1));
        l.lens = nn_recurrent_unsqueeze(b, nn_body_cast(b, b->inputs[4], NN_I64), 1);
    }
    for (uint32_t d = 0; d < directions; d++) {
        const int32_t code = nn_layer_run(&l, d, results[d]);
        if (code != NN_OK)
            return code;
    }
    for (uint32_t k = 0; k <= cell->states; k++) {
        for (uint32_t d = 0; d < directions; d++)
            column[d] = results[d][k];
        NnValue *joined = nn_layer_join(b, column, directions, k == cell->states);
        if (first)
            joined =
                nn_recurrent_permute(b, joined, k == cell->states ? 4 : 3, k == cell->states ? swap4 : swap3);
        b->outputs[k == cell->states ? 0 : k + 1] = joined;
    }
    return NN_OK;
}

#endif
