/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolution (cross-correlation, as ONNX has it) over 1 to 3 spatial dimensions, and its gradients with
 * respect to the input and the weight. The three are each other's gradients, so that they can be
 * differentiated any number of times.
 */
#include "family/convolution.h"

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0], *w = n->node->inputs[1], *b = n->node->inputs[2];
    const int64_t group = nn_attr_int(n->node, "group", 1);
    const int32_t rank = x->rank >= 0 ? x->rank : w->rank;
    int64_t dims[NN_MAX_RANK] = {0}, in[NN_MAX_RANK];
    char a[200], c[200];
    NnWindow window;
    if (rank < 0) {
        n->output(n, 0, x->type, NN_RANK_UNKNOWN, NULL);
        return NN_OK;
    }
    if (w->rank >= 0 && w->rank != rank)
        return nn_bad(n, "X is %s and W %s: expected the same rank",
                      nn_shape_text(x->rank, x->dims, a, sizeof a),
                      nn_shape_text(w->rank, w->dims, c, sizeof c));
    const int32_t code =
        nn_convolution_window(n->host, n->status, n->node, rank, w->rank < 0 ? NULL : w->dims, &window);
    if (code != NN_OK)
        return code;
    for (int32_t i = 0; i < rank; i++)
        in[i] = x->rank < 0 ? NN_DIM_UNKNOWN : nn_dim_plain(x->dims[i]);
    if (w->rank >= 0 && nn_dim_known(in[1]) && nn_dim_known(w->dims[1]) && in[1] != w->dims[1] * group)
        return nn_bad(n, "input X is %s but filter W is %s: it wants %lld channel%s",
                      nn_shape_text(x->rank, x->dims, a, sizeof a),
                      nn_shape_text(w->rank, w->dims, c, sizeof c), (long long)(w->dims[1] * group),
                      w->dims[1] * group == 1 ? "" : "s");
    if (w->rank >= 0 && nn_dim_known(w->dims[0]) && w->dims[0] % group != 0)
        return nn_bad(n, "W has %lld filters, which do not divide into %lld groups", (long long)w->dims[0],
                      (long long)group);
    dims[0] = in[0];
    dims[1] = w->rank < 0 ? NN_DIM_UNKNOWN : nn_dim_plain(w->dims[0]);
    if (b && b->rank >= 0 &&
        (b->rank != 1 || (nn_dim_known(b->dims[0]) && nn_dim_known(dims[1]) && b->dims[0] != dims[1])))
        return nn_bad(n, "B is %s: expected one bias for each of %lld filters",
                      nn_shape_text(b->rank, b->dims, a, sizeof a), (long long)dims[1]);
    for (int32_t i = 0; i < rank - 2; i++)
        if (window.kernel[i] < 0)
            in[i + 2] = NN_DIM_UNKNOWN;
    const int32_t counted = nn_window_counts(n, &window, in + 2, dims + 2);
    n->output(n, 0, x->type, rank, dims);
    return counted;
}

/* The window of a node in a run, with the padding that the input's extents ask for. */
static int32_t run_window(const NnCall *call, const NnTensor *x, const NnTensor *w, NnWindow *window) {
    if (x->rank != w->rank)
        return nn_fail(call->host, call->status, NN_INVALID,
                       "input and weight have the ranks %d and %d: expected the same", x->rank, w->rank);
    const int32_t code =
        nn_convolution_window(call->host, call->status, call->node, w->rank, w->dims, window);
    for (int32_t i = 0; code == NN_OK && i < window->n; i++)
        (void)nn_window_count(call->node, window, i, x->dims[i + 2]);
    return code;
}

static int32_t sum(const NnCall *call, const NnTensor *x, const NnTensor *w, const NnTensor *y,
                   NnConvolutionSum which, const NnTensor *bias) {
    NnWindow window;
    const int32_t code = run_window(call, x, w, &window);
    return code == NN_OK ? nn_convolve(call, x, w, y, which, bias, window) : code;
}

static int32_t compute(const NnCall *call) {
    return sum(call, call->inputs[0], call->inputs[1], call->outputs[0], NN_SUM_Y,
               call->n_inputs > 2 ? call->inputs[2] : NULL);
}

static int32_t gradient(NnGradient *g) {
    NnValue *x = g->inputs[0], *w = g->inputs[1];
    if (g->wanted[0])
        g->grads[0] = nn_rule_same_attrs(g, "nn/ConvGradInput", NN_VALUES(NN_DY(g), w, x));
    if (g->wanted[1])
        g->grads[1] = nn_rule_same_attrs(g, "nn/ConvGradWeight", NN_VALUES(NN_DY(g), x, w));
    if (g->wanted[2])
        g->grads[2] = nn_rule_bias(g, NN_DY(g));
    return NN_OK;
}

/* ---- nn/ConvGradInput(dY, W, X): dX ---- */

static int32_t like_infer(NnInfer *n) {
    nn_output_like(n, 0, 2, n->node->inputs[0]->type);
    return NN_OK;
}

static int32_t input_compute(const NnCall *call) {
    return sum(call, call->outputs[0], call->inputs[1], call->inputs[0], NN_SUM_X, NULL);
}

static int32_t input_gradient(NnGradient *g) {
    if (g->wanted[0])
        g->grads[0] = nn_rule_same_attrs(g, "Conv", NN_VALUES(NN_DY(g), g->inputs[1]));
    if (g->wanted[1])
        g->grads[1] =
            nn_rule_same_attrs(g, "nn/ConvGradWeight", NN_VALUES(g->inputs[0], NN_DY(g), g->inputs[1]));
    return NN_OK;
}

/* ---- nn/ConvGradWeight(dY, X, W): dW ---- */

static int32_t weight_compute(const NnCall *call) {
    return sum(call, call->inputs[1], call->outputs[0], call->inputs[0], NN_SUM_W, NULL);
}

static int32_t weight_gradient(NnGradient *g) {
    if (g->wanted[0])
        g->grads[0] = nn_rule_same_attrs(g, "Conv", NN_VALUES(g->inputs[1], NN_DY(g)));
    if (g->wanted[1])
        g->grads[1] =
            nn_rule_same_attrs(g, "nn/ConvGradInput", NN_VALUES(g->inputs[0], NN_DY(g), g->inputs[1]));
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(conv, NN_ONNX("Conv", 22),
                      NN_IN({"X", "T", NN_FLOATS, 0, 0, "[N, C, d1, ...], 1 to 3 spatial dimensions"},
                            {"W", "T", NN_FLOATS, 0, 0, "filters [M, C / group, k1, ...]"},
                            {"B", "T", NN_FLOATS, NN_OPTIONAL, 0, "bias [M]; absent: 0"}),
                      NN_OUT({"Y", "T", NN_FLOATS, 0, 0, "[N, M, ...]"}),
                      NN_ATTRIBUTES(NN_CONVOLUTION_ATTRIBUTES),
                      NN_SAMPLES("[1,2,4,3] [2,2,3,2] [2]",
                                 "[2,1,5] [3,1,2]; strides=2, pads=1,0 dilations=2,",
                                 "[1,4,3,3] [2,2,2,2] [2]; group=2 pads=1,0,0,1",
                                 "[1,2,5,4] [2,1,3,2]; group=2 auto_pad=SAME_UPPER strides=2,3",
                                 "[1,1,4,4] [1,1,2,3]; auto_pad=SAME_LOWER",
                                 "[1,1,3,2,3] [2,1,2,2,2]; auto_pad=VALID kernel_shape=2,2,2",
                                 "[0,1,3,3] [2,1,2,2] [2]", "[1,0,3] [2,0,2] [2]"),
                      .doc = "Convolution: Y[n,m,o] = B[m] + sum over c, k of W[m,c,k] * X[n,c, o * stride - "
                             "pad + k * dilation], X being 0 outside.",
                      .infer = infer, .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(
    grad_input, NN_OURS("ConvGradInput", 1),
    NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of Conv's result"},
          {"W", "T", NN_FLOATS, 0, 0, "its filters"},
          {"X", "T", NN_FLOATS, NN_SHAPE_ONLY | NN_NO_GRADIENT, 0,
           "its input, of which only the shape is looked at"}),
    NN_OUT({"dX", "T", NN_FLOATS, 0, 0, "gradient of X"}), NN_ATTRIBUTES(NN_CONVOLUTION_ATTRIBUTES),
    NN_SAMPLES("[1,2,2,2] [2,2,3,2] [1,2,4,3]", "[2,3,2] [3,1,2] [2,1,5]; strides=2, pads=1,0 dilations=2,",
               "[1,2,3,3] [2,2,2,2] [1,4,3,3]; group=2 pads=1,0,0,1", "[0,2,2,2] [2,1,2,2] [0,1,3,3]"),
    .doc = "Gradient of Conv with respect to its input: dX[n,c,i] = sum of dY[n,m,o] * W[m,c,k] over all m, "
           "o, k with "
           "i = o * stride - pad + k * dilation.",
    .infer = like_infer, .gradient = input_gradient, .compute = input_compute);

NN_PRIMITIVE_OPERATOR(
    grad_weight, NN_OURS("ConvGradWeight", 1),
    NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of Conv's result"}, {"X", "T", NN_FLOATS, 0, 0, "its input"},
          {"W", "T", NN_FLOATS, NN_SHAPE_ONLY | NN_NO_GRADIENT, 0,
           "its filters, of which only the shape is looked at"}),
    NN_OUT({"dW", "T", NN_FLOATS, 0, 0, "gradient of W"}), NN_ATTRIBUTES(NN_CONVOLUTION_ATTRIBUTES),
    NN_SAMPLES("[1,2,2,2] [1,2,4,3] [2,2,3,2]", "[2,3,2] [2,1,5] [3,1,2]; strides=2, pads=1,0 dilations=2,",
               "[1,2,3,3] [1,4,3,3] [2,2,2,2]; group=2 pads=1,0,0,1", "[0,2,2,2] [0,1,3,3] [2,1,2,2]"),
    .doc = "Gradient of Conv with respect to its filters: dW[m,c,k] = sum over n, o of dY[n,m,o] * X[n,c, o "
           "* stride - pad + k * dilation].",
    .infer = like_infer, .gradient = weight_gradient, .compute = weight_compute);

NN_OPERATORS(conv, "Convolution and its gradients.", NN_OP("Conv", conv),
             NN_OP("nn/ConvGradInput", grad_input), NN_OP("nn/ConvGradWeight", grad_weight))
