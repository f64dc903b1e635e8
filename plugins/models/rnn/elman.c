/* SPDX-License-Identifier: Apache-2.0 */
/* The simple recurrent network (Elman 1990): h' = tanh(x W + b + h R). */
#include "rnn.h"

static void step(const Net *net, NnValue *input, NnValue *recurrent, NnValue *const *states, NnValue **next) {
    next[0] = nn_op1(net->nn, net->g, "Tanh", nn_op3(net->nn, net->g, "Gemm", states[0], recurrent, input));
}

const RnnCell rnn_elman = {.name = "elman", .gates = 1, .states = 1, .biased = -1, .step = step};
