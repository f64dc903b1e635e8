/* SPDX-License-Identifier: Apache-2.0 */
/* A linear unit gated by a swish (Shazeer 2020). */
#include "family/alike.h"
#include "family/body.h"

static int32_t infer(NnInfer *n) {
    nn_output_like(n, 0, 0, NN_NONE);
    return nn_alike(n, 0, 1);
}

static int32_t body(NnBody *b) {
    NnValue *gate = nn_op(b->host, b->graph, "Swish", NN_VALUES(b->inputs[0]),
                          NN_ATTRS(NN_FLOAT("alpha", nn_attr_float(b->node, "alpha", 1))));
    b->outputs[0] = nn_body2(b, "Mul", gate, b->inputs[1]);
    return NN_OK;
}

NN_COMPOSITE_OPERATOR(op, NN_ONNX("SwiGLU", 28), .flags = NN_OP_ELEMENTWISE,
                      NN_IN({"A", "T", NN_FLOATS, 0, 0, "the gate"},
                            {"B", "T", NN_FLOATS, 0, 0, "what passes it, of the shape of A"}),
                      NN_OUT({"Y", "T", NN_FLOATS, 0, 0, "of the shape of A"}),
                      NN_ATTRIBUTES(NN_REAL("alpha", "1.0", "steepness of the gate's sigmoid")),
                      NN_SAMPLES("[2,3] [2,3]", "[] []; alpha=1.5", "[0,3] [0,3]",
                                 "[2,1,5]@-4:4 [2,1,5]; alpha=-.5"),
                      .doc = "The gated linear unit with a swish: Y = A * sigmoid(alpha * A) * B.",
                      .infer = infer, .body = body);

NN_OPERATORS(swi_glu, "A linear unit gated by a swish.", NN_OP("SwiGLU", op))
