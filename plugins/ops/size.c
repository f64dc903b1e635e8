/* SPDX-License-Identifier: Apache-2.0 */
/* How many elements a tensor has. */
#include "family/index.h"

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    int64_t size = 1;
    n->output(n, 0, NN_I64, 0, NULL);
    for (int32_t i = 0; i < x->rank; i++)
        size = size < 0 || !nn_dim_known(x->dims[i]) ? NN_DIM_UNKNOWN : size * x->dims[i];
    if (x->rank >= 0)
        n->value(n, 0, 1, &size);
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    nn_store_int(nn_data(call->outputs[0]), NN_I64, 0, nn_elements(call->inputs[0]));
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Size", 21), NN_IN(NN_DATA(NN_SHAPE_ONLY | NN_NO_GRADIENT)),
                      NN_OUT({"size", NULL, NN_MASK(NN_I64), 0, 0, "a scalar"}),
                      NN_SAMPLES("[2,3]", "[]", "[0,3]"), .doc = "The number of elements of a tensor.",
                      .infer = infer, .compute = compute);

NN_OPERATORS(size, "The number of elements.", NN_OP("Size", op))
