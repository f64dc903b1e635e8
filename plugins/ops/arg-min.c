/* SPDX-License-Identifier: Apache-2.0 */
/* Where the smallest element along an axis stands. */
#include "family/arg.h"

static bool better(double a, double b) { return a < b; }
static bool better_whole(int64_t a, int64_t b) { return a < b; }
static int32_t compute(const NnCall *call) { return nn_arg_compute(call, better, better_whole); }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("ArgMin", 13), NN_ARG,
                      .doc = "The index of the smallest element along an axis.", .compute = compute);

NN_OPERATORS(arg_min, "Where the smallest element stands.", NN_OP("ArgMin", op))
