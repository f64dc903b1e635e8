/* SPDX-License-Identifier: Apache-2.0 */
/* Root-mean-square normalization (Zhang, Sennrich 2019) over the dimensions from an axis on. */
#include "family/body.h"
#include "family/shape.h"

static int32_t infer(NnInfer *n) {
    int64_t axis = nn_attr_int(n->node, "axis", -1);
    const int32_t rank = n->node->inputs[0]->rank;
    nn_output_like(n, 0, 0, n->node->inputs[1]->type);
    return rank < 0 ? NN_OK : nn_axis(n, "axis", &axis, rank);
}

static int32_t body(NnBody *b) {
    const int32_t type = b->node->inputs[0]->type, work = type == NN_F64 ? NN_F64 : NN_F32;
    NnValue *x = type == work ? b->inputs[0] : nn_body_cast(b, b->inputs[0], work);
    const int64_t axis = nn_attr_int(b->node, "axis", -1), rank = axis < 0 ? 0 : nn_body_rank(b, x);
    if (rank < 0)
        return nn_body_no_rank(b, "X");
    NnValue *square = nn_body_reduce(b, "ReduceMean", nn_body2(b, "Mul", x, x), axis, rank, 1);
    NnValue *epsilon = nn_body_scalar(b, x, nn_attr_float(b->node, "epsilon", 1e-5));
    NnValue *inverse = nn_body1(b, "Reciprocal", nn_body1(b, "Sqrt", nn_body2(b, "Add", square, epsilon)));
    NnValue *normal = nn_body2(b, "Mul", x, inverse);
    const int32_t out = b->node->inputs[1]->type;
    b->outputs[0] = nn_body2(b, "Mul", out == work ? normal : nn_body_cast(b, normal, out), b->inputs[1]);
    return NN_OK;
}

NN_COMPOSITE_OPERATOR(
    rms_normalization, NN_ONNX("RMSNormalization", 23),
    NN_IN({"X", "T", NN_FLOATS, 0, 0, "what is normalised"},
          {"scale", "V", NN_FLOATS, 0, 0, "broadcast to X; the result is of its type"}),
    NN_OUT({"Y", "V", NN_FLOATS, 0, 0, "of the shape of X"}),
    NN_ATTRIBUTES(NN_WHOLE("axis", "-1",
                           "the first normalised dimension; a negative one counts from the end"),
                  NN_REAL("epsilon", "1e-5", "added to the mean square"),
                  NN_WHOLE("stash_type", "1", "type of the mean square; it is f32 at least")),
    NN_SAMPLES("[2,4] [4]", "[2,3,2] [3,2]; axis=1 epsilon=.1", "[0,3] [3]", "f32[2,3] f64[3]"),
    .doc = "Y = X / sqrt(mean(X * X) + epsilon) * scale, the mean over the dimensions from axis on.",
    .infer = infer, .body = body);

NN_OPERATORS(rms_normalization, "Root-mean-square normalization.",
             NN_OP("RMSNormalization", rms_normalization))
