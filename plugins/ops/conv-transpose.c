/* SPDX-License-Identifier: Apache-2.0 */
/* Transposed convolution: what Conv does to gradients, as a layer. Its own gradients are Conv's operators. */
#include "family/convolution.h"

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0], *w = n->node->inputs[1], *b = n->node->inputs[2];
    const int64_t group = nn_attr_int(n->node, "group", 1);
    int64_t dims[NN_MAX_RANK] = {0}, in[NN_MAX_RANK], more[NN_WINDOW_MAX];
    char a[200], c[200];
    NnWindow window;
    if (x->rank < 0 || w->rank < 0) {
        n->output(n, 0, x->type, x->rank >= 0 ? x->rank : w->rank,
                  (int64_t[NN_MAX_RANK]){-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1});
        return NN_OK;
    }
    if (x->rank != w->rank ||
        (x->rank > 1 && nn_dim_known(x->dims[1]) && nn_dim_known(w->dims[0]) && x->dims[1] != w->dims[0]))
        return nn_bad(n, "X is %s and W %s: expected [N,C,...] and [C,M,...]",
                      nn_shape_text(x->rank, x->dims, a, sizeof a),
                      nn_shape_text(w->rank, w->dims, c, sizeof c));
    nn_dims_of(x, in);
    const int32_t code = nn_convolution_transposed(n->host, n->status, n->node, x->rank, w->dims, in + 2,
                                                   &window, more, dims + 2);
    if (code != NN_OK)
        return code;
    if (nn_dim_known(w->dims[0]) && w->dims[0] % group != 0)
        return nn_bad(n, "X has %lld channels, which do not divide into %lld groups", (long long)w->dims[0],
                      (long long)group);
    dims[0] = in[0];
    dims[1] = nn_dim_known(w->dims[1]) ? w->dims[1] * group : NN_DIM_UNKNOWN;
    if (b && b->rank >= 0 &&
        (b->rank != 1 || (nn_dim_known(b->dims[0]) && nn_dim_known(dims[1]) && b->dims[0] != dims[1])))
        return nn_bad(n, "B is %s: expected one bias for each of %lld channels",
                      nn_shape_text(b->rank, b->dims, a, sizeof a), (long long)dims[1]);
    n->output(n, 0, x->type, x->rank, dims);
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0], *w = call->inputs[1];
    int64_t more[NN_WINDOW_MAX], out[NN_WINDOW_MAX];
    NnWindow window;
    const int32_t code = nn_convolution_transposed(call->host, call->status, call->node, x->rank, w->dims,
                                                   x->dims + 2, &window, more, out);
    if (code != NN_OK)
        return code;
    return nn_convolve(call, call->outputs[0], w, x, NN_SUM_X, call->n_inputs > 2 ? call->inputs[2] : NULL,
                       window);
}

/* ---- the gradients where shapes are not known when the rule is built ---- */

static int32_t like_infer(NnInfer *n) {
    nn_output_like(n, 0, 2, n->node->inputs[0]->type);
    return NN_OK;
}

/* One of nn/ConvTransposeGradInput(dY, W, X) and nn/ConvTransposeGradWeight(dY, X, W). */
static int32_t grad_compute(const NnCall *call, const NnTensor *x, const NnTensor *w,
                            NnConvolutionSum which) {
    int64_t more[NN_WINDOW_MAX], out[NN_WINDOW_MAX];
    NnWindow window;
    if (x->rank != w->rank)
        return nn_fail(call->host, call->status, NN_INVALID,
                       "input and weight have the ranks %d and %d: expected the same", x->rank, w->rank);
    const int32_t code = nn_convolution_transposed(call->host, call->status, call->node, x->rank, w->dims,
                                                   x->dims + 2, &window, more, out);
    return code == NN_OK ? nn_convolve(call, call->inputs[0], w, x, which, NULL, window) : code;
}

static int32_t input_compute(const NnCall *call) {
    return grad_compute(call, call->outputs[0], call->inputs[1], NN_SUM_Y);
}
static int32_t weight_compute(const NnCall *call) {
    return grad_compute(call, call->inputs[1], call->outputs[0], NN_SUM_W);
}

static int32_t input_gradient(NnGradient *g) {
    if (g->wanted[0])
        g->grads[0] = nn_rule_same_attrs(g, "ConvTranspose", NN_VALUES(NN_DY(g), g->inputs[1]));
    if (g->wanted[1])
        g->grads[1] = nn_rule_same_attrs(g, "nn/ConvTransposeGradWeight",
                                         NN_VALUES(g->inputs[0], NN_DY(g), g->inputs[1]));
    return NN_OK;
}

static int32_t weight_gradient(NnGradient *g) {
    if (g->wanted[0])
        g->grads[0] = nn_rule_same_attrs(g, "ConvTranspose", NN_VALUES(g->inputs[1], NN_DY(g)));
    if (g->wanted[1])
        g->grads[1] = nn_rule_same_attrs(g, "nn/ConvTransposeGradInput",
                                         NN_VALUES(g->inputs[0], NN_DY(g), g->inputs[1]));
    return NN_OK;
}

static int32_t late_gradient(NnGradient *g) {
    if (g->wanted[0])
        g->grads[0] = nn_rule_same_attrs(g, "nn/ConvTransposeGradInput",
                                         NN_VALUES(NN_DY(g), g->inputs[1], g->inputs[0]));
    if (g->wanted[1])
        g->grads[1] = nn_rule_same_attrs(g, "nn/ConvTransposeGradWeight",
                                         NN_VALUES(NN_DY(g), g->inputs[0], g->inputs[1]));
    if (g->wanted[2])
        g->grads[2] = nn_rule_bias(g, NN_DY(g));
    return NN_OK;
}

static int32_t gradient(NnGradient *g) {
    const NnValueInfo *x = g->host->graph->info(g->graph, g->inputs[0]),
                      *w = g->host->graph->info(g->graph, g->inputs[1]);
    const bool automatic = strcmp(nn_attr_string(g->node, "auto_pad", "NOTSET"), "NOTSET") != 0 ||
                           nn_attr(g->node, "output_shape");
    int64_t more[NN_WINDOW_MAX], out[NN_WINDOW_MAX], in[NN_MAX_RANK], pads[2 * NN_WINDOW_MAX];
    NnWindow v;
    bool known = x && w && x->rank >= 2 && w->rank == x->rank;
    for (int32_t i = 2; known && i < x->rank; i++)
        known = (!automatic || nn_dim_known(x->dims[i])) && nn_dim_known(w->dims[i]);
    if (!known)
        return late_gradient(g);
    nn_dims_of(x, in);
    const int32_t code =
        nn_convolution_transposed(g->host, g->status, g->node, x->rank, w->dims, in + 2, &v, more, out);
    if (code != NN_OK)
        return code;
    const uint32_t n = (uint32_t)v.n;
    for (uint32_t i = 0; i < n; i++) {
        pads[i] = v.before[i];
        /* As many window positions as X has elements, where the extra output would make room for another one.
         */
        pads[n + i] = v.after[i] - (more[i] >= v.stride[i] ? more[i] : 0);
    }
    const NnAttr attrs[] = {NN_INTS("pads", 2 * n, pads), NN_INTS("strides", n, v.stride),
                            NN_INTS("dilations", n, v.dilation),
                            NN_INT("group", nn_attr_int(g->node, "group", 1))};
    if (g->wanted[0])
        g->grads[0] =
            nn_op(g->host, g->graph, "Conv", NN_VALUES(NN_DY(g), g->inputs[1]), attrs, NN_COUNT(attrs));
    if (g->wanted[1])
        g->grads[1] = nn_op(g->host, g->graph, "nn/ConvGradWeight",
                            NN_VALUES(g->inputs[0], NN_DY(g), g->inputs[1]), attrs, NN_COUNT(attrs));
    if (g->wanted[2])
        g->grads[2] = nn_rule_bias(g, NN_DY(g));
    return NN_OK;
}

#define ATTRIBUTES                                                                                           \
    NN_ATTRIBUTES(                                                                                           \
        NN_CONVOLUTION_ATTRIBUTES,                                                                           \
        NN_WINDOW_LIST("output_padding", "extra extent behind, by dimension; absent: 0"),                    \
        NN_WINDOW_LIST("output_shape", "spatial extents of the output, from which the padding follows"))

NN_PRIMITIVE_OPERATOR(conv_transpose, NN_ONNX("ConvTranspose", 22),
                      NN_IN({"X", "T", NN_FLOATS, 0, 0, "[N, C, d1, ...], 1 to 3 spatial dimensions"},
                            {"W", "T", NN_FLOATS, 0, 0, "filters [C, M / group, k1, ...]"},
                            {"B", "T", NN_FLOATS, NN_OPTIONAL, 0, "bias [M]; absent: 0"}),
                      NN_OUT({"Y", "T", NN_FLOATS, 0, 0, "[N, M, ...]"}), ATTRIBUTES,
                      NN_SAMPLES("[1,2,2,3] [2,2,3,2] [2]",
                                 "[2,1,3] [1,2,3]; strides=2, pads=1,0 output_padding=1,",
                                 "[1,4,2,2] [4,1,2,2] [2]; group=2 dilations=2,1 pads=0,1,1,0",
                                 "[1,1,3,2] [1,2,3,3]; auto_pad=SAME_UPPER strides=2,3",
                                 "[1,1,3] [1,1,4]; output_shape=7, strides=2, auto_pad=SAME_LOWER",
                                 "[1,1,2,1,2] [1,1,2,2,2]; strides=1,2,1",
                                 "[1,1,3] [1,1,2]; output_padding=1, dilations=2,",
                                 "[0,1,2,2] [1,2,2,2] [2]"),
                      .doc = "Transposed convolution: Y[n,m,o] = B[m] + sum of X[n,c,i] * W[c,m,k] over all "
                             "c, i, k with o = i * stride - pad + k * dilation.",
                      .infer = infer, .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(
    grad_input, NN_OURS("ConvTransposeGradInput", 1),
    NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of ConvTranspose's result"},
          {"W", "T", NN_FLOATS, 0, 0, "its filters"},
          {"X", "T", NN_FLOATS, NN_SHAPE_ONLY | NN_NO_GRADIENT, 0,
           "its input, of which only the shape is looked at"}),
    NN_OUT({"dX", "T", NN_FLOATS, 0, 0, "gradient of X"}), ATTRIBUTES,
    NN_SAMPLES("[1,2,4,4] [2,2,3,2] [1,2,2,3]",
               "[1,1,7] [1,1,4] [1,1,3]; output_shape=7, strides=2, auto_pad=SAME_LOWER"),
    .doc = "Gradient of ConvTranspose with respect to its input: the convolution of dY with W.",
    .infer = like_infer, .gradient = input_gradient, .compute = input_compute);

NN_PRIMITIVE_OPERATOR(grad_weight, NN_OURS("ConvTransposeGradWeight", 1),
                      NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of ConvTranspose's result"},
                            {"X", "T", NN_FLOATS, 0, 0, "its input"},
                            {"W", "T", NN_FLOATS, NN_SHAPE_ONLY | NN_NO_GRADIENT, 0,
                             "its filters, of which only the shape is looked at"}),
                      NN_OUT({"dW", "T", NN_FLOATS, 0, 0, "gradient of W"}), ATTRIBUTES,
                      NN_SAMPLES("[1,2,4,4] [1,2,2,3] [2,2,3,2]",
                                 "[1,1,7] [1,1,3] [1,1,4]; output_shape=7, strides=2, auto_pad=SAME_LOWER"),
                      .doc = "Gradient of ConvTranspose with respect to its filters: dW[c,m,k] = sum of "
                             "X[n,c,i] * dY[n,m,o] over n, i.",
                      .infer = like_infer, .gradient = weight_gradient, .compute = weight_compute);

NN_OPERATORS(conv_transpose, "Transposed convolution and its gradients.",
             NN_OP("ConvTranspose", conv_transpose), NN_OP("nn/ConvTransposeGradInput", grad_input),
             NN_OP("nn/ConvTransposeGradWeight", grad_weight))
