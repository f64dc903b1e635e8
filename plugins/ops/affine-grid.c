/* SPDX-License-Identifier: Apache-2.0 */
/* Evenly spaced places under an affine map: what GridSample reads an image at to turn, scale and shift it. */
#include "family/body.h"
#include "family/index.h"

/* Spatial dimensions, 2 or 3, as the matrices or the size tell; -1: not known. */
static int32_t spatial(const NnValueInfo *theta, const NnValueInfo *size) {
    if (theta && theta->rank == 3 && nn_dim_known(theta->dims[1]))
        return theta->dims[1] > 4 ? 4 : (int32_t)theta->dims[1];
    if (size && size->rank == 1 && nn_dim_known(size->dims[0]))
        return size->dims[0] > 6 ? 4 : (int32_t)size->dims[0] - 2;
    return -1;
}

static int32_t infer(NnInfer *n) {
    const NnValueInfo *theta = n->node->inputs[0], *size = n->node->inputs[1];
    const int32_t r = spatial(theta, size);
    uint64_t count = 0;
    const int64_t *extents = n->integers(n, 1, &count);
    int64_t dims[NN_MAX_RANK] = {0};
    char text[200];
    bool fits = (r < 0 || r == 2 || r == 3) && (theta->rank < 0 || theta->rank == 3);
    if (fits && r > 0 && theta->rank == 3)
        fits = theta->dims[2] == r + 1 || !nn_dim_known(theta->dims[2]);
    if (!fits || (r > 0 && size->rank == 1 && nn_dim_known(size->dims[0]) && size->dims[0] != r + 2))
        return nn_bad(n, "theta is %s and size has %lld elements: expected [N,2,3] and 4, or [N,3,4] and 5",
                      nn_shape_text(theta->rank, theta->dims, text, sizeof text),
                      size->rank == 1 ? (long long)size->dims[0] : -1);
    if (r < 0) {
        nn_output_rank(n, 0, theta->type, NN_RANK_UNKNOWN);
        return NN_OK;
    }
    dims[0] = theta->rank == 3 ? nn_dim_plain(theta->dims[0]) : NN_DIM_UNKNOWN;
    for (int32_t i = 1; i <= r; i++) {
        dims[i] = extents && count == (uint64_t)r + 2 ? extents[i + 1] : NN_DIM_UNKNOWN;
        if (dims[i] < (size->value ? 0 : -1))
            return nn_bad(n, "size has %lld at place %d: expected 0 or more", (long long)dims[i], i + 1);
    }
    dims[r + 1] = r;
    n->output(n, 0, theta->type, r + 2, dims);
    return NN_OK;
}

/* The coordinates along spatial dimension d of r, from -1 to 1, as [.., n, .., 1] of r + 1 dimensions: the
 * middles of n equal parts, or with the corners aligned the ends of n - 1 parts; one alone is in the middle.
 */
static NnValue *coordinates(NnBody *b, NnValue *size, int32_t d, int32_t r, int32_t type) {
    const int64_t place = d + 2;
    int64_t axes[4];
    int32_t m = 0;
    for (int32_t i = 0; i <= r; i++)
        if (i != d)
            axes[m++] = i;
    const NnHost *nn = b->host;
    NnValue *zero = nn_scalar(nn, b->graph, NN_I64, 0), *one = nn_scalar(nn, b->graph, NN_I64, 1);
    NnValue *n = nn_body2(b, "Gather", size, nn_scalar(nn, b->graph, NN_I64, (double)place));
    NnValue *i = nn_body_cast(b, nn_op3(nn, b->graph, "Range", zero, n, one), type), *x;
    NnValue *twice = nn_body2(b, "Add", i, i);
    if (nn_attr_int(b->node, "align_corners", 0)) {
        NnValue *parts = nn_body2(b, "Sub", n, one);
        NnValue *some = nn_body_cast(b, nn_body2(b, "Max", parts, one), type),
                *start = nn_body_cast(b, nn_body2(b, "Min", parts, one), type);
        x = nn_body2(b, "Sub", nn_body2(b, "Div", twice, some), start);
    } else {
        NnValue *middle = nn_body2(b, "Add", twice, nn_body_scalar(b, twice, 1));
        x = nn_body2(b, "Sub", nn_body2(b, "Div", middle, nn_body_cast(b, n, type)),
                     nn_body_scalar(b, twice, 1));
    }
    return nn_body2(b, "Unsqueeze", x, nn_vector(nn, b->graph, r, axes));
}

/* grid[n, o] = theta[n] times (.., y, x, 1) reversed: a product of [o1, ..., r + 1] and [N, 1.., r + 1, r].
 */
static int32_t body(NnBody *b) {
    const NnHost *nn = b->host;
    const int32_t type = b->node->inputs[0]->type, work = type == NN_F64 ? NN_F64 : NN_F32;
    NnValue *theta = type == work ? b->inputs[0] : nn_body_cast(b, b->inputs[0], work), *parts[4] = {NULL};
    const int32_t r =
        spatial(nn->graph->info(b->graph, b->inputs[0]), nn->graph->info(b->graph, b->inputs[1]));
    if (r != 2 && r != 3)
        return nn_fail(nn, b->status, NN_UNSUPPORTED, "%s needs theta of known shape here", b->node->op);
    const int64_t from = 2, to = r + 2, one = 1, behind_batch[] = {1, 2}, turned[] = {0, 2, 1};
    NnValue *extents =
        nn_op(nn, b->graph, "Slice",
              NN_VALUES(b->inputs[1], nn_vector(nn, b->graph, 1, &from), nn_vector(nn, b->graph, 1, &to)),
              NN_NO_ATTRS);
    NnValue *shape = nn_op(nn, b->graph, "Concat", NN_VALUES(extents, nn_vector(nn, b->graph, 1, &one)),
                           NN_ATTRS(NN_INT("axis", 0)));
    for (int32_t i = 0; i < r; i++)
        parts[i] = nn_body2(b, "Expand", coordinates(b, b->inputs[1], r - 1 - i, r, work), shape);
    parts[r] = nn_body2(b, "Expand", nn_body_scalar(b, theta, 1), shape);
    NnValue *places = nn_op(nn, b->graph, "Concat", parts, (uint32_t)r + 1, NN_ATTRS(NN_INT("axis", -1)));
    NnValue *maps = nn_op(nn, b->graph, "Transpose", NN_VALUES(theta), NN_ATTRS(NN_INTS("perm", 3, turned)));
    maps = nn_body2(b, "Unsqueeze", maps, nn_vector(nn, b->graph, r - 1, behind_batch));
    NnValue *grid = nn_body2(b, "MatMul", places, maps);
    b->outputs[0] = type == work ? grid : nn_body_cast(b, grid, type);
    return NN_OK;
}

NN_COMPOSITE_OPERATOR(
    op, NN_ONNX("AffineGrid", 20),
    NN_IN({"theta", "T", NN_FLOATS, 0, 0, "a map for each image, [N, 2, 3] or [N, 3, 4]"},
          {"size", "I", NN_MASK(NN_I64), NN_SHAPE_VALUE | NN_NO_GRADIENT, 0,
           "shape of the images, [N, C, H, W] or [N, C, D, H, W]"}),
    NN_OUT({"grid", "T", NN_FLOATS, 0, 0, "places [N, H, W, 2] or [N, D, H, W, 3], the innermost first"}),
    NN_ATTRIBUTES(NN_FLAG("align_corners", "0",
                          "1: -1 and 1 are the middles of the outer elements, 0: their outer edges")),
    NN_SAMPLES("[2,2,3] i64[4]{2,1,3,4}", "[1,2,3] i64[4]{1,3,2,3}; align_corners=1",
               "[2,3,4] i64[5]{2,1,2,3,2}", "[1,3,4] i64[5]{1,1,2,2,3}; align_corners=1",
               "[1,2,3] i64[4]{1,1,0,2}", "[0,2,3] i64[4]{0,1,2,2}"),
    .doc =
        "The places of an image's elements, from -1 to 1 in each dimension, under an affine map: grid[n] = "
        "theta[n] * (x, y, 1).",
    .infer = infer, .body = body);

NN_OPERATORS(affine_grid, "Places under an affine map.", NN_OP("AffineGrid", op))
