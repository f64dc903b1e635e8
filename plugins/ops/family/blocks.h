/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks of pixels and channels: what DepthToSpace and SpaceToDepth, each the other's inverse and gradient,
 * share. [N, C, H, W] with blocks of b x b.
 */
#ifndef OPS_FAMILY_BLOCKS_H
#define OPS_FAMILY_BLOCKS_H

#include "body.h"
#include "shape.h"

#define NN_BLOCK_ATTRIBUTES                                                                                  \
    NN_ATTRIBUTES({.name = "blocksize",                                                                      \
                   .kind = NN_SET_INT,                                                                       \
                   .flags = NN_SET_REQUIRED | NN_SET_RANGE,                                                  \
                   .min = 1,                                                                                 \
                   .max = 32768,                                                                             \
                   .doc = "extent of a block in both directions"},                                           \
                  NN_CHOICE("mode", "DCR", "DCR|CRD",                                                        \
                            "order of the channels: DCR, the place in the block before the depth; CRD, the " \
                            "depth before it"))
/* The result's extents. With `spread` the channels are divided and the pixels multiplied, else the other way
 * round. */
static inline int32_t nn_blocks_infer(NnInfer *n, bool spread) {
    const NnValueInfo *x = n->node->inputs[0];
    const int64_t b = nn_attr_int(n->node, "blocksize", 1);
    int64_t dims[4] = {NN_DIM_UNKNOWN, NN_DIM_UNKNOWN, NN_DIM_UNKNOWN, NN_DIM_UNKNOWN};
    char text[200];
    if (x->rank >= 0 && x->rank != 4)
        return nn_bad(n, "input is %s: expected [N,C,H,W]",
                      nn_shape_text(x->rank, x->dims, text, sizeof text));
    for (int32_t i = 0; i < x->rank; i++) {
        const int64_t factor = i == 0 ? 1 : i == 1 ? b * b : b;
        const bool divides = (i == 1) == spread;
        if (!nn_dim_known(x->dims[i]))
            continue;
        if (divides && x->dims[i] % factor != 0)
            return nn_bad(n, "input is %s: dimension %d does not divide by %lld",
                          nn_shape_text(x->rank, x->dims, text, sizeof text), i, (long long)factor);
        dims[i] = divides ? x->dims[i] / factor : x->dims[i] * factor;
    }
    n->output(n, 0, x->type, 4, dims);
    return NN_OK;
}

static inline bool nn_blocks_depth_first(const NnNode *node) {
    return strcmp(nn_attr_string(node, "mode", "DCR"), "CRD") == 0;
}

/* Reshape to six dimensions, transpose, reshape to four; N may be unknown. */
static inline int32_t nn_blocks_move(NnBody *b, const int64_t six[6], const int64_t perm[6],
                                     const int64_t four[4]) {
    const NnAttr zero = NN_INT("allowzero", 1);
    NnValue *apart = nn_op(b->host, b->graph, "Reshape",
                           NN_VALUES(b->inputs[0], nn_vector(b->host, b->graph, 6, six)), &zero, 1);
    NnValue *moved =
        nn_op(b->host, b->graph, "Transpose", NN_VALUES(apart), NN_ATTRS(NN_INTS("perm", 6, perm)));
    b->outputs[0] = nn_op(b->host, b->graph, "Reshape",
                          NN_VALUES(moved, nn_vector(b->host, b->graph, 4, four)), &zero, 1);
    return NN_OK;
}

/* The dimensions of the input of a body; N, where it is unknown, is left to Reshape (-1). */
static inline int32_t nn_blocks_dims(const NnBody *b, int64_t dims[4]) {
    const NnValueInfo *x = b->host->graph->info(b->graph, b->inputs[0]);
    bool known = x && x->rank == 4;
    for (int32_t i = 0; known && i < 4; i++) {
        known = i == 0 || nn_dim_known(x->dims[i]);
        dims[i] = nn_dim_plain(x->dims[i]);
    }
    return known ? NN_OK
                 : nn_fail(b->host, b->status, NN_UNSUPPORTED,
                           "%s needs channels and extents that are known here", b->node->op);
}

#endif
