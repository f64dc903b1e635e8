/* SPDX-License-Identifier: Apache-2.0 */
/* The larger of each place's elements; what arrives at a tie is divided evenly among those that tie. */
#include "family/variadic.h"

static double real(double a, double b) { return isnan(a) || a > b ? a : b; }
static int64_t whole(int64_t a, int64_t b) { return a > b ? a : b; }
static uint64_t natural(uint64_t a, uint64_t b) { return a > b ? a : b; }
static const NnBinary function = {real, whole, natural};

static int32_t infer(NnInfer *n) {
    if (n->node->n_inputs == 2)
        nn_broadcast_value(n, whole);
    return nn_infer_broadcast(n);
}

static int32_t gradient(NnGradient *g) { return nn_extremum_rule(g); }
static int32_t compute(const NnCall *call) { return nn_variadic_compute(call, &function, 1); }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Max", 13), NN_OF_MANY(NN_NUMBERS), NN_VARIADIC_SAMPLES,
                      .doc = "The larger element of each place, with broadcasting: Y = max(X0, X1, ...).",
                      .infer = infer, .gradient = gradient, .compute = compute);

NN_OPERATORS(max, "The larger element of each place.", NN_OP("Max", op))
