/* SPDX-License-Identifier: Apache-2.0 */
/* A reading from its first byte to its last: the account of memory, sets of names, and the model as a whole.
 */
#include "onnx.h"

#include <search.h>
#include <stdlib.h>

#define FREE_BYTES (UINT64_C(64) << 20)
#define BLOCK 65536u

typedef struct Block {
    struct Block *next;
    uint64_t used, room, unused; /* in all a multiple of 16 */
    char bytes[];
} Block;

bool onnx_charge(Reading *r, uint64_t bytes) {
    if (bytes > r->left) {
        r->exhausted = true;
        return false;
    }
    r->left -= bytes;
    return true;
}

void *onnx_take(Reading *r, uint64_t bytes) {
    const uint64_t size = (bytes + 15) / 16 * 16;
    if (bytes > INT64_MAX)
        return NULL;
    if (r->blocks == NULL || r->blocks->room - r->blocks->used < size) {
        const uint64_t room = size > BLOCK / 4 ? size : BLOCK;
        Block *b = onnx_charge(r, sizeof *b + room) ? calloc(1, sizeof *b + room) : NULL;
        if (b == NULL)
            return NULL;
        b->room = room;
        b->next = r->blocks;
        r->blocks = b;
    }
    void *p = r->blocks->bytes + r->blocks->used;
    r->blocks->used += size;
    return p;
}

const char *onnx_text(Reading *r, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    char *own = n < 0 ? NULL : onnx_take(r, strlen(text) + 1);
    return own ? strcpy(own, text) : "";
}

/* ---- names ---- */

static int by_text(const void *a, const void *b) {
    return strcmp(((const Name *)a)->text, ((const Name *)b)->text);
}

Name *onnx_name_find(const Names *names, const char *text) {
    const Name key = {.text = text};
    Name *const *found = tfind(&key, &names->root, by_text);
    return found ? *found : NULL;
}

Name *onnx_name(Reading *r, Names *names, const char *text, bool *added) {
    Name *name = onnx_name_find(names, text);
    *added = name == NULL;
    if (name)
        return name;
    name = onnx_take(r, sizeof *name);
    if (name == NULL || !onnx_charge(r, 64))
        return NULL;
    name->text = text;
    return tsearch(name, &names->root, by_text) ? name : NULL;
}

static void keep(void *name) { (void)name; }

void onnx_names_free(Names *names) {
    tdestroy(names->root, keep);
    names->root = NULL;
}

/* ---- the model ---- */

static bool check_opsets(const Scope *s) {
    for (size_t i = 0; i < s->n_opsets; i++) {
        const Onnx__OperatorSetIdProto *o = s->opsets[i];
        const bool plain = o->domain == NULL || *o->domain == '\0' || strcmp(o->domain, "ai.onnx") == 0;
        if (o->version < 1 || (plain && o->version > ONNX_NEWEST))
            return onnx_fail(s, NN_UNSUPPORTED, "it is of opset %lld of %s, 1 to %d are supported",
                             (long long)o->version, plain ? "ONNX" : o->domain, ONNX_NEWEST);
    }
    return true;
}

static bool tell_pair(const Scope *s, const char *key, const char *value) {
    Reading *r = s->reading;
    if (!NN_HAS(r->source, pair) || key == NULL || value == NULL)
        return true;
    const NnPair pair = {key, value};
    return r->source->pair(r->source->self, &pair, r->status) == NN_OK ||
           onnx_fail(s, r->nn->code(r->status), "%s", r->nn->message(r->status));
}

static bool tell_metadata(const Scope *s) {
    const Onnx__ModelProto *m = s->reading->model;
    if (!tell_pair(s, "producer_name", m->producer_name) ||
        !tell_pair(s, "producer_version", m->producer_version))
        return false;
    for (size_t i = 0; i < m->n_metadata_props; i++)
        if (!tell_pair(s, m->metadata_props[i]->key, m->metadata_props[i]->value))
            return false;
    return true;
}

static bool tell_inputs(Scope *s, const Onnx__GraphProto *g) {
    Reading *r = s->reading;
    for (size_t i = 0; i < g->n_input; i++) {
        int64_t dims[NN_MAX_RANK];
        const char *names[NN_MAX_RANK];
        int32_t type, rank;
        const char *name = g->input[i]->name;
        const Name *initial = name ? onnx_name_find(&s->names, name) : NULL;
        if (initial && (initial->initial || initial->sparse))
            continue; /* it has a value already: before IR version 4 all of them were inputs too */
        if (!onnx_input_type(s, g->input[i], &type, &rank, dims, names))
            return false;
        NnValue *v = r->source->input(r->source->self, name, type, rank, dims, names, r->status);
        if (v == NULL)
            return onnx_fail(s, r->nn->code(r->status) ? r->nn->code(r->status) : NN_ERROR,
                             "input \"%s\": %s", name, r->nn->message(r->status));
        if (!onnx_define(s, name, v))
            return false;
    }
    return true;
}

static bool tell_outputs(Scope *s, const Onnx__GraphProto *g) {
    Reading *r = s->reading;
    for (size_t i = 0; i < g->n_output; i++) {
        const char *name = g->output[i]->name ? g->output[i]->name : "";
        NnValue *v = onnx_value(s, name, "the list of outputs");
        if (v == NULL)
            return false;
        if (r->source->output(r->source->self, name, v, r->status) != NN_OK)
            return onnx_fail(s, r->nn->code(r->status), "output \"%s\": %s", name, r->nn->message(r->status));
    }
    return true;
}

static bool read_model(Scope *s) {
    const Onnx__ModelProto *m = s->reading->model;
    const Onnx__GraphProto *g = m->graph;
    static const Onnx__OperatorSetIdProto first = {.version = 1};
    static const Onnx__OperatorSetIdProto *const only_first[] = {&first};
    s->opsets = (const Onnx__OperatorSetIdProto *const *)(void *)m->opset_import;
    s->n_opsets = m->n_opset_import;
    if (m->n_opset_import == 0) { /* IR versions 1 and 2 do not say; there was one opset */
        if (m->ir_version >= 3)
            return onnx_fail(s, NN_INVALID, "it does not say of which opset it is");
        s->opsets = only_first;
        s->n_opsets = 1;
    }
    if (g == NULL)
        return onnx_fail(s, NN_INVALID, "it has no graph");
    if (!check_opsets(s) || !tell_metadata(s) || !onnx_declare(s, g) || !tell_inputs(s, g))
        return false;
    if (onnx_nodes(s, g->node, g->n_node))
        return tell_outputs(s, g);
    onnx_tell_missing(s, g);
    return false;
}

int32_t onnx_read_graph(const NnHost *nn, const void *bytes, uint64_t n, NnGraph *graph,
                        const NnGraphSource *source, NnStatus *status) {
    const uint64_t times = n > (UINT64_MAX - FREE_BYTES) / 4 ? UINT64_MAX : 4 * n + FREE_BYTES;
    Reading r = {.nn = nn, .source = source, .status = status, .left = times};
    Scope s = {.reading = &r, .graph = graph, .prefix = "", .top = true};
    if (!NN_HAS(source, input) || !NN_HAS(source, initial) || !NN_HAS(source, output) || graph == NULL)
        return nn_fail(nn, status, NN_INVALID, "a graph is read into a graph by input, initial and output");
    Onnx__ModelProto *model = onnx_parse(&r, bytes, n);
    if (model == NULL)
        return nn->code(status);
    r.model = model;
    const bool good = read_model(&s);
    NnStatus *own = nn->graph->status(graph);
    if (nn->code(own) != NN_OK)
        (void)nn->fail(status, nn->code(own), nn->message(own));
    else if (!good)
        (void)nn->fail(status, NN_INVALID, "the model cannot be read");
    onnx_names_free(&s.names);
    onnx_names_free(&r.functions);
    onnx_release(&r, model);
    while (r.blocks) {
        Block *next = r.blocks->next;
        free(r.blocks);
        r.blocks = next;
    }
    return nn->code(status);
}
