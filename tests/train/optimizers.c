/* SPDX-License-Identifier: Apache-2.0 */
/* Each update rule beside its formula in plain doubles, over a few steps of one weight, with its default
 * settings. */
#include "../contract/contract.h"

#define STEPS 5

typedef struct State {
    double p, s[3];
} State;

static void sgd(State *w, double g, double rate, int t) {
    (void)t;
    w->p -= rate * g;
}

static void momentum(State *w, double g, double rate, int t) {
    (void)t;
    w->s[0] = 0.9 * w->s[0] + g;
    w->p -= rate * w->s[0];
}

static void nesterov(State *w, double g, double rate, int t) {
    (void)t;
    w->s[0] = 0.9 * w->s[0] + g;
    w->p -= rate * (g + 0.9 * w->s[0]);
}

static void adagrad(State *w, double g, double rate, int t) {
    (void)t;
    w->s[0] += g * g;
    w->p -= rate * g / (sqrt(w->s[0]) + 1e-10);
}

static void adadelta(State *w, double g, double rate, int t) {
    (void)t;
    w->s[0] = 0.9 * w->s[0] + 0.1 * g * g;
    const double delta = sqrt(w->s[1] + 1e-6) / sqrt(w->s[0] + 1e-6) * g;
    w->s[1] = 0.9 * w->s[1] + 0.1 * delta * delta;
    w->p -= rate * delta;
}

static void rmsprop(State *w, double g, double rate, int t) {
    (void)t;
    w->s[0] = 0.99 * w->s[0] + 0.01 * g * g;
    w->p -= rate * g / (sqrt(w->s[0]) + 1e-8);
}

static void adam(State *w, double g, double rate, int t) {
    w->s[0] = 0.9 * w->s[0] + 0.1 * g;
    w->s[1] = 0.999 * w->s[1] + 0.001 * g * g;
    w->p -= rate * (w->s[0] / (1 - pow(0.9, t))) / (sqrt(w->s[1] / (1 - pow(0.999, t))) + 1e-8);
}

static void adamw(State *w, double g, double rate, int t) {
    w->p -= rate * 0.01 * w->p;
    adam(w, g, rate, t);
}

static const struct {
    const char *name;
    void (*step)(State *, double g, double rate, int t);
    double rate;
} rules[] = {
    {"sgd", sgd, 0.1},         {"momentum", momentum, 0.1}, {"nesterov", nesterov, 0.1},
    {"adagrad", adagrad, 0.1}, {"adadelta", adadelta, 1.0}, {"rmsprop", rmsprop, 0.01},
    {"adam", adam, 0.01},      {"adamw", adamw, 0.01},
};

/* new param and new slots as outputs of param, grad, rate, step and slots. */
static NnGraph *build(Test *t, const NnOptimizer *o, const NnConfig *config) {
    const NnGraphApi *api = t->nn->graph;
    const int64_t dims[] = {2, 3};
    NnGraph *g = begin(t, o->name);
    NnValue *slots[NN_MAX_SLOTS], *next[NN_MAX_SLOTS] = {NULL};
    NnUpdate u = {.struct_size = sizeof u,
                  .host = nn_registry_host(t->context, o),
                  .graph = g,
                  .config = config,
                  .param = api->input(g, "param", NN_F32, 2, dims),
                  .grad = api->input(g, "grad", NN_F32, 2, dims),
                  .rate = api->input(g, "rate", NN_F32, 0, NULL),
                  .step = api->input(g, "step", NN_F32, 0, NULL),
                  .decay = o->decoupled ? nn_scalar(t->nn, g, NN_F32, 0.01) : NULL,
                  .slots = slots,
                  .new_slots = next,
                  .status = api->status(g)};
    char names[NN_MAX_SLOTS][16];
    for (uint32_t i = 0; i < o->n_slots; i++) {
        (void)snprintf(names[i], sizeof names[i], "slot%u", i);
        slots[i] = api->input(g, names[i], NN_F32, 2, dims);
    }
    if (o->update(&u) != NN_OK)
        return g;
    api->output(g, "param", u.new_param);
    for (uint32_t i = 0; i < o->n_slots; i++)
        api->output(g, names[i], next[i] ? next[i] : slots[i]);
    return g;
}

static bool follows(Test *t, NnCallable *c, const NnOptimizer *o, size_t rule) {
    float param[6], grad[6], rate = (float)rules[rule].rate, step, slots[NN_MAX_SLOTS][6] = {{0}};
    Array arrays[4 + NN_MAX_SLOTS];
    const NnTensor *inputs[4 + NN_MAX_SLOTS];
    State want[6] = {{0}};
    bool good = true;
    for (int k = 0; k < 6; k++)
        want[k].p = param[k] = (float)(k - 2) * 0.7f;
    inputs[0] = FLOATS(&arrays[0], param, 2, 3);
    inputs[1] = FLOATS(&arrays[1], grad, 2, 3);
    inputs[2] = SCALAR(&arrays[2], NN_F32, &rate);
    inputs[3] = SCALAR(&arrays[3], NN_F32, &step);
    for (uint32_t i = 0; i < o->n_slots; i++)
        inputs[4 + i] = FLOATS(&arrays[4 + i], slots[i], 2, 3);
    for (int s = 1; s <= STEPS && good; s++) {
        step = (float)s;
        for (int k = 0; k < 6; k++) {
            grad[k] = sinf((float)(s * 7 + k)) * 0.5f;
            rules[rule].step(&want[k], (double)grad[k], (double)rate, s);
        }
        good = call(t, c, inputs);
        for (int k = 0; k < 6 && good; k++) {
            param[k] = (float)result(t, c, 0, k);
            good = fabs((double)param[k] - want[k].p) <= 1e-5 * (1 + fabs(want[k].p));
            for (uint32_t i = 0; i < o->n_slots; i++)
                slots[i][k] = (float)result(t, c, 1 + i, k);
        }
    }
    return good;
}

static void rule_by_rule(Test *t) {
    NnConfig *empty = nn_config_parse("{}", 2, "defaults", t->status);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const NnOptimizer *o = nn_registry_table(t->context, NN_OPTIMIZER_KIND, rules[i].name, t->status);
        const NnConfig *config = NULL;
        NnCallable *c = NULL;
        if (o && nn_config_api()->check(empty, o->settings, o->n_settings, o->setting_stride, o->name,
                                        &config, t->status) == NN_OK)
            c = callable(t, build(t, o, config));
        report(t, rules[i].name, c && follows(t, c, o, i));
        nn_callable_free(c);
    }
    nn_config_free(empty);
}

int main(void) {
    setenv("NN_TEST_DEVICES", "reference,cpu", 0);
    return on_each_device(rule_by_rule);
}
