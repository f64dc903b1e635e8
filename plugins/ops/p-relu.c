/* SPDX-License-Identifier: Apache-2.0 */
/* The rectifier with a slope that is learnt (He et al. 2015). */
#include "family/broadcast.h"

static double real(double x, double slope) { return x < 0 ? slope * x : x; }
static int64_t whole(int64_t x, int64_t slope) {
    return x < 0 ? (int64_t)((uint64_t)slope * (uint64_t)x) : x;
}
static uint64_t natural(uint64_t x, uint64_t slope) {
    (void)slope;
    return x;
}

static const NnBinary function = {real, whole, natural};
static int32_t compute(const NnCall *call) { return nn_broadcast_compute(call, &function); }

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0], *slope = n->node->inputs[1];
    bool fits = x->rank < 0 || slope->rank <= x->rank;
    for (int32_t i = 0; fits && x->rank >= 0 && i < slope->rank; i++) {
        const int64_t d = x->dims[i + x->rank - slope->rank], e = slope->dims[i];
        fits = e == 1 || !nn_dim_known(d) || !nn_dim_known(e) || d == e;
    }
    if (!fits)
        return nn_bad(n, "slope does not broadcast to the shape of X");
    return nn_infer_same(n);
}

static int32_t gradient(NnGradient *g) {
    NnValue *x = g->inputs[0], *zero = nn_rule_scalar(g, x, 0);
    if (g->wanted[0])
        g->grads[0] = nn_rule3(g, "Where", nn_rule2(g, "Less", x, zero),
                               nn_rule2(g, "Mul", NN_DY(g), g->inputs[1]), NN_DY(g));
    if (g->wanted[1])
        nn_broadcast_grad(g, 1, nn_rule2(g, "Mul", NN_DY(g), nn_rule2(g, "Min", x, zero)));
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("PRelu", 16), .flags = NN_OP_ELEMENTWISE,
                      NN_IN({"X", "T", NN_NUMBERS, 0, 0, "the argument"},
                            {"slope", "T", NN_NUMBERS, 0, 0,
                             "slope below zero, broadcast to the shape of X"}),
                      NN_OUT({"Y", "T", NN_NUMBERS, 0, 0, "the result, of the shape of X"}),
                      NN_SAMPLES("[2,3] [2,3]", "[2,3] [3]", "[2,3,2] [3,1]", "[2,3] []", "[0,3] [3]",
                                 "i64[2,3]@-9:9 i64[3]@1:4"),
                      .doc = "The rectifier with a learnt slope: Y = X where X >= 0, else slope * X.",
                      .infer = infer, .gradient = gradient, .compute = compute);

NN_OPERATORS(p_relu, "The rectifier with a learnt slope.", NN_OP("PRelu", op))
