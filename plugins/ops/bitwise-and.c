/* SPDX-License-Identifier: Apache-2.0 */
/* Bits of integers: and. */
#include "family/bitwise.h"

static int64_t whole(int64_t a, int64_t b) { return a & b; }
static const NnBinary function = {NULL, whole, NULL};

static int32_t compute(const NnCall *call) { return nn_broadcast_compute(call, &function); }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("BitwiseAnd", 18), NN_BINARY(NN_INTEGERS), NN_BITWISE_SAMPLES,
                      .doc = "And of every bit of A with that of B, with broadcasting.",
                      .infer = nn_infer_broadcast, .compute = compute);

NN_OPERATORS(bitwise_and, "Bitwise and.", NN_OP("BitwiseAnd", op))
