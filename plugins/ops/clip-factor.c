/* SPDX-License-Identifier: Apache-2.0 */
/* Clipping by global norm: one factor for all gradients, so that their direction stays. */
#include "family/define.h"

static NnValue *squares(NnBody *b, uint32_t i) {
    NnValue *x = b->inputs[i];
    if (b->node->inputs[i]->type != NN_F32)
        x = nn_op(b->host, b->graph, "Cast", NN_VALUES(x), NN_ATTRS(NN_INT("to", NN_F32)));
    return nn_op(b->host, b->graph, "ReduceSumSquare", NN_VALUES(x), NN_ATTRS(NN_INT("keepdims", 0)));
}

static int32_t body(NnBody *b) {
    NnValue *sum = NULL;
    for (uint32_t i = 1; i < b->node->n_inputs; i++)
        sum = sum ? nn_op2(b->host, b->graph, "Add", sum, squares(b, i)) : squares(b, i);
    NnValue *norm = nn_op1(b->host, b->graph, "Sqrt", sum);
    NnValue *safe = nn_op2(b->host, b->graph, "Add", norm, nn_scalar(b->host, b->graph, NN_F32, 1e-6));
    NnValue *factor = nn_op2(b->host, b->graph, "Div", b->inputs[0], safe);
    b->outputs[0] = nn_op2(b->host, b->graph, "Min", factor, nn_scalar(b->host, b->graph, NN_F32, 1));
    return b->host->code(b->status);
}

NN_COMPOSITE_OPERATOR(
    clip_factor, NN_OURS("ClipFactor", 1), .role = "clip_factor",
    NN_IN(
        {"limit", "F", NN_MASK(NN_F32), NN_NO_GRADIENT, 0, "the largest norm that is let through; a scalar"},
        {"gradients", "T", NN_FLOATS, NN_VARIADIC | NN_MIXED | NN_NO_GRADIENT, 0, "all gradients of a step"}),
    NN_OUT({"factor", "F", NN_MASK(NN_F32), 0, 0, "what each gradient is to be multiplied by; a scalar"}),
    NN_SAMPLES("f32[]{.5} [2,3] [4]", "f32[]{9} [2,3]", "f32[]{1} [0,3]"),
    .doc = "Clipping by global norm (Pascanu, Mikolov, Bengio 2013): min(1, limit / (|g| + 1e-6)), |g| the "
           "Euclidean norm of all gradients together.",
    .body = body);

NN_OPERATORS(clip_factor, "The factor of clipping by global norm.", NN_OP("nn/ClipFactor", clip_factor))
