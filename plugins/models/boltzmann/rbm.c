/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The restricted Boltzmann machine with binary units (Smolensky 1986), trained by contrastive divergence
 * (Hinton 2002) or its persistent form (Tieleman 2008). There is no loss: the gradients are differences of
 * statistics. E(v, h) = -v b - h c - v W h;   p(h = 1 | v) = sigmoid(c + v W);   p(v = 1 | h) = sigmoid(b + h
 * W^T) F(v) = -v b - sum_j softplus(c_j + (v W)_j) dW = (v_k^T p(h | v_k) - v_0^T p(h | v_0)) / N, and alike
 * for b and c
 */
#include "boltzmann.h"

/* As many Gibbs steps as this are written out; more are a loop. */
#define UNROLLED 8

typedef struct Machine {
    Net net;
    NnVariable *weights, *visible, *hidden;
    NnValue *w, *b, *c;
    int64_t n_visible, n_hidden;
} Machine;

static NnVariable *declare(const Net *net, const char *name, int32_t rank, const int64_t *dims,
                           double deviation) {
    const NnVariableSpec spec = {.struct_size = sizeof spec,
                                 .type = NN_F32,
                                 .name = name,
                                 .rank = rank,
                                 .role = NN_PARAMETER,
                                 .dims = dims,
                                 .init = deviation > 0 ? "normal" : "zeros",
                                 .b = deviation,
                                 .flags = deviation > 0 ? 0 : NN_VARIABLE_NO_DECAY};
    return net->nn->graph->variable(net->g, &spec);
}

static int32_t begin(NnModelBuild *build, const char *name, int32_t phase, const NnField *x, Machine *m) {
    const NnGraphApi *graph = build->host->graph;
    *m = (Machine){.net = {.nn = build->host, .build = build, .phase = phase},
                   .n_visible = nn_product(x->dims, 0, x->rank),
                   .n_hidden = net_get_int(build, "hidden", 500)};
    m->net.g = build->begin(build, name, phase);
    if (m->net.g == NULL)
        return build->host->code(build->status);
    m->weights = declare(&m->net, "weight", 2, (const int64_t[]){m->n_visible, m->n_hidden},
                         net_get_number(build, "deviation", 0.01));
    m->visible = declare(&m->net, "visible", 1, &m->n_visible, 0);
    m->hidden = declare(&m->net, "hidden", 1, &m->n_hidden, 0);
    m->w = graph->read(m->net.g, m->weights);
    m->b = graph->read(m->net.g, m->visible);
    m->c = graph->read(m->net.g, m->hidden);
    return NN_OK;
}

/* ---- conditional distributions and the Gibbs chain ---- */

static NnValue *hidden_input(const Machine *m, NnValue *v) {
    return nn_op3(m->net.nn, m->net.g, "Gemm", v, m->w, m->c);
}

static NnValue *hidden_given(const Machine *m, NnValue *v) {
    return nn_op1(m->net.nn, m->net.g, "Sigmoid", hidden_input(m, v));
}

static NnValue *visible_given(const Machine *m, NnValue *h) {
    return nn_op1(
        m->net.nn, m->net.g, "Sigmoid",
        nn_op(m->net.nn, m->net.g, "Gemm", NN_VALUES(h, m->w, m->b), NN_ATTRS(NN_INT("transB", 1))));
}

static NnValue *draw(const Machine *m, NnValue *probability) {
    return nn_op2(m->net.nn, m->net.g, "nn/Bernoulli", probability, m->net.nn->graph->random(m->net.g));
}

/* One step: h ~ p(h | v), then p(v | h). */
static NnValue *gibbs(const Machine *m, NnValue *v) { return visible_given(m, draw(m, hidden_given(m, v))); }

/* `steps` Gibbs steps from v; the last visible units are drawn, and their probabilities go to *mean. */
static NnValue *chain(const Machine *m, NnValue *v, int64_t steps, NnValue **mean) {
    const NnHost *nn = m->net.nn;
    int64_t written = steps;
    if (steps > UNROLLED) {
        written = 1;
        const NnValueInfo *shape = nn->graph->info(m->net.g, v);
        Machine inner = *m;
        inner.net.g = nn->graph->begin(m->net.g, "gibbs");
        if (inner.net.g == NULL || shape == NULL)
            return NULL;
        (void)nn->graph->input(inner.net.g, "iteration", NN_I64, 0, NULL);
        NnValue *go = nn->graph->input(inner.net.g, "go", NN_BOOL, 0, NULL);
        NnValue *state = nn->graph->input(inner.net.g, "v", NN_F32, 2, shape->dims);
        inner.w = nn->graph->input(inner.net.g, "W", NN_F32, 2, (const int64_t[]){m->n_visible, m->n_hidden});
        inner.b = nn->graph->input(inner.net.g, "b", NN_F32, 1, &m->n_visible);
        inner.c = nn->graph->input(inner.net.g, "c", NN_F32, 1, &m->n_hidden);
        NnValue *next[2] = {nn_op1(nn, inner.net.g, "Identity", go), draw(&inner, gibbs(&inner, state))};
        NnFunction *body = nn->graph->end(inner.net.g, 2, next);
        v = nn_op(nn, m->net.g, "Loop",
                  NN_VALUES(nn_scalar(nn, m->net.g, NN_I64, (double)(steps - 1)), NULL, v, m->w, m->b, m->c),
                  NN_ATTRS(NN_BODY("body", body), NN_INT("carried", 1)));
    }
    for (int64_t i = 0; i < written; i++) {
        *mean = gibbs(m, v);
        v = draw(m, *mean);
    }
    return v;
}

/* ---- inputs ---- */

static NnValue *flat(const Machine *m, NnValue *x) {
    return nn_op(m->net.nn, m->net.g, "Flatten", NN_VALUES(x), NN_ATTRS(NN_INT("axis", 1)));
}

/* Pixels in 0 .. 1 as the visible units: cut at a threshold, drawn with the pixel as probability, or as they
 * are. */
static NnValue *binarised(const Machine *m, const NnField *x) {
    const Net *net = &m->net;
    NnValue *real = flat(m, net_real(net, x, net_feed(net, x)));
    const char *how = net_get_string(net->build, "binarise", "threshold");
    if (strcmp(how, "none") == 0)
        return real;
    if (strcmp(how, "sample") == 0)
        return draw(m, real);
    NnValue *limit = nn_scalar(net->nn, net->g, NN_F32, net_get_number(net->build, "threshold", 0.5));
    NnValue *on = nn_op2(net->nn, net->g, "GreaterOrEqual", real, limit);
    return nn_op(net->nn, net->g, "Cast", NN_VALUES(on), NN_ATTRS(NN_INT("to", NN_F32)));
}

/* [N, visible units] as a batch of the data's own shape. */
static NnValue *as_field(const Machine *m, NnValue *v, const NnField *x) {
    int64_t dims[NN_MAX_RANK] = {-1};
    for (int32_t i = 0; i < x->rank; i++)
        dims[i + 1] = x->dims[i];
    return nn_op2(m->net.nn, m->net.g, "Reshape", v, nn_vector(m->net.nn, m->net.g, x->rank + 1, dims));
}

/* ---- gradients ---- */

static NnValue *mean_rows(const Machine *m, NnValue *x) {
    const int64_t axis = 0;
    return nn_op(m->net.nn, m->net.g, "ReduceMean", NN_VALUES(x, nn_vector(m->net.nn, m->net.g, 1, &axis)),
                 NN_ATTRS(NN_INT("keepdims", 0)));
}

/* The mean over rows of v^T h. */
static NnValue *correlation(const Machine *m, NnValue *v, NnValue *h) {
    const Net *net = &m->net;
    NnValue *rows =
        nn_op(net->nn, net->g, "Shape", NN_VALUES(v), NN_ATTRS(NN_INT("start", 0), NN_INT("end", 1)));
    NnValue *count = nn_op(net->nn, net->g, "Cast", NN_VALUES(rows), NN_ATTRS(NN_INT("to", NN_F32)));
    NnValue *product = nn_op(net->nn, net->g, "Gemm", NN_VALUES(v, h), NN_ATTRS(NN_INT("transA", 1)));
    return nn_op2(net->nn, net->g, "Div", product, count);
}

static NnValue *minus(const Machine *m, NnValue *a, NnValue *b) {
    return nn_op2(m->net.nn, m->net.g, "Sub", a, b);
}

static NnValue *squared_error(const Machine *m, NnValue *v, NnValue *mean) {
    NnValue *difference = minus(m, v, mean);
    return net_mean(&m->net, nn_op2(m->net.nn, m->net.g, "Mul", difference, difference));
}

static int32_t build_train(NnModelBuild *build, const NnField *x) {
    Machine m;
    if (begin(build, "train", NN_TRAINING, x, &m) != NN_OK)
        return build->host->code(build->status);
    const NnGraphApi *graph = build->host->graph;
    NnValue *v0 = binarised(&m, x), *h0 = hidden_given(&m, v0), *mean = NULL, *vk;
    const int64_t steps = net_get_int(build, "steps", 1);
    if (build->host->config->boolean(net_get(build, "persistent"))) {
        const int64_t dims[2] = {(int64_t)build->batch, m.n_visible};
        const NnVariableSpec spec = {.struct_size = sizeof spec,
                                     .type = NN_F32,
                                     .name = "train.chain",
                                     .rank = 2,
                                     .role = NN_STATE,
                                     .dims = dims,
                                     .init = "uniform",
                                     .b = 1};
        NnVariable *state = graph->variable(m.net.g, &spec);
        vk = chain(&m, graph->read(m.net.g, state), steps, &mean);
        (void)graph->assign(m.net.g, state, vk, NULL);
        mean = visible_given(&m, h0);
    } else {
        vk = chain(&m, v0, steps, &mean);
    }
    NnValue *hk = hidden_given(&m, vk);
    (void)graph->set_gradient(m.net.g, m.weights,
                              minus(&m, correlation(&m, vk, hk), correlation(&m, v0, h0)));
    (void)graph->set_gradient(m.net.g, m.visible, minus(&m, mean_rows(&m, vk), mean_rows(&m, v0)));
    (void)graph->set_gradient(m.net.g, m.hidden, minus(&m, mean_rows(&m, hk), mean_rows(&m, h0)));
    (void)graph->output(m.net.g, "reconstruction_error", squared_error(&m, v0, mean));
    return build->end(build, m.net.g);
}

/* ---- what the machine can do besides ---- */

/* F(v) [N]. */
static NnValue *free_energy(const Machine *m, NnValue *v) {
    const Net *net = &m->net;
    const int64_t axis = 1;
    NnValue *along = nn_vector(net->nn, net->g, 1, &axis);
    NnValue *field =
        nn_op(net->nn, net->g, "ReduceSum", NN_VALUES(nn_op2(net->nn, net->g, "Mul", v, m->b), along),
              NN_ATTRS(NN_INT("keepdims", 0)));
    NnValue *units = nn_op(net->nn, net->g, "ReduceSum",
                           NN_VALUES(nn_op1(net->nn, net->g, "Softplus", hidden_input(m, v)), along),
                           NN_ATTRS(NN_INT("keepdims", 0)));
    return nn_op1(net->nn, net->g, "Neg", nn_op2(net->nn, net->g, "Add", field, units));
}

/* v with one bit of each row, drawn at random, turned over. */
static NnValue *one_flipped(const Machine *m, NnValue *v) {
    const Net *net = &m->net;
    NnValue *rows =
        nn_op(net->nn, net->g, "Shape", NN_VALUES(v), NN_ATTRS(NN_INT("start", 0), NN_INT("end", 1)));
    NnValue *u = nn_op2(net->nn, net->g, "nn/Uniform", rows, net->nn->graph->random(net->g));
    NnValue *at =
        nn_op1(net->nn, net->g, "Floor",
               nn_op2(net->nn, net->g, "Mul", u, nn_scalar(net->nn, net->g, NN_F32, (double)m->n_visible)));
    at = nn_op(net->nn, net->g, "Cast", NN_VALUES(at), NN_ATTRS(NN_INT("to", NN_I64)));
    const int64_t two = 2;
    NnValue *values = net->nn->graph->constant(net->g, NN_F32, 1, &two, (const float[]){0, 1});
    NnValue *bit = nn_op(net->nn, net->g, "OneHot",
                         NN_VALUES(at, nn_scalar(net->nn, net->g, NN_I64, (double)m->n_visible), values),
                         NN_ATTRS(NN_INT("axis", 1)));
    NnValue *one = nn_scalar(net->nn, net->g, NN_F32, 1);
    NnValue *turn = minus(m, one, nn_op2(net->nn, net->g, "Add", v, v));
    return nn_op2(net->nn, net->g, "Add", v, nn_op2(net->nn, net->g, "Mul", bit, turn));
}

/* The stochastic estimate of log pseudo-likelihood: n log sigmoid(F(v with bit i turned over) - F(v)). */
static NnValue *pseudo_likelihood(const Machine *m, NnValue *v) {
    const Net *net = &m->net;
    NnValue *gap = minus(m, free_energy(m, v), free_energy(m, one_flipped(m, v)));
    NnValue *cost = net_mean(net, nn_op1(net->nn, net->g, "Softplus", gap));
    return nn_op2(net->nn, net->g, "Mul", cost, nn_scalar(net->nn, net->g, NN_F32, -(double)m->n_visible));
}

static int32_t build_evaluate(NnModelBuild *build, const NnField *x) {
    Machine m;
    if (begin(build, "evaluate", NN_INFERENCE, x, &m) != NN_OK)
        return build->host->code(build->status);
    NnValue *v = binarised(&m, x);
    (void)build->host->graph->output(m.net.g, "pseudo_likelihood", pseudo_likelihood(&m, v));
    (void)build->host->graph->output(m.net.g, "reconstruction_error",
                                     squared_error(&m, v, visible_given(&m, hidden_given(&m, v))));
    return build->end(build, m.net.g);
}

static NnValue *reconstruct(const Machine *m, NnValue *v, const NnField *x) {
    return as_field(m, visible_given(m, hidden_given(m, v)), x);
}

static NnValue *encode(const Machine *m, NnValue *v, const NnField *x) {
    (void)x;
    return hidden_given(m, v);
}

static NnValue *energy(const Machine *m, NnValue *v, const NnField *x) {
    (void)x;
    return free_energy(m, v);
}

static const struct {
    const char *function, *output;
    NnValue *(*build)(const Machine *, NnValue *v, const NnField *x);
} views[] = {
    {"predict", "prediction", reconstruct},
    {"reconstruct", "reconstruction", reconstruct},
    {"encode", "code", encode},
    {"energy", "energy", energy},
};

static NnVariable *sample_chain(const Machine *m) {
    const NnVariableSpec spec = {.struct_size = sizeof spec,
                                 .type = NN_F32,
                                 .name = "sample.chain",
                                 .rank = 2,
                                 .role = NN_STATE,
                                 .lifetime = NN_RUN_ONLY,
                                 .dims =
                                     (const int64_t[]){net_get_int(m->net.build, "chains", 16), m->n_visible},
                                 .init = "uniform",
                                 .b = 1};
    return m->net.nn->graph->variable(m->net.g, &spec);
}

/* Each call moves all chains on by `sample_steps` and shows their visible probabilities. */
static int32_t build_sample(NnModelBuild *build, const NnField *x) {
    Machine m;
    if (begin(build, "sample", NN_INFERENCE, x, &m) != NN_OK)
        return build->host->code(build->status);
    const NnGraphApi *graph = build->host->graph;
    NnVariable *state = sample_chain(&m);
    NnValue *mean = NULL;
    NnValue *v = chain(&m, graph->read(m.net.g, state), net_get_int(build, "sample_steps", 1000), &mean);
    (void)graph->assign(m.net.g, state, v, NULL);
    (void)graph->output(m.net.g, "image", as_field(&m, mean, x));
    return build->end(build, m.net.g);
}

/* New chains start from fair coins. */
static int32_t build_reset(NnModelBuild *build, const NnField *x) {
    Machine m;
    if (begin(build, "reset.sample", NN_INFERENCE, x, &m) != NN_OK)
        return build->host->code(build->status);
    const NnGraphApi *graph = build->host->graph;
    NnVariable *state = sample_chain(&m);
    NnValue *shape = nn_op1(m.net.nn, m.net.g, "Shape", graph->read(m.net.g, state));
    (void)graph->assign(m.net.g, state,
                        nn_op2(m.net.nn, m.net.g, "nn/Uniform", shape, graph->random(m.net.g)), NULL);
    return build->end(build, m.net.g);
}

int32_t boltzmann_rbm(NnModelBuild *build) {
    const NnField *x = net_need_field(build, "x");
    if (x == NULL)
        return build->host->code(build->status);
    if (x->classes)
        return nn_fail(build->host, build->status, NN_INVALID,
                       "the family boltzmann wants numbers in 0 .. 1 as x, found classes");
    int32_t code = build_train(build, x);
    for (uint32_t i = 0; i < NN_COUNT(views) && code == NN_OK; i++) {
        Machine m;
        code = begin(build, views[i].function, NN_INFERENCE, x, &m);
        if (code != NN_OK)
            return code;
        (void)build->host->graph->output(m.net.g, views[i].output, views[i].build(&m, binarised(&m, x), x));
        code = build->end(build, m.net.g);
    }
    code = code == NN_OK ? build_evaluate(build, x) : code;
    code = code == NN_OK ? build_sample(build, x) : code;
    return code == NN_OK ? build_reset(build, x) : code;
}
