/* SPDX-License-Identifier: Apache-2.0 */
/* Clipping of a gradient, element by element. */
#include "family/define.h"

static int32_t body(NnBody *b) {
    const NnValueInfo *x = b->node->inputs[0];
    NnValue *limit = b->inputs[1];
    if (x->type != NN_F32)
        limit = nn_op(b->host, b->graph, "Cast", NN_VALUES(limit), NN_ATTRS(NN_INT("to", x->type)));
    NnValue *below = nn_op1(b->host, b->graph, "Neg", limit);
    b->outputs[0] = nn_op3(b->host, b->graph, "Clip", b->inputs[0], below, limit);
    return b->host->code(b->status);
}

NN_COMPOSITE_OPERATOR(clip_by_value, NN_OURS("ClipByValue", 1), .role = "clip_by_value",
                      NN_IN({"X", "T", NN_FLOATS, 0, 0, "a gradient"},
                            {"limit", "F", NN_MASK(NN_F32), NN_NO_GRADIENT, 0, "a scalar, not negative"}),
                      NN_OUT({"Y", "T", NN_FLOATS, 0, 0, "X, its elements between -limit and limit"}),
                      NN_SAMPLES("[2,3] f32[]{.4}", "[] f32[]{.9}", "[0,3] f32[]{1}"),
                      .doc = "Clips each element of a gradient to [-limit, limit].", .body = body);

NN_OPERATORS(clip_by_value, "Clipping by value.", NN_OP("nn/ClipByValue", clip_by_value))
