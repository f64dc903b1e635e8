/* SPDX-License-Identifier: Apache-2.0 */
/* Channels spread out over blocks of pixels, as in sub-pixel convolution (Shi et al. 2016). */
#include "family/blocks.h"

static int32_t infer(NnInfer *n) { return nn_blocks_infer(n, true); }

static int32_t body(NnBody *b) {
    const int64_t s = nn_attr_int(b->node, "blocksize", 1);
    const bool depth_first = nn_blocks_depth_first(b->node);
    int64_t d[4];
    const int32_t code = nn_blocks_dims(b, d);
    if (code != NN_OK)
        return code;
    const int64_t c = d[1] / (s * s), four[] = {d[0], c, d[2] * s, d[3] * s};
    const int64_t dcr[] = {d[0], s, s, c, d[2], d[3]}, crd[] = {d[0], c, s, s, d[2], d[3]};
    static const int64_t from_dcr[] = {0, 3, 4, 1, 5, 2}, from_crd[] = {0, 1, 4, 2, 5, 3};
    return nn_blocks_move(b, depth_first ? crd : dcr, depth_first ? from_crd : from_dcr, four);
}

static int32_t gradient(NnGradient *g) {
    g->grads[0] = nn_rule_same_attrs(g, "SpaceToDepth", NN_VALUES(NN_DY(g)));
    return NN_OK;
}

NN_COMPOSITE_OPERATOR(op, NN_ONNX("DepthToSpace", 28), NN_IN({"input", "T", NN_ANY, 0, 0, "[N, C, H, W]"}),
                      NN_OUT({"output", "T", NN_ANY, 0, 0,
                              "[N, C / blocksize^2, H * blocksize, W * blocksize]"}),
                      NN_BLOCK_ATTRIBUTES,
                      NN_SAMPLES("[1,8,2,3]; blocksize=2", "[2,4,2,2]; blocksize=2 mode=CRD",
                                 "[1,18,1,2]; blocksize=3 mode=CRD", "[0,4,2,2]; blocksize=2",
                                 "i64[1,4,2,2]@0:99; blocksize=2", "[2,3,4,5]; blocksize=1"),
                      .doc = "Moves groups of blocksize^2 channels into blocks of pixels.", .infer = infer,
                      .gradient = gradient, .body = body);

NN_OPERATORS(depth_to_space, "Channels spread over pixels.", NN_OP("DepthToSpace", op))
