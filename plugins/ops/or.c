/* SPDX-License-Identifier: Apache-2.0 */
/* Do at least one of A and B hold, element by element? */
#include "family/broadcast.h"

static double real(double a, double b) { return a != 0 || b != 0; }
static const NnBinary function = {real, NULL, NULL};

static int32_t compute(const NnCall *call) { return nn_broadcast_compute(call, &function); }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Or", 7), NN_COMPARISON(NN_MASK(NN_BOOL)),
                      NN_SAMPLES("bool[2,3] bool[2,3]", "bool[2,1] bool[3]", "bool[] bool[2]",
                                 "bool[0,3] bool[3]"),
                      .doc = "True where at least one of A and B is true, with broadcasting.",
                      .infer = nn_infer_comparison, .compute = compute);

NN_OPERATORS(or, "Logical or.", NN_OP("Or", op))
