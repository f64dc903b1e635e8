/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution of bytes, with their zero points, in 32 bits; by convolutions in f32 that are exact. */
#include "family/convolution.h"
#include "family/quantize.h"

/* How many input channels can be summed in f32; 0: f64 sums all of them. */
static int64_t exact_channels(const NnBody *b) {
    const NnValueInfo *w = b->node->inputs[1];
    int64_t kernel = 1;
    for (int32_t i = 2; i < w->rank; i++)
        kernel =
            nn_dim_known(w->dims[i]) && kernel <= NN_EXACT_TERMS ? kernel * w->dims[i] : NN_EXACT_TERMS + 1;
    const int64_t channels = nn_dim_plain(w->dims[1]), each = kernel > 0 ? NN_EXACT_TERMS / kernel : 0;
    if (channels < 0 || each == 0 || channels > each * NN_EXACT_PIECES)
        return 0;
    return channels <= each ? channels : nn_attr_int(b->node, "group", 1) == 1 ? each : 0;
}

/* Zeros stand around X less its zero point, as they should. */
static int32_t body(NnBody *b) {
    const int32_t rank = nn_body_rank(b, b->inputs[1]);
    if (rank < 2)
        return nn_body_no_rank(b, "w");
    const int64_t channels = nn_dim_plain(b->node->inputs[1]->dims[1]), each = exact_channels(b);
    const int32_t type = each > 0 || channels == 0 ? NN_F32 : NN_F64;
    NnValue *zw = nn_body_input(b, 3), *sum = NULL;
    if (zw && nn_body_rank(b, zw) == 1)
        zw = nn_body_channels(b, zw, rank - 1);
    NnValue *const whole[] = {nn_body_centred(b, b->inputs[0], nn_body_input(b, 2), type),
                              nn_body_centred(b, b->inputs[1], zw, type)};
    for (int64_t at = 0; at == 0 || (each > 0 && at < channels); at += each > 0 ? each : 1) {
        const int64_t to = at + each < channels ? at + each : channels;
        const bool piece = each > 0 && each < channels;
        NnValue *y = NULL, *const in[] = {piece ? nn_body_piece(b, whole[0], 1, at, to) : whole[0],
                                          piece ? nn_body_piece(b, whole[1], 1, at, to) : whole[1]};
        const int32_t code = nn_body_same_attrs(b, "Conv", in, 2, &y, 1);
        if (code != NN_OK)
            return code;
        y = nn_body_cast(b, y, NN_I32);
        sum = sum ? nn_body2(b, "Add", sum, y) : y;
    }
    b->outputs[0] = sum;
    return NN_OK;
}

NN_COMPOSITE_OPERATOR(
    op, NN_ONNX("ConvInteger", 10),
    NN_IN({"x", "X", NN_CODES_8, NN_NO_GRADIENT, 0, "[N, C, d1, ...], 1 to 3 spatial dimensions"},
          {"w", "W", NN_CODES_8, NN_NO_GRADIENT, 0, "filters [M, C / group, k1, ...]"},
          {"x_zero_point", "X", NN_CODES_8, NN_OPTIONAL | NN_NO_GRADIENT, 0, "a scalar; absent: 0"},
          {"w_zero_point", "W", NN_CODES_8, NN_OPTIONAL | NN_NO_GRADIENT, 0,
           "a scalar, or one for each filter; absent: 0"}),
    NN_OUT({"y", NULL, NN_MASK(NN_I32), NN_NO_GRADIENT, 0, "[N, M, ...]"}),
    NN_ATTRIBUTES(NN_CONVOLUTION_ATTRIBUTES),
    NN_SAMPLES("u8[1,1,3,3]@0:256 u8[1,1,2,2]@0:256 u8[]{1}",
               "u8[1,2,4,3]@0:256 i8[2,2,3,2]@-128:128 u8[]{7} i8[2]{1,-3}; pads=1,0,1,1",
               "i8[1,4,3,3]@-128:128 i8[2,2,2,2]@-9:9; group=2 auto_pad=SAME_UPPER",
               "u8[2,1,5]@0:256 u8[3,1,2]@0:256; strides=2, dilations=2,",
               "u8[1,300,2]@250:256 u8[1,300,1]@250:256",
               "u8[1,40,4,4]@200:256 i8[2,40,3,3]@-128:-99 u8[]{9} i8[2]{0,1}; pads=1,1,1,1",
               "u8[1,80,3,3]@200:256 u8[2,40,3,3]@200:256; group=2", "u8[0,1,3,3] u8[1,1,2,2]"),
    .doc = "Convolution of quantized tensors, in 32-bit integers: that of x - x_zero_point with w - "
           "w_zero_point.",
    .body = body);

NN_OPERATORS(conv_integer, "Convolution of bytes.", NN_OP("ConvInteger", op))
