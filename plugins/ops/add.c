/* SPDX-License-Identifier: Apache-2.0 */
/* Addition; the operator by which gradients that arrive from several places are accumulated. */
#include "family/broadcast.h"

static double real(double a, double b) { return a + b; }
static int64_t whole(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }
static const NnBinary function = {real, whole, NULL};

static int32_t infer(NnInfer *n) {
    nn_broadcast_value(n, whole);
    return nn_infer_broadcast(n);
}

static int32_t gradient(NnGradient *g) {
    for (uint32_t i = 0; i < 2; i++)
        if (g->wanted[i])
            nn_broadcast_grad(g, i, NN_DY(g));
    return NN_OK;
}

static int32_t compute(const NnCall *call) { return nn_broadcast_compute(call, &function); }

NN_PRIMITIVE_OPERATOR(add, NN_ONNX("Add", 14), NN_BINARY(NN_NUMBERS), NN_BINARY_SAMPLES, .role = "accumulate",
                      .doc = "Adds element by element with broadcasting: C = A + B.", .infer = infer,
                      .gradient = gradient, .compute = compute);

NN_OPERATORS(add, "Addition with broadcasting.", NN_OP("Add", add))
