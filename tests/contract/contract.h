/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the contract tests share: a context on the built plug-ins, a function built in a few lines, calls with
 * plain arrays. A test is a plain program on nn.h, run on each device that NN_TEST_DEVICES names, and prints
 * `ok` or `not ok` per case.
 */
#ifndef NN_TESTS_CONTRACT_H
#define NN_TESTS_CONTRACT_H

#include "nn/nn.h"
#include "nn/plugin.h"

#include <math.h>
#include <stdlib.h>

typedef struct Test {
    NnContext *context;
    const NnHost *nn;
    NnStatus *status;
    const char *device;
    NnNetwork *network;
    NnSession *session;
    NnConfig *settings; /* of devices, by name; NULL: none */
} Test;

static int failures;

static inline void report(const Test *t, const char *name, bool good) {
    printf("%s %s on %s\n", good ? "ok" : "not ok", name, t->device);
    if (!good && nn_status_code(t->status) != NN_OK)
        printf("# %s\n", nn_status_message(t->status));
    failures += !good;
    nn_status_clear(t->status);
}

/* f32 tensors of up to four dimensions, on the stack of the caller. */
typedef struct Array {
    NnTensor tensor;
    int64_t dims[4], strides[4];
} Array;

static inline const NnTensor *array(Array *a, int32_t type, void *data, int32_t rank, const int64_t *dims) {
    int64_t stride = 1;
    a->tensor =
        (NnTensor){.buffer = data, .type = type, .rank = rank, .dims = a->dims, .strides = a->strides};
    for (int32_t i = rank - 1; i >= 0; i--) {
        a->dims[i] = dims[i];
        a->strides[i] = stride;
        stride *= dims[i];
    }
    return &a->tensor;
}

#define DIMS(...)                                                                                            \
    (int32_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[]) { __VA_ARGS__ }
#define FLOATS(a, data, ...) array(a, NN_F32, data, DIMS(__VA_ARGS__))
#define SCALAR(a, type, data) array(a, type, data, 0, NULL)

static inline bool open_session(Test *t, uint32_t flags) {
    const char *devices[] = {t->device, NULL};
    /* These two have every operator; what they cannot do must not go by unseen. */
    if (strcmp(t->device, "reference") == 0 || strcmp(t->device, "toy") == 0)
        flags |= NN_SESSION_NO_FALLBACK;
    const NnSessionOptions options = {.struct_size = sizeof options,
                                      .flags = flags,
                                      .devices = devices,
                                      .device_config = t->settings,
                                      .seed = 7};
    t->session = nn_session_new(t->context, t->network, &options, t->status);
    return t->session != NULL;
}

/* Seals the graph and makes it callable in the test's session, which is opened when there is none. */
static inline NnCallable *callable(Test *t, NnGraph *g) {
    NnFunction *f = nn_network_seal(t->network, g, t->status);
    if (f == NULL || (t->session == NULL && !open_session(t, 0)))
        return NULL;
    return nn_callable_new(t->session, f, t->status);
}

/* Element k of output i of the last call, as a double; NaN with the status set when there is none. */
static inline double result(Test *t, NnCallable *c, uint32_t i, int64_t k) {
    const NnTensor *out = NULL;
    if (c == NULL || nn_callable_output(c, i, &out, t->status) != NN_OK || k >= nn_elements(out))
        return (double)NAN;
    switch (out->type) {
    case NN_F32: return (double)((const float *)nn_data(out))[k];
    case NN_F64: return ((const double *)nn_data(out))[k];
    case NN_I64: return (double)((const int64_t *)nn_data(out))[k];
    case NN_BOOL: return ((const uint8_t *)nn_data(out))[k];
    default: return (double)NAN;
    }
}

static inline int64_t result_size(Test *t, NnCallable *c, uint32_t i) {
    const NnTensor *out = NULL;
    return c && nn_callable_output(c, i, &out, t->status) == NN_OK ? nn_elements(out) : -1;
}

static inline bool near(double a, double b) { return fabs(a - b) <= 1e-4 * (1 + fabs(b)); }

static inline NnGraph *begin(Test *t, const char *name) {
    return nn_graph_new(t->context, t->network, name, NN_TRAINING);
}

static inline NnVariable *variable(Test *t, NnGraph *g, const char *name, const char *init, double a,
                                   int32_t rank, const int64_t *dims) {
    const NnVariableSpec spec = {.struct_size = sizeof spec,
                                 .type = NN_F32,
                                 .name = name,
                                 .rank = rank,
                                 .dims = dims,
                                 .init = init,
                                 .a = a};
    return t->nn->graph->variable(g, &spec);
}

static inline float stored(Test *t, NnVariable *v, uint64_t n, uint64_t k) {
    float values[64] = {0};
    if (t->session == NULL || n > 64 ||
        nn_session_read(t->session, v, values, n * sizeof *values, t->status) != NN_OK)
        return NAN;
    return values[k];
}

static inline bool call(Test *t, NnCallable *c, const NnTensor *const *inputs) {
    return c && nn_callable_call(c, inputs, t->status) == NN_OK && nn_callable_wait(c, t->status) == NN_OK;
}
#define CALL(t, c, ...) call(t, c, (const NnTensor *const[]){__VA_ARGS__})

static inline void close_session(Test *t, NnCallable *c) {
    nn_callable_free(c);
    nn_session_free(t->session);
    t->session = NULL;
}

/* Runs `body` on every device of NN_TEST_DEVICES (a comma list; else both), with the settings of
 * NN_TEST_SETTINGS, a YAML map: {NAME: {KEY: VALUE}}. */
static inline int on_each_device(void (*body)(Test *)) {
    const char *list = getenv("NN_TEST_DEVICES"), *settings = getenv("NN_TEST_SETTINGS");
    char names[256];
    (void)snprintf(names, sizeof names, "%s", list ? list : "reference,toy");
    char *rest = names;
    for (char *name; (name = strtok_r(rest, ",", &rest)) != NULL;) {
        Test t = {.status = nn_status_new(), .device = name};
        char folder[512];
        (void)snprintf(folder, sizeof folder, "%s/tests/contract",
                       getenv("BUILDDIR") ? getenv("BUILDDIR") : ".");
        const NnOptions options = {.struct_size = sizeof options,
                                   .plugin_paths = (const char *[]){folder, NULL}};
        t.context = nn_context_new(&options, t.status);
        if (t.context)
            t.network = nn_network_new(t.context, "blank", NULL, NULL, 1, t.status);
        if (settings)
            t.settings = nn_config_parse(settings, strlen(settings), "NN_TEST_SETTINGS", t.status);
        if (t.network == NULL || (settings && t.settings == NULL)) {
            report(&t, "context and network", false);
        } else {
            t.nn = nn_context_host(t.context);
            body(&t);
            nn_session_free(t.session);
        }
        nn_network_free(t.network);
        nn_context_free(t.context);
        nn_config_free(t.settings);
        nn_status_free(t.status);
    }
    return failures != 0;
}

#endif
