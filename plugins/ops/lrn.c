/* SPDX-License-Identifier: Apache-2.0 */
/* Local response normalization over neighbouring channels (Krizhevsky, Sutskever, Hinton 2012). */
#include "family/body.h"
#include "family/shape.h"

static int32_t infer(NnInfer *n) {
    const int32_t rank = n->node->inputs[0]->rank;
    nn_output_like(n, 0, 0, NN_NONE);
    return rank >= 0 && rank < 2 ? nn_bad(n, "X has rank %d: expected [N,C,...]", rank) : NN_OK;
}

/* The mean over `size` channels around each, those beyond the ends counting as 0: a pool over [N, 1, C, ...],
 * the spatial dimensions taken together where they are more than a pool has. */
static NnValue *neighbours(NnBody *b, NnValue *x, int32_t rank) {
    const int64_t size = nn_attr_int(b->node, "size", 1), together[] = {0, 0, -1}, one = 1;
    const uint32_t n = rank < 4 ? (uint32_t)rank - 1 : 2; /* spatial dimensions of the pool */
    int64_t kernel[2] = {size, 1}, pads[4] = {0};
    pads[0] = (size - 1) / 2;
    pads[n] = size / 2;
    NnValue *axis = nn_vector(b->host, b->graph, 1, &one);
    NnValue *flat = rank < 4 ? x : nn_body2(b, "Reshape", x, nn_vector(b->host, b->graph, 3, together));
    NnValue *mean = nn_op(b->host, b->graph, "AveragePool", NN_VALUES(nn_body2(b, "Unsqueeze", flat, axis)),
                          NN_ATTRS(NN_INTS("kernel_shape", n, kernel), NN_INTS("pads", 2 * n, pads),
                                   NN_INT("count_include_pad", 1)));
    NnValue *out = nn_body2(b, "Squeeze", mean, axis);
    return rank < 4 ? out : nn_body2(b, "nn/ReshapeLike", out, x);
}

static int32_t body(NnBody *b) {
    const int32_t type = b->node->inputs[0]->type, work = type == NN_F64 ? NN_F64 : NN_F32;
    const int32_t rank = nn_body_rank(b, b->inputs[0]);
    if (rank < 2)
        return nn_body_no_rank(b, "X");
    NnValue *x = type == work ? b->inputs[0] : nn_body_cast(b, b->inputs[0], work);
    NnValue *alpha = nn_body_scalar(b, x, nn_attr_float(b->node, "alpha", 1e-4)),
            *bias = nn_body_scalar(b, x, nn_attr_float(b->node, "bias", 1)),
            *power = nn_body_scalar(b, x, -nn_attr_float(b->node, "beta", .75));
    NnValue *energy = nn_body2(b, "Mul", neighbours(b, nn_body2(b, "Mul", x, x), rank), alpha);
    NnValue *y = nn_body2(b, "Mul", x, nn_body2(b, "Pow", nn_body2(b, "Add", energy, bias), power));
    b->outputs[0] = type == work ? y : nn_body_cast(b, y, type);
    return NN_OK;
}

NN_COMPOSITE_OPERATOR(
    op, NN_ONNX("LRN", 13), NN_IN({"X", "T", NN_FLOATS, 0, 0, "[N, C, d1, ...]"}),
    NN_OUT({"Y", "T", NN_FLOATS, 0, 0, "of the shape of X"}),
    NN_ATTRIBUTES({.name = "size",
                   .kind = NN_SET_INT,
                   .flags = NN_SET_REQUIRED | NN_SET_RANGE,
                   .min = 1,
                   .max = INT32_MAX,
                   .doc = "channels in a neighbourhood, of an even number one more behind"},
                  NN_REAL("alpha", "1e-4", "weight of the neighbourhood's mean square"),
                  NN_REAL("beta", "0.75", "the exponent"), NN_REAL("bias", "1.0", "added to it")),
    NN_SAMPLES("[5,5,1,2]; size=3 alpha=.5", "[4,4,1,1]; size=4 alpha=2 beta=.5 bias=2",
               "[1,4,3]; size=4 alpha=2 beta=.5 bias=2", "[3,2]; size=1", "[1,2,2,1,2]; size=9 alpha=1",
               "[0,3,2]; size=3"),
    .doc = "Y[n,c] = X[n,c] / (bias + alpha / size * sum of X[n,i]^2)^beta, over the channels i from c - "
           "floor((size - 1) / 2) to c + ceil((size - 1) / 2).",
    .infer = infer, .body = body);

NN_OPERATORS(lrn, "Local response normalization.", NN_OP("LRN", op))
