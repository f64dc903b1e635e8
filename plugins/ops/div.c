/* SPDX-License-Identifier: Apache-2.0 */
/* Division by element; of integers, towards zero. */
#include "family/broadcast.h"

static double real(double a, double b) { return a / b; }
static int64_t whole(int64_t a, int64_t b) {
    return b == -1 ? (int64_t)(0 - (uint64_t)a) : b ? a / b : NN_DIM_UNKNOWN;
}
static uint64_t natural(uint64_t a, uint64_t b) { return b ? a / b : 0; }
static const NnBinary function = {real, whole, natural};

static int32_t infer(NnInfer *n) {
    nn_broadcast_value(n, whole);
    return nn_infer_broadcast(n);
}

static int32_t gradient(NnGradient *g) {
    NnValue *d = nn_rule2(g, "Div", NN_DY(g), g->inputs[1]);
    if (g->wanted[0])
        nn_broadcast_grad(g, 0, d);
    if (g->wanted[1])
        nn_broadcast_grad(g, 1, nn_rule1(g, "Neg", nn_rule2(g, "Mul", d, g->outputs[0])));
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    if (nn_has_zero(call->inputs[1]) && nn_elements(call->outputs[0]))
        return nn_fail(call->host, call->status, NN_ERROR, "integer division by zero");
    return nn_broadcast_compute(call, &function);
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Div", 14), NN_BINARY(NN_NUMBERS), NN_DIVISION_SAMPLES,
                      .doc = "Divides element by element with broadcasting: C = A / B, integers truncated.",
                      .infer = infer, .gradient = gradient, .compute = compute);

NN_OPERATORS(div, "Divides element by element with broadcasting.", NN_OP("Div", op))
