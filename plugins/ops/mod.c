/* SPDX-License-Identifier: Apache-2.0 */
/* The remainder of a division. */
#include "family/broadcast.h"

static double real(double a, double b) { return fmod(a, b); }
static int64_t truncated(int64_t a, int64_t b) { return b == -1 || b == 0 ? 0 : a % b; }

static int64_t floored(int64_t a, int64_t b) {
    const int64_t r = truncated(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

static uint64_t natural(uint64_t a, uint64_t b) { return b ? a % b : 0; }
static const NnBinary like_dividend = {real, truncated, natural}, like_divisor = {real, floored, natural};

static int32_t infer(NnInfer *n) {
    const NnValueInfo *a = n->node->inputs[0];
    const bool fmod = nn_attr_int(n->node, "fmod", 0) != 0;
    if (!fmod && nn_is(a->type, NN_FLOATS))
        return nn_bad(n, "fmod is 0, but A is %s: of floating types only fmod=1 is defined",
                      nn_type_name(a->type));
    return nn_infer_broadcast(n);
}

/* A - C is a multiple of B, and between the jumps its quotient is constant. */
static int32_t gradient(NnGradient *g) {
    if (g->wanted[0])
        nn_broadcast_grad(g, 0, NN_DY(g));
    if (g->wanted[1]) {
        NnValue *times = nn_rule2(g, "Div", nn_rule2(g, "Sub", g->outputs[0], g->inputs[0]), g->inputs[1]);
        nn_broadcast_grad(g, 1, nn_rule2(g, "Mul", NN_DY(g), times));
    }
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    if (nn_has_zero(call->inputs[1]) && nn_elements(call->outputs[0]))
        return nn_fail(call->host, call->status, NN_ERROR, "integer division by zero");
    return nn_broadcast_compute(call, nn_attr_int(call->node, "fmod", 0) ? &like_dividend : &like_divisor);
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Mod", 13), NN_BINARY(NN_NUMBERS),
                      NN_ATTRIBUTES(NN_FLAG("fmod", "0",
                                            "1: the sign of A, as C's fmod; 0: the sign of B, for integers")),
                      NN_SAMPLES("[2,3]@-5:5 [3]@.7:1.9; fmod=1", "[0,3] []; fmod=1",
                                 "i64[2,3]@-9:9 i64[3]@1:9", "i32[4]@-9:9 i32[]{-4}"),
                      .doc = "The remainder: C = A - B * q, q = A / B rounded down, or to zero with fmod=1.",
                      .infer = infer, .gradient = gradient, .compute = compute);

NN_OPERATORS(mod, "The remainder of a division.", NN_OP("Mod", op))
