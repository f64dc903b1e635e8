/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short forms for sequences [N, T, features]: recurrent layers (RNN, GRU, LSTM) and MultiHeadAttention;
 * and Parameter, a trainable tensor of its own. Spelled with ONNX operators in the forms that other programs
 * run too.
 */
#include "net.h"

#include <math.h>

static NnValue *transpose(const Net *net, NnValue *x, uint32_t n, const int64_t *order) {
    return nn_op(net->nn, net->g, "Transpose", NN_VALUES(x), NN_ATTRS(NN_INTS("perm", n, order)));
}

/* 0 in the shape keeps the extent of x. */
static NnValue *reshape(const Net *net, NnValue *x, uint32_t n, const int64_t *shape) {
    return nn_op2(net->nn, net->g, "Reshape", x, nn_vector(net->nn, net->g, n, shape));
}

static bool is_sequence(const NetLayer *l) {
    const NnValueInfo *x = l->x ? l->scope->net.nn->graph->info(l->scope->net.g, l->x) : NULL;
    if (x && x->rank == 3)
        return true;
    (void)net_fail(l, l->item, "layer %s: %s wants an input [N, steps, features], found %d dimensions",
                   l->name, l->op, x ? x->rank : 0);
    return false;
}

/* ---- recurrent layers ---- */

/* All of a recurrent layer's weights start in +- 1 / sqrt(units). */
static NnValue *recurrent_param(const NetLayer *l, const char *part, int32_t rank, const int64_t *dims,
                                int64_t units, uint32_t flags) {
    const NnGraphApi *graph = l->scope->net.nn->graph;
    char text[128];
    const double bound = 1 / sqrt((double)units);
    const NnVariableSpec spec = {.struct_size = sizeof spec,
                                 .type = NN_F32,
                                 .name = net_join(text, sizeof text, l->name, part),
                                 .rank = rank,
                                 .role = NN_PARAMETER,
                                 .dims = dims,
                                 .init = "uniform",
                                 .a = -bound,
                                 .b = bound,
                                 .flags = flags};
    NnVariable *v = graph->variable(l->scope->net.g, &spec);
    return v ? graph->read(l->scope->net.g, v) : NULL;
}

static NnValue *recurrent(const NetLayer *l, int64_t gates, uint32_t states) {
    const Net *net = &l->scope->net;
    const int64_t units = net_option_int(l, "units", 0);
    const bool last = net_option_bool(l, "last", false);
    const char *direction = net_option_text(l, "direction", "forward");
    if (units <= 0) {
        (void)net_fail(l, l->item, "layer %s: %s needs units, a whole number above 0", l->name, l->op);
        return NULL;
    }
    const int64_t features = is_sequence(l) ? net_extent(net, l->x, 2, l->name) : 0;
    if (features == 0)
        return NULL;
    const int64_t directions = strcmp(direction, "bidirectional") == 0 ? 2 : 1;
    const int64_t weight[] = {directions, gates * units, features},
                  square[] = {directions, gates * units, units};
    NnValue *w = recurrent_param(l, "weight", 3, weight, units, 0);
    NnValue *r = recurrent_param(l, "recurrent", 3, square, units, 0);
    NnValue *b = recurrent_param(l, "bias", 2, (const int64_t[]){directions, 2 * gates * units}, units,
                                 NN_VARIABLE_NO_DECAY);
    NnValue *x = transpose(net, l->x, 3, (const int64_t[]){1, 0, 2}), *out[3] = {NULL};
    if (net_nodes(net, l->op, l->name, NN_VALUES(x, w, r, b),
                  NN_ATTRS(NN_INT("hidden_size", units), NN_TEXT("direction", direction)), out,
                  1 + states) != NN_OK)
        return NULL;
    if (last) /* [directions, N, units] */
        return nn_op1(net->nn, net->g, "Flatten", transpose(net, out[1], 3, (const int64_t[]){1, 0, 2}));
    /* [T, directions, N, units] */
    return reshape(net, transpose(net, out[0], 4, (const int64_t[]){2, 0, 1, 3}), 3,
                   (const int64_t[]){0, 0, directions * units});
}

static NnValue *rnn(const NetLayer *l) { return recurrent(l, 1, 1); }
static NnValue *gru(const NetLayer *l) { return recurrent(l, 3, 1); }
static NnValue *lstm(const NetLayer *l) { return recurrent(l, 4, 2); }

/* ---- attention ---- */

/* Added to the scores [.., T, T]: what lies ahead of a step is out of its reach. T is read from the scores.
 */
static NnValue *hide_ahead(const Net *net, NnValue *scores) {
    const NnHost *nn = net->nn;
    NnValue *plane =
        nn_op(nn, net->g, "Shape", NN_VALUES(scores), NN_ATTRS(NN_INT("start", 2), NN_INT("end", 4)));
    NnValue *far = nn_op2(nn, net->g, "Expand", nn_scalar(nn, net->g, NN_F32, -1e9), plane);
    NnValue *ahead = nn_op(nn, net->g, "Trilu", NN_VALUES(far, nn_scalar(nn, net->g, NN_I64, 1)),
                           NN_ATTRS(NN_INT("upper", 1)));
    return nn_op2(nn, net->g, "Add", scores, ahead);
}

/* Vaswani et al. 2017, of a sequence to itself: softmax(Q K' / sqrt(d)) V in each head, one product for Q, K
 * and V of all heads. */
static NnValue *attention(const NetLayer *l) {
    const Net *net = &l->scope->net;
    const int64_t heads = net_option_int(l, "heads", 1);
    const bool causal = net_option_bool(l, "causal", false), bias = net_option_bool(l, "bias", true);
    const int64_t size = is_sequence(l) ? net_extent(net, l->x, 2, l->name) : 0;
    if (size == 0)
        return NULL;
    if (heads <= 0 || size % heads != 0) {
        (void)net_fail(l, l->item, "layer %s: %lld features cannot be split into %lld heads", l->name,
                       (long long)size, (long long)heads);
        return NULL;
    }
    char text[128];
    NnValue *all = net_dense(net, l->x, 3 * size, bias, net_join(text, sizeof text, l->name, "input"));
    all = reshape(net, all, 4, (const int64_t[]){0, 0, 3 * heads, size / heads});
    all = transpose(net, all, 4, (const int64_t[]){0, 2, 1, 3});
    NnValue *part[3] = {NULL};
    (void)nn_ops(net->nn, net->g, "Split", NN_VALUES(all),
                 NN_ATTRS(NN_INT("axis", 1), NN_INT("num_outputs", 3)), part, 3);
    NnValue *query = nn_op2(net->nn, net->g, "Mul", part[0],
                            nn_scalar(net->nn, net->g, NN_F32, 1 / sqrt((double)(size / heads))));
    NnValue *key = transpose(net, part[1], 4, (const int64_t[]){0, 1, 3, 2});
    NnValue *scores = nn_op2(net->nn, net->g, "MatMul", query, key);
    if (causal)
        scores = hide_ahead(net, scores);
    NnValue *weights = net_node(net, "Softmax", l->name, NN_VALUES(scores), NN_ATTRS(NN_INT("axis", -1)));
    NnValue *mixed = nn_op2(net->nn, net->g, "MatMul", weights, part[2]);
    mixed = reshape(net, transpose(net, mixed, 4, (const int64_t[]){0, 2, 1, 3}), 3,
                    (const int64_t[]){0, 0, size});
    return net_dense(net, mixed, size, bias, net_join(text, sizeof text, l->name, "output"));
}

/* ---- parameters ---- */

/* Is it an initialiser that needs no more than the parameter `scale`? */
static bool can_start_as(const char *init) {
    static const char *const names[] = {"normal", "uniform", "constant", "zeros", "ones", "orthogonal"};
    for (uint32_t i = 0; i < NN_COUNT(names); i++)
        if (strcmp(names[i], init) == 0)
            return true;
    return false;
}

static NnValue *parameter(const NetLayer *l) {
    const Net *net = &l->scope->net;
    const NnConfigApi *config = net->nn->config;
    const NnConfig *shape = net_option(l, "shape");
    const char *init = net_option_text(l, "init", "normal");
    const double scale = net_option_number(l, "scale", 0.02);
    const uint64_t rank = config->kind(shape) == NN_CONFIG_LIST ? config->count(shape) : 0;
    int64_t dims[NN_MAX_RANK] = {0};
    if (config->kind(shape) != NN_CONFIG_LIST || rank > NN_MAX_RANK) {
        (void)net_fail(l, shape ? shape : l->item,
                       "layer %s: Parameter needs shape, a list of at most %d extents", l->name, NN_MAX_RANK);
        return NULL;
    }
    net_option_ints(l, "shape", (uint32_t)rank, 0, dims);
    if (!can_start_as(init)) {
        (void)net_fail(
            l, net_option(l, "init"),
            "layer %s: init: expected normal, uniform, constant, zeros, ones or orthogonal, found \"%s\"",
            l->name, init);
        return NULL;
    }
    const NnVariableSpec spec = {.struct_size = sizeof spec,
                                 .type = NN_F32,
                                 .name = l->name,
                                 .rank = (int32_t)rank,
                                 .role = NN_PARAMETER,
                                 .dims = dims,
                                 .init = init,
                                 .a = strcmp(init, "normal") == 0    ? 0
                                      : strcmp(init, "uniform") == 0 ? -scale
                                                                     : scale,
                                 .b = scale,
                                 .flags = NN_VARIABLE_NO_DECAY};
    NnVariable *v = net->nn->graph->variable(net->g, &spec);
    return v ? net->nn->graph->read(net->g, v) : NULL;
}

static const char *const recurrent_keys[] = {"units", "last", "direction", NULL};
static const char *const attention_keys[] = {"heads", "causal", "bias", NULL};
static const char *const parameter_keys[] = {"shape", "init", "scale", NULL};

const NetShort net_sequence_shorts[] = {
    {"RNN", recurrent_keys, rnn, false},
    {"GRU", recurrent_keys, gru, false},
    {"LSTM", recurrent_keys, lstm, false},
    {"MultiHeadAttention", attention_keys, attention, true},
    {"Parameter", parameter_keys, parameter, true},
};
const uint32_t net_n_sequence_shorts = NN_COUNT(net_sequence_shorts);
