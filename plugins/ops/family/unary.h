/* SPDX-License-Identifier: Apache-2.0 */
/*
 * y = f(x), element by element, and the gradient operators that belong to such functions: dx = dy * f'(x).
 * A leaf gives f (and a version for integers where it has them), its rule and its samples.
 */
#ifndef OPS_FAMILY_UNARY_H
#define OPS_FAMILY_UNARY_H

#include "alike.h"
#include "shape.h"
#include "typed.h"

#define NN_UNARY(types)                                                                                      \
    .flags = NN_OP_ELEMENTWISE, NN_IN({"X", "T", types, 0, 0, "the argument"}),                              \
    NN_OUT({"Y", "T", types, 0, 0, "the result, of the shape of X"}), .infer = nn_infer_same
/* What suits functions that are smooth on all of -1 .. 1. */
#define NN_UNARY_SAMPLES NN_SAMPLES("[2,3]", "[]", "[4,1,2]", "[0,3]", "[5]@-4:4")
#define NN_UNARY_NUMBER_SAMPLES NN_SAMPLES("[2,3]", "[]", "[4,1,2]", "[0,3]", "[5]@-4:4", "i64[5]@-9:9")

/* nn/SomethingGrad(dy, x): dy times the slope at x (or at y, where the slope is easier to say in it). */
#define NN_SLOPE                                                                                             \
    .flags = NN_OP_ELEMENTWISE,                                                                              \
    NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of the result"},                                            \
          {"X", "T", NN_FLOATS, 0, 0, "where the slope is taken"}),                                          \
    NN_OUT({"dX", "T", NN_FLOATS, 0, 0, "gradient of the argument"}), .infer = nn_infer_slope
#define NN_SLOPE_SAMPLES NN_SAMPLES("[2,3] [2,3]", "[] []", "[0,3] [0,3]", "[6] [6]@-4:4")

/* A test: truth by element. */
#define NN_TEST(types)                                                                                       \
    .flags = NN_OP_ELEMENTWISE, NN_IN({"X", "T", types, NN_NO_GRADIENT, 0, "the argument"}),                 \
    NN_OUT({"Y", "B", NN_MASK(NN_BOOL), NN_NO_GRADIENT, 0, "truth by element"}), .infer = nn_infer_test

static inline int32_t nn_infer_slope(NnInfer *infer) {
    nn_output_like(infer, 0, 0, NN_NONE);
    return nn_alike(infer, 0, 1);
}

static inline int32_t nn_infer_test(NnInfer *infer) {
    nn_output_like(infer, 0, 0, NN_BOOL);
    return NN_OK;
}

/* A function with parameters, read from the attributes once. */
typedef double (*NnCurve)(double x, const double *p);

static inline int32_t nn_unary_compute(const NnCall *call, double (*real)(double),
                                       int64_t (*whole)(int64_t)) {
    const NnTensor *x = call->inputs[0];
    NnTensor *y = call->outputs[0];
    const void *from = nn_data(x);
    void *to = nn_data(y);
    const int64_t n = nn_elements(x);
    const bool integer = whole && nn_is(x->type, NN_INTEGERS | NN_MASK(NN_BOOL));
    for (int64_t i = 0; i < n; i++) {
        if (integer)
            nn_store_int(to, y->type, i, whole(nn_load_int(from, x->type, i)));
        else
            nn_store(to, y->type, i, real(nn_load(from, x->type, i)));
    }
    return NN_OK;
}

static inline int32_t nn_curve_compute(const NnCall *call, NnCurve f, const double *p) {
    const NnTensor *x = call->inputs[0];
    NnTensor *y = call->outputs[0];
    const int64_t n = nn_elements(x);
    for (int64_t i = 0; i < n; i++)
        nn_store(nn_data(y), y->type, i, f(nn_load(nn_data(x), x->type, i), p));
    return NN_OK;
}

/* Where the slope is 0 nothing passes, not even an infinity. */
static inline int32_t nn_slope_compute(const NnCall *call, NnCurve slope, const double *p) {
    const NnTensor *dy = call->inputs[0], *x = call->inputs[1];
    NnTensor *dx = call->outputs[0];
    const int64_t n = nn_elements(x);
    for (int64_t i = 0; i < n; i++) {
        const double s = slope(nn_load(nn_data(x), x->type, i), p);
        nn_store(nn_data(dx), dx->type, i, s == 0 ? 0 : nn_load(nn_data(dy), dy->type, i) * s);
    }
    return NN_OK;
}

/* The rule of y = f(x) whose gradient operator takes (dy, at). */
static inline int32_t nn_slope_rule(NnGradient *g, const char *op, NnValue *at) {
    g->grads[0] = nn_rule_same_attrs(g, op, NN_VALUES(NN_DY(g), at));
    return NN_OK;
}

/* The part of a gradient operator's own rule that all share: it is linear in dy. */
static inline void nn_slope_linear(NnGradient *g, const char *op) {
    if (g->wanted[0])
        g->grads[0] = nn_rule_same_attrs(g, op, NN_VALUES(NN_DY(g), g->inputs[1]));
}

/* The rest, where the slope changes: `curvature` is the slope's derivative at x. */
static inline void nn_slope_curved(NnGradient *g, NnValue *curvature) {
    g->grads[1] = nn_rule2(g, "Mul", nn_rule2(g, "Mul", NN_DY(g), g->inputs[0]), curvature);
}

/* dx = dy * d, the rule of functions whose derivative is short in other operators. */
static inline int32_t nn_times_dy(NnGradient *g, NnValue *d) {
    g->grads[0] = nn_rule2(g, "Mul", NN_DY(g), d);
    return NN_OK;
}

/* The rule of a function that is constant between its jumps. */
static inline int32_t nn_flat(NnGradient *g) {
    (void)g;
    return NN_OK;
}

#endif
