/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products of bytes, with their zero points, in 32 bits. */
#include "family/quantize.h"

static int32_t body(NnBody *b) {
    NnValue *za = nn_body_input(b, 2), *zb = nn_body_input(b, 3);
    za = za ? nn_body_by_row(b, za, b->inputs[0]) : NULL;
    b->outputs[0] = nn_body2(b, "MatMul", nn_body_centred(b, b->inputs[0], za, NN_I32),
                             nn_body_centred(b, b->inputs[1], zb, NN_I32));
    return NN_OK;
}

#define ZERO(name, letter, doc)                                                                              \
    { name, letter, NN_CODES_8, NN_OPTIONAL | NN_NO_GRADIENT, 0, doc }

NN_COMPOSITE_OPERATOR(
    op, NN_ONNX("MatMulInteger", 10),
    NN_IN({"A", "A", NN_CODES_8, NN_NO_GRADIENT, 0, "matrices [..., m, k], or a vector [k]"},
          {"B", "B", NN_CODES_8, NN_NO_GRADIENT, 0, "matrices [..., k, n], or a vector [k]"},
          ZERO("a_zero_point", "A", "of A: a scalar, or by row [m] or [..., m, 1]; absent: 0"),
          ZERO("b_zero_point", "B", "of B: a scalar, or by column [n] or [..., 1, n]; absent: 0")),
    NN_OUT({"Y", NULL, NN_MASK(NN_I32), NN_NO_GRADIENT, 0, "products [..., m, n]"}),
    NN_SAMPLES("u8[2,3]@0:256 u8[3,4]@0:256 u8[]{12} u8[]{0}", "i8[2,3]@-128:128 u8[3,2]@0:256",
               "u8[2,3]@0:256 i8[3,4]@-128:128 u8[2]@0:256 i8[4]@-9:9", "i8[3]@-9:9 i8[3]@-9:9 i8[]{1}",
               "u8[2,2,3]@0:256 u8[2,3,2]@0:256 u8[2,2,1]@0:9 u8[2,1,2]@0:9", "u8[0,3] u8[3,2]"),
    .doc = "Matrix product of quantized tensors: (A - a_zero_point) (B - b_zero_point), in 32-bit integers.",
    .body = body);

NN_OPERATORS(mat_mul_integer, "Matrix products of bytes.", NN_OP("MatMulInteger", op))
