/* SPDX-License-Identifier: Apache-2.0 */
/* Values held between two bounds; the gradient passes where they did not bind. */
#include "family/shape.h"
#include "family/typed.h"

/* Scalars; absent ones bind nothing. */
static const NnTensor *bound(const NnCall *call, uint32_t i) {
    return call->n_inputs > i ? call->inputs[i] : NULL;
}

static bool below(const NnTensor *x, int64_t i, const NnTensor *y) {
    if (x->type == NN_U64)
        return (uint64_t)nn_load_int(nn_data(x), NN_U64, i) < (uint64_t)nn_load_int(nn_data(y), NN_U64, 0);
    return nn_is(x->type, NN_INTEGERS)
               ? nn_load_int(nn_data(x), x->type, i) < nn_load_int(nn_data(y), y->type, 0)
               : nn_load(nn_data(x), x->type, i) < nn_load(nn_data(y), y->type, 0);
}

static bool above(const NnTensor *x, int64_t i, const NnTensor *y) {
    if (x->type == NN_U64)
        return (uint64_t)nn_load_int(nn_data(x), NN_U64, i) > (uint64_t)nn_load_int(nn_data(y), NN_U64, 0);
    return nn_is(x->type, NN_INTEGERS)
               ? nn_load_int(nn_data(x), x->type, i) > nn_load_int(nn_data(y), y->type, 0)
               : nn_load(nn_data(x), x->type, i) > nn_load(nn_data(y), y->type, 0);
}

/* With bounds in the wrong order the upper one wins, as ONNX has it. */
static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0], *low = bound(call, 1), *high = bound(call, 2);
    const uint64_t size = nn_type_size(x->type);
    const int64_t n = nn_elements(x);
    for (int64_t i = 0; i < n; i++) {
        const NnTensor *from = low && below(x, i, low) ? low : x;
        int64_t at = from == x ? i : 0;
        if (high && above(from, at, high)) {
            from = high;
            at = 0;
        }
        nn_move(nn_data(call->outputs[0]), i, nn_data(from), at, 1, size);
    }
    return NN_OK;
}

static int32_t rule(NnGradient *g, uint32_t x) {
    NnValue *in[4] = {NN_DY(g), g->inputs[x], NULL, NULL};
    for (uint32_t i = x + 1; i < g->node->n_inputs; i++)
        in[i + 1 - x] = g->inputs[i];
    g->grads[0] = nn_op(g->host, g->graph, "nn/ClipGrad", in, g->node->n_inputs + 1 - x, NN_NO_ATTRS);
    return NN_OK;
}

static int32_t gradient(NnGradient *g) { return rule(g, 0); }
static int32_t grad_gradient(NnGradient *g) { return g->wanted[0] ? rule(g, 1) : NN_OK; }

static int32_t grad_compute(const NnCall *call) {
    const NnTensor *dy = call->inputs[0], *x = call->inputs[1], *low = bound(call, 2), *high = bound(call, 3);
    const int64_t n = nn_elements(x);
    for (int64_t i = 0; i < n; i++) {
        const bool bound_here = (low && below(x, i, low)) || (high && above(x, i, high));
        nn_store(nn_data(call->outputs[0]), dy->type, i, bound_here ? 0 : nn_load(nn_data(dy), dy->type, i));
    }
    return NN_OK;
}

#define BOUNDS(types)                                                                                        \
    {"min", "T", types, NN_OPTIONAL | NN_NO_GRADIENT, 0, "least value, a scalar; absent: none"}, {           \
        "max", "T", types, NN_OPTIONAL | NN_NO_GRADIENT, 0, "largest value, a scalar; absent: none"          \
    }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Clip", 13), .flags = NN_OP_ELEMENTWISE,
                      NN_IN({"input", "T", NN_NUMBERS, 0, 0, "the argument"}, BOUNDS(NN_NUMBERS)),
                      NN_OUT({"output", "T", NN_NUMBERS, 0, 0, "the result"}),
                      NN_SAMPLES("[2,3] f[]{-.4} f[]{.5}", "[2,3] f[]{-.4}", "[2,3] - f[]{.5}", "[2,3]",
                                 "[0,3] f[]{0} f[]{1}", "i64[4]@-9:9 i64[]{-3} i64[]{3}"),
                      .doc = "Holds values between bounds: output = min(max(input, min), max).",
                      .infer = nn_infer_same, .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(grad_op, NN_OURS("ClipGrad", 1), .flags = NN_OP_ELEMENTWISE,
                      NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of the result"},
                            {"X", "T", NN_FLOATS, 0, 0, "the argument of Clip"}, BOUNDS(NN_FLOATS)),
                      NN_OUT({"dX", "T", NN_FLOATS, 0, 0, "gradient of the argument"}),
                      NN_SAMPLES("[2,3] [2,3] f[]{-.4} f[]{.5}", "[2,3] [2,3] - f[]{.5}",
                                 "[0,3] [0,3] f[]{0} f[]{1}"),
                      .doc = "Gradient of Clip: dX = dY where min <= X <= max, else 0.",
                      .infer = nn_infer_same, .gradient = grad_gradient, .compute = grad_compute);

NN_OPERATORS(clip, "Holds values between bounds.", NN_OP("Clip", op), NN_OP("nn/ClipGrad", grad_op))
