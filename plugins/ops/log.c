/* SPDX-License-Identifier: Apache-2.0 */
/* The natural logarithm. */
#include "family/unary.h"

static int32_t compute(const NnCall *call) { return nn_unary_compute(call, log, NULL); }
static int32_t gradient(NnGradient *g) {
    g->grads[0] = nn_rule2(g, "Div", NN_DY(g), g->inputs[0]);
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Log", 13), NN_UNARY(NN_FLOATS),
                      NN_SAMPLES("[2,3]@.1:2", "[]@.1:2", "[4,1,2]@.1:2", "[0,3]"),
                      .doc = "The natural logarithm by element: Y = ln(X), NaN for X < 0.",
                      .gradient = gradient, .compute = compute);

NN_OPERATORS(log, "The natural logarithm by element.", NN_OP("Log", op))
