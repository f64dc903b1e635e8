/* SPDX-License-Identifier: Apache-2.0 */
/* Maxima put back to where MaxPool found them, zeros elsewhere; the gradient reads the same places. */
#include "family/alike.h"
#include "family/index.h"
#include "family/pool.h"

/* What the pool's input had, as strides, pads and the kernel say. */
static int32_t inferred(const NnHost *nn, NnStatus *status, const NnNode *node, int32_t rank,
                        const int64_t *in, int64_t *out) {
    NnWindow w;
    const int32_t code = nn_pool_window(nn, status, node, rank, &w);
    for (int32_t i = 0; code == NN_OK && i < rank; i++) {
        out[i] = nn_dim_plain(in[i]);
        if (i < 2 || out[i] < 0)
            continue;
        const int32_t d = i - 2;
        out[i] = (out[i] - 1) * w.stride[d] + w.kernel[d] - w.before[d] - w.after[d];
        out[i] = in[i] == 0 || out[i] < 0 ? 0 : out[i];
    }
    return code;
}

/* Input `first` is X or what has its shape, input `at` the wanted shape. */
static int32_t shape(NnInfer *n, uint32_t first, uint32_t at, int64_t *dims) {
    const NnValueInfo *x = n->node->inputs[first];
    int64_t wanted[NN_MAX_KNOWN];
    int32_t code = inferred(n->host, n->status, n->node, x->rank, x->dims, dims);
    if (code != NN_OK || !nn_given(n->node, at))
        return code;
    const int64_t count = nn_ask(n, at, wanted);
    if (count >= 0 && count != x->rank)
        return nn_bad(n, "output_shape has %lld elements, but X has rank %d", (long long)count, x->rank);
    for (int32_t i = 0; i < x->rank; i++) {
        if (count >= 0 && (wanted[i] < dims[i] || (i < 2 && dims[i] >= 0 && wanted[i] != dims[i])))
            return nn_bad(n, "output_shape has %lld at place %d: expected %s%lld", (long long)wanted[i], i,
                          i < 2 ? "" : "at least ", (long long)dims[i]);
        dims[i] = count >= 0 ? wanted[i] : NN_DIM_UNKNOWN;
    }
    return NN_OK;
}

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    int64_t dims[NN_MAX_RANK] = {0};
    int32_t code = nn_alike(n, 0, 1);
    if (code == NN_OK && x->rank >= 0)
        code = shape(n, 0, 2, dims);
    n->output(n, 0, x->type, x->rank, dims);
    return code;
}

/* The places of the maxima in `big`, for each element of indices. They count through the shape that the
 * pool's input is inferred to have had, which stands at the start of a larger one that was asked for. */
static int32_t walk(const NnCall *call, const NnTensor *indices, const NnTensor *big,
                    void (*move)(const NnCall *, int64_t big, int64_t small)) {
    int64_t dims[NN_MAX_RANK] = {0}, strides[NN_MAX_RANK];
    const int64_t n = nn_elements(indices);
    const int32_t rank = big->rank,
                  code = inferred(call->host, call->status, call->node, rank, indices->dims, dims);
    const int64_t most = nn_product(dims, 0, rank);
    nn_dense(rank, big->dims, strides);
    for (int32_t d = 0; code == NN_OK && d < rank; d++)
        if (dims[d] > big->dims[d])
            return nn_fail(call->host, call->status, NN_INVALID,
                           "dimension %d has an extent of %lld: expected at least %lld", d,
                           (long long)big->dims[d], (long long)dims[d]);
    for (int64_t i = 0; code == NN_OK && i < n; i++) {
        int64_t at = ((const int64_t *)nn_data(indices))[i], to = 0;
        if (at < 0 || at >= most)
            return nn_fail(call->host, call->status, NN_INVALID, "index %lld: expected 0 to %lld",
                           (long long)at, (long long)most - 1);
        for (int32_t d = rank - 1; d >= 0; d--) {
            to += at % dims[d] * strides[d];
            at /= dims[d];
        }
        move(call, to, i);
    }
    return code;
}

static void put(const NnCall *call, int64_t big, int64_t small) {
    const NnTensor *x = call->inputs[0];
    nn_move(nn_data(call->outputs[0]), big, nn_data(x), small, 1, nn_type_size(x->type));
}

static void take(const NnCall *call, int64_t big, int64_t small) {
    const NnTensor *dy = call->inputs[0];
    nn_move(nn_data(call->outputs[0]), small, nn_data(dy), big, 1, nn_type_size(dy->type));
}

static int32_t compute(const NnCall *call) {
    NnTensor *y = call->outputs[0];
    nn_clear(y);
    return walk(call, call->inputs[1], y, put);
}

/* Where two elements meet, the last one stands there and all of them get what arrives: indices of a pool
 * whose windows overlap hold the same element, so that this is its gradient too. */
static int32_t gradient(NnGradient *g) {
    g->grads[0] = nn_rule_same_attrs(g, "nn/MaxUnpoolGrad", NN_VALUES(NN_DY(g), g->inputs[1]));
    return NN_OK;
}

static int32_t grad_infer(NnInfer *n) {
    nn_output_like(n, 0, 1, n->node->inputs[0]->type);
    const NnValueInfo *dy = n->node->inputs[0], *at = n->node->inputs[1];
    return dy->rank < 0 || at->rank < 0 || dy->rank == at->rank
               ? NN_OK
               : nn_bad(n, "dY has rank %d: expected that of I, %d", dy->rank, at->rank);
}

static int32_t grad_compute(const NnCall *call) { return walk(call, call->inputs[1], call->inputs[0], take); }

static int32_t grad_gradient(NnGradient *g) {
    NnValue *shape_of = nn_rule1(g, "Shape", g->inputs[0]);
    g->grads[0] = nn_rule_same_attrs(g, "MaxUnpool", NN_VALUES(NN_DY(g), g->inputs[1], shape_of));
    return NN_OK;
}

#define INDICES                                                                                              \
    {                                                                                                        \
        "I", "I", NN_MASK(NN_I64), NN_NO_GRADIENT, 0,                                                        \
            "where the maxima stood, counted through the whole of the pool's input"                          \
    }
#define ATTRIBUTES                                                                                           \
    NN_ATTRIBUTES({.name = "kernel_shape",                                                                   \
                   .kind = NN_SET_INTS,                                                                      \
                   .flags = NN_SET_REQUIRED,                                                                 \
                   .doc = "extent of the window"},                                                           \
                  NN_WINDOW_LIST("pads", "padding in front, by dimension, then behind; absent: 0"),          \
                  NN_WINDOW_LIST("strides", "step of the window, by dimension; absent: 1"))

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("MaxUnpool", 22),
    NN_IN({"X", "T", NN_FLOATS, 0, 0, "maxima [N, C, d1, ...], 1 to 3 spatial dimensions"}, INDICES,
          NN_HOST_INTS("output_shape", NN_OPTIONAL, "shape of the result; absent: as the window tells")),
    NN_OUT({"output", "T", NN_FLOATS, 0, 0, "the maxima among zeros"}), ATTRIBUTES,
    NN_SAMPLES("[1,1,2,2] i64[1,1,2,2]{1,2,8,15}; kernel_shape=2,2 strides=2,2",
               "[1,1,2,2] i64[1,1,2,2]{5,7,13,15} i64[4]{1,1,5,5}; kernel_shape=2,2 strides=2,2",
               "[1,2,2] i64[1,2,2]{0,3,4,6}; kernel_shape=3, strides=2, pads=1,0",
               "[1,1,1,1,2] i64[1,1,1,1,2]{3,12}; kernel_shape=2,2,2 strides=2,2,2",
               "[0,2,2] i64[0,2,2]; kernel_shape=2, strides=2,"),
    .doc = "Puts each element of X at its index of the result, zeros elsewhere: part of the inverse of "
           "MaxPool.",
    .infer = infer, .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(grad_op, NN_OURS("MaxUnpoolGrad", 1),
                      NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of the result"}, INDICES),
                      NN_OUT({"dX", "T", NN_FLOATS, 0, 0, "gradient of X"}), ATTRIBUTES,
                      NN_SAMPLES("[1,1,4,4] i64[1,1,2,2]{1,2,8,15}; kernel_shape=2,2 strides=2,2",
                                 "[1,1,5,5] i64[1,1,2,2]{5,7,13,15}; kernel_shape=2,2 strides=2,2",
                                 "[0,2,4] i64[0,2,2]; kernel_shape=2, strides=2,"),
                      .doc = "Gradient of MaxUnpool: the elements of dY where those of X were put.",
                      .infer = grad_infer, .gradient = grad_gradient, .compute = grad_compute);

NN_OPERATORS(max_unpool, "Maxima put back.", NN_OP("MaxUnpool", op), NN_OP("nn/MaxUnpoolGrad", grad_op))
