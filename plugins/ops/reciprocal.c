/* SPDX-License-Identifier: Apache-2.0 */
/* One over each element. */
#include "family/unary.h"

static double real(double x) { return 1 / x; }
static int32_t compute(const NnCall *call) { return nn_unary_compute(call, real, NULL); }
static int32_t gradient(NnGradient *g) {
    g->grads[0] =
        nn_rule2(g, "Mul", NN_DY(g), nn_rule1(g, "Neg", nn_rule2(g, "Mul", g->outputs[0], g->outputs[0])));
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Reciprocal", 13), NN_UNARY(NN_FLOATS),
                      NN_SAMPLES("[2,3]@.5:2", "[]@.5:2", "[4,1,2]@.5:2", "[0,3]"),
                      .doc = "The reciprocal: Y = 1 / X.", .gradient = gradient, .compute = compute);

NN_OPERATORS(reciprocal, "The reciprocal.", NN_OP("Reciprocal", op))
