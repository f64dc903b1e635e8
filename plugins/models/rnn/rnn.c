/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The family `rnn`: recurrent networks that predict the next symbol of a sequence. x and y are windows [N, T]
 * of class indices, y one step ahead. State is carried from batch to batch (truncated back-propagation
 * through time, Williams, Peng 1990), so the data is walked in lanes. Functions: train, evaluate, predict
 * (the distribution that follows each window), sample (one symbol a call), and reset.train, reset.evaluate,
 * reset.sample.
 */
#include "rnn.h"

#include <math.h>

#define MAX_LAYERS 16

typedef struct Recurrent {
    NnModelBuild *build;
    const RnnCell *cell;
    const NnField *x, *y;
    int64_t units, layers, symbols;
    double dropout, forget_bias, restart;
    const char
        *pass;      /* whose state is carried: "train", "evaluate", "sample"; NULL: none, it starts at zero */
    int64_t rows;   /* of the carried state */
    NnValue *keeps; /* [rows, 1]: 0 where the state is cleared first; NULL: nowhere */
} Recurrent;

static NnVariable *state_of(const Recurrent *r, const Net *net, int64_t layer, uint32_t k) {
    char name[64];
    (void)snprintf(name, sizeof name, "%s.state%lld.%u", r->pass, (long long)layer + 1, k);
    return net_state(net, name, 2, (const int64_t[]){r->rows, r->units}, "zeros");
}

/* Now and then a row begins anew, so that the network does not come to lean on a state that only long runs
 * have. */
static NnValue *rows_kept(const Recurrent *r, const Net *net) {
    const NnHost *nn = net->nn;
    if (r->restart <= 0 || net->phase != NN_TRAINING)
        return NULL;
    NnValue *u = nn_op2(nn, net->g, "nn/Uniform", nn_vector(nn, net->g, 2, (const int64_t[]){r->rows, 1}),
                        nn->graph->random(net->g));
    NnValue *keeps = nn_op2(nn, net->g, "GreaterOrEqual", u, nn_scalar(nn, net->g, NN_F32, r->restart));
    return nn_op(nn, net->g, "Cast", NN_VALUES(keeps), NN_ATTRS(NN_INT("to", NN_F32)));
}

/* Zeros [N, units] for as many rows as x has. */
static NnValue *zero_state(const Recurrent *r, const Net *net, NnValue *x) {
    NnValue *rows =
        nn_op(net->nn, net->g, "Shape", NN_VALUES(x), NN_ATTRS(NN_INT("start", 0), NN_INT("end", 1)));
    NnValue *shape =
        nn_op(net->nn, net->g, "Concat", NN_VALUES(rows, nn_vector(net->nn, net->g, 1, &r->units)),
              NN_ATTRS(NN_INT("axis", 0)));
    return nn_op1(net->nn, net->g, "ConstantOfShape", shape);
}

static NnValue *uniform(const Recurrent *r, const Net *net, const char *name, int64_t rows, int64_t columns) {
    const double bound = 1 / sqrt((double)r->units);
    const NnVariableSpec spec = {.struct_size = sizeof spec,
                                 .type = NN_F32,
                                 .name = name,
                                 .rank = 2,
                                 .role = NN_PARAMETER,
                                 .dims = (const int64_t[]){rows, columns},
                                 .init = "uniform",
                                 .a = -bound,
                                 .b = bound};
    return net->nn->graph->read(net->g, net->nn->graph->variable(net->g, &spec));
}

/* The bias, with one gate's part raised: what a forget gate keeps at first decides how far gradients reach.
 */
static NnValue *bias_of(const Recurrent *r, const Net *net, const char *name) {
    const int64_t width = r->cell->gates * r->units;
    NnValue *bias = net_param(net, name, 1, &width, "zeros", 0, 0, NN_VARIABLE_NO_DECAY);
    if (r->cell->biased < 0 || r->forget_bias == 0)
        return bias;
    float *raise = net->nn->alloc(net->nn, (uint64_t)width * sizeof *raise);
    if (raise == NULL) {
        (void)nn_fail(net->nn, net->nn->graph->status(net->g), NN_OUT_OF_MEMORY, "no memory for %lld biases",
                      (long long)width);
        return NULL;
    }
    for (int64_t i = 0; i < r->units; i++)
        raise[r->cell->biased * r->units + i] = (float)r->forget_bias;
    NnValue *offset = net->nn->graph->constant(net->g, NN_F32, 1, &width, raise);
    net->nn->free(net->nn, raise);
    return nn_op2(net->nn, net->g, "Add", bias, offset);
}

/* Scan over the projected input [T, N, gates * units]: the outputs of all steps [T, N, units]; states are
 * replaced. */
static NnValue *run_layer(const Recurrent *r, const Net *net, const char *name, NnValue *projected,
                          NnValue *recurrent, NnValue **states) {
    const NnGraphApi *graph = net->nn->graph;
    const uint32_t n = r->cell->states;
    Net inner = *net;
    inner.g = graph->begin(net->g, r->cell->name);
    if (inner.g == NULL)
        return NULL;
    const int64_t unknown[2] = {NN_DIM_UNKNOWN, r->units},
                  wide[2] = {NN_DIM_UNKNOWN, r->cell->gates * r->units};
    const int64_t square[2] = {r->units, wide[1]};
    NnValue *before[RNN_MAX_STATES], *after[RNN_MAX_STATES + 1] = {NULL};
    for (uint32_t k = 0; k < n; k++)
        before[k] = graph->input(inner.g, k ? "c" : "h", NN_F32, 2, unknown);
    NnValue *slice = graph->input(inner.g, "x", NN_F32, 2, wide);
    NnValue *weights = graph->input(inner.g, "R", NN_F32, 2, square);
    r->cell->step(&inner, slice, weights, before, after);
    after[n] = after[0];
    NnFunction *body = graph->end(inner.g, n + 1, after);
    NnValue *inputs[RNN_MAX_STATES + 2], *outputs[RNN_MAX_STATES + 1];
    for (uint32_t k = 0; k < n; k++)
        inputs[k] = states[k];
    inputs[n] = projected;
    inputs[n + 1] = recurrent;
    (void)net_nodes(net, "Scan", name, inputs, n + 2,
                    NN_ATTRS(NN_BODY("body", body), NN_INT("num_scan_inputs", 1), NN_INT("carried", n)),
                    outputs, n + 1);
    for (uint32_t k = 0; k < n; k++)
        states[k] = outputs[k];
    return outputs[n];
}

static NnValue *layer(const Recurrent *r, const Net *net, NnValue *below, NnValue *x, int64_t index) {
    const NnGraphApi *graph = net->nn->graph;
    char name[64], part[96];
    (void)snprintf(name, sizeof name, "layer%lld", (long long)index + 1);
    const int64_t width = r->cell->gates * r->units;
    NnValue *input =
        uniform(r, net, net_join(part, sizeof part, name, "input"), index ? r->units : r->symbols, width);
    NnValue *recurrent = uniform(r, net, net_join(part, sizeof part, name, "recurrent"), r->units, width);
    NnValue *bias = bias_of(r, net, net_join(part, sizeof part, name, "bias"));
    /* For one-hot symbols the product is a choice of rows. */
    NnValue *projected =
        nn_op2(net->nn, net->g, index ? "MatMul" : "Gather", index ? below : input, index ? input : below);
    projected = nn_op2(net->nn, net->g, "Add", projected, bias);
    NnVariable *variables[RNN_MAX_STATES] = {NULL};
    NnValue *states[RNN_MAX_STATES] = {NULL};
    for (uint32_t k = 0; k < r->cell->states; k++) {
        variables[k] = r->pass ? state_of(r, net, index, k) : NULL;
        states[k] = variables[k] ? graph->read(net->g, variables[k]) : zero_state(r, net, x);
        if (r->keeps)
            states[k] = nn_op2(net->nn, net->g, "Mul", states[k], r->keeps);
    }
    NnValue *h = run_layer(r, net, name, projected, recurrent, states);
    for (uint32_t k = 0; k < r->cell->states && variables[k]; k++)
        (void)graph->assign(net->g, variables[k], states[k], NULL);
    return h;
}

static NnValue *transpose(const Net *net, NnValue *x) {
    const int64_t swapped[2] = {1, 0};
    return nn_op(net->nn, net->g, "Transpose", NN_VALUES(x), NN_ATTRS(NN_INTS("perm", 2, swapped)));
}

static NnValue *reshape(const Net *net, NnValue *x, int64_t rank, const int64_t *dims) {
    return nn_op2(net->nn, net->g, "Reshape", x, nn_vector(net->nn, net->g, rank, dims));
}

/* x [N, T] of class indices to hidden states [T, N, units]. */
static NnValue *hidden(const Recurrent *r, const Net *net, NnValue *x) {
    NnValue *h = transpose(net, x);
    for (int64_t i = 0; i < r->layers; i++) {
        h = layer(r, net, h, x, i);
        if (i + 1 < r->layers)
            h = net_dropout(net, h, r->dropout, "layer");
    }
    return net_dropout(net, h, r->dropout, "output");
}

static NnValue *logits(const Recurrent *r, const Net *net, NnValue *h) {
    return net_dense(net, reshape(net, h, 2, (const int64_t[]){-1, r->units}), r->symbols, true, "output");
}

static Net begin(const Recurrent *r, const char *name, int32_t phase) {
    Net net = {.nn = r->build->host, .build = r->build, .init = "xavier_uniform", .phase = phase};
    net.g = r->build->begin(r->build, name, phase);
    return net;
}

/* The batch is fixed where state is carried: row r of a batch goes on where row r of the one before ended. */
static NnValue *feed(const Recurrent *r, const Net *net, const NnField *field) {
    const int64_t dims[2] = {r->pass ? r->rows : NN_DIM_UNKNOWN, field->dims[0]};
    return net_classes(net, field, net->nn->graph->input(net->g, field->name, field->type, 2, dims));
}

static int32_t build_pass(Recurrent *r, const char *pass, int32_t phase) {
    r->pass = pass;
    r->rows = (int64_t)r->build->batch;
    Net net = begin(r, pass, phase);
    if (net.g == NULL)
        return r->build->host->code(r->build->status);
    r->keeps = rows_kept(r, &net);
    NnValue *out = logits(r, &net, hidden(r, &net, feed(r, &net, r->x)));
    NnValue *target = reshape(&net, transpose(&net, feed(r, &net, r->y)), 1, (const int64_t[]){-1});
    net_classify(&net, out, target);
    return r->build->end(r->build, net.g);
}

static int32_t build_predict(Recurrent *r) {
    r->pass = NULL;
    r->keeps = NULL;
    Net net = begin(r, "predict", NN_INFERENCE);
    if (net.g == NULL)
        return r->build->host->code(r->build->status);
    NnValue *h = hidden(r, &net, feed(r, &net, r->x));
    NnValue *last = nn_op2(net.nn, net.g, "Gather", h, nn_scalar(net.nn, net.g, NN_I64, -1));
    NnValue *p =
        nn_op(net.nn, net.g, "Softmax", NN_VALUES(logits(r, &net, last)), NN_ATTRS(NN_INT("axis", 1)));
    (void)net.nn->graph->output(net.g, "prediction", p);
    return r->build->end(r->build, net.g);
}

/* One symbol: x [1, 1] in, the drawn one out, which the host feeds back. */
static int32_t build_sample(Recurrent *r) {
    const NnGraphApi *graph = r->build->host->graph;
    const int64_t one[2] = {1, 1};
    r->pass = "sample";
    r->rows = 1;
    Net net = begin(r, "sample", NN_INFERENCE);
    if (net.g == NULL)
        return r->build->host->code(r->build->status);
    NnValue *x = graph->input(net.g, "x", NN_I64, 2, one);
    NnValue *temperature = graph->input(net.g, "temperature", NN_F32, 0, NULL);
    NnValue *scores = nn_op2(net.nn, net.g, "Div", logits(r, &net, hidden(r, &net, x)), temperature);
    NnValue *drawn = nn_op2(net.nn, net.g, "nn/Categorical", scores, graph->random(net.g));
    (void)graph->output(net.g, "x", reshape(&net, drawn, 2, one));
    return r->build->end(r->build, net.g);
}

static int32_t build_reset(Recurrent *r, const char *pass, int64_t rows) {
    char name[32];
    (void)snprintf(name, sizeof name, "reset.%s", pass);
    r->pass = pass;
    r->rows = rows;
    Net net = begin(r, name, NN_INFERENCE);
    if (net.g == NULL)
        return r->build->host->code(r->build->status);
    const NnGraphApi *graph = net.nn->graph;
    for (int64_t i = 0; i < r->layers; i++)
        for (uint32_t k = 0; k < r->cell->states; k++) {
            NnVariable *state = state_of(r, &net, i, k);
            NnValue *old = graph->read(net.g, state);
            (void)graph->assign(net.g, state, graph->role(net.g, "zeros_like", 1, &old), NULL);
        }
    return r->build->end(r->build, net.g);
}

static int32_t check_fields(const Recurrent *r) {
    const NnField *fields[2] = {r->x, r->y};
    for (int i = 0; i < 2; i++) {
        const NnField *f = fields[i];
        if (f->rank != 1 || f->classes == 0 || f->classes != r->x->classes || f->dims[0] != r->x->dims[0])
            return nn_fail(r->build->host, r->build->status, NN_INVALID,
                           "the family rnn wants windows of symbols: x and y with the same length and "
                           "classes, found %s with "
                           "%d dimensions and %llu classes",
                           f->name, f->rank, (unsigned long long)f->classes);
    }
    return NN_OK;
}

static int32_t build_rnn(NnModelBuild *build) {
    static const RnnCell *const cells[] = {&rnn_elman, &rnn_gru, &rnn_lstm};
    Recurrent r = {.build = build,
                   .x = net_need_field(build, "x"),
                   .y = net_need_field(build, "y"),
                   .units = net_get_int(build, "units", 256),
                   .layers = net_get_int(build, "layers", 1),
                   .dropout = net_get_number(build, "dropout", 0),
                   .forget_bias = net_get_number(build, "forget_bias", 1),
                   .restart = net_get_number(build, "restart", 0)};
    if (r.x == NULL || r.y == NULL || check_fields(&r) != NN_OK)
        return build->host->code(build->status);
    r.symbols = (int64_t)r.x->classes;
    const char *name = net_get_string(build, "cell", "lstm");
    for (uint32_t i = 0; i < NN_COUNT(cells); i++)
        if (strcmp(cells[i]->name, name) == 0)
            r.cell = cells[i];
    if (r.cell == NULL)
        return nn_fail(build->host, build->status, NN_INVALID, "the family rnn has no cell named %s", name);
    build->order = NN_ORDER_LANES;
    const int64_t batch = (int64_t)build->batch;
    (void)(build_pass(&r, "train", NN_TRAINING) == NN_OK &&
           build_pass(&r, "evaluate", NN_INFERENCE) == NN_OK && build_predict(&r) == NN_OK &&
           build_sample(&r) == NN_OK && build_reset(&r, "train", batch) == NN_OK &&
           build_reset(&r, "evaluate", batch) == NN_OK && build_reset(&r, "sample", 1) == NN_OK);
    return build->host->code(build->status);
}

static const NnSetting settings[] = {
    {"cell", NN_SET_ENUM, 0, "lstm", 0, 0, "elman|gru|lstm", NULL, "What is repeated over time."},
    {"units", NN_SET_INT, NN_SET_RANGE, "256", 1, 65536, NULL, "units", "Size of each layer's state."},
    {"layers", NN_SET_INT, NN_SET_RANGE, "1", 1, MAX_LAYERS, NULL, "layers",
     "Recurrent layers on top of one another."},
    {"dropout", NN_SET_FLOAT, NN_SET_RANGE, "0", 0, 0.99, NULL, NULL,
     "Share of each layer's outputs dropped in training."},
    {"forget_bias", NN_SET_FLOAT, 0, "1", 0, 0, NULL, NULL, "Added to the bias of the LSTM's forget gate."},
    {"restart", NN_SET_FLOAT, NN_SET_RANGE, "0.02", 0, 1, NULL, NULL,
     "Chance that a row's state is cleared before a training step, so that the network also learns to "
     "begin."},
};

static const NnModel rnn = {
    .struct_size = sizeof rnn,
    .n_settings = NN_COUNT(settings),
    .setting_stride = NN_STRIDE(settings),
    .name = "rnn",
    .doc = "Recurrent networks that predict the next symbol: Elman, GRU, LSTM, with state carried over.",
    .settings = settings,
    .build = build_rnn};

static const NnExport exports[] = {{NN_MODEL_KIND, "rnn", &rnn}};
NN_PLUGIN(rnn, "Recurrent networks.", exports)
