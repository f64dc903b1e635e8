/* SPDX-License-Identifier: Apache-2.0 */
/* Bits of integers: negation. */
#include "family/unary.h"

static int64_t whole(int64_t x) { return ~x; }
static int32_t compute(const NnCall *call) { return nn_unary_compute(call, NULL, whole); }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("BitwiseNot", 18), NN_UNARY(NN_INTEGERS),
                      NN_SAMPLES("i32[2,3]@-99:99", "i32[]{5}", "i32[0,3]", "u8[3]{0,1,255}", "i16[2]{-1,7}"),
                      .doc = "Every bit of X the other way round.", .compute = compute);

NN_OPERATORS(bitwise_not, "Bitwise negation.", NN_OP("BitwiseNot", op))
