/* SPDX-License-Identifier: Apache-2.0 */
/* A tensor times an f32 scalar, whatever the tensor's type: how a trainer scales gradients and decays
 * weights. */
#include "family/define.h"

static int32_t body(NnBody *b) {
    const NnValueInfo *x = b->node->inputs[0];
    NnValue *factor = b->inputs[1];
    if (x->type != NN_F32)
        factor = nn_op(b->host, b->graph, "Cast", NN_VALUES(factor), NN_ATTRS(NN_INT("to", x->type)));
    b->outputs[0] = nn_op2(b->host, b->graph, "Mul", b->inputs[0], factor);
    return b->host->code(b->status);
}

NN_COMPOSITE_OPERATOR(scale, NN_OURS("Scale", 1), .role = "scale",
                      NN_IN({"X", "T", NN_FLOATS, 0, 0, "a tensor"},
                            {"factor", "F", NN_MASK(NN_F32), 0, 0, "a scalar"}),
                      NN_OUT({"Y", "T", NN_FLOATS, 0, 0, "X * factor"}),
                      NN_SAMPLES("[2,3] f32[]", "[] f32[]", "[0,3] f32[]"),
                      .doc = "Multiplies a tensor of any floating type by an f32 scalar.", .body = body);

NN_OPERATORS(scale, "A tensor times a scalar.", NN_OP("nn/Scale", scale))
