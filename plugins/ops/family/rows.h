/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operators that treat every line of a tensor along one axis by itself: the softmax family. A leaf gives a
 * function over one line; inputs and the output have the same shape.
 */
#ifndef OPS_FAMILY_ROWS_H
#define OPS_FAMILY_ROWS_H

#include "alike.h"
#include "shape.h"
#include "typed.h"

typedef struct NnLine {
    int64_t start, step, n;
} NnLine;

#define NN_LINES_AXIS NN_ATTRIBUTES(NN_WHOLE("axis", "-1", "the axis; a negative one counts from the end"))
#define NN_LINES(text)                                                                                       \
    NN_IN({"input", "T", NN_FLOATS, 0, 0, "the argument"}), NN_OUT({"output", "T", NN_FLOATS, 0, 0, text}),  \
        NN_LINES_AXIS, .infer = nn_infer_lines
#define NN_LINES_GRAD                                                                                        \
    NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of the result"},                                            \
          {"Y", "T", NN_FLOATS, 0, 0, "the result"}),                                                        \
        NN_OUT({"dX", "T", NN_FLOATS, 0, 0, "gradient of the argument"}), NN_LINES_AXIS,                     \
        .infer = nn_infer_lines
#define NN_LINES_SAMPLES                                                                                     \
    NN_SAMPLES("[2,3]", "[2,3,4]; axis=1", "[5]@-4:4; axis=0", "[3,2]; axis=-2", "[0,3]", "[2,0]", "[2,1]")
#define NN_LINES_GRAD_SAMPLES                                                                                \
    NN_SAMPLES("[2,3] [2,3]@.1:.9", "[2,3,2] [2,3,2]@-2:-.1; axis=1", "[0,3] [0,3]", "[2,0] [2,0]")

static inline int32_t nn_infer_lines(NnInfer *infer) {
    int64_t axis = nn_attr_int(infer->node, "axis", -1);
    const int32_t rank = infer->node->inputs[0]->rank;
    nn_output_like(infer, 0, 0, NN_NONE);
    if (infer->node->n_inputs == 2 && nn_alike(infer, 0, 1) != NN_OK)
        return NN_INVALID;
    return rank < 0 ? NN_OK : nn_axis(infer, "axis", &axis, rank);
}

static inline double nn_line_load(const NnTensor *t, const NnLine *line, int64_t k) {
    return nn_load(nn_data(t), t->type, line->start + k * line->step);
}

static inline void nn_line_store(NnTensor *t, const NnLine *line, int64_t k, double x) {
    nn_store(nn_data(t), t->type, line->start + k * line->step, x);
}

static inline double nn_line_max(const NnTensor *t, const NnLine *line) {
    double top = -HUGE_VAL;
    for (int64_t k = 0; k < line->n; k++)
        top = fmax(top, nn_line_load(t, line, k));
    return top;
}

/* log(sum(exp(x))) without overflow. */
static inline double nn_line_log_sum(const NnTensor *t, const NnLine *line) {
    const double top = nn_line_max(t, line);
    double sum = 0;
    for (int64_t k = 0; k < line->n; k++)
        sum += exp(nn_line_load(t, line, k) - top);
    /* cppcheck-suppress invalidFunctionArg ; the sum of nothing has no logarithm but -inf */
    return top + log(sum);
}

/* Calls f for every line of input 0 along `axis`. */
static inline void nn_lines_along(const NnCall *call, int32_t axis,
                                  void (*f)(const NnCall *, const NnLine *)) {
    const NnTensor *x = call->inputs[0];
    const int64_t outer = nn_product(x->dims, 0, axis), inner = nn_product(x->dims, axis + 1, x->rank);
    NnLine line = {.step = inner, .n = x->dims[axis]};
    for (int64_t i = 0; i < outer; i++)
        for (int64_t j = 0; line.n > 0 && j < inner; j++) {
            line.start = i * line.n * inner + j;
            f(call, &line);
        }
}

static inline int32_t nn_lines(const NnCall *call, void (*f)(const NnCall *, const NnLine *)) {
    nn_lines_along(call, nn_axis_of(nn_attr_int(call->node, "axis", -1), call->inputs[0]->rank), f);
    return NN_OK;
}

/* In a body: the sum of x along the node's axis, which stays as 1. */
static inline NnValue *nn_body_sum_axis(const NnBody *b, NnValue *x) {
    const int64_t axis = nn_attr_int(b->node, "axis", -1);
    return nn_op2(b->host, b->graph, "ReduceSum", x, nn_vector(b->host, b->graph, 1, &axis));
}

#endif
