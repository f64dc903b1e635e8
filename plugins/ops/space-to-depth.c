/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of pixels stacked up in channels. */
#include "family/blocks.h"

static int32_t infer(NnInfer *n) { return nn_blocks_infer(n, false); }

static int32_t body(NnBody *b) {
    const int64_t s = nn_attr_int(b->node, "blocksize", 1);
    int64_t d[4];
    const int32_t code = nn_blocks_dims(b, d);
    if (code != NN_OK)
        return code;
    const int64_t six[] = {d[0], d[1], d[2] / s, s, d[3] / s, s};
    const int64_t four[] = {d[0], d[1] * s * s, d[2] / s, d[3] / s};
    static const int64_t to_dcr[] = {0, 3, 5, 1, 2, 4}, to_crd[] = {0, 1, 3, 5, 2, 4};
    return nn_blocks_move(b, six, nn_blocks_depth_first(b->node) ? to_crd : to_dcr, four);
}

static int32_t gradient(NnGradient *g) {
    g->grads[0] = nn_rule_same_attrs(g, "DepthToSpace", NN_VALUES(NN_DY(g)));
    return NN_OK;
}

NN_COMPOSITE_OPERATOR(
    op, NN_ONNX("SpaceToDepth", 28), NN_IN({"input", "T", NN_ANY, 0, 0, "[N, C, H, W]"}),
    NN_OUT({"output", "T", NN_ANY, 0, 0, "[N, C * blocksize^2, H / blocksize, W / blocksize]"}),
    NN_BLOCK_ATTRIBUTES,
    NN_SAMPLES("[1,2,4,6]; blocksize=2", "[2,1,4,4]; blocksize=2 mode=CRD", "[1,2,3,6]; blocksize=3 mode=CRD",
               "[0,4,2,2]; blocksize=2", "i64[1,2,4,2]@0:99; blocksize=2", "[2,3,4,5]; blocksize=1"),
    .doc = "Moves blocks of blocksize^2 pixels into as many channels.", .infer = infer, .gradient = gradient,
    .body = body);

NN_OPERATORS(space_to_depth, "Pixels stacked up in channels.", NN_OP("SpaceToDepth", op))
