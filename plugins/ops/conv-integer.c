/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution of bytes, with their zero points, in 32 bits. */
#include "family/convolution.h"
#include "family/quantize.h"

/* Products are at most 255 * 255: as long as a sum of them stays below 2^24, f32 holds it without an error,
 * and f64 does in any case. */
static int32_t exact_type(const NnBody *b) {
    const NnValueInfo *w = b->node->inputs[1];
    int64_t terms = 1;
    for (int32_t i = 1; i < w->rank; i++)
        terms = nn_dim_known(w->dims[i]) && terms < 512 ? terms * w->dims[i] : 512;
    return w->rank > 0 && terms * 255 * 255 < 1 << 24 ? NN_F32 : NN_F64;
}

/* Zeros stand around X less its zero point, as they should. */
static int32_t body(NnBody *b) {
    const int32_t type = exact_type(b), rank = nn_body_rank(b, b->inputs[1]);
    NnValue *zx = nn_body_input(b, 2), *zw = nn_body_input(b, 3), *y = NULL;
    if (rank < 0)
        return nn_body_no_rank(b, "w");
    if (zw && nn_body_rank(b, zw) == 1)
        zw = nn_body_channels(b, zw, rank - 1);
    NnValue *const in[] = {nn_body_centred(b, b->inputs[0], zx, type),
                           nn_body_centred(b, b->inputs[1], zw, type)};
    const int32_t code = nn_body_same_attrs(b, "Conv", in, 2, &y, 1);
    b->outputs[0] = code == NN_OK ? nn_body_cast(b, y, NN_I32) : NULL;
    return code;
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
               "u8[1,300,2]@250:256 u8[1,300,1]@250:256", "u8[0,1,3,3] u8[1,1,2,2]"),
    .doc = "Convolution of quantized tensors, in 32-bit integers: that of x - x_zero_point with w - "
           "w_zero_point.",
    .body = body);

NN_OPERATORS(conv_integer, "Convolution of bytes.", NN_OP("ConvInteger", op))
