/* SPDX-License-Identifier: Apache-2.0 */
/* Elements in another type. */
#include "family/cast.h"

static int32_t infer(NnInfer *n) { return nn_cast_infer(n, (int32_t)nn_attr_int(n->node, "to", NN_NONE)); }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Cast", 21), .role = "cast", .flags = NN_OP_ELEMENTWISE | NN_OP_SAME,
                      NN_IN({"input", "F", NN_ANY, 0, 0, "the argument"}),
                      NN_OUT({"output", NULL, NN_ANY, 0, 0, "the result"}),
                      NN_ATTRIBUTES({.name = "to",
                                     .kind = NN_SET_INT,
                                     .flags = NN_SET_REQUIRED,
                                     .doc = "element type of the result, by ONNX's number"},
                                    NN_CAST_ATTRIBUTES),
                      NN_SAMPLES("[2,3]; to=f32", "[2,3]; to=f64", "[3]@-5:5; to=i32", "i64[3]@-2:2; to=bool",
                                 "i32[4]@-9:9; to=f32", "[0,3]; to=f64", "bool[3]; to=i64"),
                      .doc = "Converts elements to another type: towards zero from floats to integers.",
                      .infer = infer, .gradient = nn_cast_rule, .compute = nn_cast_compute);

NN_OPERATORS(cast, "Converts elements to another type.", NN_OP("Cast", op))
