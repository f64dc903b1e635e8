/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways of learning that are not one feed-forward loss: a gradient of a gradient, two players, assignments
 * without a gradient, contrastive divergence, running statistics, a state carried from call to call, clipping
 * by the norm of all gradients.
 */
#include "contract.h"

static NnValue *sum(const NnHost *nn, NnGraph *g, NnValue *x) {
    return nn_op(nn, g, "ReduceSum", NN_VALUES(x), NN_ATTRS(NN_INT("keepdims", 0)));
}

static NnValue *square(const NnHost *nn, NnGraph *g, NnValue *x) { return nn_op2(nn, g, "Mul", x, x); }

static NnValue *times(const NnHost *nn, NnGraph *g, NnValue *x, double a) {
    return nn_op2(nn, g, "Mul", x, nn_scalar_like(nn, g, x, a));
}

/* critic(x) = sum(tanh(x w)); penalty = (|d critic / dx|^2 - 1)^2, differentiated with respect to w. */
static void penalty(Test *t) {
    const NnHost *nn = t->nn;
    NnGraph *g = begin(t, "penalty");
    NnVariable *w = variable(t, g, "penalty.w", "constant", 0.7, DIMS(2, 3));
    NnValue *x = nn->graph->input(g, "x", NN_F32, DIMS(2, 2)), *wv = nn->graph->read(g, w);
    NnValue *score = sum(nn, g, nn_op1(nn, g, "Tanh", nn_op2(nn, g, "MatMul", x, wv))), *dx = NULL,
            *dw = NULL;
    nn->graph->gradient(g, 1, &score, NULL, 1, &x, &dx);
    NnValue *loss =
        square(nn, g, nn_op2(nn, g, "Sub", sum(nn, g, square(nn, g, dx)), nn_scalar(nn, g, NN_F32, 1)));
    nn->graph->gradient(g, 1, &loss, NULL, 1, &wv, &dw);
    nn->graph->output(g, "loss", loss);
    nn->graph->output(g, "dw", dw);
    NnCallable *c = callable(t, g);
    float data[] = {0.3f, -0.2f, 0.5f, 0.1f}, weights[6] = {0.7f, 0.7f, 0.7f, 0.7f, 0.7f, 0.7f};
    Array a;
    bool good = CALL(t, c, FLOATS(&a, data, 2, 2));
    for (int k = 0; k < 6 && good; k += 5) {
        double side[2];
        good = CALL(t, c, FLOATS(&a, data, 2, 2));
        const double slope = result(t, c, 1, k);
        for (int s = 0; s < 2; s++) {
            weights[k] = 0.7f + (s ? 1e-3f : -1e-3f);
            good = good && nn_session_write(t->session, w, weights, sizeof weights, t->status) == NN_OK &&
                   CALL(t, c, FLOATS(&a, data, 2, 2));
            side[s] = result(t, c, 0, 0);
        }
        weights[k] = 0.7f;
        good = good && nn_session_write(t->session, w, weights, sizeof weights, t->status) == NN_OK;
        good = good && fabs((side[1] - side[0]) / 2e-3 - slope) < 2e-2 * (1 + fabs(slope));
    }
    report(t, "a gradient penalty: the gradient of a gradient", good);
    close_session(t, c);
}

/* Mixture of two unit Gaussians in one dimension: E and M in one function, means by assignment. */
static void expectation(Test *t) {
    const NnHost *nn = t->nn;
    NnGraph *g = begin(t, "em");
    NnVariable *mean = variable(t, g, "means", NULL, 0, DIMS(1, 2));
    NnValue *x = nn->graph->input(g, "x", NN_F32, DIMS(NN_DIM_UNKNOWN, 1));
    NnValue *away = nn_op2(nn, g, "Sub", x, nn->graph->read(g, mean));
    NnValue *share = nn_op(nn, g, "Softmax", NN_VALUES(times(nn, g, square(nn, g, away), -0.5)),
                           NN_ATTRS(NN_INT("axis", 1)));
    NnValue *axis = nn_vector(nn, g, 1, (const int64_t[]){0});
    NnValue *weight = nn_op2(nn, g, "ReduceSum", share, axis),
            *total = nn_op2(nn, g, "ReduceSum", nn_op2(nn, g, "Mul", share, x), axis);
    nn->graph->assign(g, mean, nn_op2(nn, g, "Div", total, weight), NULL);
    NnCallable *c = callable(t, g);
    float data[] = {-5.2f, -4.8f, -5, 4.9f, 5.1f, 5};
    const float start[] = {-1, 1};
    Array a;
    bool good = c && nn_session_write(t->session, mean, start, sizeof start, t->status) == NN_OK;
    for (int i = 0; i < 8; i++)
        good = good && CALL(t, c, FLOATS(&a, data, 6, 1));
    report(t, "EM by assignments",
           good && near((double)stored(t, mean, 2, 0), -5) && near((double)stored(t, mean, 2, 1), 5));
    close_session(t, c);
}

/* CD-1 on a tiny RBM: hidden units are drawn, the update is made by hand, and the same seed and step give the
 * same weights. */
static void divergence(Test *t) {
    const NnHost *nn = t->nn;
    NnGraph *g = begin(t, "cd");
    NnVariable *w = variable(t, g, "rbm.w", "constant", 0.1, DIMS(4, 3));
    NnValue *v = nn->graph->input(g, "v", NN_F32, DIMS(2, 4)), *wv = nn->graph->read(g, w);
    NnValue *back = nn_op(nn, g, "Transpose", NN_VALUES(wv), NN_NO_ATTRS);
    NnValue *h = nn_op1(nn, g, "Sigmoid", nn_op2(nn, g, "MatMul", v, wv));
    NnValue *drawn = nn_op1(nn, g, "Bernoulli", h);
    NnValue *v1 = nn_op1(nn, g, "Sigmoid", nn_op2(nn, g, "MatMul", drawn, back));
    NnValue *h1 = nn_op1(nn, g, "Sigmoid", nn_op2(nn, g, "MatMul", v1, wv));
    NnValue *up = nn_op2(nn, g, "MatMul", nn_op(nn, g, "Transpose", NN_VALUES(v), NN_NO_ATTRS), h);
    NnValue *down = nn_op2(nn, g, "MatMul", nn_op(nn, g, "Transpose", NN_VALUES(v1), NN_NO_ATTRS), h1);
    nn->graph->assign(g, w, nn_op2(nn, g, "Add", wv, times(nn, g, nn_op2(nn, g, "Sub", up, down), 0.1)),
                      NULL);
    nn->graph->output(g, "drawn", drawn);
    NnCallable *c = callable(t, g);
    float data[] = {1, 0, 1, 0, 0, 1, 0, 1}, first[12], again[12], start[12];
    Array a;
    for (int i = 0; i < 12; i++)
        start[i] = 0.1f;
    bool good = c != NULL, ones = false, zeros = false;
    for (uint64_t step = 0; step < 20 && good; step++) {
        nn_session_set_step(t->session, step);
        good = CALL(t, c, FLOATS(&a, data, 2, 4));
        for (int k = 0; k < 6; k++) {
            ones = ones || result(t, c, 0, k) == 1;
            zeros = zeros || result(t, c, 0, k) == 0;
        }
    }
    good = good && ones && zeros && nn_session_read(t->session, w, first, sizeof first, t->status) == NN_OK;
    good = good && nn_session_write(t->session, w, start, sizeof start, t->status) == NN_OK;
    for (uint64_t step = 0; step < 20 && good; step++) {
        nn_session_set_step(t->session, step);
        good = CALL(t, c, FLOATS(&a, data, 2, 4));
    }
    good = good && nn_session_read(t->session, w, again, sizeof again, t->status) == NN_OK &&
           memcmp(first, again, sizeof first) == 0;
    report(t, "contrastive divergence, repeatable by seed and step", good);
    close_session(t, c);
}

/* min over a, max over b of a * b + a^2 / 2 - b^2 / 2: two functions over the same variables, called in turn.
 */
static void players(Test *t) {
    const NnHost *nn = t->nn;
    NnCallable *c[2] = {NULL, NULL};
    NnVariable *v[2] = {NULL, NULL};
    for (int p = 0; p < 2; p++) {
        NnGraph *g = begin(t, p ? "second" : "first");
        v[0] = variable(t, g, "player.a", "constant", 1, DIMS(1));
        v[1] = variable(t, g, "player.b", "constant", 1, DIMS(1));
        NnValue *a = nn->graph->read(g, v[0]), *b = nn->graph->read(g, v[1]), *grad = NULL;
        NnValue *value = nn_op2(nn, g, "Add", nn_op2(nn, g, "Mul", a, b),
                                times(nn, g, nn_op2(nn, g, "Sub", square(nn, g, a), square(nn, g, b)), 0.5));
        NnValue *loss = p ? nn_op1(nn, g, "Neg", sum(nn, g, value)) : sum(nn, g, value), *own = p ? b : a;
        nn->graph->gradient(g, 1, &loss, NULL, 1, &own, &grad);
        nn->graph->assign(g, v[p], nn_op2(nn, g, "Sub", own, times(nn, g, grad, 0.2)), NULL);
        c[p] = callable(t, g);
    }
    bool good = c[0] && c[1];
    for (int i = 0; i < 60; i++)
        good = good && call(t, c[0], NULL) && call(t, c[1], NULL);
    report(t, "two players",
           good && fabsf(stored(t, v[0], 1, 0)) < 1e-3f && fabsf(stored(t, v[1], 1, 0)) < 1e-3f);
    nn_callable_free(c[1]);
    close_session(t, c[0]);
}

/* A running mean, and a hidden state h' = tanh(h u + x) carried over, with truncated backpropagation through
 * one call. */
static void carried(Test *t) {
    const NnHost *nn = t->nn;
    NnGraph *g = begin(t, "carried");
    NnVariable *state = variable(t, g, "state.h", NULL, 0, DIMS(2)),
               *mean = variable(t, g, "state.mean", NULL, 0, DIMS(2));
    NnVariable *u = variable(t, g, "state.u", "constant", 0.5, DIMS(1));
    NnValue *x = nn->graph->input(g, "x", NN_F32, DIMS(3, 2)), *uv = nn->graph->read(g, u),
            *h = nn->graph->read(g, state);
    NnGraph *body = nn->graph->begin(g, "cell");
    NnValue *s = nn->graph->input(body, "s", NN_F32, DIMS(2)),
            *xt = nn->graph->input(body, "x", NN_F32, DIMS(2)),
            *ub = nn->graph->input(body, "u", NN_F32, DIMS(1));
    NnValue *next = nn_op1(nn, body, "Tanh", nn_op2(nn, body, "Add", nn_op2(nn, body, "Mul", s, ub), xt));
    NnFunction *f = nn->graph->end(body, 2, (NnValue *const[]){next, next});
    NnValue *out[2] = {NULL, NULL}, *grad = NULL;
    nn_ops(nn, g, "Scan", NN_VALUES(h, x, uv),
           NN_ATTRS(NN_BODY("body", f), NN_INT("num_scan_inputs", 1), NN_INT("carried", 1)), out, 2);
    NnValue *loss = sum(nn, g, square(nn, g, out[1]));
    nn->graph->gradient(g, 1, &loss, NULL, 1, &uv, &grad);
    NnValue *old = nn->graph->read(g, mean);
    NnValue *now = nn_op(nn, g, "ReduceMean", NN_VALUES(x, nn_vector(nn, g, 1, (const int64_t[]){0})),
                         NN_ATTRS(NN_INT("keepdims", 0)));
    nn->graph->assign(g, mean, nn_op2(nn, g, "Add", times(nn, g, old, 0.9), times(nn, g, now, 0.1)), NULL);
    nn->graph->assign(g, state, out[0], NULL);
    nn->graph->assign(g, u, nn_op2(nn, g, "Sub", uv, times(nn, g, grad, 0.01)), NULL);
    nn->graph->output(g, "loss", loss);
    NnCallable *c = callable(t, g);
    float data[] = {0.1f, 0.2f, 0.3f, -0.1f, 0.5f, 0.4f};
    double hidden[2] = {0, 0}, weight = 0.5;
    Array a;
    bool good = c != NULL;
    for (int i = 0; i < 4 && good; i++) {
        double loss_here = 0, slope = 0;
        for (int k = 0; k < 2; k++) {
            double dh = 0;
            for (int step = 0; step < 3; step++) {
                const double before = hidden[k];
                hidden[k] = tanh(before * weight + (double)data[step * 2 + k]);
                dh = (1 - hidden[k] * hidden[k]) * (before + weight * dh);
                loss_here += hidden[k] * hidden[k];
                slope += 2 * hidden[k] * dh;
            }
        }
        weight -= 0.01 * slope;
        good = CALL(t, c, FLOATS(&a, data, 3, 2)) && near(result(t, c, 0, 0), loss_here) &&
               near((double)stored(t, state, 2, 1), hidden[1]) && near((double)stored(t, u, 1, 0), weight);
    }
    report(t, "a state carried from call to call, with a gradient through each", good);
    report(t, "running statistics",
           good && near((double)stored(t, mean, 2, 0), 0.3 * (1 - 0.9 * 0.9 * 0.9 * 0.9)));
    close_session(t, c);
}

/* Two gradients are scaled together so that their common norm is at most 1. */
static void clipping(Test *t) {
    const NnHost *nn = t->nn;
    NnGraph *g = begin(t, "clip");
    NnVariable *v[2] = {variable(t, g, "clip.a", "constant", 3, DIMS(2)),
                        variable(t, g, "clip.b", "constant", 4, DIMS(2))};
    NnValue *read[2] = {nn->graph->read(g, v[0]), nn->graph->read(g, v[1])}, *grads[2] = {NULL, NULL};
    NnValue *loss = times(
        nn, g, nn_op2(nn, g, "Add", sum(nn, g, square(nn, g, read[0])), sum(nn, g, square(nn, g, read[1]))),
        0.5);
    nn->graph->gradient(g, 1, &loss, NULL, 2, read, grads);
    NnValue *norm = nn_op1(
        nn, g, "Sqrt",
        nn_op2(nn, g, "Add", sum(nn, g, square(nn, g, grads[0])), sum(nn, g, square(nn, g, grads[1]))));
    NnValue *scale = nn_op2(nn, g, "Div", nn_scalar(nn, g, NN_F32, 1),
                            nn_op2(nn, g, "Max", norm, nn_scalar(nn, g, NN_F32, 1)));
    for (int i = 0; i < 2; i++)
        nn->graph->assign(g, v[i], nn_op2(nn, g, "Sub", read[i], nn_op2(nn, g, "Mul", grads[i], scale)),
                          NULL);
    NnCallable *c = callable(t, g);
    const double total = sqrt(2 * 9 + 2 * 16);
    report(t, "clipping by the norm of all gradients",
           call(t, c, NULL) && near((double)stored(t, v[0], 2, 0), 3 - 3 / total) &&
               near((double)stored(t, v[1], 2, 1), 4 - 4 / total));
    close_session(t, c);
}

static void all(Test *t) {
    penalty(t);
    expectation(t);
    divergence(t);
    players(t);
    carried(t);
    clipping(t);
}

int main(void) { return on_each_device(all); }
