/* SPDX-License-Identifier: Apache-2.0 */
/* The same bits, read as another type. */
#include "family/index.h"

static int32_t infer(NnInfer *n) {
    const int32_t from = n->node->inputs[0]->type, to = (int32_t)nn_attr_int(n->node, "to", NN_NONE);
    if (!nn_is(to, NN_ANY))
        return nn_bad(n, "element type %s (%d) is not supported", nn_type_name(to), to);
    if (from != NN_NONE && nn_type_size(from) != nn_type_size(to))
        return nn_bad(n, "input is %s and to is %s: expected types of as many bits", nn_type_name(from),
                      nn_type_name(to));
    nn_output_like(n, 0, 0, to);
    return NN_OK;
}

/* A bool is 0 or 1, whatever byte it was made from. */
static int32_t compute(const NnCall *call) {
    NnTensor *y = call->outputs[0];
    const int64_t n = nn_elements(y);
    if (y->type != NN_BOOL)
        return nn_copy_compute(call);
    for (int64_t i = 0; i < n; i++)
        nn_store(nn_data(y), NN_BOOL, i,
                 (double)nn_load_int(nn_data(call->inputs[0]), call->inputs[0]->type, i));
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("BitCast", 26), .flags = NN_OP_ELEMENTWISE | NN_OP_SAME,
    NN_IN({"input", "F", NN_ANY, NN_NO_GRADIENT, 0, "the argument"}),
    NN_OUT({"output", NULL, NN_ANY, NN_NO_GRADIENT, 0, "the result, of the shape of the argument"}),
    NN_ATTRIBUTES({.name = "to",
                   .kind = NN_SET_INT,
                   .flags = NN_SET_REQUIRED,
                   .doc = "element type of the result, by ONNX's number; of as many bits"}),
    NN_SAMPLES("f32[2,3]; to=i32", "u64[3]{0,1,4607182418800017408}; to=f64", "f16[2]; to=bf16",
               "u8[4]{0,1,128,255}; to=i8", "f32[0,3]; to=u32", "bool[]; to=u8", "u8[3]{0,1,7}; to=bool"),
    .doc = "The bits of every element, unchanged, read as another type.", .infer = infer, .compute = compute);

NN_OPERATORS(bit_cast, "The same bits, read as another type.", NN_OP("BitCast", op))
