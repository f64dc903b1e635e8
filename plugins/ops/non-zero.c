/* SPDX-License-Identifier: Apache-2.0 */
/* Where a tensor is not zero; how many places there are is found while running. */
#include "family/index.h"

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    int64_t dims[2] = {x->rank < 0 ? NN_DIM_UNKNOWN : x->rank, x->rank < 0 ? NN_DIM_UNKNOWN : 1};
    for (int32_t i = 0; i < x->rank; i++)
        dims[1] = dims[1] < 0 || !nn_dim_known(x->dims[i]) ? NN_DIM_UNKNOWN : dims[1] * x->dims[i];
    dims[1] = dims[1] < 0 ? NN_DIM_UNKNOWN : nn_dim_bounded(dims[1]);
    n->output(n, 0, NN_I64, 2, dims);
    return NN_OK;
}

static bool set(const NnTensor *x, int64_t i) {
    return nn_is(x->type, NN_FLOATS) ? nn_load(nn_data(x), x->type, i) != 0
                                     : nn_load_int(nn_data(x), x->type, i) != 0;
}

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0];
    NnTensor *y = call->outputs[0];
    int64_t index[NN_MAX_RANK] = {0}, found = 0, k = 0;
    const int64_t n = nn_elements(x);
    for (int64_t i = 0; i < n; i++)
        found += set(x, i);
    for (int64_t i = 0; i < n; i++, nn_next(x->rank, x->dims, index)) {
        if (!set(x, i))
            continue;
        for (int32_t d = 0; d < x->rank; d++)
            nn_store_int(nn_data(y), NN_I64, d * found + k, index[d]);
        k++;
    }
    y->dims[1] = found;
    nn_dense(2, y->dims, y->strides);
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("NonZero", 13), NN_IN({"X", "T", NN_ANY, NN_NO_GRADIENT, 0, "what is searched"}),
    NN_OUT({"Y", NULL, NN_MASK(NN_I64), 0, 0, "a column of indices for each place, in row-major order"}),
    NN_SAMPLES("[5]{0,1,0,-2,0}", "bool[2,3]", "[0,3]", "i64[2,2]@0:2", "[2]{0,0}"),
    .doc = "The indices of all elements that are not 0.", .infer = infer, .compute = compute);

NN_OPERATORS(non_zero, "Where a tensor is not zero.", NN_OP("NonZero", op))
