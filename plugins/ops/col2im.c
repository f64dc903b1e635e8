/* SPDX-License-Identifier: Apache-2.0 */
/* Columns put back into an image, where blocks overlap added up (the fold of convolutions), and its gradient,
 * the blocks of an image as columns. */
#include "family/index.h"

/* Strides, dilations and pads of up to NN_MAX_RANK - 2 spatial dimensions. */
typedef struct Blocks {
    int32_t n;
    int64_t image[NN_MAX_RANK], block[NN_MAX_RANK], count[NN_MAX_RANK]; /* extents; blocks along each */
    int64_t stride[NN_MAX_RANK], dilation[NN_MAX_RANK], before[NN_MAX_RANK], after[NN_MAX_RANK];
} Blocks;

static int32_t list(const NnHost *nn, NnStatus *status, const NnNode *node, const char *key, int32_t n,
                    int64_t least, int64_t preset, int64_t *out) {
    uint32_t count;
    const int64_t *given = nn_attr_ints(node, key, &count);
    if (given && count != (uint32_t)n)
        return nn_fail(nn, status, NN_INVALID, "%s has %u elements: expected %d", key, count, n);
    for (int32_t i = 0; i < n; i++) {
        out[i] = given ? given[i] : preset;
        if (out[i] < least || out[i] > INT32_MAX)
            return nn_fail(nn, status, NN_INVALID, "%s has the element %lld: expected at least %lld", key,
                           (long long)out[i], (long long)least);
    }
    return NN_OK;
}

/* Image and block are filled in; the rest follows. */
static int32_t count_blocks(const NnHost *nn, NnStatus *status, const NnNode *node, Blocks *b) {
    int64_t pads[2 * NN_MAX_RANK], elements = 1;
    int32_t code = list(nn, status, node, "strides", b->n, 1, 1, b->stride);
    if (code == NN_OK)
        code = list(nn, status, node, "dilations", b->n, 1, 1, b->dilation);
    if (code == NN_OK)
        code = list(nn, status, node, "pads", 2 * b->n, 0, 0, pads);
    for (int32_t i = 0; code == NN_OK && i < b->n; i++) {
        b->before[i] = pads[i];
        b->after[i] = pads[b->n + i];
        if (b->image[i] < 0 || b->image[i] > INT32_MAX || b->block[i] < 1 || b->block[i] > INT32_MAX)
            return nn_fail(
                nn, status, NN_INVALID,
                "spatial dimension %d has image %lld and block %lld: expected 0 or more and 1 or more", i,
                (long long)b->image[i], (long long)b->block[i]);
        const int64_t room =
            b->image[i] + b->before[i] + b->after[i] - ((b->block[i] - 1) * b->dilation[i] + 1);
        if (room < 0)
            return nn_fail(nn, status, NN_INVALID,
                           "the block (%lld) is larger than the padded image (%lld) in spatial dimension %d",
                           (long long)((b->block[i] - 1) * b->dilation[i] + 1),
                           (long long)(b->image[i] + b->before[i] + b->after[i]), i);
        b->count[i] = room / b->stride[i] + 1;
        if (b->block[i] > INT64_MAX / elements)
            return nn_fail(nn, status, NN_INVALID, "a block has more elements than can be counted");
        elements *= b->block[i];
    }
    return code;
}

/* What is known of the blocks; *known says whether that is all. Image and block are inputs 1 and 2. */
static int32_t known_blocks(NnInfer *n, Blocks *b, bool *known) {
    int64_t image[NN_MAX_KNOWN], block[NN_MAX_KNOWN];
    const int64_t d = nn_ask(n, 1, image), e = nn_ask(n, 2, block);
    *known = d >= 0 && e >= 0;
    if (d > NN_MAX_RANK - 2 || (*known && (d != e || d < 1)))
        return nn_bad(n, "image_shape has %lld elements and block_shape %lld: expected as many, 1 to %d",
                      (long long)d, (long long)e, NN_MAX_RANK - 2);
    if (!*known)
        return NN_OK;
    b->n = (int32_t)d;
    memcpy(b->image, image, (size_t)d * sizeof *image);
    memcpy(b->block, block, (size_t)d * sizeof *block);
    return count_blocks(n->host, n->status, n->node, b);
}

static int32_t spatial_rank(const NnInfer *n) {
    for (uint32_t i = 1; i <= 2; i++)
        if (n->node->inputs[i]->rank == 1 && nn_dim_known(n->node->inputs[i]->dims[0]))
            return n->node->inputs[i]->dims[0] > NN_MAX_RANK - 2 ? NN_RANK_UNKNOWN - 2
                                                                 : (int32_t)n->node->inputs[i]->dims[0];
    return NN_RANK_UNKNOWN - 2;
}

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    int64_t dims[NN_MAX_RANK];
    char text[200];
    Blocks b;
    bool known;
    const int32_t code = known_blocks(n, &b, &known);
    for (int32_t i = 0; i < NN_MAX_RANK; i++)
        dims[i] = NN_DIM_UNKNOWN;
    if (code != NN_OK)
        return code;
    if (x->rank >= 0 && x->rank != 3)
        return nn_bad(n, "input is %s: expected [N, C * elements of a block, blocks]",
                      nn_shape_text(x->rank, x->dims, text, sizeof text));
    if (x->rank == 3)
        dims[0] = nn_dim_plain(x->dims[0]);
    if (known) {
        const int64_t block = nn_product(b.block, 0, b.n), blocks = nn_product(b.count, 0, b.n);
        if (x->rank == 3 && ((nn_dim_known(x->dims[1]) && x->dims[1] % block != 0) ||
                             (nn_dim_known(x->dims[2]) && x->dims[2] != blocks)))
            return nn_bad(n, "input is %s: expected [N, multiple of %lld, %lld]",
                          nn_shape_text(x->rank, x->dims, text, sizeof text), (long long)block,
                          (long long)blocks);
        dims[1] = x->rank == 3 && nn_dim_known(x->dims[1]) ? x->dims[1] / block : NN_DIM_UNKNOWN;
        memcpy(dims + 2, b.image, (size_t)b.n * sizeof *dims);
    }
    n->output(n, 0, x->type, known ? b.n + 2 : spatial_rank(n) + 2, dims);
    return NN_OK;
}

/* Calls `meet` for every element of the columns that lies inside of the image, with its place in both. */
static int32_t walk(const NnCall *call, const NnTensor *columns, const NnTensor *image,
                    void (*meet)(const NnCall *, void *, int64_t column, int64_t pixel), void *arg) {
    Blocks b = {.n = image->rank - 2};
    int64_t k[NN_MAX_RANK] = {0}, o[NN_MAX_RANK];
    memcpy(b.image, image->dims + 2, (size_t)b.n * sizeof *b.image);
    (void)nn_integers(call->inputs[2], b.block, b.n);
    const int32_t code = count_blocks(call->host, call->status, call->node, &b);
    if (code != NN_OK || nn_elements(columns) == 0)
        return code;
    const int64_t rows = columns->dims[0] * columns->dims[1], block = nn_product(b.block, 0, b.n);
    const int64_t plane = nn_product(b.image, 0, b.n);
    int64_t at = 0;
    for (int64_t r = 0; r < rows; r++, nn_next(b.n, b.block, k)) {
        memset(o, 0, sizeof o);
        do {
            int64_t pixel = 0;
            bool inside = true;
            for (int32_t i = 0; i < b.n; i++) {
                const int64_t p = o[i] * b.stride[i] + k[i] * b.dilation[i] - b.before[i];
                inside = inside && p >= 0 && p < b.image[i];
                pixel = pixel * b.image[i] + p;
            }
            if (inside)
                meet(call, arg, at, r / block * plane + pixel);
            at++;
        } while (nn_next(b.n, b.count, o));
    }
    return NN_OK;
}

static void add_real(const NnCall *call, void *arg, int64_t column, int64_t pixel) {
    ((double *)arg)[pixel] += nn_load(nn_data(call->inputs[0]), call->inputs[0]->type, column);
}

static void add_whole(const NnCall *call, void *arg, int64_t column, int64_t pixel) {
    uint64_t *sum = (uint64_t *)arg + pixel;
    *sum += (uint64_t)nn_load_int(nn_data(call->inputs[0]), call->inputs[0]->type, column);
}

static int32_t compute(const NnCall *call) {
    NnTensor *y = call->outputs[0];
    const bool whole = nn_is(y->type, NN_INTEGERS | NN_MASK(NN_BOOL));
    const int64_t n = nn_elements(y);
    void *sums = call->host->alloc(call->host, (uint64_t)(n + 1) * sizeof(double));
    if (!sums)
        return nn_fail(call->host, call->status, NN_OUT_OF_MEMORY, "no memory for the sums of Col2Im");
    const int32_t code = walk(call, call->inputs[0], y, whole ? add_whole : add_real, sums);
    for (int64_t i = 0; code == NN_OK && i < n; i++)
        if (whole)
            nn_store_int(nn_data(y), y->type, i, ((int64_t *)sums)[i]);
        else
            nn_store(nn_data(y), y->type, i, ((double *)sums)[i]);
    call->host->free(call->host, sums);
    return code;
}

static int32_t gradient(NnGradient *g) {
    g->grads[0] = nn_rule_same_attrs(g, "nn/Im2Col", NN_VALUES(NN_DY(g), g->inputs[1], g->inputs[2]));
    return NN_OK;
}

static int32_t columns_infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    int64_t dims[3] = {NN_DIM_UNKNOWN, NN_DIM_UNKNOWN, NN_DIM_UNKNOWN};
    char text[200];
    Blocks b = {.n = 0};
    bool known;
    const int32_t code = known_blocks(n, &b, &known);
    if (code != NN_OK)
        return code;
    bool fits = x->rank < 0 || !known || x->rank == b.n + 2;
    for (int32_t i = 0; fits && known && x->rank >= 0 && i < b.n; i++)
        fits = !nn_dim_known(x->dims[i + 2]) || x->dims[i + 2] == b.image[i];
    if (!fits)
        return nn_bad(n, "image is %s: expected [N, C, as image_shape says]",
                      nn_shape_text(x->rank, x->dims, text, sizeof text));
    if (x->rank > 1)
        dims[0] = nn_dim_plain(x->dims[0]);
    if (x->rank > 1 && known && nn_dim_known(x->dims[1]))
        dims[1] = x->dims[1] * nn_product(b.block, 0, b.n);
    if (known)
        dims[2] = nn_product(b.count, 0, b.n);
    n->output(n, 0, x->type, 3, dims);
    return NN_OK;
}

static void take(const NnCall *call, void *arg, int64_t column, int64_t pixel) {
    NnTensor *y = arg;
    nn_move(nn_data(y), column, nn_data(call->inputs[0]), pixel, 1, nn_type_size(y->type));
}

static int32_t columns_compute(const NnCall *call) {
    nn_clear(call->outputs[0]);
    return walk(call, call->outputs[0], call->inputs[0], take, call->outputs[0]);
}

static int32_t columns_gradient(NnGradient *g) {
    g->grads[0] = nn_rule_same_attrs(g, "Col2Im", NN_VALUES(NN_DY(g), g->inputs[1], g->inputs[2]));
    return NN_OK;
}

#define SHAPES                                                                                               \
    NN_HOST_INTS("image_shape", 0, "spatial extents of the image"),                                          \
        NN_HOST_INTS("block_shape", 0, "extents of a block")
#define ATTRIBUTES                                                                                           \
    NN_ATTRIBUTES(                                                                                           \
        {.name = "dilations", .kind = NN_SET_INTS, .doc = "distance between a block's elements; absent: 1"}, \
        {.name = "pads",                                                                                     \
         .kind = NN_SET_INTS,                                                                                \
         .doc = "padding in front, by dimension, then behind; absent: 0"},                                   \
        {.name = "strides", .kind = NN_SET_INTS, .doc = "step from block to block; absent: 1"})

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Col2Im", 18),
                      NN_IN({"input", "T", NN_ANY, 0, 0, "[N, C * elements of a block, blocks]"}, SHAPES),
                      NN_OUT({"output", "T", NN_ANY, 0, 0, "images [N, C, d1, ...]"}), ATTRIBUTES,
                      NN_SAMPLES("[1,6,4] i64[2]{3,4} i64[2]{2,3}",
                                 "[2,4,6] i64[2]{4,5} i64[2]{2,2}; pads=0,1,1,0 strides=2,2",
                                 "[1,4,4] i64[2]{4,4} i64[2]{2,2}; dilations=2,2",
                                 "[1,4,3] i64[1]{4} i64[1]{2}", "[1,8,2] i64[3]{2,3,2} i64[3]{2,2,2}",
                                 "i64[1,4,4]@-9:9 i64[2]{3,3} i64[2]{2,2}", "[0,4,4] i64[2]{3,3} i64[2]{2,2}",
                                 "[1,0,4] i64[2]{3,3} i64[2]{2,2}"),
                      .doc = "Puts columns back as blocks of an image and adds up where blocks overlap.",
                      .infer = infer, .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(columns, NN_OURS("Im2Col", 1),
                      NN_IN({"image", "T", NN_ANY, 0, 0, "[N, C, d1, ...]"}, SHAPES),
                      NN_OUT({"columns", "T", NN_ANY, 0, 0, "[N, C * elements of a block, blocks]"}),
                      ATTRIBUTES,
                      NN_SAMPLES("[1,1,3,4] i64[2]{3,4} i64[2]{2,3}",
                                 "[2,1,4,5] i64[2]{4,5} i64[2]{2,2}; pads=0,1,1,0 strides=2,2",
                                 "[0,1,3] i64[1]{3} i64[1]{2}"),
                      .doc = "The blocks of an image as columns; zeros where they reach beyond it.",
                      .infer = columns_infer, .gradient = columns_gradient, .compute = columns_compute);

NN_OPERATORS(col2im, "Columns put back into an image.", NN_OP("Col2Im", op), NN_OP("nn/Im2Col", columns))
