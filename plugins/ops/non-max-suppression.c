/* SPDX-License-Identifier: Apache-2.0 */
/* The best boxes of each class, without those that overlap a better one too much; how many they are is found
 * while running. */
#include "family/index.h"
#include "family/sort.h"

static int32_t infer(NnInfer *n) {
    const NnNode *node = n->node;
    const NnValueInfo *boxes = node->inputs[0], *scores = node->inputs[1];
    int64_t most[NN_MAX_KNOWN], dims[2] = {NN_DIM_UNKNOWN, 3}, all = 1;
    char a[200], b[200];
    bool fits = (boxes->rank < 0 || boxes->rank == 3) && (scores->rank < 0 || scores->rank == 3);
    if (fits && boxes->rank == 3) {
        fits = boxes->dims[2] == 4 || !nn_dim_known(boxes->dims[2]);
        for (int32_t i = 0; fits && scores->rank == 3 && i < 2; i++)
            fits = boxes->dims[i] == scores->dims[2 * i] || !nn_dim_known(boxes->dims[i]) ||
                   !nn_dim_known(scores->dims[2 * i]);
    }
    if (!fits)
        return nn_bad(n, "boxes are %s and scores %s: expected [N, boxes, 4] and [N, classes, boxes]",
                      nn_shape_text(boxes->rank, boxes->dims, a, sizeof a),
                      nn_shape_text(scores->rank, scores->dims, b, sizeof b));
    for (int32_t i = 0; i < 3; i++)
        all = all < 0 || scores->rank < 0 || !nn_dim_known(scores->dims[i]) ? NN_DIM_UNKNOWN
              : i == 2 && nn_given(node, 2) && nn_known(node->inputs[2], most) == 1 && most[0] >= 0 &&
                      most[0] < scores->dims[2]
                  ? all * most[0]
                  : all * scores->dims[i];
    if (!nn_given(node, 2))
        dims[0] = 0;
    else if (all >= 0)
        dims[0] = nn_dim_bounded(all);
    n->output(n, 0, NN_I64, 2, dims);
    return NN_OK;
}

static double at(const NnTensor *t, int64_t i) { return nn_load(nn_data(t), t->type, i); }

/* The corners of a box, whichever way it is given. */
typedef struct Box {
    double low[2], high[2];
} Box;

static Box box_of(const NnTensor *boxes, int64_t i, bool centred) {
    Box b;
    for (int32_t d = 0; d < 2; d++) {
        const double p = at(boxes, i * 4 + d), q = at(boxes, i * 4 + 2 + d);
        b.low[d] = centred ? p - q / 2 : fmin(p, q);
        b.high[d] = centred ? p + q / 2 : fmax(p, q);
    }
    return b;
}

static double area(const Box *b) { return (b->high[0] - b->low[0]) * (b->high[1] - b->low[1]); }

/* The area of the intersection over that of the union. */
static double overlap(const Box *a, const Box *b) {
    double sides[2];
    for (int32_t d = 0; d < 2; d++)
        sides[d] = fmin(a->high[d], b->high[d]) - fmax(a->low[d], b->low[d]);
    if (!(sides[0] > 0 && sides[1] > 0 && area(a) > 0 && area(b) > 0))
        return 0;
    const double both = sides[0] * sides[1];
    return both / (area(a) + area(b) - both);
}

typedef struct Scores {
    const NnTensor *scores;
    int64_t base;
} Scores;

/* The highest score first; what is not a number is last. */
static bool after(const void *about, int64_t a, int64_t b) {
    const Scores *s = about;
    const double p = at(s->scores, s->base + a), q = at(s->scores, s->base + b);
    return q > p || (isnan(p) && !isnan(q));
}

typedef struct Work {
    int64_t *order, *room;
    Box *kept;
} Work;

/* An optional number; one without elements counts as absent. */
static const NnTensor *number(const NnCall *call, uint32_t i) {
    const NnTensor *t = nn_input(call, i);
    return t && nn_elements(t) > 0 ? t : NULL;
}

/* One class of one image; returns how many triples there are now. */
static int64_t select_boxes(const NnCall *call, const Work *w, int64_t image, int64_t class_, int64_t found) {
    const NnTensor *boxes = call->inputs[0], *scores = call->inputs[1];
    const NnTensor *most = number(call, 2), *iou = number(call, 3), *least = number(call, 4);
    const bool centred = nn_attr_int(call->node, "center_point_box", 0) != 0;
    const int64_t n = boxes->dims[1], limit = nn_load_int(nn_data(most), most->type, 0);
    const Scores s = {scores, (image * scores->dims[1] + class_) * n};
    const double too_much = iou ? at(iou, 0) : 0;
    int64_t candidates = 0, kept = 0, *out = nn_data(call->outputs[0]);
    for (int64_t i = 0; i < n; i++)
        if (!least || at(scores, s.base + i) > at(least, 0))
            w->order[candidates++] = i;
    nn_sort(w->order, w->room, candidates, after, &s);
    for (int64_t i = 0; i < candidates && kept < limit; i++) {
        const Box b = box_of(boxes, image * n + w->order[i], centred);
        bool free = true;
        for (int64_t k = 0; free && k < kept; k++)
            free = !(overlap(&b, &w->kept[k]) > too_much);
        if (!free)
            continue;
        w->kept[kept++] = b;
        out[3 * found] = image;
        out[3 * found + 1] = class_;
        out[3 * found++ + 2] = w->order[i];
    }
    return found;
}

static int32_t compute(const NnCall *call) {
    const NnTensor *boxes = call->inputs[0], *scores = call->inputs[1];
    NnTensor *y = call->outputs[0];
    const uint64_t n = (uint64_t)boxes->dims[1] + 1;
    Work w = {.order = call->host->alloc(call->host, 2 * n * sizeof *w.order),
              .kept = call->host->alloc(call->host, n * sizeof *w.kept)};
    const bool room = w.order && w.kept, any = number(call, 2) != NULL;
    int64_t found = 0;
    w.room = w.order ? w.order + n : NULL;
    for (int64_t i = 0; room && any && i < scores->dims[0]; i++)
        for (int64_t c = 0; c < scores->dims[1]; c++)
            found = select_boxes(call, &w, i, c, found);
    y->dims[0] = found;
    nn_dense(2, y->dims, y->strides);
    call->host->free(call->host, w.order);
    call->host->free(call->host, w.kept);
    return room ? NN_OK
                : nn_fail(call->host, call->status, NN_OUT_OF_MEMORY, "no memory to sort %lld boxes",
                          (long long)boxes->dims[1]);
}

#define THRESHOLD(name, doc)                                                                                 \
    { name, NULL, NN_MASK(NN_F32), NN_OPTIONAL | NN_NO_GRADIENT, 0, doc }

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("NonMaxSuppression", 11),
    NN_IN({"boxes", NULL, NN_MASK(NN_F32), NN_NO_GRADIENT, 0, "[N, boxes, 4]"},
          {"scores", NULL, NN_MASK(NN_F32), NN_NO_GRADIENT, 0, "[N, classes, boxes]"},
          NN_HOST_INTS("max_output_boxes_per_class", NN_OPTIONAL,
                       "at most so many of a class and image; absent: 0"),
          THRESHOLD("iou_threshold", "an overlap above it suppresses the worse box; absent: 0"),
          THRESHOLD("score_threshold", "only better boxes are looked at; absent: all")),
    NN_OUT({"selected_indices", NULL, NN_MASK(NN_I64), NN_NO_GRADIENT, 0, "rows of image, class, box"}),
    NN_ATTRIBUTES(
        NN_FLAG("center_point_box", "0",
                "0: boxes are two opposite corners y, x, y, x; 1: centre and extent x, y, width, height")),
    NN_SAMPLES("f32[1,6,4]{0,0,1,1,0,.1,1,1.1,0,-.1,1,.9,0,10,1,11,0,10.1,1,11.1,0,100,1,101} "
               "f32[1,1,6]{.9,.75,.6,.95,.5,.3} i64[1]{3} f32[1]{.5} f32[1]{0}",
               "f32[2,3,4]@0:1 f32[2,2,3]@0:1 i64[]{2} f32[]{.3}; center_point_box=1",
               "f32[1,4,4]@0:1 f32[1,1,4]@0:1 i64[1]{9} f32[1]{.1} f32[1]{.4}",
               "f32[1,3,4]@0:1 f32[1,2,3]@0:1", "f32[0,3,4] f32[0,2,3] i64[1]{2} f32[1]{.5}",
               "f32[1,0,4] f32[1,2,0] i64[1]{2} f32[1]{.5}"),
    .doc = "Goes through the boxes of each class from the best score on, and keeps those whose intersection "
           "over "
           "union with all kept ones is not above a threshold.",
    .infer = infer, .compute = compute);

NN_OPERATORS(non_max_suppression, "Boxes without worse ones over them.", NN_OP("NonMaxSuppression", op))
