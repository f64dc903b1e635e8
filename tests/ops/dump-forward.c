/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints what the reference computes for every sample case of every operator that is not ours, in f32 and
 * f64, a JSON object per line, for test-forward.py to compare with ONNX's own reference implementation.
 * Random operators are left out. With FOLDER and OPSET each case is also exported as a model in that folder,
 * for test-export.py to run in another program (in f32 only: ONNX has f64 for few operators); the line says
 * how it is called, or why it was refused.
 */
#include "eager.h"
#include "json.h"
#include "run/session.h"
#include "status.h"

#include <stdlib.h>

static const char *folder, *opset;

/* ---- as a model ---- */

static int32_t put(void *self, const void *bytes, uint64_t n, NnStatus *status) {
    return fwrite(bytes, 1, n, self) == n ? NN_OK : nn_status_fail(status, NN_ERROR, "cannot write");
}

/* The node with inputs x0, x1, ... and outputs y0, y1, ...; inputs that are shape values are constants. */
static NnFunction *function_of(NnContext *context, const NnOperator *def, const NnNodeSpec *of,
                               const Sample *s, NnStatus *status) {
    NnGraph *g = nn_graph_new(context, NULL, def->name, NN_INFERENCE);
    const NnGraphApi *api = nn_context_host(context)->graph;
    NnValue *inputs[SAMPLE_MAX] = {NULL}, *outputs[SAMPLE_MAX] = {NULL};
    char name[8];
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        const NnParam *param = nn_operator_input(def, i);
        const NnTensor *t = s->inputs[i] ? &s->inputs[i]->t : NULL;
        (void)snprintf(name, sizeof name, "x%u", i);
        if (t && param && param->flags & NN_SHAPE_VALUE)
            inputs[i] = api->constant(g, t->type, t->rank, t->dims, nn_data(t));
        else if (t)
            inputs[i] = api->input(g, name, t->type, t->rank, t->dims);
    }
    NnNodeSpec spec = *of;
    spec.inputs = inputs;
    (void)api->node(g, &spec, outputs);
    for (uint32_t i = 0; i < s->n_outputs; i++) {
        (void)snprintf(name, sizeof name, "y%u", i);
        (void)api->output(g, name, outputs[i]);
    }
    return nn_graph_seal(g, status);
}

/* Prints the name of the file, or the reason why there is none. */
static void print_model(NnSession *session, const NnOperator *def, const NnNodeSpec *spec, const Sample *s,
                        uint32_t number) {
    NnStatus *status = nn_status_new();
    NnContext *context = session->context;
    const NnFormat *format = nn_registry_table(context, NN_FORMAT_KIND, "onnx", status);
    NnFunction *f = format ? function_of(context, def, spec, s, status) : NULL;
    const NnGraphView *view = f ? nn_view_new(session, f, status) : NULL;
    g_autofree char *path = g_strdup_printf("%s/%s-%u.onnx", folder, def->name, number);
    FILE *file = view ? fopen(path, "wb") : NULL;
    if (file) {
        const NnSink sink = {.struct_size = sizeof sink, .self = file, .write = put};
        const NnPair pair = {"opset", opset};
        (void)format->write_graph(nn_registry_host(context, format), view, 1, &pair, &sink, status);
        (void)fclose(file);
    }
    g_autofree char *why = g_strescape(nn_status_message(status), NULL);
    if (nn_status_failed(status))
        printf("\"refused\": \"%s\", ", why);
    else
        printf("\"model\": \"%s\", ", path);
    nn_view_free(view);
    if (f)
        nn_function_free(f);
    nn_status_free(status);
}

/* ---- cases ---- */

static void dump_operator(NnContext *context, NnSession *session, const NnEntry *entry, NnStatus *status) {
    const NnOperator *def = nn_registry_table(context, entry->kind, entry->name, status);
    if (!def || strcmp(def->domain, "nn") == 0 || def->sort == NN_CONTROL || (def->flags & NN_OP_RANDOM))
        return;
    for (uint32_t i = 0; i < 2 * def->n_samples; i += session ? 2 : 1) {
        Sample s;
        Tensor *outputs[SAMPLE_MAX] = {0};
        char why[256];
        const char *line = def->samples[i / 2];
        if (sample_parse(&s, def, line, i % 2 ? NN_F64 : NN_F32, why, sizeof why)) {
            const NnNodeSpec spec = {.struct_size = sizeof spec,
                                     .version = def->since,
                                     .op = entry->name,
                                     .n_inputs = s.n_inputs,
                                     .n_outputs = s.n_outputs,
                                     .n_attrs = s.n_attrs,
                                     .attr_stride = sizeof(NnAttr),
                                     .attrs = s.attrs};
            /* What fails here is reported by the conformance kit. */
            if (eager_run(context, &spec, s.inputs, outputs, status) == NN_OK) {
                putchar('{');
                if (session)
                    print_model(session, def, &spec, &s, i);
                json_case(def, line, &s, outputs);
                printf("}\n");
            }
            nn_status_clear(status);
        }
        for (uint32_t k = 0; k < SAMPLE_MAX; k++)
            tensor_free(outputs[k]);
        sample_clear(&s);
    }
}

int main(int argc, char **argv) {
    static const char *const devices[] = {"reference", NULL};
    const NnSessionOptions options = {.struct_size = sizeof options, .devices = devices};
    NnStatus *status = nn_status_new();
    NnContext *context = nn_context_new(NULL, status);
    folder = argc == 3 ? argv[1] : NULL;
    opset = argc == 3 ? argv[2] : NULL;
    NnSession *session = context && folder ? nn_session_new(context, NULL, &options, status) : NULL;
    for (uint32_t i = 0; context && i < nn_registry_count(context); i++)
        if (strcmp(nn_registry_entry(context, i)->kind, NN_OPERATOR_KIND) == 0)
            dump_operator(context, session, nn_registry_entry(context, i), status);
    const bool fine = context && (session || !folder);
    nn_session_free(session);
    nn_context_free(context);
    nn_status_free(status);
    return fine ? 0 : 1;
}
