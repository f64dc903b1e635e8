/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random operators: Philox against its authors' known answers, the moments of what is drawn, and that a draw
 * depends on seed, step and node only: two runs agree, two nodes, two steps, two seeds do not.
 */
#include "../../plugins/ops/family/philox.h"
#include "../contract/contract.h"

#define N 4096

static void known_answers(Test *t) {
    static const uint32_t cases[3][10] = {
        {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
        {~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
        {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb,
         0x5001e420, 0x24126ea1}};
    bool good = true;
    for (int i = 0; i < 3; i++) {
        uint32_t out[4];
        nn_philox(cases[i], cases[i] + 4, out);
        good = good && memcmp(out, cases[i] + 6, sizeof out) == 0;
    }
    report(t, "Philox 4x32-10 gives its known answers", good);
}

typedef struct Drawn {
    double mean, variance, least, most, sum;
} Drawn;

static Drawn look(Test *t, NnCallable *c, uint32_t output) {
    Drawn d = {.least = HUGE_VAL, .most = -HUGE_VAL};
    const int64_t n = result_size(t, c, output);
    for (int64_t i = 0; i < n; i++) {
        const double x = result(t, c, output, i);
        d.sum += x * (double)(i + 1);
        d.mean += x / (double)n;
        d.least = fmin(d.least, x);
        d.most = fmax(d.most, x);
    }
    for (int64_t i = 0; i < n; i++)
        d.variance += pow(result(t, c, output, i) - d.mean, 2) / (double)n;
    return d;
}

static bool about(double a, double b, double tolerance) { return fabs(a - b) < tolerance; }

static void moments(Test *t) {
    const NnHost *nn = t->nn;
    const int64_t n = N;
    NnGraph *g = begin(t, "draw");
    NnValue *shape = nn_vector(nn, g, 1, &n), *rng = nn->graph->random(g),
            *half = nn_scalar(nn, g, NN_F32, .3);
    NnValue *u = nn_op2(nn, g, "nn/Uniform", shape, rng), *again = nn_op2(nn, g, "nn/Uniform", shape, rng);
    NnValue *z = nn_op2(nn, g, "nn/Normal", shape, rng);
    NnValue *wide = nn_op(
        nn, g, "RandomUniform", NULL, 0,
        NN_ATTRS(NN_INTS("shape", 1, &n), NN_FLOAT("low", -2), NN_FLOAT("high", 4), NN_INT("dtype", NN_F64)));
    NnValue *precise = nn_op(nn, g, "RandomNormalLike", NN_VALUES(u),
                             NN_ATTRS(NN_FLOAT("mean", 1), NN_FLOAT("scale", 3), NN_INT("dtype", NN_F64)));
    NnValue *coins = nn_op3(nn, g, "nn/Bernoulli", half, rng, u);
    NnValue *dropped = nn_op3(nn, g, "Dropout", nn->graph->role(g, "ones_like", 1, &u),
                              nn_scalar(nn, g, NN_F32, .25), nn_scalar(nn, g, NN_BOOL, 1));
    const float logits[] = {0, 0.6931471805599453f, -50}; /* 1 : 2 : 0 */
    NnValue *lines = nn_op2(nn, g, "Expand", nn->graph->constant(g, NN_F32, DIMS(1, 3), logits),
                            nn_vector(nn, g, 2, (const int64_t[]){N, 1}));
    NnValue *classes = nn_op2(nn, g, "nn/Categorical", lines, rng);
    NnValue *all[] = {u, again, z, wide, precise, coins, dropped, classes};
    for (uint32_t i = 0; i < NN_COUNT(all); i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "y%u", i);
        nn->graph->output(g, name, all[i]);
    }
    NnCallable *c = callable(t, g);
    Drawn d[8];
    bool good = call(t, c, NULL);
    for (uint32_t i = 0; i < 8 && good; i++)
        d[i] = look(t, c, i);
    report(t, "uniform variates",
           good && about(d[0].mean, .5, .02) && about(d[0].variance, 1. / 12, .01) && d[0].least >= 0 &&
               d[0].most < 1);
    report(t, "two nodes draw apart", good && fabs(d[0].sum - d[1].sum) > 1);
    report(t, "normal variates",
           good && about(d[2].mean, 0, .06) && about(d[2].variance, 1, .1) && d[2].most > 2.5 &&
               d[2].least < -2.5);
    report(t, "RandomUniform in f64",
           good && about(d[3].mean, 1, .12) && about(d[3].variance, 3, .3) && d[3].least >= -2 &&
               d[3].most < 4);
    report(t, "RandomNormalLike in f64", good && about(d[4].mean, 1, .2) && about(d[4].variance, 9, 1));
    report(t, "coins", good && about(d[5].mean, .3, .03) && about(d[5].variance, .21, .02));
    report(t, "Dropout keeps the mean",
           good && about(d[6].mean, 1, .04) && near(d[6].most, 1 / .75) && d[6].least == 0);
    report(t, "classes by their logits", good && about(d[7].mean, 2. / 3, .03) && d[7].most == 1);
    nn_session_set_step(t->session, 1);
    good = good && call(t, c, NULL);
    report(t, "another step draws anew", good && fabs(look(t, c, 0).sum - d[0].sum) > 1);
    nn_session_set_step(t->session, 0);
    good = good && call(t, c, NULL);
    report(t, "the same step draws the same",
           good && look(t, c, 0).sum == d[0].sum && look(t, c, 2).sum == d[2].sum);
    close_session(t, c);
}

static void all(Test *t) {
    known_answers(t);
    moments(t);
}

int main(void) { return on_each_device(all); }
