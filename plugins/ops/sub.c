/* SPDX-License-Identifier: Apache-2.0 */
/* Subtraction by element. */
#include "family/broadcast.h"

static double real(double a, double b) { return a - b; }
static int64_t whole(int64_t a, int64_t b) { return (int64_t)((uint64_t)a - (uint64_t)b); }

static const NnBinary function = {real, whole, NULL};

static int32_t infer(NnInfer *n) {
    nn_broadcast_value(n, whole);
    return nn_infer_broadcast(n);
}

static int32_t gradient(NnGradient *g) {
    if (g->wanted[0])
        nn_broadcast_grad(g, 0, NN_DY(g));
    if (g->wanted[1])
        nn_broadcast_grad(g, 1, nn_rule1(g, "Neg", NN_DY(g)));
    return NN_OK;
}

static int32_t compute(const NnCall *call) { return nn_broadcast_compute(call, &function); }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Sub", 14), NN_BINARY(NN_NUMBERS), NN_BINARY_SAMPLES,
                      .doc = "Subtracts element by element with broadcasting: C = A - B.", .infer = infer,
                      .gradient = gradient, .compute = compute);

NN_OPERATORS(sub, "Subtracts element by element with broadcasting.", NN_OP("Sub", op))
