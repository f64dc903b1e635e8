/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long short-term memory (Hochreiter, Schmidhuber 1997; forget gate: Gers, Schmidhuber, Cummins 2000). Gates
 * in ONNX's order: [i o f g] = x W + b + h R c' = sigmoid(f) c + sigmoid(i) tanh(g);  h' = sigmoid(o)
 * tanh(c')
 */
#include "rnn.h"

static void step(const Net *net, NnValue *input, NnValue *recurrent, NnValue *const *states, NnValue **next) {
    const NnHost *nn = net->nn;
    NnValue *gate[4];
    rnn_split(net, nn_op3(nn, net->g, "Gemm", states[0], recurrent, input), 4, gate);
    NnValue *in = nn_op1(nn, net->g, "Sigmoid", gate[0]), *out = nn_op1(nn, net->g, "Sigmoid", gate[1]);
    NnValue *forget = nn_op1(nn, net->g, "Sigmoid", gate[2]),
            *candidate = nn_op1(nn, net->g, "Tanh", gate[3]);
    NnValue *kept = nn_op2(nn, net->g, "Mul", forget, states[1]);
    next[1] = nn_op2(nn, net->g, "Add", kept, nn_op2(nn, net->g, "Mul", in, candidate));
    next[0] = nn_op2(nn, net->g, "Mul", out, nn_op1(nn, net->g, "Tanh", next[1]));
}

const RnnCell rnn_lstm = {.name = "lstm", .gates = 4, .states = 2, .biased = 2, .step = step};
