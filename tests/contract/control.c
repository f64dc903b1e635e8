/* SPDX-License-Identifier: Apache-2.0 */
/* If, Loop and Scan: forward, their gradients, zero and unknown numbers of iterations, results of every axis
 * and direction. */
#include "contract.h"

static NnValue *sum(const NnHost *nn, NnGraph *g, NnValue *x) {
    return nn_op(nn, g, "ReduceSum", NN_VALUES(x), NN_ATTRS(NN_INT("keepdims", 0)));
}

/* y = c ? 3 x : x * x, and its gradient. */
static void branch(Test *t) {
    const NnHost *nn = t->nn;
    NnGraph *g = begin(t, "branch");
    NnValue *x = nn->graph->input(g, "x", NN_F32, DIMS(3)), *c = nn->graph->input(g, "c", NN_BOOL, 0, NULL);
    NnGraph *yes = nn->graph->begin(g, "yes"), *no = nn->graph->begin(g, "no");
    NnValue *a = nn->graph->input(yes, "x", NN_F32, DIMS(3)), *b = nn->graph->input(no, "x", NN_F32, DIMS(3));
    NnValue *three = nn_op2(nn, yes, "Mul", a, nn_scalar(nn, yes, NN_F32, 3)),
            *square = nn_op2(nn, no, "Mul", b, b);
    NnFunction *f = nn->graph->end(yes, 1, &three), *h = nn->graph->end(no, 1, &square);
    NnValue *y =
        nn_op(nn, g, "If", NN_VALUES(c, x), NN_ATTRS(NN_BODY("then_branch", f), NN_BODY("else_branch", h)));
    NnValue *loss = sum(nn, g, y), *grad = NULL;
    nn->graph->gradient(g, 1, &loss, NULL, 1, &x, &grad);
    nn->graph->output(g, "y", y);
    nn->graph->output(g, "grad", grad);
    NnCallable *call_it = callable(t, g);
    float data[] = {1, 2, -3};
    uint8_t on = 1, off = 0;
    Array ax, ac;
    bool good = true;
    for (int i = 0; i < 2; i++) {
        good = good && CALL(t, call_it, FLOATS(&ax, data, 3), SCALAR(&ac, NN_BOOL, &on)) &&
               near(result(t, call_it, 0, 2), -9) && near(result(t, call_it, 1, 0), 3);
        good = good && CALL(t, call_it, FLOATS(&ax, data, 3), SCALAR(&ac, NN_BOOL, &off)) &&
               near(result(t, call_it, 0, 2), 9) && near(result(t, call_it, 1, 2), -6);
    }
    report(t, "If and its gradient", good);
    close_session(t, call_it);
}

/* s' = s * w + x_t, out = s': over five steps; gradient by finite differences. `rows`: elements per step. */
static void scan(Test *t, int64_t rows, int64_t axis, int64_t reverse) {
    const NnHost *nn = t->nn;
    const int64_t steps = 5, whole[2] = {axis ? rows : steps, axis ? steps : rows};
    char name[64];
    (void)snprintf(name, sizeof name, "Scan of %d elements along axis %d%s", (int)rows, (int)axis,
                   reverse ? " backwards" : "");
    NnGraph *g = begin(t, name);
    NnValue *x = nn->graph->input(g, "x", NN_F32, 2, whole), *w = nn->graph->input(g, "w", NN_F32, DIMS(1));
    NnValue *s0 = nn->graph->constant(g, NN_F32, 1, &rows, (const float[64]){0.5f});
    NnGraph *body = nn->graph->begin(g, "body");
    NnValue *s = nn->graph->input(body, "s", NN_F32, 1, &rows),
            *xt = nn->graph->input(body, "xt", NN_F32, 1, &rows);
    NnValue *wb = nn->graph->input(body, "w", NN_F32, DIMS(1));
    NnValue *next = nn_op2(nn, body, "Add", nn_op2(nn, body, "Mul", s, wb), xt);
    NnFunction *f = nn->graph->end(body, 2, (NnValue *const[]){next, next});
    NnValue *out[2];
    const int64_t axes[] = {axis}, directions[] = {reverse};
    nn_ops(nn, g, "Scan", NN_VALUES(s0, x, w),
           NN_ATTRS(NN_BODY("body", f), NN_INT("num_scan_inputs", 1), NN_INT("carried", 1),
                    NN_INTS("scan_input_axes", 1, axes), NN_INTS("scan_input_directions", 1, directions),
                    NN_INTS("scan_output_axes", 1, axes), NN_INTS("scan_output_directions", 1, directions)),
           out, 2);
    NnValue *loss = sum(nn, g, nn_op2(nn, g, "Mul", out[1], out[1])), *grads[2] = {NULL, NULL},
            *wrt[] = {x, w};
    nn->graph->gradient(g, 1, &loss, NULL, 2, wrt, grads);
    nn->graph->output(g, "last", out[0]);
    nn->graph->output(g, "all", out[1]);
    nn->graph->output(g, "loss", loss);
    nn->graph->output(g, "dx", grads[0]);
    nn->graph->output(g, "dw", grads[1]);
    NnCallable *c = callable(t, g);
    float data[5 * 64], wd[1] = {0.5f};
    for (int64_t i = 0; i < steps * rows; i++)
        data[i] = (float)(i % 7) - 2.5f;
    Array ax, aw;
    bool good = CALL(t, c, array(&ax, NN_F32, data, 2, whole), FLOATS(&aw, wd, 1));
    double state = 0.5, expected = 0;
    for (int64_t k = 0; k < steps; k++) {
        const int64_t at = reverse ? steps - 1 - k : k, element = axis ? at : at * rows;
        state = state * 0.5 + (double)data[element];
        good = good && near(result(t, c, 1, element), state);
    }
    good = good && near(result(t, c, 0, 0), state);
    report(t, name, good);
    const double base = result(t, c, 2, 0), dw = result(t, c, 4, 0), dx = result(t, c, 3, rows * steps / 2);
    wd[0] += 1e-3f;
    good = CALL(t, c, array(&ax, NN_F32, data, 2, whole), FLOATS(&aw, wd, 1));
    expected = (result(t, c, 2, 0) - base) / 1e-3;
    good = good && fabs(expected - dw) < 2e-2 * (1 + fabs(dw));
    wd[0] -= 1e-3f;
    data[rows * steps / 2] += 1e-2f;
    good = good && CALL(t, c, array(&ax, NN_F32, data, 2, whole), FLOATS(&aw, wd, 1));
    expected = (result(t, c, 2, 0) - base) / 1e-2;
    good = good && fabs(expected - dx) < 2e-2 * (1 + fabs(dx));
    if (!good)
        printf("# dw %g dx %g against %g\n", dw, dx, expected);
    report(t, "its gradient", good);
    close_session(t, c);
}

/* Doubles a value until it passes a limit, at most M times; stacks what it saw. */
static void loop(Test *t) {
    const NnHost *nn = t->nn;
    NnGraph *g = begin(t, "loop");
    NnValue *m = nn->graph->input(g, "M", NN_I64, 0, NULL), *go = nn->graph->input(g, "go", NN_BOOL, 0, NULL);
    NnValue *x = nn->graph->input(g, "x", NN_F32, DIMS(1)),
            *limit = nn->graph->input(g, "limit", NN_F32, DIMS(1));
    NnGraph *body = nn->graph->begin(g, "body");
    NnValue *i = nn->graph->input(body, "i", NN_I64, 0, NULL);
    nn->graph->input(body, "go", NN_BOOL, 0, NULL);
    NnValue *v = nn->graph->input(body, "v", NN_F32, DIMS(1)),
            *top = nn->graph->input(body, "limit", NN_F32, DIMS(1));
    NnValue *next = nn_op2(nn, body, "Add", v, v);
    NnValue *more = nn_op2(nn, body, "Squeeze", nn_op2(nn, body, "Less", next, top),
                           nn_vector(nn, body, 1, (const int64_t[]){0}));
    NnValue *seen =
        nn_op2(nn, body, "Add", v, nn_op(nn, body, "Cast", NN_VALUES(i), NN_ATTRS(NN_INT("to", NN_F32))));
    NnFunction *f = nn->graph->end(body, 3, (NnValue *const[]){more, next, seen});
    NnValue *out[2];
    nn_ops(nn, g, "Loop", NN_VALUES(m, go, x, limit), NN_ATTRS(NN_BODY("body", f), NN_INT("carried", 1)), out,
           2);
    nn->graph->output(g, "last", out[0]);
    nn->graph->output(g, "seen", out[1]);
    nn->graph->output(g, "sum",
                      nn_op(nn, g, "ReduceSum", NN_VALUES(out[1]), NN_ATTRS(NN_INT("keepdims", 0))));
    NnCallable *c = callable(t, g);
    float one[] = {1}, hundred[] = {100};
    int64_t many = 50, two = 2, none = 0;
    uint8_t yes = 1;
    Array am, ag, ax, al;
    const NnTensor *const rest[] = {SCALAR(&ag, NN_BOOL, &yes), FLOATS(&ax, one, 1), FLOATS(&al, hundred, 1)};
    bool good = CALL(t, c, SCALAR(&am, NN_I64, &many), rest[0], rest[1], rest[2]);
    good = good && near(result(t, c, 0, 0), 128) && result_size(t, c, 1) == 7 &&
           near(result(t, c, 1, 6), 70) && near(result(t, c, 2, 0), 148);
    report(t, "Loop until its condition says stop", good);
    good = CALL(t, c, SCALAR(&am, NN_I64, &two), rest[0], rest[1], rest[2]) && near(result(t, c, 0, 0), 4) &&
           result_size(t, c, 1) == 2;
    report(t, "Loop a computed number of times", good && near(result(t, c, 2, 0), 4));
    good = CALL(t, c, SCALAR(&am, NN_I64, &none), rest[0], rest[1], rest[2]) && near(result(t, c, 0, 0), 1) &&
           result_size(t, c, 1) == 0;
    report(t, "Loop not at all", good && near(result(t, c, 2, 0), 0));
    close_session(t, c);
}

/* x is raised to the fourth power by a loop of known length; its gradient is 4 x^3. */
static void loop_gradient(Test *t) {
    const NnHost *nn = t->nn;
    NnGraph *g = begin(t, "power");
    NnValue *x = nn->graph->input(g, "x", NN_F32, DIMS(2));
    const int64_t three = 3;
    const uint8_t yes = 1;
    NnValue *m = nn->graph->constant(g, NN_I64, 0, NULL, &three),
            *go = nn->graph->constant(g, NN_BOOL, 0, NULL, &yes);
    NnGraph *body = nn->graph->begin(g, "body");
    nn->graph->input(body, "i", NN_I64, 0, NULL);
    NnValue *more = nn->graph->input(body, "go", NN_BOOL, 0, NULL);
    NnValue *p = nn->graph->input(body, "p", NN_F32, DIMS(2)),
            *factor = nn->graph->input(body, "x", NN_F32, DIMS(2));
    NnFunction *f = nn->graph->end(body, 2, (NnValue *const[]){more, nn_op2(nn, body, "Mul", p, factor)});
    NnValue *y =
        nn_op(nn, g, "Loop", NN_VALUES(m, go, x, x), NN_ATTRS(NN_BODY("body", f), NN_INT("carried", 1)));
    NnValue *loss = sum(nn, g, y), *grad = NULL;
    nn->graph->gradient(g, 1, &loss, NULL, 1, &x, &grad);
    nn->graph->output(g, "y", y);
    nn->graph->output(g, "grad", grad);
    NnCallable *c = callable(t, g);
    float data[] = {2, -1};
    Array a;
    const bool good = CALL(t, c, FLOATS(&a, data, 2)) && near(result(t, c, 0, 0), 16) &&
                      near(result(t, c, 1, 0), 32) && near(result(t, c, 1, 1), -4);
    report(t, "Loop's gradient", good);
    close_session(t, c);
}

static void all(Test *t) {
    branch(t);
    scan(t, 3, 0, 0);
    scan(t, 16, 0, 0);
    scan(t, 16, 0, 1);
    scan(t, 3, 1, 0);
    scan(t, 3, 1, 1);
    loop(t);
    loop_gradient(t);
}

int main(void) { return on_each_device(all); }
