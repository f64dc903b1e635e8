/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ONNX's recurrent layers as composites: the input's part of all steps is one matrix product, the rest is a
 * Scan for each direction. A leaf gives the number of gates and what a step does. X is [seq, batch, in], W
 * [dirs, gates * hidden, in], R [dirs, gates * hidden, hidden], B [dirs, 2 * gates * hidden].
 */
#ifndef OPS_FAMILY_RECURRENT_H
#define OPS_FAMILY_RECURRENT_H

#include "recurrent-activation.h"

#define NN_RECURRENT_MAX 16 /* inputs of a Scan */

typedef struct NnCell {
    int64_t gates;
    uint32_t states;                   /* carried: 1 (h) or 2 (h, c) */
    const char *activations;           /* the default ones, "Sigmoid Tanh Tanh" */
    bool (*late_bias)(const NnBody *); /* is the last gate's recurrent bias added within the step? NULL: no */
    int64_t early; /* gates that the others' products wait for, unless the bias is late; 0: none wait */
} NnCell;

/* In the body of the Scan: the weights as they entered it. */
typedef struct NnCellStep {
    const NnBody *b; /* graph: the body */
    const struct NnCell *cell;
    uint32_t direction;
    int64_t hidden;
    NnValue *x, *r, *bias, *peepholes; /* x: [batch, gates * hidden]; bias: of the last gate, or NULL */
    NnValue *r_waiting;                /* of the gates that wait, r being that of the early ones; or NULL */
} NnCellStep;
typedef void (*NnCellFn)(const NnCellStep *, NnValue *const *states, NnValue **next);

#define NN_RECURRENT_INPUTS                                                                                  \
    {"X", "T", NN_FLOATS, 0, 0, "[seq, batch, in], or with layout 1 [batch, seq, in]"},                      \
        {"W", "T", NN_FLOATS, 0, 0, "weights of the input [dirs, gates * hidden, in]"},                      \
        {"R", "T", NN_FLOATS, 0, 0, "weights of the state [dirs, gates * hidden, hidden]"},                  \
        {"B", "T", NN_FLOATS, NN_OPTIONAL, 0, "biases of both [dirs, 2 * gates * hidden]; absent: 0"},       \
        {"sequence_lens",                                                                                    \
         "L",                                                                                                \
         NN_MASK(NN_I32),                                                                                    \
         NN_OPTIONAL | NN_NO_GRADIENT,                                                                       \
         0,                                                                                                  \
         "[batch]; absent: all are seq"},                                                                    \
    {                                                                                                        \
        "initial_h", "T", NN_FLOATS, NN_OPTIONAL, 0, "[dirs, batch, hidden]; absent: 0"                      \
    }
#define NN_RECURRENT_OUTPUTS                                                                                 \
    {"Y", "T", NN_FLOATS, 0, 0, "states of all steps [seq, dirs, batch, hidden]"}, {                         \
        "Y_h", "T", NN_FLOATS, 0, 0, "the last state [dirs, batch, hidden]"                                  \
    }
#define NN_RECURRENT_ATTRIBUTES                                                                              \
    {.name = "activation_alpha", .kind = NN_SET_FLOATS, .doc = "of the activations that take one"},          \
        {.name = "activation_beta", .kind = NN_SET_FLOATS, .doc = "of the activations that take one"},       \
        {.name = "activations", .kind = NN_SET_STRINGS, .doc = "f, g, h by direction; absent: as below"},    \
        {.name = "clip", .kind = NN_SET_FLOAT, .doc = "bound of what enters the activations; absent: none"}, \
        NN_CHOICE("direction", "forward", "forward|reverse|bidirectional",                                   \
                  "in which order the steps are taken"),                                                     \
        {.name = "hidden_size", .kind = NN_SET_INT, .doc = "absent: as R has it"},                           \
        NN_FLAG("layout", "0", "1: the batch comes first")

static inline uint32_t nn_recurrent_directions(const NnNode *node) {
    return strcmp(nn_attr_string(node, "direction", "forward"), "bidirectional") == 0 ? 2 : 1;
}

static inline int32_t nn_recurrent_infer(NnInfer *n, const NnCell *cell) {
    const NnValueInfo *x = n->node->inputs[0], *w = n->node->inputs[1], *r = n->node->inputs[2];
    const int64_t directions = nn_recurrent_directions(n->node),
                  hidden = r->rank == 3 ? nn_dim_plain(r->dims[2]) : NN_DIM_UNKNOWN;
    const bool first = nn_attr_int(n->node, "layout", 0) != 0;
    char a[200], b[200], c[200];
    if (nn_activation_check(n, cell->activations, (uint32_t)directions) != NN_OK)
        return NN_INVALID;
    if ((x->rank >= 0 && x->rank != 3) || (w->rank >= 0 && w->rank != 3) || (r->rank >= 0 && r->rank != 3) ||
        (nn_dim_known(hidden) && r->rank == 3 && nn_dim_known(r->dims[1]) &&
         r->dims[1] != cell->gates * hidden) ||
        (w->rank == 3 && nn_dim_known(w->dims[0]) && w->dims[0] != directions) ||
        (w->rank == 3 && x->rank == 3 && nn_dim_known(w->dims[2]) && nn_dim_known(x->dims[2]) &&
         w->dims[2] != x->dims[2]))
        return nn_bad(
            n,
            "X is %s, W %s, R %s: expected [seq,batch,in], [%lld,%lld*hidden,in], [%lld,%lld*hidden,hidden]",
            nn_shape_text(x->rank, x->dims, a, sizeof a), nn_shape_text(w->rank, w->dims, b, sizeof b),
            nn_shape_text(r->rank, r->dims, c, sizeof c), (long long)directions, (long long)cell->gates,
            (long long)directions, (long long)cell->gates);
    if (nn_dim_known(hidden) && nn_attr_int(n->node, "hidden_size", hidden) != hidden)
        return nn_bad(n, "hidden_size is %lld, but R is %s",
                      (long long)nn_attr_int(n->node, "hidden_size", 0),
                      nn_shape_text(r->rank, r->dims, c, sizeof c));
    const int64_t seq = x->rank == 3 ? nn_dim_plain(x->dims[first]) : NN_DIM_UNKNOWN;
    const int64_t batch = x->rank == 3 ? nn_dim_plain(x->dims[!first]) : NN_DIM_UNKNOWN;
    n->output(n, 0, x->type, 4,
              first ? (const int64_t[]){batch, seq, directions, hidden}
                    : (const int64_t[]){seq, directions, batch, hidden});
    for (uint32_t k = 0; k < cell->states; k++)
        n->output(n, 1 + k, x->type, 3,
                  first ? (const int64_t[]){batch, directions, hidden}
                        : (const int64_t[]){directions, batch, hidden});
    return NN_OK;
}

static inline NnValue *nn_recurrent_permute(const NnBody *b, NnValue *x, uint32_t rank, const int64_t *perm) {
    return nn_op(b->host, b->graph, "Transpose", NN_VALUES(x), NN_ATTRS(NN_INTS("perm", rank, perm)));
}

/* Elements [from, to) along an axis. */
static inline NnValue *nn_recurrent_part(const NnBody *b, NnValue *x, int64_t axis, int64_t from,
                                         int64_t to) {
    return nn_op(b->host, b->graph, "Slice",
                 NN_VALUES(x, nn_vector(b->host, b->graph, 1, &from), nn_vector(b->host, b->graph, 1, &to),
                           nn_vector(b->host, b->graph, 1, &axis)),
                 NN_NO_ATTRS);
}

/* The part of a direction, of rank one less. */
static inline NnValue *nn_recurrent_of(const NnBody *b, NnValue *x, uint32_t direction) {
    return x ? nn_body2(b, "Gather", x, nn_scalar(b->host, b->graph, NN_I64, direction)) : NULL;
}

static inline NnValue *nn_recurrent_unsqueeze(const NnBody *b, NnValue *x, int64_t axis) {
    return nn_body2(b, "Unsqueeze", x, nn_vector(b->host, b->graph, 1, &axis));
}

/* The argument of an activation, held within `clip`. */
static inline NnValue *nn_recurrent_clip(const NnCellStep *s, NnValue *x) {
    const NnAttr *clip = nn_attr(s->b->node, "clip");
    return clip ? nn_op3(s->b->host, s->b->graph, "Clip", x, nn_body_scalar(s->b, x, -clip->u.f),
                         nn_body_scalar(s->b, x, clip->u.f))
                : x;
}

/* Function k of the cell (f, g, h), of what is held within `clip`. */
static inline NnValue *nn_recurrent_activate(const NnCellStep *s, uint32_t k, NnValue *x) {
    const NnActivation f = nn_activation(s->b->node, s->cell->activations, s->direction, k);
    return nn_activation_apply(s->b, &f, nn_recurrent_clip(s, x));
}

static inline NnValue *nn_recurrent_input(const NnBody *b, NnGraph *body, const char *name,
                                          const NnValue *like, int32_t drop) {
    const NnValueInfo *v = b->host->graph->info(b->graph, like);
    return v ? b->host->graph->input(body, name, v->type, v->rank - drop, v->dims + drop) : NULL;
}

#endif
