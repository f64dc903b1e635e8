/* SPDX-License-Identifier: Apache-2.0 */
/* Is A less than or equal to B, element by element? */
#include "family/broadcast.h"

static double real(double a, double b) { return a <= b; }
static int64_t whole(int64_t a, int64_t b) { return a <= b; }
static uint64_t natural(uint64_t a, uint64_t b) { return a <= b; }
static const NnBinary function = {real, whole, natural};

static int32_t compute(const NnCall *call) { return nn_broadcast_compute(call, &function); }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("LessOrEqual", 16), NN_COMPARISON(NN_NUMBERS), NN_BINARY_SAMPLES,
                      .doc = "Compares element by element with broadcasting: C = A <= B.",
                      .infer = nn_infer_comparison, .compute = compute);

NN_OPERATORS(less_or_equal, "Is A less than or equal to B?", NN_OP("LessOrEqual", op))
