/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chains of the device `opencl` against the reference: small graphs whose nodes must become the stated number
 * of kernels, which tells whether they are fused at all, with parts of Split and Concat, tails of vectors,
 * broadcasting and all element types. A script runs it, as test-agreement's.
 */
#include "nn/element.h"
#include "nn/nn.h"
#include "nn/plugin.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUTS 3u
#define OUTPUTS 6u

typedef struct Work {
    const NnHost *nn;
    NnGraph *g;
    NnValue *x[INPUTS], *y[OUTPUTS];
    uint32_t n;
} Work;

static NnValue *one(Work *w, const char *op, NnValue *a) { return nn_op1(w->nn, w->g, op, a); }
static NnValue *two(Work *w, const char *op, NnValue *a, NnValue *b) { return nn_op2(w->nn, w->g, op, a, b); }
static void out(Work *w, NnValue *v) { w->y[w->n++] = v; }

static void split(Work *w, NnValue *x, int64_t axis, uint32_t n, NnValue **parts) {
    (void)nn_ops(w->nn, w->g, "Split", NN_VALUES(x), NN_ATTRS(NN_INT("axis", axis), NN_INT("num_outputs", n)),
                 parts, n);
}

static NnValue *concat(Work *w, int64_t axis, uint32_t n, NnValue **parts) {
    return nn_op(w->nn, w->g, "Concat", parts, n, NN_ATTRS(NN_INT("axis", axis)));
}

static NnValue *cast(Work *w, NnValue *x, int32_t type) {
    return nn_op(w->nn, w->g, "Cast", NN_VALUES(x), NN_ATTRS(NN_INT("to", type)));
}

/* A cell: gates are parts of x[0], and so are the new gates of the result. */
static void cell(Work *w) {
    NnValue *p[4];
    split(w, w->x[0], 1, 4, p);
    NnValue *c = two(w, "Add", two(w, "Mul", one(w, "Sigmoid", p[0]), w->x[1]),
                     two(w, "Mul", one(w, "Sigmoid", p[1]), one(w, "Tanh", p[2])));
    NnValue *h = two(w, "Mul", one(w, "Sigmoid", p[3]), one(w, "Tanh", c));
    out(w, concat(w, -1, 4, (NnValue *[]){h, c, two(w, "Sub", h, c), h}));
    out(w, c);
}

/* The first axis: parts lie one behind the other. One part is read, one leaves as it is, one is not used. */
static void leading(Work *w) {
    NnValue *p[3];
    split(w, w->x[0], 0, 3, p);
    out(w, one(w, "Exp", p[0]));
    out(w, p[2]);
}

static void middle(Work *w) {
    NnValue *p[2];
    split(w, w->x[0], 1, 2, p);
    NnValue *a = two(w, "Add", p[0], w->x[1]), *b = two(w, "Mul", p[1], w->x[2]);
    out(w, concat(w, 1, 2, (NnValue *[]){b, two(w, "Max", a, b)}));
}

/* A result that is cut again: readers of a Concat are no part of its chain. */
static void shuffle(Work *w) {
    NnValue *p[2], *q[2];
    split(w, w->x[0], 1, 2, p);
    NnValue *joined = concat(w, 1, 2, (NnValue *[]){one(w, "Neg", p[1]), one(w, "Abs", p[0])});
    split(w, two(w, "Mul", joined, joined), 1, 2, q);
    out(w, two(w, "Sub", q[0], q[1]));
}

static void outside(Work *w) {
    NnValue *a = one(w, "Softplus", two(w, "Add", w->x[0], w->x[1]));
    out(w, concat(w, 1, 3, (NnValue *[]){w->x[0], a, w->x[0]}));
}

static void short_parts(Work *w) {
    NnValue *p[2];
    split(w, w->x[0], 1, 2, p);
    out(w, two(w, "Mul", one(w, "Tanh", p[0]), p[1]));
}

/* Rounded to f16 after every node, by the reference as well. */
static void halves(Work *w) {
    NnValue *a = cast(w, w->x[0], NN_F16), *b = cast(w, w->x[1], NN_F16), *p[2];
    NnValue *c = two(w, "Mul", a, b), *d = two(w, "Add", c, a);
    out(w, c);
    out(w, d);
    out(w, cast(w, two(w, "Sub", d, c), NN_F64));
    split(w, d, 1, 2, p);
    out(w, concat(w, 1, 2, (NnValue *[]){p[1], two(w, "Max", p[0], p[1])}));
}

static void types(Work *w) {
    NnValue *i = cast(w, w->x[0], NN_I32), *l = cast(w, i, NN_I64), *b = cast(w, i, NN_I8);
    NnValue *less = two(w, "Less", w->x[0], w->x[1]), *odd = two(w, "Equal", l, two(w, "Add", l, l));
    out(w, nn_op3(w->nn, w->g, "Where", less, l, two(w, "Mul", l, l)));
    out(w, nn_op3(w->nn, w->g, "Where", two(w, "And", odd, one(w, "Not", less)), w->x[0], w->x[1]));
    out(w, two(w, "Xor", odd, one(w, "IsNaN", one(w, "Log", w->x[0]))));
    out(w, one(w, "Abs", two(w, "Max", b, two(w, "Sub", b, b))));
    out(w, two(w, "Add", cast(w, cast(w, w->x[1], NN_F64), NN_F16), cast(w, less, NN_F16)));
    out(w, two(w, "Div", cast(w, w->x[0], NN_F64), one(w, "Exp", cast(w, w->x[1], NN_F64))));
}

/* Any number of operands, and casts that take a type or bits. */
static void many(Work *w) {
    NnValue *a = nn_op3(w->nn, w->g, "Max", w->x[0], w->x[1], w->x[2]);
    NnValue *b = nn_op3(w->nn, w->g, "Min", a, w->x[1], one(w, "Neg", w->x[0]));
    NnValue *whole = cast(w, nn_op3(w->nn, w->g, "Sum", a, b, w->x[2]), NN_I16);
    out(w, two(w, "CastLike", two(w, "Mean", a, b), whole));
    out(w, nn_op(w->nn, w->g, "BitCast", NN_VALUES(b), NN_ATTRS(NN_INT("to", NN_U32))));
    out(w, nn_op(w->nn, w->g, "BitCast", NN_VALUES(cast(w, a, NN_I8)), NN_ATTRS(NN_INT("to", NN_BOOL))));
    out(w, nn_op3(w->nn, w->g, "Min", whole, two(w, "Mul", whole, whole), one(w, "Neg", whole)));
}

/* Neighbours, rows and single elements that are broadcast, and a tail. */
static void broadcast(Work *w) {
    NnValue *a = two(w, "Add", w->x[0], w->x[1]);
    out(w, one(w, "Erf", two(w, "Mul", a, w->x[2])));
}

static const struct {
    const char *name;
    void (*build)(Work *);
    uint32_t kernels;
    int64_t dims[INPUTS][4]; /* up to the first 0 */
    double tolerance;
} cases[] = {
    {"cell", cell, 1, {{5, 68}, {5, 17}}, 1e-6},
    {"cell of whole vectors", cell, 1, {{3, 128}, {3, 32}}, 1e-6},
    {"leading", leading, 1, {{6, 11}}, 1e-6},
    {"middle", middle, 1, {{3, 8, 19}, {19}, {4, 1}}, 1e-6},
    {"shuffle", shuffle, 3, {{4, 50}}, 1e-6},
    {"outside", outside, 1, {{3, 33}, {3, 1}}, 1e-6},
    {"short parts", short_parts, 0, {{40, 6}}, 1e-6},
    {"halves", halves, 0, {{3, 38}, {38}}, 0},
    {"types", types, 3, {{4, 21}, {21}}, 1e-6},
    {"many", many, 1, {{3, 29}, {29}, {3, 1}}, 1e-6},
    {"broadcast", broadcast, 1, {{2, 3, 4, 21}, {3, 1, 21}, {4, 1}}, 1e-6},
    {"broadcast rows", broadcast, 1, {{70, 18}, {70, 1}, {1}}, 1e-6},
    {"broadcast short", broadcast, 1, {{70, 3}, {3}, {70, 1}}, 1e-6},
};

static NnFunction *build(NnContext *context, uint32_t i, NnStatus *status) {
    Work w = {.nn = nn_context_host(context), .g = nn_graph_new(context, NULL, "chain", NN_INFERENCE)};
    char name[8];
    for (uint32_t k = 0; k < INPUTS && cases[i].dims[k][0]; k++) {
        int32_t rank = 0;
        while (rank < 4 && cases[i].dims[k][rank])
            rank++;
        (void)snprintf(name, sizeof name, "x%u", k);
        w.x[k] = w.nn->graph->input(w.g, name, NN_F32, rank, cases[i].dims[k]);
    }
    cases[i].build(&w);
    for (uint32_t k = 0; k < w.n; k++) {
        (void)snprintf(name, sizeof name, "y%u", k);
        (void)w.nn->graph->output(w.g, name, w.y[k]);
    }
    return nn_graph_seal(w.g, status);
}

static uint32_t count(const char *text, const char *word) {
    uint32_t n = 0;
    for (const char *at = text; at && (at = strstr(at, word)) != NULL; at += strlen(word))
        n++;
    return n;
}

/* The results on a device, or none. */
typedef struct Side {
    NnSession *session;
    NnCallable *call;
} Side;

static bool run(Side *s, NnContext *context, const char *device, const NnFunction *f,
                const NnTensor *const *x, NnStatus *status) {
    const NnSessionOptions options = {.struct_size = sizeof options,
                                      .flags = NN_SESSION_NO_FALLBACK,
                                      .devices = (const char *const[]){device, NULL}};
    s->session = nn_session_new(context, NULL, &options, status);
    s->call = s->session ? nn_callable_new(s->session, f, status) : NULL;
    return s->call && nn_callable_call(s->call, x, status) == NN_OK;
}

static void end(Side *s) {
    nn_callable_free(s->call);
    nn_session_free(s->session);
}

/* The largest difference in an output, absolute below 1 and relative above. */
static double difference(const NnTensor *a, const NnTensor *b) {
    double worst = a->type == b->type && nn_elements(a) == nn_elements(b) ? 0 : INFINITY;
    for (int64_t i = 0; worst < INFINITY && i < nn_elements(a); i++) {
        const double x = nn_load(nn_data(a), a->type, i), y = nn_load(nn_data(b), b->type, i);
        const double scale = fabs(y) > 1 ? fabs(y) : 1,
                     d = x == y || (isnan(x) && isnan(y)) ? 0 : fabs(x - y) / scale;
        worst = d <= worst ? worst : d;
    }
    return worst;
}

static void test(NnContext *context, uint32_t i) {
    NnStatus *status = nn_status_new();
    NnFunction *f = build(context, i, status);
    float data[INPUTS][1024];
    int64_t dims[INPUTS][4];
    NnTensor tensors[INPUTS];
    const NnTensor *x[INPUTS];
    uint32_t seed = 12345 + i;
    for (uint32_t k = 0; k < INPUTS; k++) {
        int32_t rank = 0;
        while (rank < 4 && cases[i].dims[k][rank])
            rank++;
        memcpy(dims[k], cases[i].dims[k], sizeof dims[k]);
        for (uint32_t e = 0; e < 1024; e++, seed = seed * 1664525u + 1013904223u)
            data[k][e] = (float)((double)(seed >> 8) / (1 << 22) - 2);
        tensors[k] = (NnTensor){.type = NN_F32, .rank = rank, .dims = dims[k], .buffer = data[k]};
        x[k] = &tensors[k];
    }
    Side ours = {0}, theirs = {0};
    bool good =
        f && run(&ours, context, "opencl", f, x, status) && run(&theirs, context, "reference", f, x, status);
    char *explained = good ? nn_callable_explain(ours.call, NULL, status) : NULL;
    const uint32_t kernels = count(explained, " opencl       ");
    double worst = 0;
    for (uint32_t k = 0; good && nn_function_output_name(f, k); k++) {
        const NnTensor *a, *b;
        good = nn_callable_output(ours.call, k, &a, status) == NN_OK &&
               nn_callable_output(theirs.call, k, &b, status) == NN_OK;
        const double d = good ? difference(a, b) : 0;
        worst = d <= worst ? worst : d;
    }
    if (!good)
        printf("not ok %s: %s\n", cases[i].name, nn_status_message(status));
    else if (!(worst <= cases[i].tolerance) || (cases[i].kernels && kernels != cases[i].kernels))
        printf("not ok %s: results differ by %g, %u kernels instead of %u\n%s\n", cases[i].name, worst,
               kernels, cases[i].kernels, explained);
    else
        printf("ok %s\n", cases[i].name);
    free(explained);
    end(&ours);
    end(&theirs);
    nn_function_free(f);
    nn_status_free(status);
}

int main(void) {
    NnStatus *status = nn_status_new();
    const NnOptions options = {.struct_size = sizeof options, .threads = 2};
    NnContext *context = nn_context_new(&options, status);
    if (context == NULL)
        printf("not ok context: %s\n", nn_status_message(status));
    for (uint32_t i = 0; context && i < NN_COUNT(cases); i++)
        test(context, i);
    nn_context_free(context);
    nn_status_free(status);
    return 0;
}
