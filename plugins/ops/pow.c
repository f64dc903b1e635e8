/* SPDX-License-Identifier: Apache-2.0 */
/* Powers; the exponent may be of another type than the base, which gives the type of the result. */
#include "family/broadcast.h"

/* By squaring; a negative power of an integer is truncated, so that only those of 1 and -1 are not 0. */
static int64_t whole(int64_t a, int64_t b) {
    uint64_t power = 1, base = (uint64_t)a;
    if (b < 0)
        return a == 1 || a == -1 ? (b & 1 ? a : 1) : 0;
    for (; b; b >>= 1, base *= base)
        if (b & 1)
            power *= base;
    return (int64_t)power;
}

static const NnBinary real_power = {pow, NULL, NULL}, whole_power = {pow, whole, NULL};

static int32_t compute(const NnCall *call) {
    return nn_broadcast_compute(call, nn_is(call->inputs[1]->type, NN_INTEGERS) ? &whole_power : &real_power);
}

/* y x^(y-1), short for the usual constant exponent; for y = 0 it is 0, also at x = 0. */
static NnValue *by_base(NnGradient *g, NnValue *y) {
    NnValue *x = g->inputs[0];
    const NnTensor *known = g->node->inputs[1]->value;
    if (known && nn_elements(known) == 1 && nn_is(known->type, NN_NUMBERS)) {
        const double e = nn_load(nn_data(known), known->type, 0);
        NnValue *lower = e == 2 ? x : nn_rule2(g, "Pow", x, nn_rule_scalar(g, x, e - 1));
        return e == 0 ? nn_rule_scale(g, x, 0) : nn_rule_scale(g, lower, e);
    }
    NnValue *zero = nn_rule_scalar(g, x, 0);
    NnValue *d = nn_rule2(g, "Mul", y, nn_rule2(g, "Pow", x, nn_rule_shift(g, y, -1)));
    NnValue *both = nn_rule2(g, "And", nn_rule2(g, "Equal", y, zero), nn_rule2(g, "Equal", x, zero));
    return nn_rule3(g, "Where", both, zero, d);
}

static int32_t gradient(NnGradient *g) {
    NnValue *x = g->inputs[0], *zero = nn_rule_scalar(g, x, 0);
    const bool same = g->node->inputs[0]->type == g->node->inputs[1]->type;
    NnValue *y = same ? g->inputs[1] : nn_rule_cast(g, g->inputs[1], x);
    if (g->wanted[0])
        nn_broadcast_grad(g, 0, nn_rule2(g, "Mul", NN_DY(g), by_base(g, y)));
    if (g->wanted[1]) {
        NnValue *d = nn_rule2(g, "Mul", g->outputs[0], nn_rule1(g, "Log", x));
        d = nn_rule2(g, "Mul", NN_DY(g), nn_rule3(g, "Where", nn_rule2(g, "Equal", x, zero), zero, d));
        nn_broadcast_grad(g, 1, same ? d : nn_rule_cast(g, d, g->inputs[1]));
    }
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Pow", 15), .flags = NN_OP_ELEMENTWISE,
                      NN_IN({"X", "T", NN_NUMBERS, 0, 0, "base"}, {"Y", "E", NN_NUMBERS, 0, 0, "exponent"}),
                      NN_OUT({"Z", "T", NN_NUMBERS, 0, 0, "result, of the broadcast shape"}),
                      NN_SAMPLES("[2,3]@.2:2 [2,3]", "[2,3]@.2:2 [3]", "[3]@.2:2 [2,1]", "[2,3]@.2:2 f[]{2}",
                                 "[2,3]@.2:2 f[]{3}", "[4] i64[]{3}", "[4]@.5:2 f[]{-.5}", "[4]@.2:2 f[]{0}",
                                 "[4] i64[]{0}", "[0,3] []", "i64[4]@-4:4 i64[4]@0:4"),
                      .doc = "Powers element by element with broadcasting: Z = X^Y.",
                      .infer = nn_infer_broadcast, .gradient = gradient, .compute = compute);

NN_OPERATORS(pow, "Powers with broadcasting.", NN_OP("Pow", op))
