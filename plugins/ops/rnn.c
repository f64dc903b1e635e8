/* SPDX-License-Identifier: Apache-2.0 */
/* The simple recurrent layer (Elman 1990). */
#include "family/recurrent-scan.h"

static const NnCell cell = {.gates = 1, .states = 1, .activations = "Tanh"};

static void step(const NnCellStep *s, NnValue *const *states, NnValue **next) {
    NnValue *z = nn_op(s->b->host, s->b->graph, "Gemm", NN_VALUES(states[0], s->r, s->x),
                       NN_ATTRS(NN_INT("transB", 1)));
    next[0] = nn_recurrent_activate(s, 0, z);
}

static int32_t infer(NnInfer *n) { return nn_recurrent_infer(n, &cell); }
static int32_t body(NnBody *b) { return nn_recurrent_body(b, &cell, step); }

NN_COMPOSITE_OPERATOR(
    rnn, NN_ONNX("RNN", 22), NN_IN(NN_RECURRENT_INPUTS), NN_OUT_FROM(0, NN_RECURRENT_OUTPUTS),
    NN_ATTRIBUTES(NN_RECURRENT_ATTRIBUTES),
    NN_SAMPLES("[3,2,2] [1,2,2] [1,2,2] [1,4]; hidden_size=2 -> 2",
               "[2,1,3] [2,1,3] [2,1,1] - - [2,1,1]; hidden_size=1 direction=bidirectional -> 2",
               "[3,2,1] [1,1,1] [1,1,1] [1,2] i32[2]{2,3}; hidden_size=1 direction=reverse -> 2",
               "[2,3,1] [1,1,1] [1,1,1]; hidden_size=1 layout=1 -> 2",
               "[3,2,2] [1,2,2] [1,2,2] [1,4]; hidden_size=2 activations=Relu, -> 2",
               "[2,1,2] [2,1,2] [2,1,1]; hidden_size=1 direction=bidirectional activations=ScaledTanh,Affine "
               "activation_alpha=.5,.6 activation_beta=1.2,.1 -> 2",
               "[2,1,2] [1,1,2] [1,1,1]; hidden_size=1 activations=Softplus, -> 2",
               "[2,1,2] [1,1,2] [1,1,1]; hidden_size=1 activations=LeakyRelu, activation_alpha=.2, -> 2"),
    .doc = "For each step H = tanh(X W' + H R' + B).", .infer = infer, .body = body);

NN_OPERATORS(rnn, "The simple recurrent layer.", NN_OP("RNN", rnn))
