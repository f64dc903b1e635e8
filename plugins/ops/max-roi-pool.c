/* SPDX-License-Identifier: Apache-2.0 */
/* Boxes of an image brought to one size by the maximum of each part (Girshick 2015, Fast R-CNN), and the
 * gradient, which goes to where the maxima stand. */
#include "family/roi.h"

static void pooled_shape(const NnNode *node, int64_t *height, int64_t *width) {
    uint32_t n;
    const int64_t *shape = nn_attr_ints(node, "pooled_shape", &n);
    *height = n == 2 ? shape[0] : 0;
    *width = n == 2 ? shape[1] : 0;
}

static int32_t check(NnInfer *n, int64_t *height, int64_t *width) {
    pooled_shape(n->node, height, width);
    return *height > 0 && *width > 0 && *height <= 65536 && *width <= 65536
               ? NN_OK
               : nn_bad(n, "pooled_shape is not height and width from 1 to 65536");
}

static int32_t infer(NnInfer *n) {
    int64_t dims[4] = {0}, height, width;
    int32_t code = check(n, &height, &width);
    if (code == NN_OK)
        code = nn_roi_shape(n, 0, 5, height, width, dims);
    n->output(n, 0, n->node->inputs[0]->type, 4, dims);
    return code;
}

/* The elements of part i along one direction of a box: from *first on, up to *last, which is left out. */
static void part(double low, double high, int64_t i, int64_t parts, int64_t in, int64_t *first,
                 int64_t *last) {
    const double start = round(low), extent = fmax(round(high) - start + 1, 1) / (double)parts;
    *first = nn_to_i64(floor((double)i * extent) + start, 0, (double)in);
    *last = nn_to_i64(ceil((double)(i + 1) * extent) + start, 0, (double)in);
}

/* The place of the maximum in a plane, -1 where a part is empty. */
static int64_t best(const NnTensor *x, int64_t plane, const int64_t v[2], const int64_t h[2]) {
    int64_t at = -1;
    double most = 0;
    for (int64_t i = v[0]; i < v[1]; i++)
        for (int64_t j = h[0]; j < h[1]; j++) {
            const int64_t e = plane + i * x->dims[3] + j;
            const double value = nn_load(nn_data(x), x->type, e);
            if (at < 0 || value > most || (isnan(value) && !isnan(most))) {
                at = e;
                most = value;
            }
        }
    return at;
}

static int32_t walk(const NnCall *call, uint32_t first,
                    void (*visit)(const NnCall *, void *, int64_t, int64_t), void *arg) {
    const NnTensor *x = call->inputs[first], *rois = call->inputs[first + 1];
    const double scale = nn_attr_float(call->node, "spatial_scale", 1);
    int64_t height, width, to = 0, v[2], h[2];
    pooled_shape(call->node, &height, &width);
    for (int64_t b = 0; b < rois->dims[0]; b++) {
        double box[5];
        for (int32_t i = 0; i < 5; i++)
            box[i] = nn_load(nn_data(rois), rois->type, b * 5 + i) * (i ? scale : 1);
        if (!(box[0] >= 0 && box[0] < (double)x->dims[0]))
            return nn_fail(call->host, call->status, NN_INVALID,
                           "box %lld is of image %g: expected 0 to %lld", (long long)b, box[0],
                           (long long)x->dims[0] - 1);
        for (int64_t c = 0; c < x->dims[1]; c++)
            for (int64_t i = 0; i < height; i++)
                for (int64_t j = 0; j < width; j++) {
                    part(box[2], box[4], i, height, x->dims[2], &v[0], &v[1]);
                    part(box[1], box[3], j, width, x->dims[3], &h[0], &h[1]);
                    visit(call, arg, to++,
                          best(x, ((int64_t)box[0] * x->dims[1] + c) * x->dims[2] * x->dims[3], v, h));
                }
    }
    return NN_OK;
}

static void store(const NnCall *call, void *arg, int64_t to, int64_t from) {
    NnTensor *y = call->outputs[0];
    (void)arg;
    nn_store(nn_data(y), y->type, to,
             from < 0 ? 0 : nn_load(nn_data(call->inputs[0]), call->inputs[0]->type, from));
}

static void spread(const NnCall *call, void *arg, int64_t to, int64_t from) {
    if (from >= 0)
        ((double *)arg)[from] += nn_load(nn_data(call->inputs[0]), call->inputs[0]->type, to);
}

static int32_t compute(const NnCall *call) { return walk(call, 0, store, NULL); }
static int32_t grad_walk(const NnCall *call, double *sums) { return walk(call, 1, spread, sums); }
static int32_t grad_compute(const NnCall *call) { return nn_roi_grad_compute(call, grad_walk); }

static int32_t gradient(NnGradient *g) {
    g->grads[0] = nn_rule_same_attrs(g, "nn/MaxRoiPoolGrad", NN_VALUES(NN_DY(g), g->inputs[0], g->inputs[1]));
    return NN_OK;
}

static int32_t grad_infer(NnInfer *n) {
    int64_t height, width;
    const int32_t code = check(n, &height, &width);
    return code == NN_OK ? nn_roi_grad_infer(n, 5, height, width) : code;
}

#define ROIS                                                                                                 \
    { "rois", "T", NN_FLOATS, NN_NO_GRADIENT, 0, "boxes [boxes, 5]: image, x1, y1, x2, y2, ends included" }
#define ATTRIBUTES                                                                                           \
    NN_ATTRIBUTES({.name = "pooled_shape",                                                                   \
                   .kind = NN_SET_INTS,                                                                      \
                   .flags = NN_SET_REQUIRED,                                                                 \
                   .doc = "height and width of the result"},                                                 \
                  NN_REAL("spatial_scale", "1.0", "extent of X over that of what the boxes are of"))

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("MaxRoiPool", 22), NN_IN({"X", "T", NN_FLOATS, 0, 0, "images [N, C, H, W]"}, ROIS),
    NN_OUT({"Y", "T", NN_FLOATS, 0, 0, "[boxes, C, height, width]"}), ATTRIBUTES,
    NN_SAMPLES("[2,2,5,6] [2,5]{0,0,1,3,4,1,2,-3,9,2}; pooled_shape=2,3",
               "[1,1,4,4] [2,5]{0,1,1,6,7,0,9,9,12,12}; pooled_shape=2,2 spatial_scale=.5",
               "[1,2,3,3] [0,5]; pooled_shape=1,1"),
    .doc = "The maximum of each part of each box, 0 where a part lies outside of the image.", .infer = infer,
    .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(
    grad_op, NN_OURS("MaxRoiPoolGrad", 1), .flags = NN_OP_NOT_TWICE,
    NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of the result"}, {"X", "T", NN_FLOATS, 0, 0, "the images"},
          ROIS),
    NN_OUT({"dX", "T", NN_FLOATS, 0, 0, "gradient of X"}), ATTRIBUTES,
    NN_SAMPLES("[1,2,1,2] [1,2,4,4] [1,5]{0,0,1,2,3}; pooled_shape=1,2",
               "[0,2,1,1] [1,2,3,3] [0,5]; pooled_shape=1,1"),
    .doc = "Gradient of MaxRoiPool: what arrives at a part goes to where its maximum stands.",
    .infer = grad_infer, .compute = grad_compute);

NN_OPERATORS(max_roi_pool, "Maxima of the parts of boxes.", NN_OP("MaxRoiPool", op),
             NN_OP("nn/MaxRoiPoolGrad", grad_op))
