/* SPDX-License-Identifier: Apache-2.0 */
/* Long short-term memory (Hochreiter, Schmidhuber 1997; forget gate: Gers, Schmidhuber, Cummins 2000;
 * peepholes: Gers, Schmidhuber 2000). */
#include "family/recurrent-scan.h"

static const NnCell cell = {.gates = 4, .states = 2, .activations = "Sigmoid Tanh Tanh"};

/* A gate's argument with what it sees of the cell; peepholes are in the order i, o, f. */
static NnValue *peep(const NnCellStep *s, NnValue *gate, int64_t which, NnValue *state) {
    if (!s->peepholes)
        return gate;
    NnValue *p = nn_recurrent_part(s->b, s->peepholes, 0, which * s->hidden, (which + 1) * s->hidden);
    return nn_body2(s->b, "Add", gate, nn_body2(s->b, "Mul", p, state));
}

static void step(const NnCellStep *s, NnValue *const *states, NnValue **next) {
    NnValue *gate[4], *z = nn_op(s->b->host, s->b->graph, "Gemm", NN_VALUES(states[0], s->r, s->x),
                                 NN_ATTRS(NN_INT("transB", 1)));
    (void)nn_ops(s->b->host, s->b->graph, "Split", NN_VALUES(z),
                 NN_ATTRS(NN_INT("axis", 1), NN_INT("num_outputs", 4)), gate, 4);
    NnValue *in = nn_recurrent_activate(s, 0, peep(s, gate[0], 0, states[1]));
    NnValue *forget = nn_attr_int(s->b->node, "input_forget", 0)
                          ? nn_body2(s->b, "Sub", nn_body_scalar(s->b, in, 1), in)
                          : nn_recurrent_activate(s, 0, peep(s, gate[2], 2, states[1]));
    NnValue *candidate = nn_recurrent_activate(s, 1, gate[3]);
    next[1] =
        nn_body2(s->b, "Add", nn_body2(s->b, "Mul", forget, states[1]), nn_body2(s->b, "Mul", in, candidate));
    NnValue *out = nn_recurrent_activate(s, 0, peep(s, gate[1], 1, next[1]));
    const NnActivation h = nn_activation(s->b->node, cell.activations, s->direction, 2);
    next[0] = nn_body2(s->b, "Mul", out, nn_activation_apply(s->b, &h, next[1]));
}

static int32_t infer(NnInfer *n) { return nn_recurrent_infer(n, &cell); }
static int32_t body(NnBody *b) { return nn_recurrent_body(b, &cell, step); }

NN_COMPOSITE_OPERATOR(
    lstm, NN_ONNX("LSTM", 22),
    NN_IN(NN_RECURRENT_INPUTS,
          {"initial_c", "T", NN_FLOATS, NN_OPTIONAL, 0, "[dirs, batch, hidden]; absent: 0"},
          {"P", "T", NN_FLOATS, NN_OPTIONAL, 0, "peepholes [dirs, 3 * hidden]; absent: 0"}),
    NN_OUT_FROM(0, NN_RECURRENT_OUTPUTS,
                {"Y_c", "T", NN_FLOATS, 0, 0, "the last cell [dirs, batch, hidden]"}),
    NN_ATTRIBUTES(NN_RECURRENT_ATTRIBUTES,
                  NN_FLAG("input_forget", "0", "1: the forget gate is 1 - the input gate")),
    NN_SAMPLES(
        "[3,2,2] [1,8,2] [1,8,2] [1,16]; hidden_size=2 -> 3",
        "[2,1,3] [2,4,3] [2,4,1] - - [2,1,1] [2,1,1] [2,3]; hidden_size=1 direction=bidirectional -> 3",
        "[3,2,1] [1,4,1] [1,4,1] [1,8] i32[2]{2,3}; hidden_size=1 direction=reverse -> 3",
        "[2,3,1] [1,4,1] [1,4,1]; hidden_size=1 layout=1 clip=.5 -> 3",
        "[2,2,2] [1,8,2] [1,8,2] [1,16]; hidden_size=2 input_forget=1 "
        "activations=HardSigmoid,Softsign,ThresholdedRelu activation_alpha=.2,-2 activation_beta=.5, -> 3"),
    .doc = "For each step [i, o, f, g] = X W' + H R' + B, C = sigmoid(f) C + sigmoid(i) tanh(g), H = "
           "sigmoid(o) tanh(C); with "
           "peepholes i and f see the old C and o the new one.",
    .infer = infer, .body = body);

NN_OPERATORS(lstm, "Long short-term memory.", NN_OP("LSTM", lstm))
