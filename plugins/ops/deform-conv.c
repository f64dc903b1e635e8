/* SPDX-License-Identifier: Apache-2.0 */
/* Deformable convolution (Dai et al. 2017; with a mask Zhu et al. 2018) and its gradient with respect to
 * everything. */
#include "family/alike.h"
#include "family/deform.h"

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0], *bias = nn_given(n->node, 3) ? n->node->inputs[3] : NULL;
    int64_t dims[NN_MAX_RANK] = {0};
    const int32_t code = nn_deform_infer(n, 0, 4, dims);
    const bool known = x->rank >= 0 && n->node->inputs[1]->rank >= 0;
    n->output(n, 0, x->type, known ? x->rank : NN_RANK_UNKNOWN, dims);
    if (code == NN_OK && bias && known &&
        (bias->rank > 1 || bias->rank == 0 || (bias->rank == 1 && nn_deform_differ(bias->dims[0], dims[1]))))
        return nn_bad(n, "B does not have one element for each of %lld channels", (long long)dims[1]);
    return code;
}

static double at(const NnTensor *t, int64_t i) { return nn_load(nn_data(t), t->type, i); }

/* One position of the result, all its channels. */
static void position(NnDeform *v, int64_t image, int64_t o, double *sums) {
    for (int64_t g = 0; g < v->offsets; g++)
        for (int64_t k = 0; k < v->kernel; k++) {
            const double mask = nn_deform_look(v, image, g, k, o);
            for (int64_t c = g * v->channels; c < (g + 1) * v->channels; c++) {
                const int64_t group = c / v->c;
                const double x =
                    mask * nn_sampling_value(&v->s, v->x, (image * v->x->dims[1] + c) * v->plane, -1);
                for (int64_t m = group * v->m; m < (group + 1) * v->m; m++)
                    sums[m] += x * at(v->weight, nn_deform_weight(v, m, c, k));
            }
        }
}

static int32_t compute(const NnCall *call) {
    const NnTensor *bias = nn_input(call, 3);
    NnTensor *y = call->outputs[0];
    NnDeform v;
    const int32_t code =
        nn_deform_begin(call, call->inputs[0], call->inputs[1], call->inputs[2], nn_input(call, 4), &v);
    const int64_t channels = y->dims[1];
    double *sums = call->host->alloc(call->host, (uint64_t)(channels + 1) * sizeof *sums);
    if (code != NN_OK || !sums) {
        call->host->free(call->host, sums);
        return code != NN_OK ? code
                             : nn_fail(call->host, call->status, NN_OUT_OF_MEMORY,
                                       "no memory for %lld channels", (long long)channels);
    }
    for (int64_t image = 0; image < y->dims[0]; image++)
        for (int64_t o = 0; o < v.out; o++) {
            for (int64_t m = 0; m < channels; m++)
                sums[m] = bias ? at(bias, m) : 0;
            position(&v, image, o, sums);
            for (int64_t m = 0; m < channels; m++)
                nn_store(nn_data(y), y->type, (image * channels + m) * v.out + o, sums[m]);
        }
    call->host->free(call->host, sums);
    return NN_OK;
}

/* Sums for dX and dW where they are wanted, and the gradients that are stored at once. */
typedef struct Sums {
    const NnTensor *dy;
    double *dx, *dw;
    NnTensor *doffset, *dmask;
} Sums;

/* What arrives at what kernel element k reads in channel c for position o, before the mask. */
static double arriving(const NnDeform *v, Sums *s, int64_t image, int64_t c, int64_t k, int64_t o, double x) {
    const int64_t group = c / v->c;
    double sum = 0;
    for (int64_t m = group * v->m; m < (group + 1) * v->m; m++) {
        const int64_t e = nn_deform_weight(v, m, c, k);
        const double dy = at(s->dy, (image * v->m * v->groups + m) * v->out + o);
        sum += dy * at(v->weight, e);
        if (s->dw)
            s->dw[e] += dy * x;
    }
    return sum;
}

static void back(NnDeform *v, Sums *s, int64_t image, int64_t g, int64_t k, int64_t o) {
    const double mask = nn_deform_look(v, image, g, k, o);
    double dmask = 0, doffset[NN_SAMPLING_MAX] = {0};
    for (int64_t c = g * v->channels; c < (g + 1) * v->channels; c++) {
        const int64_t plane = (image * v->x->dims[1] + c) * v->plane;
        const double x = nn_sampling_value(&v->s, v->x, plane, -1);
        const double d = arriving(v, s, image, c, k, o, mask * x);
        dmask += d * x;
        if (s->dx)
            nn_sampling_spread(&v->s, s->dx + plane, d * mask);
        for (int32_t i = 0; s->doffset && i < v->n; i++)
            doffset[i] += d * mask * nn_sampling_value(&v->s, v->x, plane, i + NN_SAMPLING_MAX - v->n);
    }
    for (int32_t i = 0; s->doffset && i < v->n; i++)
        nn_store(nn_data(s->doffset), s->doffset->type, nn_deform_at(v, image, g, k, o, i, v->n), doffset[i]);
    if (s->dmask)
        nn_store(nn_data(s->dmask), s->dmask->type, nn_deform_at(v, image, g, k, o, 0, 1), dmask);
}

static int32_t grad_compute(const NnCall *call) {
    NnTensor *const *out = call->outputs;
    NnDeform v;
    Sums s = {.dy = call->inputs[0],
              .doffset = out[2],
              .dmask = call->n_outputs > 3 && nn_input(call, 4) ? out[3] : NULL};
    int32_t code =
        nn_deform_begin(call, call->inputs[1], call->inputs[2], call->inputs[3], nn_input(call, 4), &v);
    s.dx = out[0] ? nn_as_doubles(call, out[0], false) : NULL;
    s.dw = out[1] ? nn_as_doubles(call, out[1], false) : NULL;
    if (code == NN_OK && ((out[0] && !s.dx) || (out[1] && !s.dw)))
        code = nn_fail(call->host, call->status, NN_OUT_OF_MEMORY, "no memory for the sums of %s",
                       call->node->op);
    for (int64_t image = 0; code == NN_OK && image < v.x->dims[0]; image++)
        for (int64_t g = 0; g < v.offsets; g++)
            for (int64_t k = 0; k < v.kernel; k++)
                for (int64_t o = 0; o < v.out; o++)
                    back(&v, &s, image, g, k, o);
    for (int32_t i = 0; code == NN_OK && i < 2; i++) {
        const double *sums = i ? s.dw : s.dx;
        const int64_t n = sums ? nn_elements(out[i]) : 0;
        for (int64_t e = 0; e < n; e++)
            nn_store(nn_data(out[i]), out[i]->type, e, sums[e]);
    }
    call->host->free(call->host, s.dx);
    call->host->free(call->host, s.dw);
    return code;
}

static int32_t gradient(NnGradient *g) {
    const bool masked = g->node->n_inputs > 4 && g->inputs[4];
    NnValue *in[] = {NN_DY(g), g->inputs[0], g->inputs[1], g->inputs[2], masked ? g->inputs[4] : NULL};
    NnValue *out[4] = {NULL};
    const NnNodeSpec spec = {.struct_size = sizeof spec,
                             .op = "nn/DeformConvGrad",
                             .n_inputs = masked ? 5 : 4,
                             .n_outputs = masked ? 4 : 3,
                             .n_attrs = g->node->n_attrs,
                             .attr_stride = g->node->attr_stride,
                             .inputs = in,
                             .attrs = g->node->attrs};
    const int32_t code = g->host->graph->node(g->graph, &spec, out);
    for (uint32_t i = 0; i < 3; i++)
        g->grads[i] = g->wanted[i] ? out[i] : NULL;
    if (g->node->n_inputs > 3 && g->wanted[3])
        g->grads[3] = nn_rule_bias(g, NN_DY(g));
    if (masked && g->wanted[4])
        g->grads[4] = out[3];
    return code;
}

static int32_t grad_infer(NnInfer *n) {
    const int64_t none = 0;
    int64_t dims[NN_MAX_RANK] = {0};
    const NnValueInfo *x = n->node->inputs[1], result = {.rank = x->rank, .dims = dims};
    const int32_t code = nn_deform_infer(n, 1, 4, dims);
    for (uint32_t i = 0; i < 3; i++)
        nn_output_like(n, i, i + 1, NN_NONE);
    if (nn_given(n->node, 4))
        nn_output_like(n, 3, 4, NN_NONE);
    else
        n->output(n, 3, x->type, 1, &none);
    if (code == NN_OK && x->rank >= 0 && n->node->inputs[2]->rank >= 0 &&
        !nn_same_shapes(n->node->inputs[0], &result))
        return nn_bad(n, "dY does not have the shape of the result");
    return code;
}

#define COUNT(key, text)                                                                                     \
    {                                                                                                        \
        .name = (key), .kind = NN_SET_INT, .flags = NN_SET_RANGE, .preset = "1", .min = 1, .max = 1e9,       \
        .doc = (text)                                                                                        \
    }
#define ATTRIBUTES                                                                                           \
    NN_ATTRIBUTES(NN_WINDOW_LIST("dilations", "distance between kernel elements, by dimension; absent: 1"),  \
                  NN_WINDOW_LIST("kernel_shape", "extent of the kernel; absent: as W has it"),               \
                  NN_WINDOW_LIST("pads", "padding in front, by dimension, then behind; absent: 0"),          \
                  NN_WINDOW_LIST("strides", "step of the window, by dimension; absent: 1"),                  \
                  COUNT("group", "groups into which input and output channels are divided"),                 \
                  COUNT("offset_group", "groups of input channels that have offsets of their own"))
#define DATA                                                                                                 \
    {"X", "T", NN_FLOATS, 0, 0, "[N, C, d1, ...], 1 to 3 spatial dimensions"},                               \
        {"W", "T", NN_FLOATS, 0, 0, "filters [M, C / group, k1, ...]"}, {                                    \
        "offset", "T", NN_FLOATS, 0, 0, "[N, offset_group * kernel elements * dimensions, o1, ...]"          \
    }
#define MASK                                                                                                 \
    {                                                                                                        \
        "mask", "T", NN_FLOATS, NN_OPTIONAL, 0,                                                              \
            "weights [N, offset_group * kernel elements, o1, ...]; absent: 1"                                \
    }

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("DeformConv", 22),
    NN_IN(DATA, {"B", "T", NN_FLOATS, NN_OPTIONAL, 0, "bias [M]; absent: 0"}, MASK),
    NN_OUT({"Y", "T", NN_FLOATS, 0, 0, "[N, M, o1, ...]"}), ATTRIBUTES,
    NN_SAMPLES("[1,1,3,4] [2,1,2,2] [1,8,2,3]@-.9:.9 [2]",
               "[2,2,3,3] [2,1,2,2] [2,16,4,4]@-1.4:1.3 [2] [2,8,4,4]; "
               "group=2 offset_group=2 pads=1,1,1,1",
               "[1,2,4,3] [1,2,2,1] [1,4,2,2]@-.4:.4 - [1,2,2,2]; strides=2,2 dilations=1,1 pads=0,0,0,1",
               "[1,1,5] [1,1,2] [1,2,3]@-1.2:1.2; dilations=2,",
               "[1,1,2,3,2] [1,1,2,1,2] [1,12,1,3,1]@-.4:.4", "[0,1,3,3] [1,1,2,2] [0,8,2,2]"),
    .doc =
        "Deformable convolution: Y[n,m,o] = B[m] + sum of W[m,c,k] * mask[n,k,o] * X[n,c] at the place o * "
        "stride - pad + k * dilation + offset[n,k,o], read between its elements.",
    .infer = infer, .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(grad_op, NN_OURS("DeformConvGrad", 1), .flags = NN_OP_NOT_TWICE,
                      NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of the result"}, DATA, MASK),
                      NN_OUT_FROM(3, {"dX", "T", NN_FLOATS, 0, 0, "gradient of X"},
                                  {"dW", "T", NN_FLOATS, 0, 0, "of W"},
                                  {"doffset", "T", NN_FLOATS, 0, 0, "of offset"},
                                  {"dmask", "T", NN_FLOATS, 0, 0, "of mask; without one, nothing"}),
                      ATTRIBUTES,
                      NN_SAMPLES("[1,2,2,3] [1,1,3,4] [2,1,2,2] [1,8,2,3]@-.9:.9",
                                 "[1,1,2,2] [1,2,3,3] [1,2,2,2] [1,8,2,2]@-.9:.9 [1,4,2,2] -> 4",
                                 "[0,1,2,2] [0,1,3,3] [1,1,2,2] [0,8,2,2]"),
                      .doc = "Gradient of DeformConv with respect to X, W, offset and mask.",
                      .infer = grad_infer, .compute = grad_compute);

NN_OPERATORS(deform_conv, "Deformable convolution.", NN_OP("DeformConv", op),
             NN_OP("nn/DeformConvGrad", grad_op))
