/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products of bytes, with their zero points, in 32 bits; by products in f32 that are exact. */
#include "family/quantize.h"

static int32_t body(NnBody *b) {
    const NnValueInfo *x = b->node->inputs[0], *y = b->node->inputs[1];
    const int64_t k = x->rank > 0 ? nn_dim_plain(x->dims[x->rank - 1]) : NN_DIM_UNKNOWN;
    const bool pieces = k > 0 && k <= NN_EXACT_TERMS * NN_EXACT_PIECES && y->rank > 0;
    const int32_t type = pieces ? NN_F32 : NN_I32;
    NnValue *za = nn_body_input(b, 2), *zb = nn_body_input(b, 3), *sum = NULL;
    za = za ? nn_body_by_row(b, za, b->inputs[0]) : NULL;
    NnValue *left = nn_body_centred(b, b->inputs[0], za, type),
            *right = nn_body_centred(b, b->inputs[1], zb, type);
    for (int64_t at = 0; pieces && at < k; at += NN_EXACT_TERMS) {
        const int64_t to = at + NN_EXACT_TERMS < k ? at + NN_EXACT_TERMS : k;
        NnValue *l = k <= NN_EXACT_TERMS ? left : nn_body_piece(b, left, -1, at, to);
        NnValue *r = k <= NN_EXACT_TERMS ? right : nn_body_piece(b, right, y->rank > 1 ? -2 : 0, at, to);
        NnValue *product = nn_body_cast(b, nn_body2(b, "MatMul", l, r), NN_I32);
        sum = sum ? nn_body2(b, "Add", sum, product) : product;
    }
    b->outputs[0] = pieces ? sum : nn_body2(b, "MatMul", left, right);
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
               "u8[2,2,3]@0:256 u8[2,3,2]@0:256 u8[2,2,1]@0:9 u8[2,1,2]@0:9", "u8[0,3] u8[3,2]",
               "u8[2,600]@200:256 i8[600,3]@-128:-99", "u8[600]@200:256 u8[600]@200:256 u8[]{3}"),
    .doc = "Matrix product of quantized tensors: (A - a_zero_point) (B - b_zero_point), in 32-bit integers.",
    .body = body);

NN_OPERATORS(mat_mul_integer, "Matrix products of bytes.", NN_OP("MatMulInteger", op))
