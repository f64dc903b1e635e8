/* SPDX-License-Identifier: Apache-2.0 */
/* Several providers: what a device declines goes to another with the copies in between, and two versions of
 * one operator coexist. */
#include "contract.h"

/* exp is left to the host in the middle of a chain, inside a loop, and before an assignment. */
static void fallback(Test *t) {
    if (strcmp(t->device, "toy") != 0)
        return;
    const NnHost *nn = t->nn;
    setenv("NN_TOY_DECLINE", "Exp", 1);
    const NnSessionOptions options = {.struct_size = sizeof options,
                                      .devices = (const char *[]){"toy", "reference", NULL}};
    t->session = nn_session_new(t->context, t->network, &options, t->status);
    NnGraph *g = begin(t, "fallback");
    NnVariable *v = variable(t, g, "mixed.v", "constant", 0, DIMS(3));
    NnValue *x = nn->graph->input(g, "x", NN_F32, DIMS(4, 3)), *h = nn->graph->read(g, v);
    NnGraph *body = nn->graph->begin(g, "body");
    NnValue *s = nn->graph->input(body, "s", NN_F32, DIMS(3)),
            *xt = nn->graph->input(body, "x", NN_F32, DIMS(3));
    NnValue *next = nn_op1(nn, body, "Neg", nn_op1(nn, body, "Exp", nn_op2(nn, body, "Add", s, xt)));
    NnFunction *f = nn->graph->end(body, 2, (NnValue *const[]){next, next});
    NnValue *out[2] = {NULL, NULL};
    nn_ops(nn, g, "Scan", NN_VALUES(h, nn_op1(nn, g, "Exp", nn_op1(nn, g, "Neg", x))),
           NN_ATTRS(NN_BODY("body", f), NN_INT("num_scan_inputs", 1), NN_INT("carried", 1)), out, 2);
    nn->graph->output(g, "all", out[1]);
    nn->graph->assign(g, v, nn_op1(nn, g, "Exp", out[0]), NULL);
    NnCallable *c = callable(t, g);
    float data[12];
    double state[3] = {0, 0, 0};
    Array a;
    bool good = c != NULL;
    for (int step = 0; step < 5 && good; step++) {
        for (int i = 0; i < 12; i++)
            data[i] = (float)(i % 5) * 0.3f + (float)step * 0.1f;
        good = CALL(t, c, FLOATS(&a, data, 4, 3));
        for (int i = 0; i < 12; i++) {
            state[i % 3] = -exp(state[i % 3] + exp(-(double)data[i]));
            good = good && near(result(t, c, 0, i), state[i % 3]);
        }
        for (int i = 0; i < 3; i++) {
            state[i] = exp(state[i]);
            good = good && near((double)stored(t, v, 3, (uint64_t)i), state[i]);
        }
    }
    char *text = c ? nn_callable_explain(c, NULL, t->status) : NULL;
    report(t, "what a device declines goes to the next one", good);
    report(t, "explain lists the copies", text && strstr(text, "another device reads it") != NULL);
    free(text);
    close_session(t, c);
    c = open_session(t, 0)
            ? nn_callable_new(t->session, nn_network_function(t->network, "fallback"), t->status)
            : NULL;
    good = c && !CALL(t, c, FLOATS(&a, data, 4, 3)) &&
           strstr(nn_status_message(t->status), "the toy was told to decline") != NULL;
    report(t, "without others it is an error that says why", good);
    unsetenv("NN_TOY_DECLINE");
    close_session(t, c);
}

static void versions(Test *t) {
    const NnHost *nn = t->nn;
    NnGraph *g = begin(t, "versions");
    NnValue *x = nn->graph->input(g, "x", NN_F32, DIMS(2)), *y = NULL;
    for (int32_t version = 0; version <= 3; version++) {
        const NnNodeSpec spec = {.struct_size = sizeof spec,
                                 .op = "test/Twice",
                                 .version = version,
                                 .n_inputs = 1,
                                 .n_outputs = 1,
                                 .inputs = &x};
        char name[16];
        (void)snprintf(name, sizeof name, "version %d", version);
        nn->graph->node(g, &spec, &y);
        nn->graph->output(g, name, y);
    }
    NnCallable *c = callable(t, g);
    float data[] = {5, 6};
    Array a;
    const bool good = CALL(t, c, FLOATS(&a, data, 2)) && near(result(t, c, 0, 0), 11) &&
                      near(result(t, c, 1, 0), 10) && near(result(t, c, 2, 1), 13) &&
                      near(result(t, c, 3, 1), 13);
    report(t, "two versions of one operator", good);
    close_session(t, c);
}

static void all(Test *t) {
    fallback(t);
    versions(t);
}

int main(void) { return on_each_device(all); }
