/* SPDX-License-Identifier: Apache-2.0 */
/* Real numbers as integers on a linear scale, which is given by tensor, by axis or by block. */
#include "family/quantize.h"

static int32_t infer(NnInfer *n) {
    const NnValueInfo *zero = nn_given(n->node, 2) ? n->node->inputs[2] : NULL;
    const int32_t told = (int32_t)nn_attr_int(n->node, "output_dtype", NN_NONE),
                  precision = (int32_t)nn_attr_int(n->node, "precision", NN_NONE);
    if (told != NN_NONE && !nn_is(told, NN_CODES))
        return nn_bad(n, "output_dtype %s (%d) is not supported: expected i8, u8, i16 or u16",
                      nn_type_name(told), told);
    if (told != NN_NONE && zero && zero->type != NN_NONE && zero->type != told)
        return nn_bad(n, "output_dtype is %s, but y_zero_point is %s: expected the same type",
                      nn_type_name(told), nn_type_name(zero->type));
    if (precision != NN_NONE && !nn_is(precision, NN_FLOATS))
        return nn_bad(n, "precision %s (%d) is not a floating type", nn_type_name(precision), precision);
    nn_output_like(n, 0, 0, zero ? zero->type : told != NN_NONE ? told : NN_U8);
    return nn_quantize_check(n, 1, 2);
}

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0], *scale = call->inputs[1], *zero = nn_input(call, 2);
    NnTensor *y = call->outputs[0];
    const int32_t told = (int32_t)nn_attr_int(call->node, "precision", NN_NONE),
                  precision = told == NN_NONE ? scale->type : told;
    const NnScales scales = nn_scales(call, x, scale);
    const int64_t n = nn_elements(x);
    for (int64_t i = 0; i < n; i++) {
        const int64_t k = nn_scale_of(&scales, i);
        const double offset = zero ? nn_load(nn_data(zero), zero->type, k) : 0;
        const double q = nn_rounded(nn_load(nn_data(x), x->type, i), precision) /
                         nn_rounded(nn_load(nn_data(scale), scale->type, k), precision);
        nn_store(nn_data(y), y->type, i, nearbyint(nn_rounded(q, precision)) + offset);
    }
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("QuantizeLinear", 23),
    NN_IN({"x", "X", NN_FLOATS | NN_MASK(NN_I32), NN_NO_GRADIENT, 0, "what is quantized"},
          {"y_scale", "S", NN_FLOATS | NN_MASK(NN_I32), NN_NO_GRADIENT, 0,
           "step of the scale: a scalar, a vector along the axis, or one for each block"},
          {"y_zero_point", "Y", NN_CODES, NN_OPTIONAL | NN_NO_GRADIENT, 0,
           "the integer that stands for 0, of the shape of y_scale; absent: 0"}),
    NN_OUT({"y", NULL, NN_CODES, NN_NO_GRADIENT, 0, "the integers, of the shape of x"}),
    NN_ATTRIBUTES(
        NN_QUANTIZE_ATTRIBUTES,
        NN_WHOLE("output_dtype", "0", "element type of y, by ONNX's number; 0: that of y_zero_point, or u8"),
        NN_WHOLE("precision", "0", "type in which x is divided, by ONNX's number; 0: that of y_scale"),
        NN_FLAG("saturate", "1", "kept for ONNX's 8-bit floats; without effect on integers")),
    NN_SAMPLES("f32[2,3]@-5:5 f32[]{.04} u8[]{128}", "f32[2,3] f32[1]{.01}",
               "f32[2,3,2]@-9:9 f32[3]@.1:1 i8[3]@-9:9",
               "[2,3]@-9:9 [2]@.1:1; axis=0 output_dtype=i16 precision=f64",
               "f32[2,5]@-9:9 f32[2,3]@.1:1 u16[2,3]@0:99; axis=-1 block_size=2",
               "[3]@-9:9 [3]@.1:1; precision=f64", "f32[4]@-9:9 f32[2]@.1:1; block_size=3 axis=0",
               "[] []@.01:.02 i8[]{3}; precision=f64", "[0,3] [3]@1:2", "i32[3]@-999:999 f32[]{4} i8[]{0}",
               "[3]@-900:900 f[]{1.25} i8[]{100}; precision=f64", "f16[3]@-90:90 f16[]{1.25} i8[]{100}"),
    .doc = "Quantizes on a linear scale: y = x / y_scale, rounded to nearest (even), + y_zero_point, held "
           "within the range of y's type. Not differentiable.",
    .infer = infer, .compute = compute);

NN_OPERATORS(quantize_linear, "Real numbers as integers.", NN_OP("QuantizeLinear", op))
