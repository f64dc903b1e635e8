/* SPDX-License-Identifier: Apache-2.0 */
/* Which elements are infinite? */
#include "family/unary.h"

static double either(double x, const double *p) { return isinf(x) && (x > 0 ? p[0] : p[1]) != 0; }

static int32_t compute(const NnCall *call) {
    const double p[] = {(double)nn_attr_int(call->node, "detect_positive", 1),
                        (double)nn_attr_int(call->node, "detect_negative", 1)};
    return nn_curve_compute(call, either, p);
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("IsInf", 20), NN_TEST(NN_FLOATS),
                      NN_ATTRIBUTES(NN_FLAG("detect_positive", "1", "find positive infinity"),
                                    NN_FLAG("detect_negative", "1", "find negative infinity")),
                      NN_SAMPLES("[3]{1,nan,inf}", "[3]{-inf,nan,inf}; detect_negative=0", "[0,3]"),
                      .doc = "True where X is an infinity of the wanted signs.", .compute = compute);

NN_OPERATORS(is_inf, "Finds infinite elements.", NN_OP("IsInf", op))
