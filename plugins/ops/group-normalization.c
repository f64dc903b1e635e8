/* SPDX-License-Identifier: Apache-2.0 */
/* Group normalization (Wu, He 2018): LayerNormalization over groups of channels. */
#include "family/body.h"
#include "family/shape.h"

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    const int64_t groups = nn_attr_int(n->node, "num_groups", 1);
    nn_output_like(n, 0, 0, NN_NONE);
    if (x->rank >= 0 && x->rank < 3)
        return nn_bad(n, "X has rank %d: expected [N,C,d1,...]", x->rank);
    if (x->rank >= 0 && nn_dim_known(x->dims[1]) && x->dims[1] % groups != 0)
        return nn_bad(n, "%lld channels do not divide into %lld groups", (long long)x->dims[1],
                      (long long)groups);
    return NN_OK;
}

static int32_t body(NnBody *b) {
    NnValue *x = b->inputs[0];
    const int32_t rank = nn_body_rank(b, x);
    const int64_t shape[3] = {0, nn_attr_int(b->node, "num_groups", 1), -1}, first = 0;
    if (rank < 3)
        return nn_body_no_rank(b, "X");
    NnValue *one = nn_body2(b, "Unsqueeze", nn_body_scalar(b, x, 1), nn_vector(b->host, b->graph, 1, &first));
    NnValue *groups = nn_body2(b, "Reshape", x, nn_vector(b->host, b->graph, 3, shape));
    NnValue *normal = nn_op(b->host, b->graph, "LayerNormalization", NN_VALUES(groups, one),
                            NN_ATTRS(NN_FLOAT("epsilon", nn_attr_float(b->node, "epsilon", 1e-5))));
    NnValue *scaled = nn_body2(b, "Mul", nn_body2(b, "nn/ReshapeLike", normal, x),
                               nn_body_channels(b, b->inputs[1], rank - 2));
    b->outputs[0] = nn_body2(b, "Add", scaled, nn_body_channels(b, b->inputs[2], rank - 2));
    return NN_OK;
}

NN_COMPOSITE_OPERATOR(
    group_normalization, NN_ONNX("GroupNormalization", 21),
    NN_IN({"X", "T", NN_FLOATS, 0, 0, "[N, C, d1, ...]"}, {"scale", "T", NN_FLOATS, 0, 0, "[C]"},
          {"bias", "T", NN_FLOATS, 0, 0, "[C]"}),
    NN_OUT({"Y", "T", NN_FLOATS, 0, 0, "of the shape of X"}),
    NN_ATTRIBUTES({.name = "num_groups",
                   .kind = NN_SET_INT,
                   .flags = NN_SET_REQUIRED | NN_SET_RANGE,
                   .min = 1,
                   .max = 1e9,
                   .doc = "groups into which the channels are divided"},
                  NN_REAL("epsilon", "1e-5", "added to the variance"),
                  NN_WHOLE("stash_type", "1", "type of the statistics; they are f32 at least")),
    NN_SAMPLES("[2,4,3] [4] [4]; num_groups=2", "[1,3,2,2] [3] [3]; num_groups=1 epsilon=.1",
               "[2,2,3] [2] [2]; num_groups=2"),
    .doc = "Y = (X - mean) / sqrt(var + epsilon) * scale + bias, mean and variance over each group of "
           "channels of each sample.",
    .infer = infer, .body = body);

NN_OPERATORS(group_normalization, "Group normalization.", NN_OP("GroupNormalization", group_normalization))
