/* SPDX-License-Identifier: Apache-2.0 */
/* The gated recurrent unit (Cho et al. 2014). */
#include "family/recurrent-scan.h"

/* With linear_before_reset the reset gate scales the candidate's recurrent bias too, so it cannot be added
 * beforehand. */
static bool late_bias(const NnBody *b) { return nn_attr_int(b->node, "linear_before_reset", 0) != 0; }

static const NnCell cell = {
    .gates = 3, .states = 1, .activations = "Sigmoid Tanh", .late_bias = late_bias, .early = 2};

static NnValue *gemm(const NnCellStep *s, NnValue *h, NnValue *r, NnValue *c) {
    return nn_op(s->b->host, s->b->graph, "Gemm", NN_VALUES(h, r, c), NN_ATTRS(NN_INT("transB", 1)));
}

static void split(const NnCellStep *s, NnValue *x, int64_t n, NnValue **parts) {
    (void)nn_ops(s->b->host, s->b->graph, "Split", NN_VALUES(x),
                 NN_ATTRS(NN_INT("axis", 1), NN_INT("num_outputs", n)), parts, (uint32_t)n);
}

static void step(const NnCellStep *s, NnValue *const *states, NnValue **next) {
    NnValue *h = states[0], *seen[3] = {0}, *given[3] = {0}; /* of the state and of x, by gate */
    split(s, gemm(s, h, s->r, NULL), s->r_waiting ? 2 : 3, seen);
    split(s, s->x, 3, given);
    NnValue *update = nn_recurrent_activate(s, 0, nn_body2(s->b, "Add", seen[0], given[0]));
    NnValue *reset = nn_recurrent_activate(s, 0, nn_body2(s->b, "Add", seen[1], given[1])), *argument;
    if (s->r_waiting) {
        argument = gemm(s, nn_body2(s->b, "Mul", reset, h), s->r_waiting, given[2]);
    } else {
        NnValue *recurrent = s->bias ? nn_body2(s->b, "Add", seen[2], s->bias) : seen[2];
        argument = nn_body2(s->b, "Add", given[2], nn_body2(s->b, "Mul", reset, recurrent));
    }
    NnValue *candidate = nn_recurrent_activate(s, 1, argument);
    next[0] =
        nn_body2(s->b, "Add", candidate, nn_body2(s->b, "Mul", update, nn_body2(s->b, "Sub", h, candidate)));
}

static int32_t infer(NnInfer *n) { return nn_recurrent_infer(n, &cell); }
static int32_t body(NnBody *b) { return nn_recurrent_body(b, &cell, step); }

NN_COMPOSITE_OPERATOR(
    gru, NN_ONNX("GRU", 22), NN_IN(NN_RECURRENT_INPUTS), NN_OUT_FROM(0, NN_RECURRENT_OUTPUTS),
    NN_ATTRIBUTES(NN_RECURRENT_ATTRIBUTES,
                  NN_FLAG("linear_before_reset", "0", "1: reset after the product with R instead of before")),
    NN_SAMPLES(
        "[3,2,2] [1,6,2] [1,6,2] [1,12]; hidden_size=2 -> 2",
        "[2,1,3] [2,3,3] [2,3,1] [2,6] - [2,1,1]; hidden_size=1 direction=bidirectional "
        "linear_before_reset=1 -> 2",
        "[3,2,1] [1,3,1] [1,3,1] [1,6] i32[2]{2,3}; hidden_size=1 direction=reverse -> 2",
        "[2,3,1] [1,3,1] [1,3,1]; hidden_size=1 layout=1 -> 2",
        "[3,2,2] [1,6,2] [1,6,2] [1,12] - [1,2,2]; hidden_size=2 linear_before_reset=1 -> 2",
        "[2,2,2] [2,6,2] [2,6,2] [2,12]; hidden_size=2 direction=bidirectional "
        "activations=HardSigmoid,Softsign,Sigmoid,Elu activation_alpha=.3,.7 activation_beta=.4, -> 2"),
    .doc = "For each step [z, r] = sigmoid(X W' + H R' + B), g = tanh(X Wh' + (r * H) Rh' + Bh), H = (1 - z) "
           "* g + z * H; with "
           "linear_before_reset g = tanh(X Wh' + Wbh + r * (H Rh' + Rbh)).",
    .infer = infer, .body = body);

NN_OPERATORS(gru, "The gated recurrent unit.", NN_OP("GRU", gru))
