/* SPDX-License-Identifier: Apache-2.0 */
/* The remainder of a division. */
#include "family/broadcast.h"

static double real(double a, double b) { return fmod(a, b); }

/* As Python's: of the sign of b, a zero as well. */
static double real_floored(double a, double b) {
    const double r = fmod(a, b);
    return r == 0 ? copysign(0, b) : (r < 0) != (b < 0) ? r + b : r;
}

static int64_t truncated(int64_t a, int64_t b) { return b == -1 || b == 0 ? 0 : a % b; }

static int64_t floored(int64_t a, int64_t b) {
    const int64_t r = truncated(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

static uint64_t natural(uint64_t a, uint64_t b) { return b ? a % b : 0; }
static const NnBinary like_dividend = {real, truncated, natural},
                      like_divisor = {real_floored, floored, natural};

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
                      NN_ATTRIBUTES(NN_FLAG("fmod", "0", "1: the sign of A, as C's fmod; 0: the sign of B")),
                      NN_SAMPLES("[2,3]@-5:5 [3]@.7:1.9; fmod=1", "[2,3]@-5:5 [3]@.7:1.9",
                                 "[4]@-5:5 []{-1.3}", "[0,3] []; fmod=1", "i64[2,3]@-9:9 i64[3]@1:9",
                                 "i32[4]@-9:9 i32[]{-4}"),
                      .doc = "The remainder: C = A - B * q, q = A / B rounded down, or to zero with fmod=1.",
                      .infer = nn_infer_broadcast, .gradient = gradient, .compute = compute);

NN_OPERATORS(mod, "The remainder of a division.", NN_OP("Mod", op))
