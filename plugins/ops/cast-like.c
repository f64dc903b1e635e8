/* SPDX-License-Identifier: Apache-2.0 */
/* Elements in another type. */
#include "family/cast.h"

static int32_t infer(NnInfer *n) { return nn_cast_infer(n, n->node->inputs[1]->type); }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("CastLike", 21), .flags = NN_OP_ELEMENTWISE | NN_OP_SAME,
                      NN_IN({"input", "F", NN_ANY, 0, 0, "the argument"},
                            {"target_type", "L", NN_ANY, NN_SHAPE_ONLY | NN_NO_GRADIENT, 0,
                             "has the wanted type"}),
                      NN_OUT({"output", NULL, NN_ANY, 0, 0, "the result"}), NN_ATTRIBUTES(NN_CAST_ATTRIBUTES),
                      NN_SAMPLES("[2,3] f32[1]", "[2,3] f64[]", "[3]@-5:5 i32[1]@0:1", "[0,3] f64[0]"),
                      .doc = "Converts elements to the type of another tensor.", .infer = infer,
                      .gradient = nn_cast_rule, .compute = nn_cast_compute);

NN_OPERATORS(cast_like, "Converts elements to the type of another tensor.", NN_OP("CastLike", op))
