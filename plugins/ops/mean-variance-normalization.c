/* SPDX-License-Identifier: Apache-2.0 */
/* Zero mean and unit deviation over axes. */
#include "family/body.h"
#include "family/shape.h"

#define EPSILON 1e-9 /* of ONNX's function body: added to the deviation */

static const int64_t usual[] = {0, 2, 3};

static const int64_t *axes_of(const NnNode *node, uint32_t *n) {
    const int64_t *axes = nn_attr_ints(node, "axes", n);
    if (axes || nn_attr(node, "axes"))
        return axes;
    *n = NN_COUNT(usual);
    return usual;
}

static int32_t infer(NnInfer *n) {
    const int32_t rank = n->node->inputs[0]->rank;
    uint32_t count, mask;
    const int64_t *axes = axes_of(n->node, &count);
    nn_output_like(n, 0, 0, NN_NONE);
    return rank < 0 ? NN_OK : nn_axes(n, axes, count, rank, &mask);
}

static NnValue *mean(const NnBody *b, NnValue *x, NnValue *axes) {
    return nn_op(b->host, b->graph, "ReduceMean", NN_VALUES(x, axes), NN_NO_ATTRS);
}

/* 16-bit floats are normalised in f32. The variance is that of the centred elements, which is what the body's
 * E(X^2) - E(X)^2 means and loses fewer digits. */
static int32_t body(NnBody *b) {
    const int32_t type = b->node->inputs[0]->type, work = type == NN_F64 ? NN_F64 : NN_F32;
    NnValue *x = type == work ? b->inputs[0] : nn_body_cast(b, b->inputs[0], work);
    uint32_t count;
    const int64_t *list = axes_of(b->node, &count);
    NnValue *axes = nn_vector(b->host, b->graph, count, list);
    NnValue *centred = nn_body2(b, "Sub", x, mean(b, x, axes));
    NnValue *variance = mean(b, nn_body2(b, "Mul", centred, centred), axes);
    NnValue *deviation = nn_body2(b, "Add", nn_body1(b, "Sqrt", variance), nn_body_scalar(b, x, EPSILON));
    NnValue *y = nn_body2(b, "Div", centred, deviation);
    b->outputs[0] = type == work ? y : nn_body_cast(b, y, type);
    return NN_OK;
}

NN_COMPOSITE_OPERATOR(op, NN_ONNX("MeanVarianceNormalization", 13),
                      NN_IN({"X", "T", NN_FLOATS, 0, 0, "what is normalised"}),
                      NN_OUT({"Y", "T", NN_FLOATS, 0, 0, "of the shape of X"}),
                      NN_ATTRIBUTES({.name = "axes",
                                     .kind = NN_SET_INTS,
                                     .doc = "over which mean and deviation are taken; absent: 0, 2, 3"}),
                      NN_SAMPLES("[2,3,2,2]", "[3,4]; axes=1,", "[2,3,2]; axes=-1,0", "[0,2,1,1]"),
                      .doc = "Y = (X - mean) / (sqrt(var) + 1e-9), mean and variance over the axes.",
                      .infer = infer, .body = body);

NN_OPERATORS(mean_variance_normalization, "Zero mean and unit deviation.",
             NN_OP("MeanVarianceNormalization", op))
