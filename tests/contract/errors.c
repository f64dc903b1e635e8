/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong is reported with the node that did it: at completion, on a checked run, and where no device
 * has an operator. */
#include "contract.h"

static NnGraph *chain(Test *t, const char *name) {
    const NnHost *nn = t->nn;
    NnGraph *g = begin(t, name);
    NnValue *x = nn->graph->input(g, "x", NN_F32, DIMS(4)), *y = NULL;
    const NnNodeSpec log_node = {.struct_size = sizeof log_node,
                                 .op = "Log",
                                 .name = "the_log",
                                 .n_inputs = 1,
                                 .n_outputs = 1,
                                 .inputs = &x};
    nn->graph->node(g, &log_node, &y);
    nn->graph->output(g, "y", nn_op1(nn, g, "Neg", nn_op1(nn, g, "Exp", y)));
    return g;
}

static void completion(Test *t) {
    NnCallable *c = callable(t, chain(t, "completion"));
    float data[] = {1, 2, 3, 4};
    Array a;
    const NnTensor *const inputs[] = {FLOATS(&a, data, 4)};
    bool good = CALL(t, c, inputs[0]) && near(result(t, c, 0, 1), -2);
    if (strcmp(t->device, "toy") == 0) {
        setenv("NN_TOY_FAIL", "the_log", 1);
        good = good && nn_callable_call(c, inputs, t->status) == NN_OK &&
               nn_callable_wait(c, t->status) != NN_OK;
        good = good && strstr(nn_status_message(t->status), "node the_log (Log)") != NULL;
        unsetenv("NN_TOY_FAIL");
        nn_status_clear(t->status);
        good = good && CALL(t, c, inputs[0]) && near(result(t, c, 0, 3), -4);
    }
    report(t, "an error at completion names its node, and the next call works", good);
    close_session(t, c);
}

static void checked(Test *t) {
    NnCallable *c = open_session(t, NN_SESSION_CHECKED) ? callable(t, chain(t, "checked")) : NULL;
    float data[] = {1, 2, -3, 4};
    Array a;
    const bool good =
        c && !CALL(t, c, FLOATS(&a, data, 4)) && nn_status_code(t->status) == NN_NON_FINITE &&
        strstr(nn_status_message(t->status), "node the_log (Log): output 0 is not finite: element 2") != NULL;
    report(t, "a checked run names the node that made a value not finite", good);
    close_session(t, c);
}

static void cycle(Test *t) {
    NnGraph *g = begin(t, "cycle");
    NnValue *x = t->nn->graph->input(g, "x", NN_F32, DIMS(1));
    t->nn->graph->output(g, "y", nn_op1(t->nn, g, "test/Ping", x));
    NnCallable *c = callable(t, g);
    float data[] = {1};
    Array a;
    const bool good = c && !CALL(t, c, FLOATS(&a, data, 1)) &&
                      strstr(nn_status_message(t->status), "test/Ping > test/Pong > test/Ping") != NULL;
    report(t, "an expansion that reaches itself is refused with the cycle", good);
    close_session(t, c);
}

static void all(Test *t) {
    completion(t);
    cycle(t);
    checked(t);
}

int main(void) { return on_each_device(all); }
