/* SPDX-License-Identifier: Apache-2.0 */
/* Ones on a diagonal. */
#include "family/index.h"

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    const int32_t type = (int32_t)nn_attr_int(n->node, "dtype", x->type);
    if (x->rank >= 0 && x->rank != 2)
        return nn_bad(n, "input has rank %d, expected a matrix", x->rank);
    if (!nn_is(type, NN_ANY))
        return nn_bad(n, "dtype %s (%d) is not supported", nn_type_name(type), type);
    nn_output_like(n, 0, 0, type);
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    NnTensor *y = call->outputs[0];
    const int64_t k = nn_attr_int(call->node, "k", 0);
    for (int64_t i = 0; i < y->dims[0]; i++)
        for (int64_t j = 0; j < y->dims[1]; j++)
            nn_store(nn_data(y), y->type, i * y->dims[1] + j, j - i == k);
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("EyeLike", 22),
    NN_IN({"input", "L", NN_ANY, NN_SHAPE_ONLY | NN_NO_GRADIENT, 0, "a matrix that gives the shape"}),
    NN_OUT({"output", NULL, NN_ANY, 0, 0, "ones on the diagonal, zeros elsewhere"}),
    NN_ATTRIBUTES(NN_WHOLE("dtype", NULL, "element type by ONNX's number; absent: that of the input"),
                  NN_WHOLE("k", "0", "which diagonal: positive ones lie above the main one")),
    NN_SAMPLES("[3,3]", "[2,4]; k=1", "[3,2]; k=-1 dtype=i64", "[0,3]"),
    .doc = "A matrix with ones on diagonal k and zeros elsewhere.", .infer = infer, .compute = compute);

NN_OPERATORS(eye_like, "Ones on a diagonal.", NN_OP("EyeLike", op))
