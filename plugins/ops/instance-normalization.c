/* SPDX-License-Identifier: Apache-2.0 */
/* Instance normalization (Ulyanov, Vedaldi, Lempitsky 2016): LayerNormalization over each plane. */
#include "family/body.h"
#include "family/shape.h"

static int32_t infer(NnInfer *n) {
    const int32_t rank = n->node->inputs[0]->rank;
    nn_output_like(n, 0, 0, NN_NONE);
    return rank >= 0 && rank < 3 ? nn_bad(n, "input has rank %d: expected [N,C,d1,...]", rank) : NN_OK;
}

static int32_t body(NnBody *b) {
    NnValue *x = b->inputs[0];
    const int32_t rank = nn_body_rank(b, x);
    const int64_t shape[3] = {0, 0, -1}, first = 0;
    if (rank < 3)
        return nn_body_no_rank(b, "input");
    NnValue *one = nn_body2(b, "Unsqueeze", nn_body_scalar(b, x, 1), nn_vector(b->host, b->graph, 1, &first));
    NnValue *planes = nn_body2(b, "Reshape", x, nn_vector(b->host, b->graph, 3, shape));
    NnValue *normal = nn_op(b->host, b->graph, "LayerNormalization", NN_VALUES(planes, one),
                            NN_ATTRS(NN_FLOAT("epsilon", nn_attr_float(b->node, "epsilon", 1e-5))));
    NnValue *scaled = nn_body2(b, "Mul", nn_body2(b, "nn/ReshapeLike", normal, x),
                               nn_body_channels(b, b->inputs[1], rank - 2));
    b->outputs[0] = nn_body2(b, "Add", scaled, nn_body_channels(b, b->inputs[2], rank - 2));
    return NN_OK;
}

NN_COMPOSITE_OPERATOR(instance_normalization, NN_ONNX("InstanceNormalization", 22),
                      NN_IN({"input", "T", NN_FLOATS, 0, 0, "[N, C, d1, ...]"},
                            {"scale", "T", NN_FLOATS, 0, 0, "[C]"}, {"B", "T", NN_FLOATS, 0, 0, "shift [C]"}),
                      NN_OUT({"output", "T", NN_FLOATS, 0, 0, "of the shape of input"}),
                      NN_ATTRIBUTES(NN_REAL("epsilon", "1e-5", "added to the variance")),
                      NN_SAMPLES("[2,3,4] [3] [3]", "[1,2,2,3] [2] [2]; epsilon=.1"),
                      .doc = "output = (input - mean) / sqrt(var + epsilon) * scale + B, mean and variance "
                             "over each plane of each sample.",
                      .infer = infer, .body = body);

NN_OPERATORS(instance_normalization, "Instance normalization.",
             NN_OP("InstanceNormalization", instance_normalization))
