/* SPDX-License-Identifier: Apache-2.0 */
/* The p-norm of each plane. */
#include "family/global-pool.h"

/* (sum of |X|^p)^(1/p) for p > 2, 0 and without a slope where all are 0; 16-bit floats in f32, as powers
 * leave their range. */
static NnValue *general(NnBody *b, NnValue *given, int32_t rank, double p) {
    const int32_t type = b->node->inputs[0]->type, work = type == NN_F64 ? NN_F64 : NN_F32;
    NnValue *x = type == work ? given : nn_body_cast(b, given, work);
    NnValue *powers = nn_body2(b, "Pow", nn_body1(b, "Abs", x), nn_body_scalar(b, x, p));
    NnValue *sum = nn_body_reduce(b, "ReduceSum", powers, 2, rank, 1), *zero = nn_body_scalar(b, x, 0);
    NnValue *none = nn_body2(b, "Equal", sum, zero);
    NnValue *safe = nn_op3(b->host, b->graph, "Where", none, nn_body_scalar(b, x, 1), sum);
    NnValue *y =
        nn_op3(b->host, b->graph, "Where", none, zero, nn_body2(b, "Pow", safe, nn_body_scalar(b, x, 1 / p)));
    return type == work ? y : nn_body_cast(b, y, type);
}

static int32_t body(NnBody *b) {
    const int64_t p = nn_attr_int(b->node, "p", 2);
    const int32_t rank = nn_body_rank(b, b->inputs[0]);
    if (p <= 2)
        return nn_global_pool_body(b, p == 1 ? "ReduceL1" : "ReduceL2");
    if (rank < 2)
        return nn_body_no_rank(b, "X");
    b->outputs[0] = general(b, b->inputs[0], rank, (double)p);
    return NN_OK;
}

NN_COMPOSITE_OPERATOR(op, NN_ONNX("GlobalLpPool", 22), NN_IN({"X", "T", NN_FLOATS, 0, 0, "[N, C, d1, ...]"}),
                      NN_OUT({"Y", "T", NN_FLOATS, 0, 0, "[N, C, 1, ...]"}),
                      NN_ATTRIBUTES({.name = "p",
                                     .kind = NN_SET_INT,
                                     .flags = NN_SET_RANGE,
                                     .preset = "2",
                                     .min = 1,
                                     .max = 1000,
                                     .doc = "the norm's exponent"}),
                      NN_SAMPLES("[2,3,2,2]", "[1,2,5]; p=1", "[2,1,2,1,3]; p=3", "[0,2,3]", "[2,0,3]; p=4"),
                      .doc = "The p-norm of each plane: Y[n,c] = (sum of |X[n,c,...]|^p)^(1/p).",
                      .infer = nn_infer_global_pool, .body = body);

NN_OPERATORS(global_lp_pool, "Norms of planes.", NN_OP("GlobalLpPool", op))
