/* SPDX-License-Identifier: Apache-2.0 */
/* The argument times its own sigmoid (Ramachandran, Zoph, Le 2017). */
#include "family/body.h"
#include "family/unary.h"

static int32_t body(NnBody *b) {
    NnValue *x = b->inputs[0],
            *steep = nn_body2(b, "Mul", x, nn_body_scalar(b, x, nn_attr_float(b->node, "alpha", 1)));
    b->outputs[0] = nn_body2(b, "Mul", x, nn_body1(b, "Sigmoid", steep));
    return NN_OK;
}

NN_COMPOSITE_OPERATOR(op, NN_ONNX("Swish", 24), NN_UNARY(NN_FLOATS),
                      NN_ATTRIBUTES(NN_REAL("alpha", "1.0", "steepness of the sigmoid")),
                      NN_SAMPLES("[2,3]", "[]", "[4,1,2]; alpha=2", "[0,3]", "[5]@-4:4; alpha=-.5"),
                      .doc = "The swish: Y = X * sigmoid(alpha * X).", .body = body);

NN_OPERATORS(swish, "The swish.", NN_OP("Swish", op))
