/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks the registry: every operator for which a device has a kernel, on its sample cases and on larger ones
 * that reach vector loops, tails and threads, against the device `reference`. Once with one kernel per node,
 * once with claims. Usage: test-backends [device [operator ...]]
 */
#include "../../nnrun/kit/sample.h"
#include "nn/nn.h"

#include <glib.h>
#include <math.h>

typedef struct Large {
    const char *op, *line;
} Large;

static const Large large[] = {
    {"Add", "[70,130] [130]"},
    {"Add", "[3,5,7,65] [5,1,65]"},
    {"Mul", "[9,1,130] [1,70,1]"},
    {"Einsum", "[3,33,17] [3,17,29]; equation=bij,bjk->bik"},
    {"Einsum", "[2,9,5,7] [2,11,5,7] [2,11,5,3]; equation=bihd,bjhd,bjhe->bihe"},
    {"Sub", "[4099] [4099]"},
    {"Div", "[33,67] [33,1]@.5:2"},
    {"Where", "bool[40,70] [40,70] [70]"},
    {"Exp", "[20011]@-20:20"},
    {"Tanh", "[20011]@-12:12"},
    {"Sigmoid", "[20011]@-30:30"},
    {"Log", "[20011]@.001:50"},
    {"Erf", "[5003]@-5:5"},
    {"Gelu", "[70001]@-6:6"},
    {"Softplus", "[5003]@-30:30"},
    {"Relu", "[97,1031]"},
    {"Gemm", "[67,129] [129,70] [70]"},
    {"Gemm", "[129,67] [70,129] [67,1]; transA=1 transB=1"},
    {"MatMul", "[3,40,33] [33,65]"},
    {"MatMul", "[2,1,20,33] [3,33,17]"},
    {"ReduceSum", "[37,129]"},
    {"ReduceSum", "[65,37,40] i64[2]{0,2}; keepdims=0"},
    {"ReduceMean", "[300,257] i64[1]{0}"},
    {"ReduceMax", "[33,1025] i64[1]{1}"},
    {"nn/SumTo", "[64,6,40] [6,1]"},
    {"nn/SumTo", "[128,513] [513]"},
    {"Softmax", "[70,257]@-20:20"},
    {"LogSoftmax", "[70,257]@-20:20"},
    {"SoftmaxCrossEntropyLoss", "[5,65]@-9:9 i64[5]{0,64,3,1,2}"},
    {"Transpose", "[65,33]; perm=1,0"},
    {"Transpose", "[7,33,5,18]; perm=2,0,3,1"},
    {"Gather", "[65,130] i64[4]{64,0,-1,7}"},
    {"ArgMax", "[40,1000]; axis=1"},
    {"Conv", "[3,1,28,28] [6,1,5,5] [6]; pads=2,2,2,2"},
    {"Conv", "[2,6,14,14] [16,6,5,5] [16]"},
    {"Conv", "[2,8,17,19] [12,4,3,3]; group=2 strides=2,1 pads=1,0,1,2 dilations=1,2"},
    {"nn/ConvGradInput", "[2,16,10,10] [16,6,5,5] [2,6,14,14]"},
    {"nn/ConvGradWeight", "[3,6,28,28] [3,1,28,28] [6,1,5,5]; pads=2,2,2,2"},
    {"MaxPool", "[3,6,28,28]; kernel_shape=2,2 strides=2,2"},
    {"MaxPool", "[2,5,19,23]; kernel_shape=3,3 strides=2,2 pads=1,1,1,1 -> 2"},
    {"AveragePool", "[2,5,19,23]; kernel_shape=3,2 strides=2,2 pads=1,0,1,1"},
    {"BatchNormalization", "[6,5,7,7] [5]@.5:2 [5] [5] [5]@.5:2; training_mode=1 -> 3"},
    {"LayerNormalization", "[33,130] [130] [130]"},
    {"nn/Uniform", "i64[2]{130,70} i64[2]{42,7}; salt=3"},
    {"nn/Bernoulli", "[]@.3:.4 i64[2]{42,7} [130,129]; dtype=bool salt=1"},
};

typedef struct Run {
    Tensor *out[SAMPLE_MAX];
    char *why;
} Run;

static bool fixed(const NnOperator *def, uint32_t i) {
    const uint32_t k = i < def->n_inputs ? i : def->n_inputs - 1;
    const NnParam *p = (const void *)((const char *)def->inputs + (size_t)k * def->param_stride);
    return (p->flags & NN_SHAPE_VALUE) != 0;
}

static NnFunction *build(NnContext *context, const char *op, const NnOperator *def, const Sample *s,
                         NnStatus *status) {
    const NnHost *nn = nn_context_host(context);
    NnGraph *g = nn_graph_new(context, NULL, "case", NN_INFERENCE);
    NnValue *in[SAMPLE_MAX] = {0}, *out[SAMPLE_MAX] = {0};
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        char name[16];
        g_snprintf(name, sizeof name, "in%u", i);
        if (s->inputs[i])
            in[i] = fixed(def, i) ? nn->graph->constant(g, s->inputs[i]->t.type, s->inputs[i]->t.rank,
                                                        s->inputs[i]->dims, nn_data(&s->inputs[i]->t))
                                  : nn->graph->input(g, name, s->inputs[i]->t.type, s->inputs[i]->t.rank,
                                                     s->inputs[i]->dims);
    }
    const NnNodeSpec spec = {.struct_size = sizeof spec,
                             .version = def->since,
                             .op = op,
                             .n_inputs = s->n_inputs,
                             .n_outputs = s->n_outputs,
                             .n_attrs = s->n_attrs,
                             .attr_stride = sizeof(NnAttr),
                             .inputs = in,
                             .attrs = s->attrs};
    (void)nn->graph->node(g, &spec, out);
    for (uint32_t k = 0; k < s->n_outputs; k++) {
        char name[16];
        g_snprintf(name, sizeof name, "out%u", k);
        (void)nn->graph->output(g, name, out[k]);
    }
    return nn_graph_seal(g, status);
}

static Run run_on(NnContext *context, const char *op, const NnOperator *def, const Sample *s,
                  const char *device, uint32_t flags) {
    Run r = {.why = NULL};
    NnStatus *status = nn_status_new();
    const char *const devices[] = {device, NULL};
    const NnSessionOptions options = {
        .struct_size = sizeof options, .flags = flags, .devices = devices, .seed = 1};
    NnSession *session = nn_session_new(context, NULL, &options, status);
    NnFunction *f = session ? build(context, op, def, s, status) : NULL;
    NnCallable *call = f ? nn_callable_new(session, f, status) : NULL;
    const NnTensor *inputs[SAMPLE_MAX];
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n_inputs; i++)
        if (s->inputs[i] && !fixed(def, i))
            inputs[n++] = &s->inputs[i]->t;
    if (call && nn_callable_call(call, inputs, status) == NN_OK)
        for (uint32_t k = 0; k < s->n_outputs; k++) {
            const NnTensor *t;
            if (nn_callable_output(call, k, &t, status) == NN_OK)
                r.out[k] = tensor_copy(t);
        }
    if (nn_status_code(status) != NN_OK)
        r.why = g_strdup(nn_status_message(status));
    nn_callable_free(call);
    nn_function_free(f);
    nn_session_free(session);
    nn_status_free(status);
    return r;
}

static char *compare(const NnOperator *def, const Sample *s, const Run *got, const Run *want) {
    uint64_t length = 1;
    for (uint32_t i = 0; i < s->n_inputs; i++)
        if (s->inputs[i])
            length = MAX(length, (uint64_t)tensor_count(&s->inputs[i]->t));
    const double usual = (NN_HAS(def, body) ? 64 : 8) * 0x1p-24 * sqrt((double)length);
    for (uint32_t k = 0; k < s->n_outputs; k++) {
        const Tensor *a = got->out[k], *b = want->out[k];
        if (a->t.type != b->t.type || a->t.rank != b->t.rank ||
            memcmp(a->dims, b->dims, (size_t)a->t.rank * sizeof *a->dims) != 0)
            return g_strdup_printf("output %u has another type or shape", k);
        for (int64_t i = 0; i < tensor_count(&a->t); i++) {
            const double x = tensor_get(&a->t, i), y = tensor_get(&b->t, i);
            if (x != y && !(isnan(x) && isnan(y)) && !(fabs(x - y) <= usual * (1 + fabs(y))))
                return g_strdup_printf("output %u, element %lld is %.9g, expected %.9g", k, (long long)i, x,
                                       y);
        }
    }
    return NULL;
}

static void run_free(Run *r) {
    for (uint32_t k = 0; k < SAMPLE_MAX; k++)
        tensor_free(r->out[k]);
    g_free(r->why);
}

static bool test_case(NnContext *context, const char *device, const char *op, const NnOperator *def,
                      const char *line) {
    Sample s;
    char why[256];
    if (!sample_parse(&s, def, line, NN_F32, why, sizeof why)) {
        printf("not ok %s: case \"%s\": %s\n", op, line, why);
        return false;
    }
    static const uint32_t flags[] = {NN_SESSION_NO_CLAIMS, 0};
    Run want = run_on(context, op, def, &s, "reference", 0);
    bool ok = want.why == NULL;
    if (!ok)
        printf("not ok %s: case \"%s\" on reference: %s\n", op, line, want.why);
    for (uint32_t i = 0; i < NN_COUNT(flags) && ok; i++) {
        Run got = run_on(context, op, def, &s, device, flags[i]);
        char *wrong = got.why ? g_strdup(got.why) : compare(def, &s, &got, &want);
        if (wrong)
            printf("not ok %s: case \"%s\"%s: %s\n", op, line, i == 0 ? ", without claims" : "", wrong);
        ok = wrong == NULL;
        g_free(wrong);
        run_free(&got);
    }
    run_free(&want);
    sample_clear(&s);
    return ok;
}

/* Has the device a kernel of its own for the operator, or is it named on the command line? */
static bool chosen(NnContext *context, const char *device, const char *op, int n, char **names) {
    for (int k = 0; k < n; k++)
        if (strcmp(names[k], op) == 0)
            return true;
    for (uint32_t i = 0; n == 0 && i < nn_registry_count(context); i++) {
        const NnEntry *e = nn_registry_entry(context, i);
        if (strcmp(e->kind, NN_KERNEL_KIND) == 0 && e->device && strcmp(e->device, device) == 0 &&
            strcmp(e->name, op) == 0)
            return true;
    }
    return false;
}

int main(int argc, char **argv) {
    const char *device = argc > 1 ? argv[1] : "cpu";
    NnStatus *status = nn_status_new();
    const NnOptions options = {.struct_size = sizeof options, .threads = 2};
    NnContext *context = nn_context_new(&options, status);
    for (uint32_t i = 0; context && i < nn_registry_count(context); i++) {
        const NnEntry *entry = nn_registry_entry(context, i);
        if (strcmp(entry->kind, NN_OPERATOR_KIND) != 0 ||
            !chosen(context, device, entry->name, argc > 2 ? argc - 2 : 0, argv + 2))
            continue;
        const NnOperator *def = nn_registry_table(context, entry->kind, entry->name, status);
        bool ok = def != NULL;
        for (uint32_t k = 0; ok && def->sort != NN_CONTROL && k < def->n_samples; k++)
            ok = test_case(context, device, entry->name, def, def->samples[k]);
        for (uint32_t k = 0; ok && k < NN_COUNT(large); k++)
            if (strcmp(large[k].op, entry->name) == 0)
                ok = test_case(context, device, entry->name, def, large[k].line);
        if (ok)
            printf("ok %s\n", entry->name);
        else if (def == NULL)
            printf("not ok %s: %s\n", entry->name, nn_status_message(status));
        nn_status_clear(status);
    }
    if (context == NULL)
        printf("not ok context: %s\n", nn_status_message(status));
    nn_context_free(context);
    nn_status_free(status);
    return 0;
}
