/* SPDX-License-Identifier: Apache-2.0 */
/* The gated recurrent unit (Cho et al. 2014). */
#include "family/recurrent-scan.h"

/* With linear_before_reset the reset gate scales the candidate's recurrent bias too, so it cannot be added
 * beforehand. */
static bool late_bias(const NnBody *b) { return nn_attr_int(b->node, "linear_before_reset", 0) != 0; }

static const NnCell cell = {.gates = 3, .states = 1, .activations = "Sigmoid Tanh", .late_bias = late_bias};

static NnValue *gemm(const NnCellStep *s, NnValue *h, NnValue *r, NnValue *c) {
    return nn_op(s->b->host, s->b->graph, "Gemm", NN_VALUES(h, r, c), NN_ATTRS(NN_INT("transB", 1)));
}

static void step(const NnCellStep *s, NnValue *const *states, NnValue **next) {
    const int64_t n = s->hidden;
    NnValue *h = states[0], *both = gemm(s, h, nn_recurrent_part(s->b, s->r, 0, 0, 2 * n),
                                         nn_recurrent_part(s->b, s->x, 1, 0, 2 * n));
    NnValue *r_candidate = nn_recurrent_part(s->b, s->r, 0, 2 * n, 3 * n),
            *x_candidate = nn_recurrent_part(s->b, s->x, 1, 2 * n, 3 * n);
    NnValue *update = nn_recurrent_activate(s, 0, nn_recurrent_part(s->b, both, 1, 0, n));
    NnValue *reset = nn_recurrent_activate(s, 0, nn_recurrent_part(s->b, both, 1, n, 2 * n));
    NnValue *argument = late_bias(s->b)
                            ? nn_body2(s->b, "Add", x_candidate,
                                       nn_body2(s->b, "Mul", reset, gemm(s, h, r_candidate, s->bias)))
                            : gemm(s, nn_body2(s->b, "Mul", reset, h), r_candidate, x_candidate);
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
