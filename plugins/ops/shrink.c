/* SPDX-License-Identifier: Apache-2.0 */
/* What is near zero becomes zero, the rest moves towards it: soft (bias = lambd) or hard (bias = 0)
 * thresholding. */
#include "family/unary.h"

/* Integers go through double and lose their fraction, as in other implementations; with bias = 0 they stay
 * what they are. */
static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0];
    NnTensor *y = call->outputs[0];
    const double lambd = nn_attr_float(call->node, "lambd", .5), bias = nn_attr_float(call->node, "bias", 0);
    const int64_t n = nn_elements(x);
    for (int64_t i = 0; i < n; i++) {
        const double e = nn_load(nn_data(x), x->type, i);
        const bool below = e<-lambd, above = e> lambd;
        if (bias == 0 && (below || above))
            nn_move(nn_data(y), i, nn_data(x), i, 1, nn_type_size(x->type));
        else
            nn_store(nn_data(y), y->type, i, below ? e + bias : above ? e - bias : 0);
    }
    return NN_OK;
}

static int32_t gradient(NnGradient *g) {
    const double lambd = nn_attr_float(g->node, "lambd", .5);
    NnValue *below = nn_rule_test(g, "Less", g->inputs[0], -lambd);
    return nn_times_dy(g, nn_rule2(g, "Max", below, nn_rule_test(g, "Greater", g->inputs[0], lambd)));
}

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("Shrink", 9), NN_UNARY(NN_NUMBERS),
    NN_ATTRIBUTES(NN_REAL("lambd", "0.5", "half the width of what becomes zero"),
                  NN_REAL("bias", "0.0", "how far the rest moves towards zero")),
    NN_SAMPLES("[2,3]; lambd=.0625", "[]@.6:1; bias=.25", "[0,3]", "[7]@-4:4; bias=.5",
               "i64[5]@-9:9; lambd=2.5 bias=1.5", "i64[0]"),
    .doc = "The shrinkage: Y = X + bias where X < -lambd, X - bias where X > lambd, else 0.",
    .gradient = gradient, .compute = compute);

NN_OPERATORS(shrink, "Shrinkage towards zero.", NN_OP("Shrink", op))
