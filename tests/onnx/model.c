/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

#include "nn/plugin.h"

#include <stdlib.h>

typedef struct Source {
    const NnHost *nn;
    NnGraph *graph;
    const char *folder;
    bool declared;
    uint8_t *files[64]; /* companions, kept until reading ends */
    uint32_t n_files;
} Source;

uint8_t *model_file(const char *path, size_t *n) {
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    long size = -1;
    *n = 0;
    if (file && fseek(file, 0, SEEK_END) == 0)
        size = ftell(file);
    if (size >= 0 && fseek(file, 0, SEEK_SET) == 0)
        bytes = malloc((size_t)size + 1);
    if (bytes)
        *n = fread(bytes, 1, (size_t)size, file);
    if (file)
        (void)fclose(file);
    return bytes;
}

static NnValue *take_input(void *self, const char *name, int32_t type, int32_t rank, const int64_t *dims,
                           const char *const *dim_names, NnStatus *status) {
    const Source *s = self;
    (void)dim_names;
    (void)status;
    return s->nn->graph->input(s->graph, name, type, s->declared ? rank : NN_RANK_UNKNOWN, dims);
}

static NnValue *take_initial(void *self, const NnArray *a, int32_t role, NnStatus *status) {
    const Source *s = self;
    (void)role;
    (void)status;
    return s->nn->graph->constant(s->graph, a->type, a->rank, a->dims, a->data);
}

static int32_t take_output(void *self, const char *name, NnValue *v, NnStatus *status) {
    const Source *s = self;
    (void)status;
    return s->nn->graph->output(s->graph, name, v);
}

static int32_t take_companion(void *self, const char *name, uint64_t offset, uint64_t length,
                              const void **bytes, NnStatus *status) {
    Source *s = self;
    char path[4096];
    size_t n;
    (void)snprintf(path, sizeof path, "%s/%s", s->folder ? s->folder : ".", name);
    uint8_t *file = s->n_files < 64 ? model_file(path, &n) : NULL;
    if (file == NULL)
        return nn_status_fail(status, NN_INVALID, "%s cannot be read", path);
    s->files[s->n_files++] = file;
    if (offset > n || length > n - offset)
        return nn_status_fail(status, NN_INVALID, "%s has %zu bytes, too few", path, n);
    *bytes = file + offset;
    return NN_OK;
}

NnFunction *model_parse(NnContext *context, const void *bytes, size_t n, const char *folder, bool declared,
                        NnStatus *status) {
    const NnFormat *format = nn_registry_table(context, NN_FORMAT_KIND, "onnx", status);
    NnGraph *g = format ? nn_graph_new(context, NULL, "model", NN_INFERENCE) : NULL;
    if (g == NULL)
        return NULL;
    Source s = {.nn = nn_context_host(context), .graph = g, .folder = folder, .declared = declared};
    const NnGraphSource source = {.struct_size = sizeof source,
                                  .self = &s,
                                  .input = take_input,
                                  .initial = take_initial,
                                  .output = take_output,
                                  .companion = take_companion};
    const int32_t code = format->read_graph(nn_registry_host(context, format), bytes, n, g, &source, status);
    for (uint32_t i = 0; i < s.n_files; i++)
        free(s.files[i]);
    if (code == NN_OK)
        return nn_graph_seal(g, status);
    nn_graph_free(g);
    return NULL;
}

NnFunction *model_read(NnContext *context, const char *path, bool declared, NnStatus *status) {
    const char *slash = strrchr(path, '/');
    char folder[4096];
    size_t n;
    (void)snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    uint8_t *bytes = model_file(path, &n);
    NnFunction *f = bytes ? model_parse(context, bytes, n, folder, declared, status) : NULL;
    if (bytes == NULL)
        nn_status_fail(status, NN_INVALID, "%s cannot be read", path);
    free(bytes);
    return f;
}

/* ---- there and back ---- */

typedef struct Bytes {
    uint8_t *at;
    size_t n;
} Bytes;

static int32_t put(void *self, const void *from, uint64_t n, NnStatus *status) {
    Bytes *b = self;
    uint8_t *at = realloc(b->at, b->n + n + 1);
    if (at == NULL)
        return nn_status_fail(status, NN_OUT_OF_MEMORY, "no memory for %zu bytes", b->n + (size_t)n);
    memcpy(at + b->n, from, n);
    *b = (Bytes){at, b->n + n};
    return NN_OK;
}

static void keep(const Bytes *b, const char *path) {
    FILE *file = path ? fopen(path, "wb") : NULL;
    if (file == NULL)
        return;
    (void)fwrite(b->at, 1, b->n, file);
    (void)fclose(file);
}

NnFunction *model_rewrite(NnContext *context, NnSession *session, NnFunction *f, const char *opset,
                          const char *kept, NnStatus *status) {
    const NnFormat *format = nn_registry_table(context, NN_FORMAT_KIND, "onnx", status);
    const NnGraphView *view = format ? nn_view_new(session, f, status) : NULL;
    Bytes bytes = {0};
    const NnSink sink = {.struct_size = sizeof sink, .self = &bytes, .write = put};
    const NnPair pair = {"opset", opset};
    NnFunction *again = NULL;
    if (view &&
        format->write_graph(nn_registry_host(context, format), view, 1, &pair, &sink, status) == NN_OK) {
        keep(&bytes, kept);
        again = model_parse(context, bytes.at, bytes.n, NULL, true, status);
    }
    if (again == NULL)
        nn_status_where(status, "written in set %s", opset);
    nn_view_free(view);
    nn_function_free(f);
    free(bytes.at);
    return again;
}
