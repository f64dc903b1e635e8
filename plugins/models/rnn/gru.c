/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gated recurrent unit (Cho et al. 2014), with the reset gate applied after the product, as ONNX's
 * linear_before_reset: [z r n] = x W + b,  [z' r' n'] = h R z = sigmoid(z + z'), r = sigmoid(r + r'), n =
 * tanh(n + r n');  h' = n + z (h - n)
 */
#include "rnn.h"

static void step(const Net *net, NnValue *input, NnValue *recurrent, NnValue *const *states, NnValue **next) {
    const NnHost *nn = net->nn;
    NnValue *x[3], *h[3];
    rnn_split(net, input, 3, x);
    rnn_split(net, nn_op2(nn, net->g, "MatMul", states[0], recurrent), 3, h);
    NnValue *update = nn_op1(nn, net->g, "Sigmoid", nn_op2(nn, net->g, "Add", x[0], h[0]));
    NnValue *reset = nn_op1(nn, net->g, "Sigmoid", nn_op2(nn, net->g, "Add", x[1], h[1]));
    NnValue *fresh =
        nn_op1(nn, net->g, "Tanh", nn_op2(nn, net->g, "Add", x[2], nn_op2(nn, net->g, "Mul", reset, h[2])));
    NnValue *change = nn_op2(nn, net->g, "Sub", states[0], fresh);
    next[0] = nn_op2(nn, net->g, "Add", fresh, nn_op2(nn, net->g, "Mul", update, change));
}

const RnnCell rnn_gru = {.name = "gru", .gates = 3, .states = 1, .biased = -1, .step = step};
