/* SPDX-License-Identifier: Apache-2.0 */
/* The extents of a tensor as data; of the tensor itself no byte is needed. */
#include "family/index.h"

/* The dimensions from start up to end, as Python slices. */
static void range(const NnNode *node, int32_t rank, int32_t *from, int32_t *to) {
    const NnAttr *end = nn_attr(node, "end");
    int64_t a = nn_attr_int(node, "start", 0), b = end ? end->u.i : rank;
    a += a < 0 ? rank : 0;
    b += b < 0 ? rank : 0;
    *from = (int32_t)(a < 0 ? 0 : a > rank ? rank : a);
    *to = (int32_t)(b < *from ? *from : b > rank ? rank : b);
}

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    int64_t dims[NN_MAX_RANK], count = NN_DIM_UNKNOWN;
    int32_t from, to;
    if (x->rank >= 0) {
        range(n->node, x->rank, &from, &to);
        count = to - from;
    }
    n->output(n, 0, NN_I64, 1, &count);
    if (x->rank >= 0) {
        nn_dims_of(x, dims);
        n->value(n, 0, (uint64_t)count, dims + from);
    }
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    int32_t from, to;
    range(call->node, call->inputs[0]->rank, &from, &to);
    for (int32_t i = from; i < to; i++)
        nn_store_int(nn_data(call->outputs[0]), NN_I64, i - from, call->inputs[0]->dims[i]);
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Shape", 21), NN_IN(NN_DATA(NN_SHAPE_ONLY | NN_NO_GRADIENT)),
                      NN_OUT({"shape", NULL, NN_MASK(NN_I64), 0, 0, "the extents"}),
                      NN_ATTRIBUTES(NN_WHOLE("start", "0",
                                             "first dimension; negative ones count from the end"),
                                    NN_WHOLE("end", NULL, "dimension after the last; absent: the rank")),
                      NN_SAMPLES("[2,3]", "[]", "[0,3]", "[2,3,4]; start=-2", "[2,3,4]; start=1 end=-1"),
                      .doc = "The extents of a tensor from dimension start up to end.", .infer = infer,
                      .compute = compute);

NN_OPERATORS(shape, "The extents of a tensor.", NN_OP("Shape", op))
