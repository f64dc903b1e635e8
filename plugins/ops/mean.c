/* SPDX-License-Identifier: Apache-2.0 */
/* Mean of any number of tensors. */
#include "family/variadic.h"

static double real(double a, double b) { return a + b; }
static int64_t whole(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }
static const NnBinary function = {real, whole, NULL};

static int32_t gradient(NnGradient *g) {
    NnValue *d = nn_rule_scale(g, NN_DY(g), 1.0 / g->node->n_inputs);
    for (uint32_t i = 0; i < g->node->n_inputs; i++)
        if (g->wanted[i])
            nn_broadcast_grad(g, i, d);
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    return nn_variadic_compute(call, &function, 1.0 / call->n_inputs);
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Mean", 13), NN_OF_MANY(NN_FLOATS),
                      NN_SAMPLES("[2,3]", "[2,3] [3] [2,1]", "[] [2]", "[0,3] [3]"),
                      .doc = "The mean of any number of tensors, with broadcasting: Y = (X0 + X1 + ...) / n.",
                      .infer = nn_infer_broadcast, .gradient = gradient, .compute = compute);

NN_OPERATORS(mean, "Mean of any number of tensors.", NN_OP("Mean", op))
