/* SPDX-License-Identifier: Apache-2.0 */
/* Extents and integers that are found while running: the program is cut there and goes on when they are
 * known. */
#include "contract.h"

static void reshape(Test *t) {
    const NnHost *nn = t->nn;
    NnGraph *g = begin(t, "reshape");
    NnValue *x = nn->graph->input(g, "x", NN_F32, DIMS(NN_DIM_UNKNOWN));
    NnValue *shape = nn->graph->input(g, "shape", NN_I64, DIMS(2));
    NnValue *y = nn_op2(nn, g, "Reshape", nn_op1(nn, g, "Neg", x), shape);
    nn->graph->output(g, "sum",
                      nn_op(nn, g, "ReduceSum", NN_VALUES(y, nn_vector(nn, g, 1, (const int64_t[]){1})),
                            NN_ATTRS(NN_INT("keepdims", 0))));
    NnCallable *c = callable(t, g);
    float data[] = {1, 2, 3, 4, 5, 6};
    int64_t two_three[] = {2, 3}, three_two[] = {3, 2};
    Array a, b;
    bool good = CALL(t, c, FLOATS(&a, data, 6), array(&b, NN_I64, two_three, DIMS(2))) &&
                result_size(t, c, 0) == 2 && near(result(t, c, 0, 0), -6);
    good = good && CALL(t, c, FLOATS(&a, data, 6), array(&b, NN_I64, three_two, DIMS(2))) &&
           result_size(t, c, 0) == 3 && near(result(t, c, 0, 0), -3);
    good = good && CALL(t, c, FLOATS(&a, data, 6), array(&b, NN_I64, two_three, DIMS(2))) &&
           near(result(t, c, 0, 1), -15);
    report(t, "Reshape by a computed shape", good);
    char *text = c ? nn_callable_explain(c, NULL, t->status) : NULL;
    report(t, "explain lists the cut", text && strstr(text, "cut before") != NULL);
    free(text);
    close_session(t, c);
}

/* The mean of the positive elements, and its gradient: NonZero feeds a loss, a variable is updated after the
 * cut. */
static void nonzero(Test *t) {
    const NnHost *nn = t->nn;
    NnGraph *g = begin(t, "positive");
    NnVariable *w = variable(t, g, "scale", "constant", 2, DIMS(1));
    NnValue *x = nn->graph->input(g, "x", NN_F32, DIMS(NN_DIM_UNKNOWN));
    NnValue *scaled = nn_op2(nn, g, "Mul", x, nn->graph->read(g, w));
    NnValue *where = nn_op1(nn, g, "NonZero", nn_op2(nn, g, "Greater", x, nn_scalar(nn, g, NN_F32, 0)));
    NnValue *picked = nn_op2(nn, g, "Gather", scaled,
                             nn_op2(nn, g, "Squeeze", where, nn_vector(nn, g, 1, (const int64_t[]){0})));
    NnValue *loss = nn_op(nn, g, "ReduceMean", NN_VALUES(picked), NN_ATTRS(NN_INT("keepdims", 0)));
    NnValue *wv = nn->graph->read(g, w), *grad = NULL;
    nn->graph->gradient(g, 1, &loss, NULL, 1, &wv, &grad);
    nn->graph->output(g, "loss", loss);
    nn->graph->output(g, "grad", grad);
    nn->graph->assign(g, w, nn_op2(nn, g, "Sub", wv, grad), NULL);
    NnCallable *c = callable(t, g);
    float data[] = {1, -2, 3, -4, 5};
    Array a;
    bool good = CALL(t, c, FLOATS(&a, data, 5)) && near(result(t, c, 0, 0), 6) &&
                near(result(t, c, 1, 0), 3) && near((double)stored(t, w, 1, 0), -1);
    good = good && CALL(t, c, FLOATS(&a, data, 2)) && near(result(t, c, 0, 0), -1) &&
           near((double)stored(t, w, 1, 0), -2);
    report(t, "NonZero feeds a loss", good);
    close_session(t, c);
}

/* A length kept in a variable decides how much of a cache is looked at. */
static void length(Test *t) {
    const NnHost *nn = t->nn;
    NnGraph *g = begin(t, "length");
    const NnVariableSpec spec = {.struct_size = sizeof spec,
                                 .type = NN_I64,
                                 .name = "length",
                                 .rank = 1,
                                 .dims = (const int64_t[]){1}};
    NnVariable *v = nn->graph->variable(g, &spec);
    NnValue *x = nn->graph->input(g, "x", NN_F32, DIMS(4)), *now = nn->graph->read(g, v);
    NnValue *longer = nn_op2(nn, g, "Add", now, nn_vector(nn, g, 1, (const int64_t[]){1}));
    NnValue *seen = nn_op3(nn, g, "Slice", x, nn_vector(nn, g, 1, (const int64_t[]){0}), longer);
    NnValue *before = nn_op3(nn, g, "Slice", x, nn_vector(nn, g, 1, (const int64_t[]){0}), now);
    nn->graph->output(g, "seen", nn_op1(nn, g, "Neg", seen));
    nn->graph->output(g, "before", nn_op1(nn, g, "Neg", before));
    nn->graph->assign(g, v, longer, NULL);
    NnCallable *c = callable(t, g);
    float data[] = {1, 2, 3, 4};
    Array a;
    bool good = c != NULL;
    for (int i = 0; i < 4; i++)
        good = good && CALL(t, c, FLOATS(&a, data, 4)) && result_size(t, c, 0) == i + 1 &&
               near(result(t, c, 0, i), -(i + 1)) && result_size(t, c, 1) == i;
    report(t, "a length kept in a variable", good);
    close_session(t, c);
}

static void all(Test *t) {
    length(t);
    reshape(t);
    nonzero(t);
}

int main(void) { return on_each_device(all); }
