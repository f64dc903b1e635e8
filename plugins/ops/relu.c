/* SPDX-License-Identifier: Apache-2.0 */
/* The rectifier, and its gradient, which is told by the result. */
#include "family/unary.h"

static double real(double x) { return x < 0 ? 0 : x; }
static int64_t whole(int64_t x) { return x < 0 ? 0 : x; }
static int32_t compute(const NnCall *call) { return nn_unary_compute(call, real, whole); }
static int32_t gradient(NnGradient *g) { return nn_slope_rule(g, "nn/ReluGrad", g->outputs[0]); }

static double slope(double y, const double *p) {
    (void)p;
    return y > 0;
}

static int32_t grad_compute(const NnCall *call) { return nn_slope_compute(call, slope, NULL); }

static int32_t grad_gradient(NnGradient *g) {
    nn_slope_linear(g, "nn/ReluGrad");
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(relu, NN_ONNX("Relu", 14), NN_UNARY(NN_FLOATS | NN_SIGNED), NN_UNARY_NUMBER_SAMPLES,
                      .doc = "The rectified linear unit: Y = max(0, X).", .gradient = gradient,
                      .compute = compute);

NN_PRIMITIVE_OPERATOR(relu_grad, NN_OURS("ReluGrad", 1), NN_SLOPE, NN_SLOPE_SAMPLES,
                      .doc = "Gradient of Relu from its result: dX = dY where X > 0, else 0.",
                      .gradient = grad_gradient, .compute = grad_compute);

NN_OPERATORS(relu, "The rectified linear unit.", NN_OP("Relu", relu), NN_OP("nn/ReluGrad", relu_grad))
