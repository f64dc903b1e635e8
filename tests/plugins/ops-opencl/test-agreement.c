/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step by step against the CPU: for a hundred steps the OpenCL device starts from the CPU's state (weights,
 * slots, states), makes the same step, and every variable is compared, |a-b| <= 1e-5 |b| in norm. The
 * optimizer is momentum without memory, which is plain gradient descent and keeps each gradient in a slot, so
 * that gradients are compared as well as new weights. Decisions at a rounding edge (a ReLU, a maximum, a
 * coin) may flip: tensors beyond the bound are counted and shown, and at most one in a hundred may be. The
 * masks of dropout are no such decisions: those of the network's own nodes are read from both devices in each
 * step, and are the same bits. A third training runs free on the OpenCL device; its losses are printed beside
 * the CPU's. Usage: test-agreement [steps]
 */
#include "../../../train/training.h"
#include "graph/graph.h"

#include "nn/plugin.h"

#include <math.h>
#include <stdlib.h>

#define BOUND 1e-5

typedef struct Case {
    const char *name, *measure, *model;
} Case;

static const Case cases[] = {
    {"lenet5", "loss", "model: {family: cnn, network: lenet5}\n"},
    {"mlp", "loss", "model: {family: mlp, hidden: [128], dropout: 0.5}\n"},
    {"net-lstm", "loss",
     "model:\n  family: net\n  layers:\n    - Reshape: {inputs: [x, [0, 28, 28]]}\n"
     "    - LSTM: {name: lstm, units: 32, last: true}\n    - Dense: {name: output, units: 10}\n"},
    {"rbm", "reconstruction_error", "model: {family: boltzmann, hidden: 64, steps: 1, threshold: 0.5}\n"},
    {"net-batch-norm", "loss",
     "model:\n  family: net\n  layers:\n    - Conv: {name: stem, filters: 8, kernel: 3, stride: 2, bias: "
     "false}\n"
     "    - BatchNormalization\n    - Relu\n    - AveragePool\n    - Flatten\n"
     "    - Dense: {name: output, units: 10}\n"},
    {"net-gru", "loss",
     "model:\n  family: net\n  layers:\n    - Reshape: {inputs: [x, [0, 28, 28]]}\n    - Dropout: {ratio: "
     "0.2}\n"
     "    - GRU: {name: gru, units: 32, last: true}\n    - LayerNormalization\n    - Dropout\n"
     "    - Dense: {name: output, units: 10}\n"},
};

static const char rest[] =
    "data: {loader: glyphs}\n"
    "train: {epochs: 1, batch: 20, evaluate: none, optimizer: {name: momentum, momentum: 0, rate: "
    "0.05}}\n";

typedef struct Worst {
    double error;
    char name[64];
    uint64_t step, beyond, compared;
} Worst;

static uint64_t bytes_of(const NnVariableSpec *spec) {
    return nn_type_size(spec->type) * (uint64_t)nn_product(spec->dims, 0, spec->rank);
}

static NnTraining *training_on(NnContext *context, const Case *c, const char *device, NnStatus *status) {
    g_autofree char *text = g_strdup_printf("seed: 1\ndevice: %s\n%s%s", device, c->model, rest);
    NnConfig *config = nn_config_parse(text, strlen(text), c->name, status);
    NnTraining *t = config ? nn_training_new(context, config, 0, NULL, status) : NULL;
    if (t && nn_status_code(status) == NN_OK)
        nn_feed_start(t->feed, 0, 0, 0);
    return t;
}

static int32_t step_once(NnTraining *t, NnStatus *status) {
    return nn_training_step(t, status) == NN_OK ? nn_training_settle(t, status) : nn_status_code(status);
}

static int32_t copy_state(NnTraining *from, NnTraining *to, NnStatus *status) {
    NnVariable *const *a, *const *b;
    const uint32_t n = nn_network_variables(from->network, &a);
    if (nn_network_variables(to->network, &b) != n)
        return nn_status_fail(status, NN_ERROR, "the two networks differ");
    for (uint32_t i = 0; i < n && nn_status_code(status) == NN_OK; i++) {
        const uint64_t bytes = bytes_of(nn_variable_spec(a[i]));
        g_autofree void *copy = g_malloc0(bytes + 1);
        if (nn_session_read(from->session, a[i], copy, bytes, status) == NN_OK)
            nn_session_write(to->session, b[i], copy, bytes, status);
    }
    return nn_status_code(status);
}

static void compare_one(const NnVariableSpec *spec, const float *x, const float *y, uint64_t step,
                        Worst *worst) {
    double difference = 0, norm = 0;
    for (int64_t i = 0; i < nn_product(spec->dims, 0, spec->rank); i++) {
        difference += ((double)x[i] - (double)y[i]) * ((double)x[i] - (double)y[i]);
        norm += (double)y[i] * (double)y[i];
    }
    const double error = difference == 0 ? 0 : sqrt(difference / norm);
    worst->compared++;
    worst->beyond += !(error <= BOUND);
    if (!(error <= worst->error)) {
        worst->error = error;
        worst->step = step;
        (void)g_snprintf(worst->name, sizeof worst->name, "%s", spec->name);
    }
}

static int32_t compare(NnTraining *cpu, NnTraining *other, uint64_t step, Worst *worst, NnStatus *status) {
    NnVariable *const *a, *const *b;
    const uint32_t n = nn_network_variables(cpu->network, &a);
    (void)nn_network_variables(other->network, &b);
    for (uint32_t i = 0; i < n; i++) {
        const NnVariableSpec *spec = nn_variable_spec(a[i]);
        const uint64_t bytes = bytes_of(spec);
        g_autofree float *x = g_malloc0(bytes + 1), *y = g_malloc0(bytes + 1);
        if (spec->type != NN_F32)
            continue;
        if (nn_session_read(other->session, b[i], x, bytes, status) != NN_OK ||
            nn_session_read(cpu->session, a[i], y, bytes, status) != NN_OK)
            return nn_status_code(status);
        compare_one(spec, x, y, step, worst);
    }
    return NN_OK;
}

/* ---- dropout ---- */

typedef struct Masks {
    NnCallee *on[2]; /* the function `train` with the masks as outputs, of each training; NULL: it has none */
    uint32_t first, n;
    uint64_t elements, kept, differ;
} Masks;

static NnCallee *mask_callee(NnTraining *t, Masks *m, NnStatus *status) {
    const NnHost *nn = nn_context_host(t->context);
    const NnFunction *train = nn_network_function(t->network, "train");
    NnGraph *g = nn_function_extend(train, "masks", status);
    m->first = nn->graph->function_outputs(train);
    m->n = 0;
    for (guint i = 0; g && i < g->nodes->len; i++) {
        const NnGraphNode *node = g->nodes->pdata[i];
        char name[32];
        (void)g_snprintf(name, sizeof name, "mask%u", m->n);
        if (g_str_equal(node->view.op, "Dropout") && nn->graph->output(g, name, node->outputs[1]) == NN_OK)
            m->n++;
    }
    if (g == NULL || m->n == 0) {
        nn_graph_free(g);
        return NULL;
    }
    const NnFunction *f = nn_network_seal(t->network, g, status);
    NnCallee *c = f ? nn_callee_new(f, "masks") : NULL;
    if (c)
        (void)nn_callee_bind(c, t, t->wanted, status);
    return c;
}

/* Of the batch and the step that both have just made. */
static int32_t compare_masks(Masks *m, NnTraining *const t[2], NnStatus *status) {
    const NnTensor *mask[2];
    if (m->on[0] == NULL || m->on[1] == NULL)
        return nn_status_code(status);
    for (uint32_t d = 0; d < 2; d++) {
        nn_session_set_step(t[d]->session, t[d]->calls - 1);
        if (nn_callee_call(m->on[d], t[d], t[d]->batch, 0, 1, status) != NN_OK)
            return nn_status_code(status);
    }
    for (uint32_t k = 0; k < m->n; k++) {
        for (uint32_t d = 0; d < 2; d++)
            if (nn_callable_output(m->on[d]->callable, m->first + k, &mask[d], status) != NN_OK)
                return nn_status_code(status);
        for (int64_t i = 0; i < nn_elements(mask[0]); i++) {
            const bool a = ((const bool *)nn_data(mask[0]))[i], b = ((const bool *)nn_data(mask[1]))[i];
            m->elements++;
            m->kept += a;
            m->differ += a != b;
        }
    }
    return NN_OK;
}

/* ---- a network ---- */

static double mean_of(const NnTraining *t, const char *measure) {
    const NnCallee *c = t->callees->pdata[0];
    for (uint32_t i = 0; i < c->n_metrics; i++)
        if (g_str_equal(c->metrics[i].name, measure))
            return c->metrics[i].sum / c->metrics[i].weight;
    return NAN;
}

static void test_case(NnContext *context, const Case *c, uint64_t steps) {
    NnStatus *status = nn_status_new();
    NnTraining *cpu = training_on(context, c, "cpu", status),
               *led = training_on(context, c, "opencl", status),
               *loose = training_on(context, c, "opencl", status);
    Worst worst = {.error = 0};
    Masks masks = {.n = 0};
    if (nn_status_code(status) == NN_OK) {
        masks.on[0] = mask_callee(cpu, &masks, status);
        masks.on[1] = mask_callee(led, &masks, status);
    }
    for (uint64_t i = 0; i < steps && nn_status_code(status) == NN_OK; i++) {
        if (copy_state(cpu, led, status) != NN_OK || step_once(led, status) != NN_OK ||
            step_once(cpu, status) != NN_OK || step_once(loose, status) != NN_OK)
            break;
        if (compare(cpu, led, i + 1, &worst, status) == NN_OK)
            (void)compare_masks(&masks, (NnTraining *const[]){cpu, led}, status);
    }
    const bool close = worst.beyond * 100 <= worst.compared && worst.error <= 1e-2;
    const bool fine = nn_status_code(status) == NN_OK && close && masks.differ == 0;
    printf("# %s: %" G_GUINT64_FORMAT " tensors over %" G_GUINT64_FORMAT
           " steps, worst |a-b|/|b| %.2g (%s, step %" G_GUINT64_FORMAT "), %" G_GUINT64_FORMAT " beyond %g\n",
           c->name, worst.compared, steps, worst.error, worst.name, worst.step, worst.beyond, BOUND);
    if (masks.n > 0)
        printf("# %s: %u dropout masks a step, %" G_GUINT64_FORMAT
               " elements, %.4f of them kept, %" G_GUINT64_FORMAT " differ\n",
               c->name, masks.n, masks.elements, (double)masks.kept / (double)MAX(masks.elements, 1),
               masks.differ);
    if (cpu && loose && nn_status_code(status) == NN_OK)
        printf("# %s: mean %s after %" G_GUINT64_FORMAT " free steps: cpu %.8g, opencl %.8g\n", c->name,
               c->measure, steps, mean_of(cpu, c->measure), mean_of(loose, c->measure));
    if (fine)
        printf("ok %s\n", c->name);
    else
        printf("not ok %s: %s\n", c->name,
               nn_status_code(status) != NN_OK ? nn_status_message(status)
               : close                         ? "masks differ from the CPU's"
                                               : "tensors differ from the CPU's");
    nn_callee_free(masks.on[0]);
    nn_callee_free(masks.on[1]);
    for (uint32_t i = 0; i < 3; i++) {
        NnTraining *t = i == 0 ? cpu : i == 1 ? led : loose;
        if (t)
            nn_feed_stop(t->feed);
        nn_training_free(t);
    }
    nn_status_free(status);
}

static bool available(NnContext *context) {
    NnStatus *status = nn_status_new();
    static const char *const devices[] = {"opencl", NULL};
    const NnSessionOptions options = {.struct_size = sizeof options, .devices = devices};
    NnSession *session = nn_session_new(context, NULL, &options, status);
    if (session == NULL)
        printf("skip agreement %s\n", nn_status_message(status));
    nn_session_free(session);
    nn_status_free(status);
    return session != NULL;
}

int main(int argc, char **argv) {
    NnStatus *status = nn_status_new();
    const NnOptions options = {.struct_size = sizeof options, .threads = 2};
    NnContext *context = nn_context_new(&options, status);
    const uint64_t steps = argc > 1 ? (uint64_t)strtoul(argv[1], NULL, 10) : 100;
    if (context == NULL)
        printf("not ok context: %s\n", nn_status_message(status));
    for (uint32_t i = 0; context && available(context) && i < NN_COUNT(cases); i++)
        test_case(context, &cases[i], steps);
    nn_context_free(context);
    nn_status_free(status);
    return 0;
}
