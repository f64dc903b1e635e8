/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

NnSession *session_on(Kit *k, const char *device, uint32_t flags, NnStatus *status) {
    static struct {
        char device[64];
        uint32_t flags;
        NnSession *session;
    } kept[4];
    for (uint32_t i = 0; i < G_N_ELEMENTS(kept); i++) {
        if (kept[i].session && kept[i].flags == flags && strcmp(kept[i].device, device) == 0)
            return kept[i].session;
        if (kept[i].session)
            continue;
        const char *const devices[] = {device, NULL};
        const NnSessionOptions options = {
            .struct_size = sizeof options, .flags = flags, .devices = devices, .seed = 1};
        kept[i].session = nn_session_new(k->context, NULL, &options, status);
        kept[i].flags = flags;
        (void)g_strlcpy(kept[i].device, device, sizeof kept[i].device);
        return kept[i].session;
    }
    (void)nn_status_fail(status, NN_ERROR, "the kit keeps no more sessions");
    return NULL;
}

static NnFunction *build(Kit *k, const char *op, const NnOperator *def, const Sample *s, NnStatus *status) {
    const NnGraphApi *api = nn_context_host(k->context)->graph;
    NnGraph *g = nn_graph_new(k->context, NULL, "case", NN_INFERENCE);
    NnValue *in[SAMPLE_MAX] = {NULL}, *out[SAMPLE_MAX] = {NULL};
    char name[16];
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        const NnTensor *t = s->inputs[i] ? &s->inputs[i]->t : NULL;
        (void)snprintf(name, sizeof name, "in%u", i);
        if (t)
            in[i] = rig_on_host(def, i) ? api->constant(g, t->type, t->rank, t->dims, t->buffer)
                                        : api->input(g, name, t->type, t->rank, t->dims);
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
    (void)api->node(g, &spec, out);
    for (uint32_t i = 0; i < s->n_outputs; i++) {
        (void)snprintf(name, sizeof name, "out%u", i);
        (void)api->output(g, name, out[i]);
    }
    return nn_graph_seal(g, status);
}

RigResult session_run(Kit *k, const char *op, const NnOperator *def, const Sample *s, const char *device,
                      uint32_t flags) {
    RigResult result = {.code = NN_OK};
    NnStatus *status = nn_status_new();
    const NnTensor *inputs[SAMPLE_MAX];
    uint32_t n = 0;
    NnSession *session = session_on(k, device, flags, status);
    NnFunction *f = session ? build(k, op, def, s, status) : NULL;
    NnCallable *call = f ? nn_callable_new(session, f, status) : NULL;
    for (uint32_t i = 0; i < s->n_inputs; i++)
        if (s->inputs[i] && !rig_on_host(def, i))
            inputs[n++] = &s->inputs[i]->t;
    if (call && nn_callable_call(call, inputs, status) == NN_OK)
        for (uint32_t i = 0; i < s->n_outputs; i++) {
            const NnTensor *t;
            if (nn_callable_output(call, i, &t, status) == NN_OK)
                result.out[i] = tensor_copy(t);
        }
    result.code = nn_status_code(status);
    (void)g_strlcpy(result.why, nn_status_message(status), sizeof result.why);
    nn_callable_free(call);
    nn_function_free(f);
    nn_status_free(status);
    return result;
}
