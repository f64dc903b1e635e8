/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims of several nodes, on graphs in which there is something to claim: with claims a device has to give
 * what the reference gives, twice the same, and its program has to name the claim on one of them at least.
 */
#include "object.h"
#include "session.h"

#include <stdlib.h>

/* Nodes one after the other on `x`; a second operand is the input that follows: y, z, ... A shape each. */
typedef struct Chain {
    const char *nodes;     /* "Mul:y Relu" */
    const char *shapes[4]; /* of x, y, z, w */
} Chain;

static const Chain chains[] = {
    {"Mul:y Add:z Relu", {"64,33", "64,33", "33"}},
    {"Add:y Sigmoid Mul:x", {"1025", "1025"}},
    {"Neg Exp Add:y Reciprocal", {"7,5,11", "7,5,11"}},
    {"Mul:y Tanh Sub:z Abs Sqrt", {"40,40", "40,1", "1"}},
    {"Exp Neg", {"0,4"}},
    {"Add:y Relu", {"1", "1"}},
    {"MatMul:y Add:z Relu", {"17,33", "33,20", "20"}},
    {"Gemm:y,z Sigmoid", {"64,70", "70,33", "33"}},
    {"Conv:y,z Relu", {"2,3,9,9", "4,3,3,3", "4"}},
    {"Conv:y Add:z Relu MaxPool", {"2,3,12,12", "4,3,3,3", "4,1,1"}},
    {"LayerNormalization:y,z Gelu", {"12,64", "64", "64"}},
    {"Softmax Mul:y", {"12,65", "12,65"}},
};

static Tensor *operand(const char *shape, uint64_t *state) {
    int64_t dims[NN_MAX_RANK];
    int32_t rank = 0;
    for (char *end; *shape; shape = *end ? end + 1 : end)
        dims[rank++] = strtoll(shape, &end, 10);
    Tensor *x = tensor_new(NN_F32, rank, dims);
    for (int64_t i = 0; i < tensor_count(&x->t); i++)
        tensor_set(&x->t, i, .2 + sample_random(state));
    return x;
}

/* Adds one node, "Gemm:y,z", to the value v. */
static NnValue *add_node(const NnHost *host, NnGraph *g, const char *word, NnValue *v,
                         NnValue *const *inputs) {
    static const int64_t two[] = {2, 2};
    const NnAttr pool = {.name = "kernel_shape", .kind = NN_ATTR_INTS, .count = 2, .u.ints = two};
    char **parts = g_strsplit(word, ":", 2);
    NnValue *in[4] = {v}, *out[4] = {NULL};
    uint32_t n = 1;
    for (const char *c = parts[1] ? parts[1] : ""; *c; c++)
        if (*c != ',')
            in[n++] = inputs[*c == 'w' ? 3 : *c - 'x'];
    const bool pools = strcmp(parts[0], "MaxPool") == 0;
    const NnNodeSpec spec = {.struct_size = sizeof spec,
                             .op = parts[0],
                             .n_inputs = n,
                             .n_outputs = 1,
                             .n_attrs = pools,
                             .attr_stride = sizeof(NnAttr),
                             .inputs = in,
                             .attrs = pools ? &pool : NULL};
    (void)host->graph->node(g, &spec, out);
    g_strfreev(parts);
    return out[0];
}

static NnFunction *build(Kit *k, const Chain *c, Tensor *const *x, NnStatus *status) {
    const NnHost *host = nn_context_host(k->context);
    NnGraph *g = nn_graph_new(k->context, NULL, "claims", NN_INFERENCE);
    char **words = g_strsplit(c->nodes, " ", -1);
    NnValue *inputs[4] = {NULL}, *v;
    for (uint32_t i = 0; i < 4 && x[i]; i++) {
        const char name[] = {"xyzw"[i], '\0'};
        inputs[i] = host->graph->input(g, name, NN_F32, x[i]->t.rank, x[i]->dims);
    }
    v = inputs[0];
    for (char **w = words; *w && v; w++)
        v = add_node(host, g, *w, v, inputs);
    (void)host->graph->output(g, "out", v);
    g_strfreev(words);
    return nn_graph_seal(g, status);
}

/* Results of two calls; `named`: is the claim in the program? */
static RigResult run(Kit *k, const Chain *c, Tensor *const *x, const char *device, const char *claim,
                     bool *named, RigResult *again) {
    RigResult r = {.code = NN_OK};
    NnStatus *status = nn_status_new();
    NnSession *session = session_on(k, device, 0, status);
    NnFunction *f = session ? build(k, c, x, status) : NULL;
    NnCallable *call = f ? nn_callable_new(session, f, status) : NULL;
    const NnTensor *inputs[4], *t;
    for (uint32_t i = 0; i < 4 && x[i]; i++)
        inputs[i] = &x[i]->t;
    kit_doing(k, device);
    for (uint32_t i = 0; call && i < 2; i++)
        if (nn_callable_call(call, inputs, status) == NN_OK &&
            nn_callable_output(call, 0, &t, status) == NN_OK)
            (i ? again : &r)->out[0] = tensor_copy(t);
    char *text = call && nn_status_code(status) == NN_OK ? nn_callable_explain(call, NULL, status) : NULL;
    *named = text && claim && strstr(text, claim);
    free(text);
    r.code = nn_status_code(status);
    (void)g_strlcpy(r.why, nn_status_message(status), sizeof r.why);
    nn_callable_free(call);
    nn_function_free(f);
    nn_status_free(status);
    return r;
}

static bool judge_chain(Kit *k, const Chain *c, const char *claim) {
    uint64_t state = 11;
    Tensor *x[4] = {NULL};
    char text[200];
    bool used = false, none;
    for (uint32_t i = 0; i < 4 && c->shapes[i]; i++)
        x[i] = operand(c->shapes[i], &state);
    RigResult again = {.code = NN_OK}, unused = {.code = NN_OK};
    RigResult want = run(k, c, x, "reference", NULL, &none, &unused);
    RigResult got = run(k, c, x, k->subject->device, claim, &used, &again);
    const NnOperator plain = {.struct_size = sizeof plain};
    Sample sample = {.n_inputs = 1, .inputs = {x[0]}};
    const Rig rig = {.kit = k, .op = "", .def = &plain, .sample = &sample};
    if (want.code == NN_OK && kit_expect(k, CLAIMS_TOO_MUCH, got.code == NN_OK, "%s", got.why)) {
        const char *wrong = rig_compare(&rig, &got, &want, text, sizeof text);
        (void)kit_expect(k, WRONG_FORWARD, wrong == NULL, "%s", wrong ? wrong : "");
        wrong = rig_same_bits(&got, &again, text, sizeof text);
        (void)kit_expect(k, NOT_REPEATABLE, wrong == NULL, "%s", wrong ? wrong : "");
    }
    rig_result_free(&want);
    rig_result_free(&unused);
    rig_result_free(&got);
    rig_result_free(&again);
    for (uint32_t i = 0; i < 4; i++)
        tensor_free(x[i]);
    return used;
}

void judge_claim(Kit *k) {
    const NnClaim *table = object_export(k, sizeof *table);
    bool used = false;
    if (table == NULL)
        return;
    k->findings->stage = STAGE_RUN;
    if (kit_case(k, "the table") &&
        !kit_expect(k, WRONG_TABLE, NN_HAS(table, claim) && NN_HAS(table, run) && table->name,
                    "it lacks a name, claim or run"))
        return;
    NnSession *session = session_on(k, k->subject->device, 0, k->status);
    if (session == NULL) {
        kit_skip(k, WRONG_FORWARD, "%s", nn_status_message(k->status));
        return;
    }
    for (uint32_t i = 0; i < G_N_ELEMENTS(chains); i++)
        if (kit_case(k, "graph \"%s\"", chains[i].nodes))
            used = judge_chain(k, &chains[i], table->name) || used;
    if (k->skip == 0)
        (void)kit_expect(k, REFUSES_ITS_CLAIM, used, "it claims nothing of any of the kit's %u graphs",
                         (uint32_t)G_N_ELEMENTS(chains));
}
