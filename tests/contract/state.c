/* SPDX-License-Identifier: Apache-2.0 */
/* Variables and assignments: initialisers, updates in place, swaps, predicates, a step skipped on a loss that
 * is not finite. */
#include "contract.h"

static void counts(Test *t) {
    const NnHost *nn = t->nn;
    NnGraph *g = begin(t, "count");
    NnVariable *v = variable(t, g, "count", "constant", 3, DIMS(4));
    NnValue *old = nn->graph->read(g, v);
    NnValue *fresh = nn_op2(nn, g, "Add", old, nn_scalar(nn, g, NN_F32, 1));
    nn->graph->assign(g, v, fresh, NULL);
    nn->graph->output(g, "before", nn_op1(nn, g, "Neg", old));
    nn->graph->output(g, "after", fresh);
    NnCallable *c = callable(t, g);
    bool good = true;
    for (int i = 0; i < 3; i++)
        good =
            good && CALL(t, c, NULL) && near(result(t, c, 0, 3), -(3 + i)) && near(result(t, c, 1, 0), 4 + i);
    report(t, "a variable counts calls", good && near((double)stored(t, v, 4, 2), 6));
    const float ten[4] = {10, 10, 10, 10};
    good = c && nn_session_write(t->session, v, ten, sizeof ten, t->status) == NN_OK && CALL(t, c, NULL) &&
           near(result(t, c, 1, 1), 11);
    report(t, "a variable is written from outside", good);
    close_session(t, c);
}

static void swap(Test *t) {
    const NnHost *nn = t->nn;
    NnGraph *g = begin(t, "swap");
    NnVariable *a = variable(t, g, "a", "constant", 1, DIMS(2)),
               *b = variable(t, g, "b", "constant", 2, DIMS(2));
    NnValue *old = nn->graph->read(g, a);
    nn->graph->assign(g, a, nn->graph->read(g, b), NULL);
    nn->graph->assign(g, b, old, NULL);
    NnCallable *c = callable(t, g);
    const bool good =
        CALL(t, c, NULL) && near((double)stored(t, a, 2, 0), 2) && near((double)stored(t, b, 2, 1), 1);
    report(t, "two variables change places", good);
    close_session(t, c);
}

/* The update w -= 0.1 * d(loss)/dw, applied only where the loss is finite. */
static void skip_step(Test *t) {
    const NnHost *nn = t->nn;
    NnGraph *g = begin(t, "skip");
    NnVariable *w = variable(t, g, "w", "constant", 2, DIMS(3));
    NnValue *x = nn->graph->input(g, "x", NN_F32, DIMS(3)), *wv = nn->graph->read(g, w);
    NnValue *product = nn_op2(nn, g, "Mul", x, wv);
    NnValue *loss = nn_op(nn, g, "ReduceSum", NN_VALUES(nn_op2(nn, g, "Mul", product, product)),
                          NN_ATTRS(NN_INT("keepdims", 0)));
    NnValue *grad = NULL;
    nn->graph->gradient(g, 1, &loss, NULL, 1, &wv, &grad);
    NnValue *fresh = nn_op2(nn, g, "Sub", wv, nn_op2(nn, g, "Mul", grad, nn_scalar(nn, g, NN_F32, 0.1)));
    nn->graph->assign(g, w, fresh, nn->graph->role(g, "all_finite", 1, &loss));
    nn->graph->output(g, "loss", loss);
    NnCallable *c = callable(t, g);
    float good_x[] = {1, 0, 2}, bad_x[] = {1, INFINITY, 2};
    Array a;
    bool good = CALL(t, c, FLOATS(&a, good_x, 3)) && near(result(t, c, 0, 0), 20) &&
                near((double)stored(t, w, 3, 0), 1.6) && near((double)stored(t, w, 3, 2), 0.4);
    report(t, "a gradient step", good);
    good = CALL(t, c, FLOATS(&a, bad_x, 3)) && isinf(result(t, c, 0, 0)) &&
           near((double)stored(t, w, 3, 0), 1.6) && near((double)stored(t, w, 3, 1), 2);
    report(t, "a step with a loss that is not finite is skipped", good);
    close_session(t, c);
}

/* Key and value cache of fixed capacity: each call writes one row at the position and attends to those so
 * far. */
static void cache(Test *t) {
    const NnHost *nn = t->nn;
    NnGraph *g = begin(t, "attend");
    NnVariable *rows = variable(t, g, "rows", NULL, 0, DIMS(4, 2));
    NnVariable *length = variable(t, g, "length", NULL, 0, DIMS(1));
    NnValue *x = nn->graph->input(g, "x", NN_F32, DIMS(1, 2));
    NnValue *at = nn->graph->read(g, length);
    NnValue *index = nn_op(nn, g, "Cast", NN_VALUES(at), NN_ATTRS(NN_INT("to", NN_I64)));
    NnValue *where = nn_op2(nn, g, "Unsqueeze", index, nn_vector(nn, g, 1, (const int64_t[]){1}));
    NnValue *fresh = nn_op3(nn, g, "ScatterND", nn->graph->read(g, rows), where, x);
    NnValue *scores = nn_op2(nn, g, "MatMul", fresh, nn_op(nn, g, "Transpose", NN_VALUES(x), NN_NO_ATTRS));
    nn->graph->output(g, "scores", scores);
    nn->graph->assign(g, rows, fresh, NULL);
    nn->graph->assign(g, length, nn_op2(nn, g, "Add", at, nn_scalar(nn, g, NN_F32, 1)), NULL);
    NnCallable *c = callable(t, g);
    bool good = true;
    for (int i = 0; i < 3; i++) {
        float data[] = {(float)(i + 1), 1};
        Array a;
        good = good && CALL(t, c, FLOATS(&a, data, 1, 2)) && near(result(t, c, 0, 0), i + 2) &&
               near(result(t, c, 0, 3), 0) && near(result(t, c, 0, i), (i + 1) * (i + 1) + 1);
    }
    report(t, "a key and value cache grows from call to call", good);
    close_session(t, c);
}

static void all(Test *t) {
    counts(t);
    swap(t);
    skip_step(t);
    cache(t);
}

int main(void) { return on_each_device(all); }
