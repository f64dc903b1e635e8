/* SPDX-License-Identifier: Apache-2.0 */
/*
 * onnx: a function with its variables as an ONNX model. Variables and constants become initializers; a first
 * dimension that is open is called "batch". What an operator set cannot say is said in older operators or
 * refused with the node's name. The whole file is at most 2 GiB, as protobuf has it; nothing is put beside
 * it.
 */
#include "write.h"

#include <inttypes.h>
#include <stdlib.h>

#define BLOCK 65536u
#define MAX_FILE INT32_MAX
#define MAX_DEPTH 64u /* bodies and expansions in each other */

/* ---- memory and names ---- */

typedef struct OnnxBlock {
    struct OnnxBlock *next;
    size_t left;
    char *at;
    max_align_t bytes[];
} OnnxBlock;

bool writer_failed(const OnnxWriter *w) { return w->nn->code(w->status) != NN_OK; }

void *writer_memory(OnnxWriter *w, size_t bytes) {
    bytes = (bytes + sizeof(max_align_t)) / sizeof(max_align_t) * sizeof(max_align_t);
    OnnxBlock *b = w->blocks;
    if (b == NULL || b->left < bytes) {
        const size_t room = bytes > BLOCK / 4 ? bytes : BLOCK;
        b = calloc(1, sizeof *b + room);
        if (b == NULL) {
            (void)nn_fail(w->nn, w->status, NN_OUT_OF_MEMORY, "no memory: %zu bytes for an ONNX model", room);
            return NULL;
        }
        *b = (OnnxBlock){.next = w->blocks, .left = room, .at = (char *)b->bytes};
        w->blocks = b;
    }
    void *at = b->at;
    b->at += bytes;
    b->left -= bytes;
    return at;
}

static void free_blocks(OnnxWriter *w) {
    for (OnnxBlock *b = w->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
}

const char *writer_text(OnnxWriter *w, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    const int n = vsnprintf(NULL, 0, format, args);
    char *text = n >= 0 ? writer_memory(w, (size_t)n + 1) : NULL;
    if (text)
        (void)vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    return text ? text : "";
}

static const char **place_of(const char **table, size_t room, const char *name) {
    size_t h = 5381;
    for (const char *c = name; *c; c++)
        h = h * 33 + (unsigned char)*c;
    while (table[h & (room - 1)] && strcmp(table[h & (room - 1)], name) != 0)
        h++;
    return &table[h & (room - 1)];
}

static bool grow_taken(OnnxWriter *w) {
    if (w->n_taken * 2 < w->taken_room)
        return true;
    const size_t room = w->taken_room ? w->taken_room * 2 : 256;
    const char **table = writer_memory(w, room * sizeof *table);
    for (size_t i = 0; table && i < w->taken_room; i++)
        if (w->taken[i])
            *place_of(table, room, w->taken[i]) = w->taken[i];
    w->taken = table ? table : w->taken;
    w->taken_room = table ? room : w->taken_room;
    return table != NULL;
}

const char *writer_unique(OnnxWriter *w, const char *wanted) {
    const char *name = writer_text(w, "%s", wanted && *wanted ? wanted : "value");
    if (!grow_taken(w) || *name == '\0')
        return "";
    const char **place = place_of(w->taken, w->taken_room, name);
    for (uint32_t i = 1; *place; i++) {
        name = writer_text(w, "%s_%" PRIu32, wanted && *wanted ? wanted : "value", i);
        if (*name == '\0')
            return "";
        place = place_of(w->taken, w->taken_room, name);
    }
    *place = name;
    w->n_taken++;
    return name;
}

/* ---- tensors and types ---- */

Onnx__TensorProto *writer_tensor(OnnxWriter *w, const char *name, int32_t type, int32_t rank,
                                 const int64_t *dims, const void *data) {
    Onnx__TensorProto *t = writer_memory(w, sizeof *t);
    if (t == NULL)
        return NULL;
    onnx__tensor_proto__init(t);
    const uint64_t bytes = (uint64_t)nn_product(dims, 0, rank) * nn_type_size(type);
    t->name = (char *)(uintptr_t)name;
    t->has_data_type = 1;
    t->data_type = type;
    t->n_dims = (size_t)rank;
    t->dims = writer_memory(w, (size_t)rank * sizeof *t->dims);
    for (int32_t i = 0; t->dims && i < rank; i++)
        t->dims[i] = dims[i];
    t->has_raw_data = 1;
    t->raw_data = (ProtobufCBinaryData){.len = bytes, .data = (uint8_t *)(uintptr_t)data};
    w->bytes += bytes;
    if (w->bytes > MAX_FILE)
        (void)nn_fail(w->nn, w->status, NN_UNSUPPORTED,
                      "the model has more than 2 GiB of tensors, which is all that one ONNX file can hold");
    return writer_failed(w) ? NULL : t;
}

static void add_initial(OnnxWriter *w, Onnx__TensorProto *t) {
    Onnx__GraphProto *g = w->model.graph;
    if (g->n_initializer == w->initial_room) {
        const size_t room = w->initial_room ? w->initial_room * 2 : 64;
        Onnx__TensorProto **list = writer_memory(w, room * sizeof *list);
        if (list == NULL)
            return;
        if (g->n_initializer)
            memcpy(list, g->initializer, g->n_initializer * sizeof *list);
        g->initializer = list;
        w->initial_room = room;
    }
    if (t)
        g->initializer[g->n_initializer++] = t;
}

const char *writer_constant(OnnxWriter *w, const char *name, int32_t type, int32_t rank, const int64_t *dims,
                            const void *data) {
    const size_t bytes = (size_t)nn_product(dims, 0, rank) * nn_type_size(type);
    void *own = writer_memory(w, bytes);
    if (own == NULL)
        return "";
    memcpy(own, data, bytes);
    name = writer_unique(w, name);
    add_initial(w, writer_tensor(w, name, type, rank, dims, own));
    return name;
}

/* `batch`: what a first dimension that is open is called; NULL: nothing. */
Onnx__ValueInfoProto *writer_value(OnnxWriter *w, const char *name, const NnValueInfo *info,
                                   const char *batch) {
    Onnx__ValueInfoProto *v = writer_memory(w, sizeof *v);
    Onnx__TypeProto *type = writer_memory(w, sizeof *type);
    Onnx__TypeProto__Tensor *tensor = writer_memory(w, sizeof *tensor);
    Onnx__TensorShapeProto *shape = writer_memory(w, sizeof *shape);
    const size_t rank = info && info->rank > 0 ? (size_t)info->rank : 0;
    Onnx__TensorShapeProto__Dimension *dims = writer_memory(w, rank * sizeof *dims),
                                      **list = writer_memory(w, rank * sizeof *list);
    if (!v || !type || !tensor || !shape || !dims || !list)
        return NULL;
    onnx__value_info_proto__init(v);
    onnx__type_proto__init(type);
    onnx__type_proto__tensor__init(tensor);
    onnx__tensor_shape_proto__init(shape);
    v->name = (char *)(uintptr_t)name;
    if (info == NULL || info->type == NN_NONE)
        return v;
    v->type = type;
    type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    type->tensor_type = tensor;
    tensor->has_elem_type = 1;
    tensor->elem_type = info->type;
    tensor->shape = info->rank >= 0 ? shape : NULL;
    shape->n_dim = rank;
    shape->dim = list;
    for (size_t i = 0; i < rank; i++) {
        onnx__tensor_shape_proto__dimension__init(list[i] = &dims[i]);
        if (nn_dim_known(info->dims[i])) {
            dims[i].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
            dims[i].dim_value = info->dims[i];
        } else if (i == 0 && batch && info->dims[i] == NN_DIM_UNKNOWN) {
            dims[i].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
            dims[i].dim_param = (char *)(uintptr_t)batch;
        }
    }
    return v;
}

void writer_describe(OnnxWriter *w, Onnx__ValueInfoProto *value) {
    Onnx__GraphProto *g = w->model.graph;
    if (g->n_value_info == w->value_room) {
        const size_t room = w->value_room ? w->value_room * 2 : 64;
        Onnx__ValueInfoProto **list = writer_memory(w, room * sizeof *list);
        if (list == NULL)
            return;
        if (g->n_value_info)
            memcpy(list, g->value_info, g->n_value_info * sizeof *list);
        g->value_info = list;
        w->value_room = room;
    }
    if (value)
        g->value_info[g->n_value_info++] = value;
}

/* ---- views ---- */

const char *writer_name_of(OnnxScope *s, const NnValueInfo *v) {
    if (v == NULL)
        return "";
    if (v->id >= s->n_names || writer_failed(s->to->w))
        return "";
    if (s->names[v->id])
        return s->names[v->id];
    OnnxWriter *w = s->to->w;
    NnArray a = {.name = v->name};
    if (v->value)
        a = (NnArray){v->name, v->type, v->rank, v->value->dims, nn_data(v->value), 0};
    else if (!(v->flags & NN_VALUE_VARIABLE))
        (void)nn_fail(w->nn, w->status, NN_UNSUPPORTED,
                      "it draws random numbers by a key and a step, for which ONNX has no form");
    else if (s->view->variable(s->view, v, &a, w->status) != NN_OK)
        (void)nn_fail(w->nn, w->status, NN_ERROR, "a variable cannot be read");
    if (writer_failed(w))
        return "";
    s->names[v->id] = writer_unique(w, a.name ? a.name : "constant");
    add_initial(w, writer_tensor(w, s->names[v->id], a.type, a.rank, a.dims, a.data));
    return s->names[v->id];
}

static uint32_t count_ids(const NnGraphView *view) {
    uint32_t n = 0;
    const NnValueInfo *const *lists[] = {view->inputs, view->outputs};
    const uint32_t counts[] = {view->n_inputs, view->n_outputs};
    for (uint32_t l = 0; l < 2; l++)
        for (uint32_t i = 0; i < counts[l]; i++)
            n = lists[l][i] && lists[l][i]->id >= n ? lists[l][i]->id + 1 : n;
    for (uint32_t k = 0; k < view->n_nodes; k++) {
        const NnNode *node = view->nodes[k];
        for (uint32_t i = 0; i < node->n_inputs; i++)
            n = node->inputs[i] && node->inputs[i]->id >= n ? node->inputs[i]->id + 1 : n;
        for (uint32_t i = 0; i < node->n_outputs; i++)
            n = node->outputs[i] && node->outputs[i]->id >= n ? node->outputs[i]->id + 1 : n;
    }
    return n;
}

static void mark_made(const NnGraphView *view, uint8_t *made) {
    for (uint32_t k = 0; k < view->n_nodes; k++)
        for (uint32_t i = 0; i < view->nodes[k]->n_outputs; i++)
            if (view->nodes[k]->outputs[i])
                made[view->nodes[k]->outputs[i]->id] = 1;
}

int32_t writer_view(OnnxTarget *to, const NnGraphView *view, const char *const *inputs,
                    const char **outputs) {
    OnnxWriter *w = to->w;
    const uint32_t n = count_ids(view);
    OnnxScope s = {.to = to, .view = view, .n_names = n, .names = writer_memory(w, n * sizeof *s.names)};
    uint8_t *made = writer_memory(w, n);
    if (s.names == NULL || made == NULL)
        return w->nn->code(w->status);
    if (w->depth++ == MAX_DEPTH)
        return nn_fail(w->nn, w->status, NN_UNSUPPORTED, "bodies are nested more than %u deep", MAX_DEPTH);
    for (uint32_t i = 0; i < view->n_inputs; i++)
        if (view->inputs[i] && view->inputs[i]->value == NULL)
            s.names[view->inputs[i]->id] = inputs[i];
    mark_made(view, made);
    /* What a node makes gets its name before the node is written; all else needs a node to be renamed. */
    for (uint32_t i = 0; i < view->n_outputs; i++) {
        const NnValueInfo *v = view->outputs[i];
        if (v && made[v->id] && s.names[v->id] == NULL) {
            outputs[i] = outputs[i] ? outputs[i] : writer_unique(w, v->name);
            s.names[v->id] = outputs[i];
            made[v->id] = 2;
        }
    }
    for (uint32_t k = 0; k < view->n_nodes && !writer_failed(w); k++)
        (void)writer_node(&s, view->nodes[k]);
    for (uint32_t i = 0; i < view->n_outputs && !writer_failed(w); i++) {
        const NnValueInfo *v = view->outputs[i];
        if (v == NULL || (outputs[i] && s.names[v->id] == outputs[i]))
            continue;
        const char *from = writer_name_of(&s, v);
        outputs[i] = outputs[i] ? outputs[i] : writer_unique(w, v->name);
        (void)writer_emit(to, "", "Identity", outputs[i], 1, &from, 1, &outputs[i]);
    }
    w->depth--;
    return w->nn->code(w->status);
}

/* ---- the file ---- */

static int64_t ir_version(int64_t opset) {
    static const struct {
        int64_t opset, ir;
    } table[] = {{14, 7}, {18, 8}, {20, 9}, {22, 10}, {23, 11}, {24, 12}, {27, 13}};
    for (uint32_t i = 0; i < NN_COUNT(table); i++)
        if (opset <= table[i].opset)
            return table[i].ir;
    return 14;
}

static int32_t read_opset(OnnxWriter *w, const char *text) {
    char *end;
    w->opset = strtoll(text, &end, 10);
    if (*text == '\0' || *end != '\0' || w->opset < ONNX_OPSET_OLDEST || w->opset > ONNX_NEWEST)
        return nn_fail(w->nn, w->status, NN_INVALID, "opset: expected %d to %d, found \"%.40s\"",
                       ONNX_OPSET_OLDEST, ONNX_NEWEST, text);
    return NN_OK;
}

/* "opset" chooses the operator set, "producer" and "producer_version" have fields, the rest is metadata. */
static int32_t read_pairs(OnnxWriter *w, Onnx__ModelProto *m, uint64_t n, const NnPair *pairs) {
    Onnx__StringStringEntryProto *entries = writer_memory(w, (size_t)n * sizeof *entries);
    m->metadata_props = writer_memory(w, (size_t)n * sizeof *m->metadata_props);
    if (entries == NULL || m->metadata_props == NULL)
        return w->nn->code(w->status);
    for (uint64_t i = 0; i < n; i++) {
        char *value = (char *)(uintptr_t)pairs[i].value;
        if (strcmp(pairs[i].key, "opset") == 0) {
            if (read_opset(w, value) != NN_OK)
                return NN_INVALID;
        } else if (strcmp(pairs[i].key, "producer") == 0) {
            m->producer_name = value;
        } else if (strcmp(pairs[i].key, "producer_version") == 0) {
            m->producer_version = value;
        } else {
            Onnx__StringStringEntryProto *e = &entries[m->n_metadata_props];
            onnx__string_string_entry_proto__init(e);
            e->key = (char *)(uintptr_t)pairs[i].key;
            e->value = value;
            m->metadata_props[m->n_metadata_props++] = e;
        }
    }
    return NN_OK;
}

static int32_t write_main(OnnxWriter *w, const NnGraphView *view) {
    Onnx__GraphProto *g = w->model.graph;
    const char **inputs = writer_memory(w, view->n_inputs * sizeof *inputs),
               **outputs = writer_memory(w, view->n_outputs * sizeof *outputs);
    g->input = writer_memory(w, view->n_inputs * sizeof *g->input);
    g->output = writer_memory(w, view->n_outputs * sizeof *g->output);
    if (!inputs || !outputs || !g->input || !g->output)
        return w->nn->code(w->status);
    for (uint32_t i = 0; i < view->n_inputs; i++)
        inputs[i] = writer_unique(w, view->inputs[i]->name);
    for (uint32_t i = 0; i < view->n_outputs; i++)
        outputs[i] = writer_unique(w, view->output_names[i]);
    if (writer_view(&w->model, view, inputs, outputs) != NN_OK)
        return w->nn->code(w->status);
    for (uint32_t i = 0; i < view->n_inputs; i++)
        g->input[g->n_input++] = writer_value(w, inputs[i], view->inputs[i], "batch");
    for (uint32_t i = 0; i < view->n_outputs; i++)
        g->output[g->n_output++] = writer_value(w, outputs[i], view->outputs[i], "batch");
    return w->nn->code(w->status);
}

static int32_t put_file(OnnxWriter *w, const Onnx__ModelProto *m, const NnSink *sink) {
    const size_t size = onnx__model_proto__get_packed_size(m);
    if (size > MAX_FILE)
        return nn_fail(w->nn, w->status, NN_UNSUPPORTED,
                       "the model takes %zu bytes, more than the 2 GiB that one ONNX file can hold", size);
    uint8_t *bytes = malloc(size + 1);
    if (bytes == NULL)
        return nn_fail(w->nn, w->status, NN_OUT_OF_MEMORY, "no memory: %zu bytes for an ONNX model", size);
    (void)onnx__model_proto__pack(m, bytes);
    const int32_t code = sink->write(sink->self, bytes, size, w->status);
    free(bytes);
    return code;
}

int32_t onnx_write_graph(const NnHost *nn, const NnGraphView *view, uint64_t n_pairs, const NnPair *pairs,
                         const NnSink *sink, NnStatus *status) {
    Onnx__ModelProto m = ONNX__MODEL_PROTO__INIT;
    Onnx__GraphProto g = ONNX__GRAPH_PROTO__INIT;
    Onnx__OperatorSetIdProto set = ONNX__OPERATOR_SET_ID_PROTO__INIT;
    OnnxWriter w = {.nn = nn, .status = status, .opset = ONNX_OPSET_DEFAULT};
    w.model = (OnnxTarget){.w = &w, .graph = &g};
    g.name = (char *)(uintptr_t)(view->name ? view->name : "graph");
    m.graph = &g;
    m.producer_name = "nnrun";
    int32_t code = read_pairs(&w, &m, n_pairs, pairs);
    if (code == NN_OK)
        code = write_main(&w, view);
    if (code == NN_OK) {
        set.domain = "";
        set.has_version = m.has_ir_version = 1;
        set.version = w.opset;
        m.ir_version = ir_version(w.opset);
        m.opset_import = writer_memory(&w, (w.n_domains + 1) * sizeof *m.opset_import);
        for (size_t i = 0; m.opset_import && i <= w.n_domains; i++)
            m.opset_import[m.n_opset_import++] = i == 0 ? &set : w.domains[i - 1];
        code = nn->code(status) == NN_OK ? put_file(&w, &m, sink) : nn->code(status);
    }
    free_blocks(&w);
    return code;
}
