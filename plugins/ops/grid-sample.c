/* SPDX-License-Identifier: Apache-2.0 */
/* Planes read at the places of a grid, as spatial transformers do (Jaderberg et al. 2015), and the gradient
 * with respect to both. */
#include "family/alike.h"
#include "family/sampling.h"

#define CUBIC (-.75) /* the kernel's parameter */

static int32_t shape(NnInfer *n, uint32_t first, int64_t *dims, int32_t *rank) {
    const NnValueInfo *x = n->node->inputs[first], *at = n->node->inputs[first + 1];
    char a[200], b[200];
    *rank = x->rank < 0 ? at->rank : x->rank;
    bool fits =
        *rank < 0 || (*rank >= 3 && *rank <= NN_SAMPLING_MAX + 2 && (at->rank < 0 || at->rank == *rank));
    for (int32_t i = 0; fits && i < *rank; i++)
        dims[i] = i < 2 ? (x->rank < 0 ? NN_DIM_UNKNOWN : nn_dim_plain(x->dims[i]))
                        : (at->rank < 0 ? NN_DIM_UNKNOWN : nn_dim_plain(at->dims[i - 1]));
    if (fits && at->rank > 0) {
        const int64_t batch = nn_dim_plain(at->dims[0]), last = at->dims[at->rank - 1];
        fits = (dims[0] < 0 || batch < 0 || dims[0] == batch) && (!nn_dim_known(last) || last == *rank - 2);
        dims[0] = dims[0] < 0 ? batch : dims[0];
    }
    return fits ? NN_OK
                : nn_bad(
                      n,
                      "X is %s and grid %s: expected [N,C,d1,...] and [N,o1,...,dimensions], 1 to 3 of them",
                      nn_shape_text(x->rank, x->dims, a, sizeof a),
                      nn_shape_text(at->rank, at->dims, b, sizeof b));
}

static int32_t infer(NnInfer *n) {
    int64_t dims[NN_MAX_RANK] = {0};
    int32_t rank;
    const int32_t code = shape(n, 0, dims, &rank);
    n->output(n, 0, n->node->inputs[0]->type, code == NN_OK ? rank : NN_RANK_UNKNOWN, dims);
    return code;
}

typedef struct Reader {
    const NnTensor *grid;
    char mode, padding; /* first letters */
    bool corners;
    int32_t n, first;               /* spatial dimensions; the first that is not filled up */
    double factor[NN_SAMPLING_MAX]; /* how a position changes with the grid */
    NnSampling s;
} Reader;

static Reader reader(const NnCall *call, const NnTensor *x, const NnTensor *grid) {
    Reader r = {.grid = grid,
                .mode = nn_attr_string(call->node, "mode", "linear")[0],
                .padding = nn_attr_string(call->node, "padding_mode", "zeros")[0],
                .corners = nn_attr_int(call->node, "align_corners", 0) != 0,
                .n = x->rank - 2,
                .first = NN_SAMPLING_MAX + 2 - x->rank};
    nn_sampling_begin(&r.s, x);
    return r;
}

/* A position brought inside by mirrors at the edges; `slope` is turned where the image is. */
static double reflect(double x, double low, double high, double *slope) {
    const double range = high - low;
    if (range <= 0) {
        *slope = 0;
        return low;
    }
    double past = fmod(fabs(x - low), 2 * range);
    if (x < low)
        *slope = -*slope;
    if (past > range) {
        *slope = -*slope;
        past = 2 * range - past;
    }
    return low + past;
}

/* The element that stands at a whole position, or -1 where zeros are read. */
static int64_t element(const Reader *r, double place, int64_t in) {
    double ignored = 1;
    const double last = (double)(in - 1), half = r->corners ? 0 : .5;
    if (place >= 0 && place <= last)
        return (int64_t)place;
    if (r->padding == 'z' || in == 0)
        return -1;
    const double to = r->padding == 'b' ? place : nearbyint(reflect(place, -half, last + half, &ignored));
    return (int64_t)fmin(fmax(to, 0), last);
}

/* Neighbours for the grid's element `at` along dimension d. With cubic interpolation and borders the position
 * is left where it is and only the neighbours are brought inside, as PyTorch and onnxruntime do; ONNX's
 * reference moves the position, which makes a jump of the edge. */
static void look(Reader *r, int32_t d, int64_t at) {
    NnSampling *s = &r->s;
    const double in = (double)s->in[d], half = r->corners ? 0 : .5;
    const double given = nn_load(nn_data(r->grid), r->grid->type, at);
    double slope = r->corners ? (in - 1) / 2 : in / 2;
    double x = r->corners ? (given + 1) / 2 * (in - 1) : ((given + 1) * in - 1) / 2;
    /* What is not a number, or too far away to be counted, is outside. */
    x = isnan(x) ? -0x1p40 : fmin(fmax(x, -0x1p40), 0x1p40);
    if (r->mode == 'n')
        x = nearbyint(x);
    if (r->padding == 'r') {
        x = x < -half || x > in - 1 + half ? reflect(x, -half, in - 1 + half, &slope) : x;
    } else if (r->padding == 'b' && r->mode != 'c' && (x < -half || x > in - 1 + half)) {
        x = fmin(fmax(x, 0), in - 1);
        slope = 0;
    }
    const double below = floor(x);
    s->taps[d] = r->mode == 'n' ? 1 : r->mode == 'c' ? 4 : 2;
    r->factor[d] = r->mode == 'n' ? 0 : slope;
    for (int32_t k = 0; k < s->taps[d]; k++) {
        const double place = below + k - (r->mode == 'c');
        s->at[d][k] = element(r, place, s->in[d]);
        s->weight[d][k] = r->mode == 'n'   ? 1
                          : r->mode == 'c' ? nn_cubic_kernel(place - x, CUBIC)
                                           : nn_linear_kernel(place - x);
        s->slope[d][k] = r->mode == 'n'   ? 0
                         : r->mode == 'c' ? -nn_cubic_slope(place - x, CUBIC)
                                          : (k ? 1 : -1);
    }
}

/* All dimensions; the grid counts them from the innermost. */
static void look_at(Reader *r, int64_t vector) {
    for (int32_t i = 0; i < r->n; i++)
        look(r, NN_SAMPLING_MAX - 1 - i, vector * r->n + i);
}

static int64_t plane_of(const Reader *r) { return nn_product(r->s.in, 0, NN_SAMPLING_MAX); }

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0];
    NnTensor *y = call->outputs[0];
    Reader r = reader(call, x, call->inputs[1]);
    const int64_t channels = x->dims[1], places = nn_product(y->dims, 2, y->rank), plane = plane_of(&r);
    for (int64_t i = 0; i < x->dims[0] * places; i++) {
        look_at(&r, i);
        for (int64_t c = 0; c < channels; c++) {
            const int64_t map = i / places * channels + c, to = map * places + i % places;
            int64_t from;
            double weight;
            int32_t k = 0;
            /* The nearest element is moved as it is. */
            if (r.mode == 'n' && nn_sampling_next(&r.s, &k, -1, &from, &weight))
                nn_move(nn_data(y), to, nn_data(x), map * plane + from, 1, nn_type_size(y->type));
            else
                nn_store(nn_data(y), y->type, to, nn_sampling_value(&r.s, x, map * plane, -1));
        }
    }
    return NN_OK;
}

static int32_t gradient(NnGradient *g) {
    NnValue *out[2] = {NULL, NULL}, *in[] = {NN_DY(g), g->inputs[0], g->inputs[1]};
    const NnNodeSpec spec = {.struct_size = sizeof spec,
                             .op = "nn/GridSampleGrad",
                             .n_inputs = 3,
                             .n_outputs = 2,
                             .n_attrs = g->node->n_attrs,
                             .attr_stride = g->node->attr_stride,
                             .inputs = in,
                             .attrs = g->node->attrs};
    const int32_t code = g->host->graph->node(g->graph, &spec, out);
    for (uint32_t i = 0; i < 2; i++)
        g->grads[i] = g->wanted[i] ? out[i] : NULL;
    return code;
}

static int32_t grad_infer(NnInfer *n) {
    int64_t dims[NN_MAX_RANK] = {0};
    NnValueInfo sampled = {.dims = dims};
    const int32_t code = shape(n, 1, dims, &sampled.rank);
    nn_output_like(n, 0, 1, NN_NONE);
    nn_output_like(n, 1, 2, NN_NONE);
    if (code == NN_OK && !nn_same_shapes(n->node->inputs[0], &sampled))
        return nn_bad(n, "dY does not have the shape of the result");
    return code;
}

static int32_t grad_compute(const NnCall *call) {
    const NnTensor *dy = call->inputs[0], *x = call->inputs[1], *grid = call->inputs[2];
    NnTensor *dx = call->outputs[0], *dgrid = call->outputs[1];
    Reader r = reader(call, x, grid);
    const int64_t channels = x->dims[1], places = nn_product(dy->dims, 2, dy->rank), plane = plane_of(&r);
    const int64_t n = nn_elements(x);
    double *sums = dx ? call->host->alloc(call->host, (uint64_t)(n + 1) * sizeof *sums) : NULL;
    if (dx && !sums)
        return nn_fail(call->host, call->status, NN_OUT_OF_MEMORY, "no memory for the sums of %s",
                       call->node->op);
    for (int64_t i = 0; i < x->dims[0] * places; i++) {
        double along[NN_SAMPLING_MAX] = {0};
        look_at(&r, i);
        for (int64_t c = 0; c < channels; c++) {
            const int64_t map = i / places * channels + c;
            const double d = nn_load(nn_data(dy), dy->type, map * places + i % places);
            if (dx)
                nn_sampling_spread(&r.s, sums + map * plane, d);
            for (int32_t k = r.first; dgrid && k < NN_SAMPLING_MAX; k++)
                along[k] += d * nn_sampling_value(&r.s, x, map * plane, k);
        }
        for (int32_t k = 0; dgrid && k < r.n; k++) {
            const int32_t d = NN_SAMPLING_MAX - 1 - k;
            nn_store(nn_data(dgrid), dgrid->type, i * r.n + k, along[d] * r.factor[d]);
        }
    }
    for (int64_t i = 0; dx && i < n; i++)
        nn_store(nn_data(dx), dx->type, i, sums[i]);
    call->host->free(call->host, sums);
    return NN_OK;
}

#define GRID                                                                                                 \
    {                                                                                                        \
        "grid", "G", NN_FLOATS, 0, 0,                                                                        \
            "places [N, o1, ..., dimensions], from -1 to 1 over the plane, the innermost dimension first"    \
    }
#define ATTRIBUTES                                                                                           \
    NN_ATTRIBUTES(NN_CHOICE("mode", "linear", "linear|nearest|cubic", "how to read between elements"),       \
                  NN_CHOICE("padding_mode", "zeros", "zeros|border|reflection",                              \
                            "what is beyond the edges: zeros, the nearest element, the mirror image"),       \
                  NN_FLAG("align_corners", "0",                                                              \
                          "1: -1 and 1 are the middles of the outer elements, 0: their outer edges"))

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("GridSample", 22),
    NN_IN({"X", "T", NN_ANY, 0, 0, "[N, C, d1, ...], 1 to 3 dimensions"}, GRID),
    NN_OUT({"Y", "T", NN_ANY, 0, 0, "[N, C, o1, ...]"}), ATTRIBUTES,
    NN_SAMPLES("[1,2,3,4] [1,2,3,2]@-.9:.9",
               "[2,1,3,2] [2,2,2,2]@-1.6:1.5; padding_mode=border align_corners=1",
               "[1,1,4,3] [1,3,2,2]@-2.6:2.7; padding_mode=reflection",
               "[1,1,4,5] [1,2,3,2]@-1.3:1.2; mode=cubic",
               "[1,1,3,3] [1,2,2,2]@-3:3; mode=cubic padding_mode=reflection align_corners=1",
               "[1,2,3,3] [1,3,3,2]@-1.5:1.5; mode=nearest padding_mode=border",
               "[1,1,2,3,2] [1,2,1,2,3]@-1.2:1.1", "[1,2,5] [1,4,1]@-1.3:1.2; mode=cubic",
               "[1,1,4,3] [1,3,2,2]@-1.4:1.5; mode=cubic padding_mode=border",
               "i64[1,1,2,2]@-9:9 f32[1,2,2,2]@-.9:.9; mode=nearest", "[0,2,3,4] [0,2,3,2]",
               "[1,1,0,2] [1,1,2,2]", "[1,1,1,3] [1,1,2,2]@-.4:.3; padding_mode=reflection align_corners=1"),
    .doc = "Y[n,c,o] is X[n,c] read at the place grid[n,o], between its elements by interpolation.",
    .infer = infer, .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(
    grad_op, NN_OURS("GridSampleGrad", 1), .flags = NN_OP_NOT_TWICE,
    NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of the result"},
          {"X", "T", NN_FLOATS, 0, 0, "what was read"}, GRID),
    NN_OUT({"dX", "T", NN_FLOATS, 0, 0, "gradient of X"},
           {"dgrid", "G", NN_FLOATS, 0, 0, "gradient of grid"}),
    ATTRIBUTES,
    NN_SAMPLES("[1,2,2,3] [1,2,3,4] [1,2,3,2]@-.9:.9 -> 2",
               "[1,1,2] [1,1,5] [1,2,1]@-1.3:1.2; mode=cubic padding_mode=border -> 2",
               "[0,2,2,3] [0,2,3,4] [0,2,3,2] -> 2"),
    .doc =
        "Gradient of GridSample: dX gets each dY at the neighbours of its place, by their weights; dgrid is "
        "the sum of dY times the slope of X there.",
    .infer = grad_infer, .compute = grad_compute);

NN_OPERATORS(grid_sample, "Planes read at the places of a grid.", NN_OP("GridSample", op),
             NN_OP("nn/GridSampleGrad", grad_op))
