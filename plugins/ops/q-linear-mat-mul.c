/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products of quantized tensors, quantized again. */
#include "family/quantize.h"

/* Scales of 16 bits are too coarse for sums in 32, so that all of it is scaled in f32. */
static NnValue *wide(const NnBody *b, NnValue *x) {
    const NnValueInfo *info = b->host->graph->info(b->graph, x);
    return info && info->type == NN_F64 ? x : nn_body_cast(b, x, NN_F32);
}

static int32_t body(NnBody *b) {
    NnValue *const *in = b->inputs;
    NnValue *sum =
        nn_op(b->host, b->graph, "MatMulInteger", NN_VALUES(in[0], in[3], in[2], in[5]), NN_NO_ATTRS);
    NnValue *row = nn_body_by_row(b, wide(b, in[1]), in[0]), *column = wide(b, in[4]),
            *scale = wide(b, in[6]);
    const NnValueInfo *type = b->host->graph->info(b->graph, scale);
    NnValue *y =
        nn_body2(b, "Mul", nn_body_cast(b, sum, type ? type->type : NN_F32), nn_body2(b, "Mul", row, column));
    b->outputs[0] =
        nn_op(b->host, b->graph, "QuantizeLinear", NN_VALUES(y, scale, in[7]), NN_ATTRS(NN_INT("axis", -2)));
    return NN_OK;
}

#define MATRIX(name, letter, doc)                                                                            \
    { name, letter, NN_CODES_8, NN_NO_GRADIENT, 0, doc }
#define SCALE(name, doc)                                                                                     \
    { name, "S", NN_FLOATS, NN_NO_GRADIENT, 0, doc }

NN_COMPOSITE_OPERATOR(
    op, NN_ONNX("QLinearMatMul", 21),
    NN_IN(MATRIX("a", "A", "matrices [..., m, k], or a vector [k]"),
          SCALE("a_scale", "a scalar, or by row [m] or [..., m, 1]"),
          MATRIX("a_zero_point", "A", "of the shape of a_scale"),
          MATRIX("b", "B", "matrices [..., k, n], or a vector [k]"),
          SCALE("b_scale", "a scalar, or by column [n] or [..., 1, n]"),
          MATRIX("b_zero_point", "B", "of the shape of b_scale"), SCALE("y_scale", "a scalar, or by row [m]"),
          MATRIX("y_zero_point", "Y", "of the shape of y_scale; its type is that of y")),
    NN_OUT(MATRIX("y", "Y", "products [..., m, n]")),
    NN_SAMPLES(
        "u8[2,3]@0:256 f32[]{.0066} u8[]{113} u8[3,4]@0:256 f32[]{.00705} u8[]{114} f32[]{.0107} u8[]{118}",
        "i8[2,3]@-128:128 f32[]{.01} i8[]{-5} u8[3,2]@0:256 f32[2]{.02,.03} u8[2]{1,130} f32[]{.05} i8[]{3}",
        "u8[2,2,3]@0:256 f32[]{.01} u8[]{128} u8[3,2]@0:256 f32[]{.01} u8[]{128} f32[]{.013} u8[]{128}",
        "u8[2,3]@0:256 f32[2]{.01,.02} u8[2]{128,99} i8[3,2]@-99:99 f32[]{.01} i8[]{0} f32[]{.013} u8[]{128}",
        "u8[0,3] f32[]{.01} u8[]{1} u8[3,2]@0:256 f32[]{.01} u8[]{1} f32[]{1} u8[]{1}"),
    .doc = "Matrix product of quantized tensors: y quantizes (a - a_zero_point) a_scale (b - b_zero_point) "
           "b_scale.",
    .body = body);

NN_OPERATORS(q_linear_mat_mul, "Matrix products of quantized tensors.", NN_OP("QLinearMatMul", op))
