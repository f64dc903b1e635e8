/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution of quantized tensors, quantized again. */
#include "family/convolution.h"
#include "family/quantize.h"

/* A vector over the filters, as channels of y; a scalar as it is. */
static NnValue *by_filter(const NnBody *b, NnValue *x) {
    return nn_body_rank(b, x) == 1 ? nn_body_channels(b, x, nn_body_rank(b, b->inputs[3]) - 2) : x;
}

static int32_t body(NnBody *b) {
    NnValue *const *in = b->inputs;
    NnValue *bias = nn_body_input(b, 8), *sum = NULL;
    if (nn_body_rank(b, in[3]) < 0)
        return nn_body_no_rank(b, "w");
    const int32_t code =
        nn_body_same_attrs(b, "ConvInteger", (NnValue *const[]){in[0], in[3], in[2], in[5]}, 4, &sum, 1);
    if (code != NN_OK)
        return code;
    sum = bias ? nn_body2(b, "Add", sum, by_filter(b, bias)) : sum;
    NnValue *scale = nn_body2(b, "Mul", in[1], by_filter(b, in[4]));
    NnValue *y = nn_body2(b, "Mul", nn_body_cast(b, sum, NN_F32), scale);
    b->outputs[0] = nn_op3(b->host, b->graph, "QuantizeLinear", y, in[6], in[7]);
    return NN_OK;
}

#define BYTES(name, letter, doc)                                                                             \
    { name, letter, NN_CODES_8, NN_NO_GRADIENT, 0, doc }
#define SCALE(name, doc)                                                                                     \
    { name, "S", NN_MASK(NN_F32), NN_NO_GRADIENT, 0, doc }

NN_COMPOSITE_OPERATOR(
    op, NN_ONNX("QLinearConv", 10),
    NN_IN(BYTES("x", "X", "[N, C, d1, ...], 1 to 3 spatial dimensions"), SCALE("x_scale", "a scalar"),
          BYTES("x_zero_point", "X", "a scalar"), BYTES("w", "W", "filters [M, C / group, k1, ...]"),
          SCALE("w_scale", "a scalar, or one for each filter"),
          BYTES("w_zero_point", "W", "of the shape of w_scale"), SCALE("y_scale", "a scalar"),
          BYTES("y_zero_point", "Y", "a scalar; its type is that of y"),
          {"B", "B", NN_MASK(NN_I32), NN_OPTIONAL | NN_NO_GRADIENT, 0,
           "bias [M], on the scale x_scale * w_scale; absent: 0"}),
    NN_OUT(BYTES("y", "Y", "[N, M, ...]")), NN_ATTRIBUTES(NN_CONVOLUTION_ATTRIBUTES),
    NN_SAMPLES(
        "u8[1,1,7,7]@0:256 f32[]{.00369} u8[]{132} u8[1,1,1,1]{0} f32[]{.00172} u8[]{255} f32[]{.00162} "
        "u8[]{123}",
        "u8[1,2,4,3]@0:256 f32[]{.01} u8[]{7} i8[2,2,3,2]@-128:128 f32[2]{.02,.03} i8[2]{0,4} f32[]{.3} "
        "i8[]{-9} i32[2]{300,-900}; pads=1,0,1,1",
        "i8[1,4,3]@-128:128 f32[]{.1} i8[]{1} i8[2,2,2]@-9:9 f32[]{.2} i8[]{0} f32[]{.7} u8[]{100}; group=2",
        "u8[0,1,3,3] f32[]{1} u8[]{0} u8[1,1,2,2] f32[]{1} u8[]{0} f32[]{1} u8[]{0}"),
    .doc = "Convolution of quantized tensors: y quantizes that of (x - x_zero_point) x_scale with (w - "
           "w_zero_point) w_scale, plus B.",
    .body = body);

NN_OPERATORS(q_linear_conv, "Convolution of quantized tensors.", NN_OP("QLinearConv", op))
