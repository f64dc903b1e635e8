/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors along an axis brought to the length 1. */
#include "family/body.h"
#include "family/shape.h"

static int32_t infer(NnInfer *n) {
    int64_t axis = nn_attr_int(n->node, "axis", -1);
    const int32_t rank = n->node->inputs[0]->rank;
    nn_output_like(n, 0, 0, NN_NONE);
    return rank < 0 ? NN_OK : nn_axis(n, "axis", &axis, rank);
}

/* A vector of zeros stays one. */
static int32_t body(NnBody *b) {
    const int64_t axis = nn_attr_int(b->node, "axis", -1);
    const char *norm = nn_attr_int(b->node, "p", 2) == 1 ? "ReduceL1" : "ReduceL2";
    NnValue *x = b->inputs[0], *length = nn_body2(b, norm, x, nn_vector(b->host, b->graph, 1, &axis));
    NnValue *none = nn_body2(b, "Equal", length, nn_body_scalar(b, x, 0));
    NnValue *safe = nn_op3(b->host, b->graph, "Where", none, nn_body_scalar(b, x, 1), length);
    b->outputs[0] = nn_body2(b, "Div", x, safe);
    return NN_OK;
}

NN_COMPOSITE_OPERATOR(op, NN_ONNX("LpNormalization", 22),
                      NN_IN({"input", "T", NN_FLOATS, 0, 0, "what is normalised"}),
                      NN_OUT({"output", "T", NN_FLOATS, 0, 0, "of the shape of input"}),
                      NN_ATTRIBUTES(NN_WHOLE("axis", "-1", "the dimension; negative ones count from the end"),
                                    {.name = "p",
                                     .kind = NN_SET_INT,
                                     .flags = NN_SET_RANGE,
                                     .preset = "2",
                                     .min = 1,
                                     .max = 2,
                                     .doc = "the norm: 1 is the sum of magnitudes, 2 the Euclidean length"}),
                      NN_SAMPLES("[2,3]", "[2,3]@.1:1; p=1 axis=0", "[2,2,3]; axis=1", "[0,3]", "[4]; p=1"),
                      .doc = "output = input / norm along the axis; 0 where the norm is 0.", .infer = infer,
                      .body = body);

NN_OPERATORS(lp_normalization, "Vectors of length 1.", NN_OP("LpNormalization", op))
