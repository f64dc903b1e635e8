/* SPDX-License-Identifier: Apache-2.0 */
/* A tensor with other extents: nearest, linear or cubic interpolation along each dimension; and its gradient,
 * which gives each element back to those that it was made of. */
#include "family/alike.h"
#include "family/resize-infer.h"

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    int64_t dims[NN_MAX_RANK] = {0};
    const int32_t code = nn_resize_extents(n, 0, dims);
    n->output(n, 0, x->type, x->rank, dims);
    return code;
}

/* One dimension of [outer, in or out, inner]; `back` goes from the result to the input. */
static void pass(const NnTaps *t, const double *from, double *to, int64_t outer, int64_t inner, double beyond,
                 bool back) {
    for (int64_t i = 0; i < outer; i++)
        for (int64_t o = 0; o < t->out; o++)
            for (int64_t k = 0; k < t->n; k++) {
                const int64_t at = t->at[o * t->n + k], big = (i * t->out + o) * inner;
                const int64_t small = (i * t->in + at) * inner;
                const double w = t->weight[o * t->n + k];
                for (int64_t j = 0; at >= 0 && w != 0 && j < inner; j++)
                    to[back ? small + j : big + j] += w * from[back ? big + j : small + j];
                for (int64_t j = 0; !back && at < 0 && j < inner; j++)
                    to[big + j] = beyond;
                if (at < 0)
                    break;
            }
}

static double *doubles(const NnCall *call, const int64_t *dims, int32_t rank) {
    return call->host->alloc(call->host, (uint64_t)(nn_product(dims, 0, rank) + 1) * sizeof(double));
}

/* From x to y dimension by dimension, or with `back` from y to x; `small` and `big` are the extents of what
 * is resized and of the result. */
static int32_t resize(const NnCall *call, const NnResize *r, const NnTensor *x, NnTensor *y,
                      const int64_t *small, const int64_t *big, bool back) {
    const double beyond = nn_attr_float(call->node, "extrapolation_value", 0);
    const int32_t rank = x->rank;
    int64_t dims[NN_MAX_RANK] = {0};
    const int64_t n = nn_elements(x), m = nn_elements(y);
    const bool whole = nn_is(x->type, NN_INTEGERS | NN_MASK(NN_BOOL));
    memcpy(dims, x->dims, (size_t)rank * sizeof *dims);
    double *now = doubles(call, dims, rank);
    int32_t code = now ? NN_OK : NN_OUT_OF_MEMORY;
    for (int64_t i = 0; now && i < n; i++)
        now[i] = nn_load(nn_data(x), x->type, i);
    for (int32_t d = 0; code == NN_OK && d < rank; d++) {
        NnTaps t = {.in = small[d], .out = big[d]};
        if (r->scale[d] == 1 && t.in == t.out && r->start[d] == 0 && r->end[d] == 1)
            continue;
        dims[d] = back ? small[d] : big[d];
        double *next = doubles(call, dims, rank);
        code = next ? nn_resize_taps(call, r, d, &t) : NN_OUT_OF_MEMORY;
        if (code == NN_OK)
            pass(&t, now, next, nn_product(dims, 0, d), nn_product(dims, d + 1, rank), beyond, back);
        nn_taps_free(call, &t);
        call->host->free(call->host, now);
        now = next;
    }
    for (int64_t i = 0; code == NN_OK && i < m; i++)
        nn_store(nn_data(y), y->type, i, whole ? nearbyint(now[i]) : now[i]);
    call->host->free(call->host, now);
    return code == NN_OUT_OF_MEMORY
               ? nn_fail(call->host, call->status, code, "no memory for %s", call->node->op)
               : code;
}

/* Nearest elements are moved as they are, as integers may be larger than a double holds. */
static int32_t pick(const NnCall *call, const NnResize *r, const NnTensor *x, NnTensor *y) {
    const double beyond = nn_attr_float(call->node, "extrapolation_value", 0);
    const int64_t n = nn_elements(y);
    int64_t index[NN_MAX_RANK] = {0}, strides[NN_MAX_RANK];
    NnTaps taps[NN_MAX_RANK];
    int32_t code = NN_OK;
    memset(taps, 0, sizeof taps);
    nn_dense(x->rank, x->dims, strides);
    for (int32_t d = 0; code == NN_OK && d < x->rank; d++) {
        taps[d] = (NnTaps){.in = x->dims[d], .out = y->dims[d]};
        code = nn_resize_taps(call, r, d, &taps[d]);
    }
    for (int64_t i = 0; code == NN_OK && i < n; i++, nn_next(y->rank, y->dims, index)) {
        int64_t from = 0;
        for (int32_t d = 0; from >= 0 && d < x->rank; d++)
            from = taps[d].at[index[d]] < 0 ? -1 : from + taps[d].at[index[d]] * strides[d];
        if (from < 0)
            nn_store(nn_data(y), y->type, i, beyond);
        else
            nn_move(nn_data(y), i, nn_data(x), from, 1, nn_type_size(y->type));
    }
    for (int32_t d = 0; d < x->rank; d++)
        nn_taps_free(call, &taps[d]);
    return code;
}

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0];
    NnTensor *y = call->outputs[0];
    NnResize r;
    const int32_t code =
        nn_resize_read(call, x->dims, x->rank, nn_input(call, 1), nn_input(call, 2), nn_input(call, 3), &r);
    if (code != NN_OK)
        return code;
    return nn_resize_is(call->node, "mode", "nearest") ? pick(call, &r, x, y)
                                                       : resize(call, &r, x, y, x->dims, y->dims, false);
}

static NnValue *input(const NnGradient *g, uint32_t i) { return g->node->n_inputs > i ? g->inputs[i] : NULL; }

static int32_t gradient(NnGradient *g) {
    g->grads[0] = nn_rule_same_attrs(
        g, "nn/ResizeGrad", NN_VALUES(NN_DY(g), g->inputs[0], input(g, 1), input(g, 2), input(g, 3)));
    return NN_OK;
}

static int32_t grad_infer(NnInfer *n) {
    int64_t dims[NN_MAX_RANK] = {0};
    const NnValueInfo *dy = n->node->inputs[0], *x = n->node->inputs[1];
    const NnValueInfo resized = {.rank = x->rank, .dims = dims};
    char a[200], b[200];
    const int32_t code = nn_resize_extents(n, 1, dims);
    nn_output_like(n, 0, 1, dy->type);
    if (code != NN_OK || nn_same_shapes(dy, &resized))
        return code;
    return nn_bad(n, "dY is %s: expected the shape of the result, %s",
                  nn_shape_text(dy->rank, dy->dims, a, sizeof a), nn_shape_text(x->rank, dims, b, sizeof b));
}

/* Linear in dY, and the other way round it is the resizing itself, with nothing in place of what lies
 * outside. */
static int32_t grad_gradient(NnGradient *g) {
    NnAttr attrs[16];
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->node->n_attrs && n < NN_COUNT(attrs); i++) {
        const NnAttr *a = (const void *)((const char *)g->node->attrs + (size_t)i * g->node->attr_stride);
        if (strcmp(a->name, "extrapolation_value") != 0)
            attrs[n++] = *a;
    }
    g->grads[0] = nn_op(g->host, g->graph, "Resize",
                        NN_VALUES(NN_DY(g), input(g, 2), input(g, 3), input(g, 4)), attrs, n);
    return NN_OK;
}

static int32_t grad_compute(const NnCall *call) {
    const NnTensor *dy = call->inputs[0];
    NnTensor *dx = call->outputs[0];
    NnResize r;
    const int32_t code =
        nn_resize_read(call, dx->dims, dx->rank, nn_input(call, 2), nn_input(call, 3), nn_input(call, 4), &r);
    return code == NN_OK ? resize(call, &r, dy, dx, dx->dims, dy->dims, true) : code;
}

#define LISTS                                                                                                \
    {"roi",     "R",                                                                                         \
     NN_FLOATS, NN_OPTIONAL | NN_NO_GRADIENT,                                                                \
     0,         "starts, then ends of the region for tf_crop_and_resize, in parts of the extents"},          \
        {"scales",                                                                                           \
         "S",                                                                                                \
         NN_MASK(NN_F32),                                                                                    \
         NN_OPTIONAL | NN_SHAPE_VALUE | NN_NO_GRADIENT,                                                      \
         0,                                                                                                  \
         "factor of each extent; absent or empty: sizes"},                                                   \
    {                                                                                                        \
        "sizes", "I", NN_MASK(NN_I64), NN_OPTIONAL | NN_SHAPE_VALUE | NN_NO_GRADIENT, 0,                     \
            "the new extents; absent or empty: scales"                                                       \
    }

#define ATTRIBUTES                                                                                           \
    NN_ATTRIBUTES(                                                                                           \
        NN_CHOICE("mode", "nearest", "nearest|linear|cubic", "how to interpolate along each dimension"),     \
        NN_CHOICE("coordinate_transformation_mode", "half_pixel",                                            \
                  "half_pixel|half_pixel_symmetric|pytorch_half_pixel|align_corners|asymmetric|"             \
                  "tf_crop_and_resize|tf_half_pixel_for_nn",                                                 \
                  "where in the input an element of the result lies (the last: opset 11 and 12)"),           \
        NN_CHOICE("nearest_mode", "round_prefer_floor", "round_prefer_floor|round_prefer_ceil|floor|ceil",   \
                  "which of two neighbours is the nearest"),                                                 \
        NN_CHOICE("keep_aspect_ratio_policy", "stretch", "stretch|not_larger|not_smaller",                   \
                  "whether sizes are limits, between which the aspect ratio stays"),                         \
        {.name = "axes", .kind = NN_SET_INTS, .doc = "what the lists are of; absent: all"},                  \
        NN_FLAG("antialias", "0", "1: scaling down, wider kernels take in all elements"),                    \
        NN_FLAG("exclude_outside", "0", "1: neighbours beyond the edge have no weight"),                     \
        NN_REAL("cubic_coeff_a", "-0.75", "parameter of the cubic kernel"),                                  \
        NN_REAL("extrapolation_value", "0.0", "the result outside of the input, for tf_crop_and_resize"))

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("Resize", 19), NN_IN({"X", "T", NN_ANY, 0, 0, "what is resized"}, LISTS),
    NN_OUT({"Y", "T", NN_ANY, 0, 0, "with the new extents"}), ATTRIBUTES,
    NN_SAMPLES("[1,1,2,3] - f32[4]{1,1,2,1.5}", "[1,2,4,3] - - i64[4]{1,2,3,5}; mode=linear",
               "[5,4] - f32[2]{.6,1.7}; mode=linear coordinate_transformation_mode=align_corners",
               "[2,5] - f32[1]{2.3}; axes=-1, mode=cubic coordinate_transformation_mode=asymmetric",
               "[4,4] - - i64[2]{7,3}; mode=cubic exclude_outside=1 cubic_coeff_a=-.5",
               "[7] - - i64[1]{3}; mode=linear antialias=1", "[9] - f32[1]{.4}; mode=cubic antialias=1",
               "[3,5] - - i64[2]{6,6}; keep_aspect_ratio_policy=not_larger mode=linear",
               "[3,5] - - i64[2]{6,6}; keep_aspect_ratio_policy=not_smaller nearest_mode=floor",
               "[4,4] f32[4]{.1,-.2,.9,1.3} - i64[2]{3,5}; mode=linear extrapolation_value=.5 "
               "coordinate_transformation_mode=tf_crop_and_resize",
               "[6] - f32[1]{.7}; mode=linear coordinate_transformation_mode=half_pixel_symmetric",
               "[4] - - i64[1]{1}; mode=linear coordinate_transformation_mode=pytorch_half_pixel",
               "[5] - f32[1]{1.5}; nearest_mode=round_prefer_ceil coordinate_transformation_mode=asymmetric",
               "i64[4]@-99:99 - - i64[1]{6}; nearest_mode=ceil", "i64[3]@0:99 - f32[1]{2}; mode=linear",
               "[6] - f32[1]{.5}; nearest_mode=floor coordinate_transformation_mode=tf_half_pixel_for_nn",
               "[1,1,3,4] - f32[4]{1,1,1.7,.8}; mode=cubic",
               "[2,3] - f32[2]{2.5,1.7}; nearest_mode=floor coordinate_transformation_mode=asymmetric",
               "[3,4] - - i64[2]{5,3}; mode=linear coordinate_transformation_mode=align_corners",
               "[0,3] - f32[2]{2,2}"),
    .doc = "Other extents: each element of Y is a weighted mean of the elements of X around its place. "
           "Extents are floor(extent * scale), or sizes.",
    .infer = infer, .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(
    grad_op, NN_OURS("ResizeGrad", 1),
    NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of the result"}, NN_LIKE, LISTS),
    NN_OUT({"dX", "T", NN_FLOATS, 0, 0, "gradient of X"}), ATTRIBUTES,
    NN_SAMPLES("[1,1,4,4] [1,1,2,3] - f32[4]{1,1,2,1.5}", "[3,5] [4,3] - - i64[2]{3,5}; mode=linear",
               "[3] [7] - - i64[1]{3}; mode=cubic antialias=1",
               "[5] [4] f32[2]{.1,1.3} - i64[1]{5}; mode=linear extrapolation_value=.5 "
               "coordinate_transformation_mode=tf_crop_and_resize",
               "[0,6] [0,3] - f32[2]{2,2}"),
    .doc = "Gradient of Resize: each element of dX is the sum of the dY that it had a part in, times the "
           "part.",
    .infer = grad_infer, .gradient = grad_gradient, .compute = grad_compute);

NN_OPERATORS(resize, "Other extents by interpolation.", NN_OP("Resize", op), NN_OP("nn/ResizeGrad", grad_op))
