/* SPDX-License-Identifier: Apache-2.0 */
/* Where the largest element along an axis stands. */
#include "family/arg.h"

static bool better(double a, double b) { return a > b; }
static bool better_whole(int64_t a, int64_t b) { return a > b; }
static int32_t compute(const NnCall *call) { return nn_arg_compute(call, better, better_whole); }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("ArgMax", 13), NN_ARG,
                      .doc = "The index of the largest element along an axis.", .compute = compute);

NN_OPERATORS(arg_max, "Where the largest element stands.", NN_OP("ArgMax", op))
