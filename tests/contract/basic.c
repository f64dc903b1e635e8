/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest things: a function of a matrix product, called for several shapes; one value that is two
 * results; inputs and constants as results. */
#include "contract.h"

static void product(Test *t) {
    const NnHost *nn = t->nn;
    NnGraph *g = begin(t, "product");
    NnValue *x = nn->graph->input(g, "x", NN_F32, 2, (const int64_t[]){NN_DIM_UNKNOWN, 2});
    NnValue *w = nn->graph->constant(g, NN_F32, 2, (const int64_t[]){2, 2}, (const float[]){1, 2, 3, -4});
    NnValue *y = nn_op1(nn, g, "Relu",
                        nn_op2(nn, g, "Add", nn_op2(nn, g, "MatMul", x, w), nn_scalar(nn, g, NN_F32, 1)));
    nn->graph->output(g, "y", y);
    nn->graph->output(g, "again", y);
    nn->graph->output(g, "x", x);
    nn->graph->output(g, "w", w);
    NnCallable *c = callable(t, g);
    bool good = c != NULL;
    float data[] = {1, 1, 0, 2, 5, 1};
    Array a;
    for (int64_t rows = 1; rows <= 3 && good; rows++)
        for (int repeat = 0; repeat < 2 && good; repeat++) {
            good = CALL(t, c, FLOATS(&a, data, rows, 2));
            good = good && result_size(t, c, 0) == rows * 2 && near(result(t, c, 0, 0), 5) &&
                   near(result(t, c, 0, 1), 0);
            good = good && near(result(t, c, 1, 0), 5) && near(result(t, c, 2, 1), 1) &&
                   near(result(t, c, 3, 3), -4);
            good = good && (rows < 3 || near(result(t, c, 0, 4), 9));
        }
    report(t, "a product for several batch sizes", good);
    good = c && nn_callable_call(c, (const NnTensor *[]){FLOATS(&a, data, 2, 3)}, t->status) == NN_INVALID;
    good = good && strstr(nn_status_message(t->status), "input x: expected f32[?,2], found f32[2,3]") != NULL;
    report(t, "a shape that does not fit is refused in one sentence", good);
    char *text = c ? nn_callable_explain(c, NULL, t->status) : NULL;
    good = text && strstr(text, "MatMul") != NULL;
    if (getenv("NN_TEST_VERBOSE") && text)
        fputs(text, stdout);
    free(text);
    report(t, "explain names the nodes", good);
    close_session(t, c);
}

int main(void) { return on_each_device(product); }
