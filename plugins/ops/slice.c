/* SPDX-License-Identifier: Apache-2.0 */
/* A part of a tensor, with steps; the gradient puts it back among zeros. */
#include "family/alike.h"
#include "family/index.h"

typedef struct Range {
    int64_t start, step, count;
} Range;

/* The i-th positions start, start + step, ... of an extent, as Python cuts them off at both ends. */
static Range cut(int64_t extent, int64_t start, int64_t end, int64_t step) {
    const int64_t low = step < 0 ? -1 : 0, high = step < 0 ? extent - 1 : extent;
    start += start < 0 ? extent : 0;
    end += end < 0 ? extent : 0;
    start = start < (step < 0 ? 0 : low) ? (step < 0 ? 0 : low) : start > high ? high : start;
    end = end < low ? low : end > high ? high : end;
    const int64_t span = step < 0 ? start - end : end - start, size = step < 0 ? -step : step;
    /* A start before the first element leaves nothing when the step goes backwards. */
    return (Range){start, step, extent > 0 && span > 0 ? (span + size - 1) / size : 0};
}

/* What is left of a whole x by the numbers that are the inputs from `first` on. */
typedef struct Part {
    bool known;    /* the numbers and the rank are */
    uint32_t axes; /* mask of those that are cut */
    Range last;
    int64_t dims[NN_MAX_RANK];
} Part;

static int32_t find_part(NnInfer *n, const NnValueInfo *x, uint32_t first, Part *part) {
    const NnNode *node = n->node;
    int64_t v[4][NN_MAX_KNOWN], count[4];
    for (uint32_t k = 0; k < 4; k++)
        count[k] = nn_given(node, k + first) ? nn_ask(n, k + first, v[k]) : -2;
    *part =
        (Part){.known = x->rank >= 0 && count[0] >= 0 && count[1] >= 0 && count[2] != -1 && count[3] != -1};
    if (!part->known)
        return NN_OK;
    if (count[0] > x->rank || count[1] != count[0] || (count[2] >= 0 && count[2] != count[0]) ||
        (count[3] >= 0 && count[3] != count[0]))
        return nn_bad(
            n,
            "starts, ends, axes and steps have %lld, %lld, %lld and %lld elements, expected as many each, "
            "at most the rank, %d",
            (long long)count[0], (long long)count[1], (long long)(count[2] < 0 ? count[0] : count[2]),
            (long long)(count[3] < 0 ? count[0] : count[3]), x->rank);
    nn_dims_of(x, part->dims);
    for (int64_t i = 0; i < count[0]; i++) {
        int64_t axis = count[2] < 0 ? i : v[2][i];
        const int64_t step = count[3] < 0 ? 1 : v[3][i];
        if (nn_axis(n, "axes", &axis, x->rank) != NN_OK)
            return NN_INVALID;
        if (step == 0 || part->axes >> axis & 1)
            return nn_bad(n, step == 0 ? "a step is 0" : "axes names a dimension twice");
        part->axes |= 1u << axis;
        if (part->dims[axis] >= 0) {
            part->last = cut(part->dims[axis], v[0][i], v[1][i], step);
            part->dims[axis] = part->last.count;
        }
    }
    return NN_OK;
}

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    int64_t known[NN_MAX_KNOWN], out[NN_MAX_KNOWN];
    Part part;
    const int32_t code = find_part(n, x, 1, &part);
    if (code != NN_OK)
        return code;
    if (!part.known) {
        nn_output_rank(n, 0, x->type, x->rank);
        return NN_OK;
    }
    n->output(n, 0, x->type, x->rank, part.dims);
    if (x->rank == 1 && nn_known(x, known) >= 0 && part.axes) {
        for (int64_t i = 0; i < part.last.count; i++)
            out[i] = known[part.last.start + i * part.last.step];
        n->value(n, 0, (uint64_t)part.last.count, out);
    }
    return NN_OK;
}

/* Base and strides with which the part is read from the whole; k is the input of starts. */
static int64_t window(const NnCall *call, const NnTensor *whole, uint32_t k, int64_t *strides) {
    const NnTensor *starts = call->inputs[k], *ends = call->inputs[k + 1], *axes = nn_input(call, k + 2);
    const NnTensor *steps = nn_input(call, k + 3);
    int64_t base = 0;
    nn_dense(whole->rank, whole->dims, strides);
    for (int64_t i = 0; i < nn_elements(starts); i++) {
        const int32_t a = nn_axis_of(axes ? nn_load_int(nn_data(axes), axes->type, i) : i, whole->rank);
        const Range r = cut(whole->dims[a], nn_load_int(nn_data(starts), starts->type, i),
                            nn_load_int(nn_data(ends), ends->type, i),
                            steps ? nn_load_int(nn_data(steps), steps->type, i) : 1);
        base += r.start * strides[a];
        strides[a] *= r.step;
    }
    return base;
}

static int32_t compute(const NnCall *call) {
    NnTensor *y = call->outputs[0];
    int64_t strides[NN_MAX_RANK], index[NN_MAX_RANK] = {0};
    const int64_t n = nn_elements(y), base = window(call, call->inputs[0], 1, strides);
    for (int64_t i = 0; i < n; i++, nn_next(y->rank, y->dims, index))
        nn_move(nn_data(y), i, nn_data(call->inputs[0]), base + nn_at(y->rank, index, strides), 1,
                nn_type_size(y->type));
    return NN_OK;
}

/* dy or d, `like` where there is one, then the numbers. */
static int32_t rule(NnGradient *g, const char *op, NnValue *like, uint32_t first) {
    NnValue *in[6] = {NN_DY(g), like};
    uint32_t n = like ? 2 : 1;
    for (uint32_t i = first; i < g->node->n_inputs; i++)
        in[n++] = g->inputs[i];
    g->grads[0] = nn_op(g->host, g->graph, op, in, n, NN_NO_ATTRS);
    return NN_OK;
}

static int32_t gradient(NnGradient *g) { return rule(g, "nn/SliceGrad", g->inputs[0], 1); }
static int32_t grad_gradient(NnGradient *g) { return rule(g, "Slice", NULL, 2); }

static int32_t grad_infer(NnInfer *n) {
    const NnValueInfo *dy = n->node->inputs[0];
    Part part;
    nn_output_like(n, 0, 1, dy->type);
    const int32_t code = find_part(n, n->node->inputs[1], 2, &part);
    if (code != NN_OK || !part.known || dy->rank < 0)
        return code;
    const NnValueInfo cut_out = {
        .struct_size = sizeof cut_out, .rank = n->node->inputs[1]->rank, .dims = part.dims};
    return nn_same_shapes(dy, &cut_out) ? NN_OK : nn_bad(n, "dY has not the shape of the part of `like`");
}

static int32_t grad_compute(const NnCall *call) {
    const NnTensor *dy = call->inputs[0];
    NnTensor *dx = call->outputs[0];
    int64_t strides[NN_MAX_RANK], index[NN_MAX_RANK] = {0};
    const int64_t n = nn_elements(dy), base = window(call, dx, 2, strides);
    nn_clear(dx);
    for (int64_t i = 0; i < n; i++, nn_next(dy->rank, dy->dims, index))
        nn_move(nn_data(dx), base + nn_at(dy->rank, index, strides), nn_data(dy), i, 1,
                nn_type_size(dx->type));
    return NN_OK;
}

#define NUMBERS                                                                                              \
    NN_HOST_INTS("starts", 0, "first position, per axis; negative ones count from the end"),                 \
        NN_HOST_INTS("ends", 0, "position after the last, per axis"),                                        \
        NN_HOST_INTS("axes", NN_OPTIONAL, "which; absent: the first ones"),                                  \
        NN_HOST_INTS("steps", NN_OPTIONAL, "per axis, not 0; absent: 1")

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Slice", 13), NN_IN(NN_DATA(0), NUMBERS),
                      NN_OUT({"output", "T", NN_ANY, 0, 0, "the part"}),
                      NN_SAMPLES("[4,5] i64[2]{1,0} i64[2]{3,4}", "[4,5] i64[1]{1} i64[1]{-1} i64[1]{1}",
                                 "[5] i64[1]{-1} i64[1]{-9} i64[1]{0} i64[1]{-2}",
                                 "[4,5] i64[1]{0} i64[1]{99} i64[1]{1} i64[1]{3}",
                                 "[4,5] i64[1]{3} i64[1]{1}", "[0,3] i64[1]{0} i64[1]{2}",
                                 "[2] i64[0] i64[0]"),
                      .doc = "The part of a tensor from starts up to ends along axes, in steps.",
                      .infer = infer, .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(grad_op, NN_OURS("SliceGrad", 1),
                      NN_IN({"dY", "T", NN_ANY, 0, 0, "gradient of the part"}, NN_LIKE, NUMBERS),
                      NN_OUT({"dX", "T", NN_ANY, 0, 0, "gradient of the whole"}),
                      NN_SAMPLES("[2,4] [4,5] i64[2]{1,0} i64[2]{3,4}",
                                 "[3] [5] i64[1]{-1} i64[1]{-9} i64[1]{0} i64[1]{-2}",
                                 "[0,3] [0,3] i64[1]{0} i64[1]{2}"),
                      .doc = "Gradient of Slice: dY in its place among zeros, in the shape of `like`.",
                      .infer = grad_infer, .gradient = grad_gradient, .compute = grad_compute);

NN_OPERATORS(slice, "A part of a tensor.", NN_OP("Slice", op), NN_OP("nn/SliceGrad", grad_op))
