/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the graph: no two values that are alive at the same time share memory, and the passes do what they
 * say. */
#include "compile/compile.h"
#include "nn/plugin.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

typedef struct Fixture {
    NnContext *context;
    const NnHost *nn;
    NnStatus *status;
    NnSession *session;
    NnGraph *graph;
} Fixture;

static Fixture start(void) {
    Fixture f = {.status = nn_status_new()};
    f.context = nn_context_new(NULL, f.status);
    const NnSessionOptions options = {.struct_size = sizeof options,
                                      .devices = (const char *[]){"reference", NULL}};
    f.session = nn_session_new(f.context, NULL, &options, f.status);
    cr_assert_not_null(f.session, "%s", nn_status_message(f.status));
    f.nn = nn_context_host(f.context);
    f.graph = nn_graph_new(f.context, NULL, "test", NN_INFERENCE);
    return f;
}

static void stop(Fixture *f, NnUnit *u, NnFunction *function) {
    nn_unit_free(u);
    nn_function_free(function);
    nn_session_free(f->session);
    nn_context_free(f->context);
    nn_status_free(f->status);
}

static void check_overlaps(const NnProgram *p) {
    for (uint32_t i = 0; i < p->n_slots; i++)
        for (uint32_t k = 0; k < i; k++) {
            const NnPlanSlot *a = &p->slots[i], *b = &p->slots[k];
            const bool both =
                a->home == NN_HOME_ARENA && b->home == NN_HOME_ARENA && a->root == i && b->root == k;
            if (!both || a->last < b->first || b->last < a->first)
                continue;
            cr_expect(a->offset + a->bytes <= b->offset || b->offset + b->bytes <= a->offset,
                      "slots %u and %u are alive together", i, k);
        }
}

/* A graph of random shape over a few vectors, and the same on doubles beside it. */
Test(plan, random_graphs_keep_their_values_apart) {
    for (unsigned seed = 1; seed <= 12; seed++) {
        Fixture f = start();
        enum { NODES = 60, WIDTH = 5 };
        const int64_t n = WIDTH;
        NnValue *values[NODES + 2];
        double plain[NODES + 2][WIDTH];
        float data[2][WIDTH];
        srand(seed);
        for (int i = 0; i < 2; i++) {
            values[i] = f.nn->graph->input(f.graph, i ? "y" : "x", NN_F32, 1, &n);
            for (int k = 0; k < WIDTH; k++)
                plain[i][k] = (double)(data[i][k] = (float)(rand() % 100) / 100);
        }
        for (int i = 2; i < NODES + 2; i++) {
            const int a = rand() % i, b = i - 1 - rand() % (i < 4 ? i : 4), kind = rand() % 4;
            static const char *const ops[] = {"Add", "Mul", "Sub", "Tanh"};
            values[i] = kind == 3 ? nn_op1(f.nn, f.graph, "Tanh", values[a])
                                  : nn_op2(f.nn, f.graph, ops[kind], values[a], values[b]);
            for (int k = 0; k < WIDTH; k++) {
                const double p = plain[a][k], q = plain[b][k];
                plain[i][k] = kind == 0 ? p + q : kind == 1 ? p * q : kind == 2 ? p - q : tanh(p);
            }
            values[i] = i % 9 == 8 ? nn_op1(f.nn, f.graph, "Tanh", values[i]) : values[i];
            for (int k = 0; i % 9 == 8 && k < WIDTH; k++)
                plain[i][k] = tanh(plain[i][k]);
        }
        f.nn->graph->output(f.graph, "last", values[NODES + 1]);
        f.nn->graph->output(f.graph, "middle", values[NODES / 2]);
        NnFunction *function = nn_graph_seal(f.graph, f.status);
        cr_assert_not_null(function, "%s", nn_status_message(f.status));
        NnUnit *u = nn_unit_new(f.session, function, 0);
        int64_t dims = WIDTH, stride = 1;
        NnTensor in[2] = {{.buffer = data[0], .type = NN_F32, .rank = 1, .dims = &dims, .strides = &stride},
                          {.buffer = data[1], .type = NN_F32, .rank = 1, .dims = &dims, .strides = &stride}};
        const NnArgument args[2] = {{&in[0], NN_HOST_SPACE}, {&in[1], NN_HOST_SPACE}};
        NnProgram *p = nn_unit_program(u, args, f.status);
        cr_assert_not_null(p, "%s", nn_status_message(f.status));
        check_overlaps(p);
        cr_assert_eq(nn_program_run(p, args, NULL, (const int64_t[]){0, 0}, f.status), NN_OK);
        for (int k = 0; k < WIDTH; k++) {
            cr_expect_float_eq((double)((const float *)nn_data(p->outputs[0].tensor))[k], plain[NODES + 1][k],
                               1e-3 * (1 + fabs(plain[NODES + 1][k])));
            cr_expect_float_eq((double)((const float *)nn_data(p->outputs[1].tensor))[k], plain[NODES / 2][k],
                               1e-3 * (1 + fabs(plain[NODES / 2][k])));
        }
        stop(&f, u, function);
    }
}

static uint32_t count_kind(const NnProgram *p, NnPlanStepKind kind) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->n_code; i++)
        n += p->steps[i]->kind == kind;
    return n;
}

Test(simplify, shares_folds_and_drops) {
    Fixture f = start();
    const int64_t n = 4;
    NnValue *x = f.nn->graph->input(f.graph, "x", NN_F32, 1, &n);
    NnValue *two = nn_op2(f.nn, f.graph, "Add", nn_scalar(f.nn, f.graph, NN_F32, 1),
                          nn_scalar(f.nn, f.graph, NN_F32, 1));
    NnValue *a = nn_op2(f.nn, f.graph, "Mul", x, two);
    NnValue *b = nn_op2(f.nn, f.graph, "Mul", nn_op1(f.nn, f.graph, "Identity", x),
                        nn_scalar(f.nn, f.graph, NN_F32, 2));
    (void)nn_op1(f.nn, f.graph, "Exp", a);
    f.nn->graph->output(f.graph, "y", nn_op2(f.nn, f.graph, "Add", a, b));
    NnFunction *function = nn_graph_seal(f.graph, f.status);
    NnUnit *u = nn_unit_new(f.session, function, 0);
    int64_t dims = 4, stride = 1;
    _Alignas(64) float data[4] = {1, 2, 3, 4};
    NnTensor in = {.buffer = data, .type = NN_F32, .rank = 1, .dims = &dims, .strides = &stride};
    const NnArgument args[1] = {{&in, NN_HOST_SPACE}};
    NnProgram *p = nn_unit_program(u, args, f.status);
    cr_assert_not_null(p, "%s", nn_status_message(f.status));
    cr_expect_eq(count_kind(p, NN_STEP_KERNEL), 2);
    cr_expect_eq(p->n_code, 2);
    cr_assert_eq(nn_program_run(p, args, NULL, (const int64_t[]){0, 0}, f.status), NN_OK);
    cr_expect_float_eq((double)((const float *)nn_data(p->outputs[0].tensor))[3], 16.0, 1e-6);
    cr_expect_eq(nn_unit_program(u, args, f.status), p, "the same shapes find the same program");
    stop(&f, u, function);
}

Test(unit, keeps_sixteen_programs) {
    Fixture f = start();
    const int64_t n = NN_DIM_UNKNOWN;
    NnValue *x = f.nn->graph->input(f.graph, "x", NN_F32, 1, &n);
    f.nn->graph->output(f.graph, "y", nn_op1(f.nn, f.graph, "Neg", x));
    NnFunction *function = nn_graph_seal(f.graph, f.status);
    NnUnit *u = nn_unit_new(f.session, function, 0);
    _Alignas(64) float data[40] = {0};
    for (int64_t dims = 1; dims <= 40; dims++) {
        int64_t stride = 1;
        NnTensor in = {.buffer = data, .type = NN_F32, .rank = 1, .dims = &dims, .strides = &stride};
        const NnArgument args[1] = {{&in, NN_HOST_SPACE}};
        cr_assert_not_null(nn_unit_program(u, args, f.status));
    }
    cr_expect_eq(u->programs->len, NN_PROGRAMS_MAX);
    stop(&f, u, function);
}
