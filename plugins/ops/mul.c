/* SPDX-License-Identifier: Apache-2.0 */
/* Multiplication by element. */
#include "family/broadcast.h"

static double real(double a, double b) { return a * b; }
static int64_t whole(int64_t a, int64_t b) { return (int64_t)((uint64_t)a * (uint64_t)b); }
static const NnBinary function = {real, whole, NULL};

static int32_t infer(NnInfer *n) {
    nn_broadcast_value(n, whole);
    return nn_infer_broadcast(n);
}

static int32_t gradient(NnGradient *g) {
    for (uint32_t i = 0; i < 2; i++)
        if (g->wanted[i])
            nn_broadcast_grad(g, i, nn_rule2(g, "Mul", NN_DY(g), g->inputs[1 - i]));
    return NN_OK;
}

static int32_t compute(const NnCall *call) { return nn_broadcast_compute(call, &function); }

NN_PRIMITIVE_OPERATOR(mul, NN_ONNX("Mul", 14), NN_BINARY(NN_NUMBERS), NN_BINARY_SAMPLES,
                      .doc = "Multiplies element by element with broadcasting: C = A * B.", .infer = infer,
                      .gradient = gradient, .compute = compute);

NN_OPERATORS(mul, "Multiplication with broadcasting.", NN_OP("Mul", mul))
