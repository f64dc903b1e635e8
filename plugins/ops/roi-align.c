/* SPDX-License-Identifier: Apache-2.0 */
/* Boxes of an image brought to one size: in each part the mean or the maximum of points that are read between
 * the elements (He et al. 2017, Mask R-CNN); and the gradient. */
#include "family/roi-points.h"
#include "family/roi.h"

static int32_t infer(NnInfer *n) {
    int64_t dims[4];
    const NnValueInfo *rois = n->node->inputs[1], *batch = n->node->inputs[2];
    const int32_t code = nn_roi_shape(n, 0, 4, nn_attr_int(n->node, "output_height", 1),
                                      nn_attr_int(n->node, "output_width", 1), dims);
    if (code == NN_OK && (batch->rank == 0 || batch->rank > 1 ||
                          (batch->rank == 1 && rois->rank == 2 && nn_dim_known(batch->dims[0]) &&
                           nn_dim_known(rois->dims[0]) && batch->dims[0] != rois->dims[0])))
        return nn_bad(n, "batch_indices does not have one index for each of %lld boxes", (long long)dims[0]);
    n->output(n, 0, n->node->inputs[0]->type, 4, dims);
    return code;
}

/* One part of one box. */
typedef struct Part {
    const NnCall *call;
    const NnTensor *x;
    NnSampling s;             /* the neighbours of a point */
    int64_t box, image, v, h; /* v, h: of the part */
    double count;             /* points in it, outside ones too */
    int64_t place;            /* of channel 0 in the result; channels are `step` apart */
    int64_t step;
} Part;

static int64_t plane(const Part *p, int64_t channel) {
    return (p->image * p->x->dims[1] + channel) * p->s.in[1] * p->s.in[2];
}

typedef void (*Visit)(const Part *, void *);

static void visit_points(Part *part, const NnPoints *v, const NnPoints *h, Visit visit, void *arg) {
    int64_t y0, x0;
    const int64_t ny = nn_points_inside(v, part->v, part->s.in[1], &y0),
                  nx = nn_points_inside(h, part->h, part->s.in[2], &x0);
    for (int64_t j = 0; j < ny; j++)
        for (int64_t i = 0; i < nx; i++) {
            double y, x;
            const bool near = nn_point(v, part->v, y0 + j, part->s.in[1], &y);
            if (!nn_point(h, part->h, x0 + i, part->s.in[2], &x) || !near)
                continue;
            nn_sampling_linear(&part->s, 1, y);
            nn_sampling_linear(&part->s, 2, x);
            visit(part, arg);
        }
}

/* Goes through all parts of all boxes and the points of each; `first` is the input that X is. */
static int32_t walk(const NnCall *call, const NnTensor *x, uint32_t first, Visit visit, Visit done,
                    void *arg) {
    const NnTensor *rois = call->inputs[first + 1], *batch = call->inputs[first + 2];
    const int64_t height = nn_attr_int(call->node, "output_height", 1),
                  width = nn_attr_int(call->node, "output_width", 1);
    const char *mode = nn_attr_string(call->node, "coordinate_transformation_mode", "half_pixel");
    Part part = {.call = call, .x = x, .step = height * width};
    nn_sampling_begin(&part.s, x);
    for (part.box = 0; part.box < rois->dims[0]; part.box++) {
        double b[4];
        const int32_t code = nn_index(call, batch, part.box, x->dims[0], &part.image);
        if (code != NN_OK)
            return code;
        for (int32_t i = 0; i < 4; i++)
            b[i] = nn_load(nn_data(rois), rois->type, part.box * 4 + i);
        const NnPoints h = nn_points(call, b[0], b[2], width, mode[0] == 'h'),
                       v = nn_points(call, b[1], b[3], height, mode[0] == 'h');
        part.count = fmax((double)v.n * (double)h.n, 1);
        for (part.v = 0; part.v < height; part.v++)
            for (part.h = 0; part.h < width; part.h++) {
                part.place = (part.box * x->dims[1] * height + part.v) * width + part.h;
                visit_points(&part, &v, &h, visit, arg);
                done(&part, arg);
            }
    }
    return NN_OK;
}

/* By channel: the sum of a part, or its maximum, the element that it comes from (-1: none) and its weight. */
typedef struct Pool {
    bool max;
    int64_t seen; /* points of the part so far */
    double *value, *weight;
    int64_t *from;
    double *dx; /* in the gradient: its sums, and what arrives */
    const NnTensor *dy;
} Pool;

static void offer(Pool *p, int64_t c, bool first, double value, int64_t from, double weight) {
    if (!first && !(value > p->value[c]))
        return;
    p->value[c] = value;
    p->from[c] = from;
    p->weight[c] = weight;
}

/* The maximum is that of the weighted neighbours, not of the points: so ONNX's reference and others have it.
 */
static void look(const Part *part, void *arg) {
    Pool *p = arg;
    for (int64_t c = 0; c < part->x->dims[1]; c++) {
        double weight;
        int64_t element, corners = 0;
        int32_t k = 0;
        if (!p->max) {
            p->value[c] += nn_sampling_value(&part->s, part->x, plane(part, c), -1);
            continue;
        }
        for (; nn_sampling_next(&part->s, &k, -1, &element, &weight); corners++)
            offer(p, c, p->seen == 0 && corners == 0,
                  weight * nn_load(nn_data(part->x), part->x->type, plane(part, c) + element),
                  plane(part, c) + element, weight);
        if (corners < 4)
            offer(p, c, false, 0, -1, 0);
    }
    p->seen++;
}

/* Points outside count as 0. */
static void finish(const Part *part, Pool *p, int64_t c) {
    if (p->max && (double)p->seen < part->count)
        offer(p, c, p->seen == 0, 0, -1, 0);
    else if (!p->max)
        p->value[c] /= part->count;
}

static void store(const Part *part, void *arg) {
    Pool *p = arg;
    NnTensor *y = part->call->outputs[0];
    for (int64_t c = 0; c < part->x->dims[1]; c++) {
        finish(part, p, c);
        nn_store(nn_data(y), y->type, part->place + c * part->step, p->value[c]);
        p->value[c] = 0;
    }
    p->seen = 0;
}

static double arriving(const Part *part, const Pool *p, int64_t c) {
    return nn_load(nn_data(p->dy), p->dy->type, part->place + c * part->step);
}

static void spread_mean(const Part *part, void *arg) {
    Pool *p = arg;
    for (int64_t c = 0; c < part->x->dims[1]; c++)
        nn_sampling_spread(&part->s, p->dx + plane(part, c), arriving(part, p, c) / part->count);
}

static void spread_max(const Part *part, void *arg) {
    Pool *p = arg;
    for (int64_t c = 0; p->max && c < part->x->dims[1]; c++) {
        finish(part, p, c);
        if (p->from[c] >= 0)
            p->dx[p->from[c]] += p->weight[c] * arriving(part, p, c);
    }
    p->seen = 0;
}

static int32_t pool(const NnCall *call, const NnTensor *x, uint32_t first, double *dx) {
    const uint64_t n = (uint64_t)x->dims[1] + 1;
    Pool p = {.max = nn_attr_string(call->node, "mode", "avg")[0] == 'm', .dx = dx, .dy = call->inputs[0]};
    p.value = call->host->alloc(call->host, 2 * n * sizeof *p.value);
    p.from = call->host->alloc(call->host, n * sizeof *p.from);
    p.weight = p.value ? p.value + n : NULL;
    const int32_t code = !p.value || !p.from ? nn_fail(call->host, call->status, NN_OUT_OF_MEMORY,
                                                       "no memory for %lld channels", (long long)x->dims[1])
                                             : walk(call, x, first, dx && !p.max ? spread_mean : look,
                                                    dx ? spread_max : store, &p);
    call->host->free(call->host, p.value);
    call->host->free(call->host, p.from);
    return code;
}

static int32_t compute(const NnCall *call) { return pool(call, call->inputs[0], 0, NULL); }

static int32_t gradient(NnGradient *g) {
    g->grads[0] = nn_rule_same_attrs(g, "nn/RoiAlignGrad",
                                     NN_VALUES(NN_DY(g), g->inputs[0], g->inputs[1], g->inputs[2]));
    return NN_OK;
}

static int32_t grad_infer(NnInfer *n) {
    return nn_roi_grad_infer(n, 4, nn_attr_int(n->node, "output_height", 1),
                             nn_attr_int(n->node, "output_width", 1));
}

static int32_t grad_walk(const NnCall *call, double *sums) { return pool(call, call->inputs[1], 1, sums); }
static int32_t grad_compute(const NnCall *call) { return nn_roi_grad_compute(call, grad_walk); }

/* Linear in dY; the mean does not look at X, and where the maximum stands changes in jumps. */
static int32_t grad_gradient(NnGradient *g) {
    if (nn_attr_string(g->node, "mode", "avg")[0] == 'm')
        return nn_fail(g->host, g->status, NN_UNSUPPORTED,
                       "RoiAlign with mode=max is not twice differentiable, only with avg");
    if (g->wanted[0])
        g->grads[0] = nn_rule_same_attrs(g, "RoiAlign", NN_VALUES(NN_DY(g), g->inputs[2], g->inputs[3]));
    return NN_OK;
}

#define COUNT(key, least, most, value, text)                                                                 \
    {                                                                                                        \
        .name = (key), .kind = NN_SET_INT, .flags = NN_SET_RANGE, .preset = (value), .min = (least),         \
        .max = (most), .doc = (text)                                                                         \
    }
#define BOXES                                                                                                \
    {"rois", "T", NN_FLOATS, NN_NO_GRADIENT, 0, "boxes x1, y1, x2, y2 [boxes, 4]"}, {                        \
        "batch_indices", "I", NN_MASK(NN_I64), NN_NO_GRADIENT, 0, "the image of each box"                    \
    }
#define ATTRIBUTES                                                                                           \
    NN_ATTRIBUTES(NN_CHOICE("mode", "avg", "avg|max", "what is taken of the points of a part"),              \
                  NN_CHOICE("coordinate_transformation_mode", "half_pixel", "half_pixel|output_half_pixel",  \
                            "half_pixel: the middle of an element is half a step behind its position"),      \
                  COUNT("output_height", 1, 65536, "1", "parts of a box from top to bottom"),                \
                  COUNT("output_width", 1, 65536, "1", "parts from left to right"),                          \
                  COUNT("sampling_ratio", 0, 1024, "0",                                                      \
                        "points of a part in each direction; 0: one for each element that it covers"),       \
                  NN_REAL("spatial_scale", "1.0", "extent of X over that of what the boxes are of"))

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("RoiAlign", 22), NN_IN({"X", "T", NN_FLOATS, 0, 0, "images [N, C, H, W]"}, BOXES),
    NN_OUT({"Y", "T", NN_FLOATS, 0, 0, "[boxes, C, output_height, output_width]"}), ATTRIBUTES,
    NN_SAMPLES(
        "[2,2,4,5] [3,4]{.2,.3,3.1,2.9,0,0,5,4,-1,1.3,2.2,6.1} i64[3]{0,1,1}; output_height=2 output_width=3",
        "[1,1,5,5] [2,4]{1.1,.7,8.3,6.1,2,2,2,2} i64[2]{0,0}; output_height=2 output_width=2 "
        "spatial_scale=.5 sampling_ratio=2 coordinate_transformation_mode=output_half_pixel",
        "[1,2,4,4]@.1:1 [1,4]{.3,.4,3.2,2.7} i64[1]{0}; mode=max output_width=2 sampling_ratio=2",
        "[1,1,3,3] [1,4]{-9,-9,-5,-4} i64[1]{0}; mode=max",
        "[1,1,3,3] [1,4]{-1e9,-3,1e9,4} i64[1]{0}; sampling_ratio=3",
        "[1,2,3,3] [0,4] i64[0]; output_height=2"),
    .doc = "The mean or maximum of points in each part of each box, read between elements by bilinear "
           "interpolation.",
    .infer = infer, .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(grad_op, NN_OURS("RoiAlignGrad", 1),
                      NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of the result"},
                            {"X", "T", NN_FLOATS, NN_NO_GRADIENT, 0, "the images"}, BOXES),
                      NN_OUT({"dX", "T", NN_FLOATS, 0, 0, "gradient of X"}), ATTRIBUTES,
                      NN_SAMPLES("[1,2,1,2] [1,2,4,4] [1,4]{.3,.4,3.2,2.7} i64[1]{0}; output_width=2",
                                 "[0,2,2,1] [1,2,3,3] [0,4] i64[0]; output_height=2"),
                      .doc = "Gradient of RoiAlign: what arrives at a part goes to the neighbours of its "
                             "points, or of the largest.",
                      .infer = grad_infer, .gradient = grad_gradient, .compute = grad_compute);

NN_OPERATORS(roi_align, "Boxes of images brought to one size.", NN_OP("RoiAlign", op),
             NN_OP("nn/RoiAlignGrad", grad_op))
