/* SPDX-License-Identifier: Apache-2.0 */
/* A tensor of one value, whose shape is computed. */
#include "family/index.h"

static int32_t infer(NnInfer *n) {
    const NnAttr *a = nn_attr(n->node, "value");
    const NnValueInfo *shape = n->node->inputs[0];
    const int32_t type = a ? a->u.tensor->type : NN_F32;
    int64_t dims[NN_MAX_RANK];
    uint64_t count = 0;
    const int64_t *wanted = n->integers(n, 0, &count);
    if (a && nn_elements(a->u.tensor) != 1)
        return nn_bad(n, "value has %lld elements, expected one", (long long)nn_elements(a->u.tensor));
    if (count > NN_MAX_RANK)
        return nn_bad(n, "input has %llu elements, at most %d are supported", (unsigned long long)count,
                      NN_MAX_RANK);
    if (!wanted) {
        nn_output_rank(n, 0, type,
                       shape->rank == 1 && shape->dims[0] >= 0 ? (int32_t)shape->dims[0] : NN_RANK_UNKNOWN);
        return NN_OK;
    }
    for (uint64_t i = 0; i < count; i++) {
        dims[i] = wanted[i];
        if (wanted[i] < (shape->value ? 0 : NN_DIM_UNKNOWN))
            return nn_bad(n, "extent %llu is %lld, expected 0 or more", (unsigned long long)i,
                          (long long)wanted[i]);
    }
    n->output(n, 0, type, (int32_t)count, dims);
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    const NnAttr *a = nn_attr(call->node, "value");
    NnTensor *y = call->outputs[0];
    const int64_t n = nn_elements(y);
    for (int64_t i = 0; i < n; i++)
        if (a)
            nn_move(nn_data(y), i, nn_data(a->u.tensor), 0, 1, nn_type_size(y->type));
        else
            nn_store(nn_data(y), y->type, i, 0);
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("ConstantOfShape", 21), NN_IN(NN_HOST_INTS("input", 0, "the shape")),
    NN_OUT({"output", NULL, NN_ANY, 0, 0, "the value, repeated"}),
    NN_ATTRIBUTES({.name = "value", .kind = NN_SET_TENSOR, .doc = "one element; absent: an f32 0"}),
    NN_SAMPLES("i64[2]{2,3}", "i64[2]{2,0}", "i64[0]", "i64[1]{3}; value=i64[1]{7}"),
    .doc = "A tensor of the given shape with one value everywhere.", .infer = infer, .compute = compute);

NN_OPERATORS(constant_of_shape, "A tensor of one value.", NN_OP("ConstantOfShape", op))
