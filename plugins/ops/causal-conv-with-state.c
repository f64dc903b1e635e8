/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution of every channel by itself that looks back only, with what it looks back to handed on. */
#include "family/body.h"
#include "family/index.h"

/* The kernel's extent and the channels, as far as they are known. */
static int64_t extent(const NnNode *node, uint32_t input, int32_t dim) {
    const NnValueInfo *x = nn_given(node, input) ? node->inputs[input] : NULL;
    return x && x->rank > dim ? nn_dim_plain(x->dims[dim]) : NN_DIM_UNKNOWN;
}

static bool differ(int64_t a, int64_t b) { return a >= 0 && b >= 0 && a != b; }

static int32_t infer(NnInfer *n) {
    const NnNode *node = n->node;
    const NnValueInfo *x = node->inputs[0], *w = node->inputs[1];
    const int64_t k = extent(node, 1, 2), batch = extent(node, 0, 0),
                  channels = extent(node, 0, 1) >= 0 ? extent(node, 0, 1) : extent(node, 1, 0);
    char a[200], b[200];
    if ((x->rank >= 0 && x->rank != 3) || (w->rank >= 0 && w->rank != 3) || differ(extent(node, 1, 1), 1) ||
        differ(extent(node, 1, 0), channels) || k == 0)
        return nn_bad(
            n, "input is %s and weight %s: expected [batch,channels,length] and [channels,1,kernel]",
            nn_shape_text(x->rank, x->dims, a, sizeof a), nn_shape_text(w->rank, w->dims, b, sizeof b));
    if (nn_given(node, 3) && (differ(extent(node, 3, 0), batch) || differ(extent(node, 3, 1), channels) ||
                              differ(extent(node, 3, 2) + 1, k)))
        return nn_bad(n, "past_state is %s: expected [batch,channels,kernel-1], here [%lld,%lld,%lld]",
                      nn_shape_text(node->inputs[3]->rank, node->inputs[3]->dims, a, sizeof a),
                      (long long)batch, (long long)channels, (long long)k - 1);
    const int64_t state[] = {batch, channels, k < 0 ? NN_DIM_UNKNOWN : k - 1};
    nn_output_like(n, 0, 0, NN_NONE);
    n->output(n, 1, x->type, 3, state);
    return NN_OK;
}

static int32_t body(NnBody *b) {
    const NnHost *nn = b->host;
    const char *activation = nn_attr_string(b->node, "activation", "none");
    const int64_t k = extent(b->node, 1, 2), channels = extent(b->node, 1, 0), two = 2, end = INT64_MAX;
    if (k < 0 || channels < 0)
        return nn_fail(nn, b->status, NN_UNSUPPORTED,
                       "CausalConvWithState needs a weight of known shape here");
    const int64_t pads[] = {0, 0, k - 1, 0, 0, 0}, from = k > 1 ? 1 - k : end;
    NnValue *x = b->inputs[0], *bias = nn_given(b->node, 2) ? b->inputs[2] : NULL;
    NnValue *all = nn_given(b->node, 3) ? nn_op(nn, b->graph, "Concat", NN_VALUES(b->inputs[3], x),
                                                NN_ATTRS(NN_INT("axis", 2)))
                                        : nn_body2(b, "Pad", x, nn_vector(nn, b->graph, 6, pads));
    NnValue *y =
        nn_op(nn, b->graph, "Conv", NN_VALUES(all, b->inputs[1], bias), NN_ATTRS(NN_INT("group", channels)));
    if (strcmp(activation, "none") != 0)
        y = nn_body2(b, "Mul", y, nn_body1(b, "Sigmoid", y));
    b->outputs[0] = y;
    b->outputs[1] = nn_op(nn, b->graph, "Slice",
                          NN_VALUES(all, nn_vector(nn, b->graph, 1, &from), nn_vector(nn, b->graph, 1, &end),
                                    nn_vector(nn, b->graph, 1, &two)),
                          NN_NO_ATTRS);
    return NN_OK;
}

NN_COMPOSITE_OPERATOR(
    op, NN_ONNX("CausalConvWithState", 27),
    NN_IN({"input", "T", NN_FLOATS, 0, 0, "[batch, channels, length]"},
          {"weight", "T", NN_FLOATS, 0, 0, "a filter for each channel, [channels, 1, kernel]"},
          {"bias", "T", NN_FLOATS, NN_OPTIONAL, 0, "[channels]; absent: 0"},
          {"past_state", "T", NN_FLOATS, NN_OPTIONAL, 0,
           "what came before, [batch, channels, kernel - 1]; absent: 0"}),
    NN_OUT({"output", "T", NN_FLOATS, 0, 0, "of the shape of input"},
           {"present_state", "T", NN_FLOATS, 0, 0,
            "what comes before the next input, [batch, channels, kernel - 1]"}),
    NN_ATTRIBUTES(NN_CHOICE("activation", "none", "none|silu|swish", "silu and swish: y sigmoid(y)")),
    NN_SAMPLES("[1,2,4] [2,1,3]", "[2,3,5] [3,1,2] [3] [2,3,1]; activation=silu",
               "[1,2,1] [2,1,4] - [1,2,3]; activation=swish", "[1,2,3] [2,1,1] [2]", "[0,2,3] [2,1,2]"),
    .doc = "Convolution along the length of every channel by itself, of which output t sees the inputs up to "
           "t only.",
    .infer = infer, .body = body);

NN_OPERATORS(causal_conv_with_state, "A convolution that looks back.", NN_OP("CausalConvWithState", op))
