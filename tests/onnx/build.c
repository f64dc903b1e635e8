/* SPDX-License-Identifier: Apache-2.0 */
#include "build.h"

#include <stdlib.h>

typedef struct Memory {
    struct Memory *next;
    max_align_t bytes[];
} Memory;

void *build_take(Build *b, size_t bytes) {
    Memory *m = calloc(1, sizeof *m + bytes + 1);
    if (m == NULL)
        abort();
    m->next = b->memory;
    b->memory = m;
    return m->bytes;
}

void build_free(Build *b) {
    while (b->memory) {
        Memory *next = b->memory->next;
        free(b->memory);
        b->memory = next;
    }
}

static char *text_of(Build *b, const char *from, size_t n) { return memcpy(build_take(b, n + 1), from, n); }

/* One more element at the end of a list of pointers. */
static void *append(Build *b, void *list, size_t *n, void *element) {
    void **old, **more = build_take(b, (*n + 1) * sizeof *more);
    memcpy(&old, list, sizeof old);
    for (size_t i = 0; i < *n; i++)
        more[i] = old[i];
    more[(*n)++] = element;
    memcpy(list, &more, sizeof more);
    return element;
}

static void split(Build *b, const char *text, char ***list, size_t *n) {
    for (const char *at = text; text && *text && at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        (void)append(b, list, n, text_of(b, at, strcspn(at, ",")));
}

#define MAKE(b, type, init) ((type *)initial(build_take(b, sizeof(type)), &(type)init, sizeof(type)))
static void *initial(void *to, const void *from, size_t n) { return memcpy(to, from, n); }

Build build_new(int64_t opset) {
    Build b = {0};
    b.model = MAKE(&b, Onnx__ModelProto, ONNX__MODEL_PROTO__INIT);
    b.model->has_ir_version = 1;
    b.model->ir_version = 8;
    b.model->graph = build_graph(&b);
    Onnx__OperatorSetIdProto *set = MAKE(&b, Onnx__OperatorSetIdProto, ONNX__OPERATOR_SET_ID_PROTO__INIT);
    set->has_version = 1;
    set->version = opset;
    (void)append(&b, &b.model->opset_import, &b.model->n_opset_import, set);
    return b;
}

void build_domain(Build *b, const char *domain) {
    Onnx__OperatorSetIdProto *set = MAKE(b, Onnx__OperatorSetIdProto, ONNX__OPERATOR_SET_ID_PROTO__INIT);
    set->domain = text_of(b, domain, strlen(domain));
    set->has_version = 1;
    set->version = 1;
    (void)append(b, &b->model->opset_import, &b->model->n_opset_import, set);
}

uint8_t *build_pack(const Build *b, size_t *n) {
    *n = onnx__model_proto__get_packed_size(b->model);
    uint8_t *bytes = malloc(*n + 1);
    if (bytes == NULL)
        abort();
    (void)onnx__model_proto__pack(b->model, bytes);
    return bytes;
}

Onnx__GraphProto *build_graph(Build *b) { return MAKE(b, Onnx__GraphProto, ONNX__GRAPH_PROTO__INIT); }

/* ---- tensors ---- */

static int32_t type_of(const char *text, size_t n) {
    for (int32_t t = 1; t < NN_TYPE_COUNT; t++)
        if (strlen(nn_type_name(t)) == n && strncmp(nn_type_name(t), text, n) == 0)
            return t;
    return NN_NONE;
}

Tensor *build_tensor(const char *text, const char **end) {
    int64_t dims[NN_MAX_RANK];
    int32_t rank = 0;
    const char *at = strchr(text, '[');
    const int32_t type = at ? type_of(text, (size_t)(at - text)) : NN_NONE;
    char *next;
    if (type == NN_NONE)
        return NULL;
    for (at++; *at != ']' && rank < NN_MAX_RANK; at = *next == ',' ? next + 1 : next)
        dims[rank++] = strtoll(at, &next, 10);
    Tensor *x = tensor_new(type, rank, dims);
    const int64_t n = tensor_count(&x->t);
    if (*++at == '{') {
        at++;
        for (int64_t i = 0; *at && *at != '}'; at = *next == ',' ? next + 1 : next, i++) {
            const double value = strtod(at, &next);
            if (i < n)
                tensor_set(&x->t, i, value);
        }
        at += *at == '}';
    }
    if (end)
        *end = at;
    return x;
}

static Onnx__TensorProto *message_of(Build *b, const char *text) {
    Onnx__TensorProto *p = MAKE(b, Onnx__TensorProto, ONNX__TENSOR_PROTO__INIT);
    Tensor *x = build_tensor(text, NULL);
    if (x == NULL)
        abort();
    p->has_data_type = p->has_raw_data = 1;
    p->data_type = x->t.type;
    p->n_dims = (size_t)x->t.rank;
    p->dims = initial(build_take(b, p->n_dims * sizeof *p->dims), x->t.dims, p->n_dims * sizeof *p->dims);
    p->raw_data.len = tensor_bytes(&x->t);
    p->raw_data.data = initial(build_take(b, p->raw_data.len), x->t.buffer, p->raw_data.len);
    tensor_free(x);
    return p;
}

Onnx__TensorProto *build_initial(Build *b, Onnx__GraphProto *g, const char *name, const char *tensor) {
    Onnx__TensorProto *p = message_of(b, tensor);
    p->name = text_of(b, name, strlen(name));
    return append(b, &g->initializer, &g->n_initializer, p);
}

static Onnx__ValueInfoProto *value_info(Build *b, const char *name) {
    Onnx__ValueInfoProto *v = MAKE(b, Onnx__ValueInfoProto, ONNX__VALUE_INFO_PROTO__INIT);
    v->name = text_of(b, name, strlen(name));
    return v;
}

void build_input(Build *b, Onnx__GraphProto *g, const char *name, const char *tensor) {
    Onnx__ValueInfoProto *v = append(b, &g->input, &g->n_input, value_info(b, name));
    Tensor *x = tensor ? build_tensor(tensor, NULL) : NULL;
    if (x == NULL)
        return;
    v->type = MAKE(b, Onnx__TypeProto, ONNX__TYPE_PROTO__INIT);
    v->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    Onnx__TypeProto__Tensor *t = MAKE(b, Onnx__TypeProto__Tensor, ONNX__TYPE_PROTO__TENSOR__INIT);
    v->type->tensor_type = t;
    t->has_elem_type = 1;
    t->elem_type = x->t.type;
    t->shape = MAKE(b, Onnx__TensorShapeProto, ONNX__TENSOR_SHAPE_PROTO__INIT);
    for (int32_t i = 0; i < x->t.rank; i++) {
        Onnx__TensorShapeProto__Dimension *d =
            MAKE(b, Onnx__TensorShapeProto__Dimension, ONNX__TENSOR_SHAPE_PROTO__DIMENSION__INIT);
        d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        d->dim_value = x->dims[i];
        (void)append(b, &t->shape->dim, &t->shape->n_dim, d);
    }
    tensor_free(x);
}

void build_output(Build *b, Onnx__GraphProto *g, const char *name) {
    (void)append(b, &g->output, &g->n_output, value_info(b, name));
}

/* ---- nodes ---- */

static void take_numbers(Build *b, Onnx__AttributeProto *a, const char *text, bool whole) {
    char *next;
    a->ints = build_take(b, (strlen(text) + 1) * sizeof *a->ints);
    a->floats = build_take(b, (strlen(text) + 1) * sizeof *a->floats);
    for (const char *at = text; *at; at = *next == ',' ? next + 1 : next)
        if (whole)
            a->ints[a->n_ints++] = strtoll(at, &next, 10);
        else
            a->floats[a->n_floats++] = strtof(at, &next);
}

Onnx__AttributeProto *build_attribute(Build *b, Onnx__NodeProto *n, const char *text) {
    const char *colon = strchr(text, ':'), *value = colon + 3;
    Onnx__AttributeProto *a = MAKE(b, Onnx__AttributeProto, ONNX__ATTRIBUTE_PROTO__INIT);
    a->name = text_of(b, text, (size_t)(colon - text));
    a->has_type = 1;
    switch (colon[1]) {
    case 'i':
        a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
        a->has_i = 1;
        a->i = strtoll(value, NULL, 10);
        break;
    case 'f':
        a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
        a->has_f = 1;
        a->f = strtof(value, NULL);
        break;
    case 'I':
        a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
        take_numbers(b, a, value, true);
        break;
    case 'F':
        a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS;
        take_numbers(b, a, value, false);
        break;
    case 's':
        a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
        a->has_s = 1;
        a->s.len = strlen(value);
        a->s.data = (uint8_t *)text_of(b, value, strlen(value));
        break;
    case 't':
        a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR;
        a->t = message_of(b, value);
        break;
    default: a->has_type = 0; a->ref_attr_name = text_of(b, value, strlen(value));
    }
    return append(b, &n->attribute, &n->n_attribute, a);
}

void build_body(Build *b, Onnx__NodeProto *n, const char *name, Onnx__GraphProto *g) {
    Onnx__AttributeProto *a = MAKE(b, Onnx__AttributeProto, ONNX__ATTRIBUTE_PROTO__INIT);
    a->name = text_of(b, name, strlen(name));
    a->has_type = 1;
    a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH;
    a->g = g;
    (void)append(b, &n->attribute, &n->n_attribute, a);
}

static Onnx__NodeProto *make_node(Build *b, const char *op, const char *inputs, const char *outputs,
                                  const char *attributes) {
    Onnx__NodeProto *n = MAKE(b, Onnx__NodeProto, ONNX__NODE_PROTO__INIT);
    const char *slash = strrchr(op, '/');
    n->op_type = text_of(b, slash ? slash + 1 : op, strlen(slash ? slash + 1 : op));
    n->domain = slash ? text_of(b, op, (size_t)(slash - op)) : NULL;
    split(b, inputs, &n->input, &n->n_input);
    split(b, outputs, &n->output, &n->n_output);
    for (const char *at = attributes; at && *at; at += strcspn(at, " "), at += *at == ' ')
        (void)build_attribute(b, n, text_of(b, at, strcspn(at, " ")));
    return n;
}

Onnx__NodeProto *build_node(Build *b, Onnx__GraphProto *g, const char *op, const char *inputs,
                            const char *outputs, const char *attributes) {
    return append(b, &g->node, &g->n_node, make_node(b, op, inputs, outputs, attributes));
}

Onnx__FunctionProto *build_function(Build *b, const char *name, const char *inputs, const char *outputs,
                                    const char *attributes) {
    Onnx__FunctionProto *f = MAKE(b, Onnx__FunctionProto, ONNX__FUNCTION_PROTO__INIT);
    static const char domain[] = "test";
    f->name = text_of(b, name, strlen(name));
    f->domain = text_of(b, domain, strlen(domain));
    split(b, inputs, &f->input, &f->n_input);
    split(b, outputs, &f->output, &f->n_output);
    split(b, attributes, &f->attribute, &f->n_attribute);
    if (b->model->n_functions == 0)
        build_domain(b, domain);
    f->opset_import = b->model->opset_import;
    f->n_opset_import = b->model->n_opset_import;
    return append(b, &b->model->functions, &b->model->n_functions, f);
}

Onnx__NodeProto *build_function_node(Build *b, Onnx__FunctionProto *f, const char *op, const char *inputs,
                                     const char *outputs, const char *attributes) {
    return append(b, &f->node, &f->n_node, make_node(b, op, inputs, outputs, attributes));
}
