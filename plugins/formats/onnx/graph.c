/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names to values. Every name is made once: by an input, an initial value or a node before its readers; that
 * is all it takes to keep cycles out. Initial values become values of the graph when they are first read, so
 * that what nobody reads costs nothing.
 */
#include "onnx.h"

#define NODE_COST 1200u /* bytes that a node takes in the graph, for the account */

/* ---- types of inputs ---- */

static bool take_shape(const Scope *s, const char *what, const Onnx__TensorShapeProto *shape, int32_t *rank,
                       int64_t *dims, const char **names) {
    if (shape->n_dim > NN_MAX_RANK)
        return onnx_fail(s, NN_INVALID, "%s has %zu dimensions, at most %d are possible", what, shape->n_dim,
                         NN_MAX_RANK);
    *rank = (int32_t)shape->n_dim;
    for (size_t i = 0; i < shape->n_dim; i++) {
        const Onnx__TensorShapeProto__Dimension *d = shape->dim[i];
        const bool value = d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        names[i] =
            d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM ? d->dim_param : NULL;
        dims[i] = value ? d->dim_value : NN_DIM_UNKNOWN;
        if (dims[i] < 0 && dims[i] != NN_DIM_UNKNOWN)
            return onnx_fail(s, NN_INVALID, "%s has the dimension %lld", what, (long long)dims[i]);
    }
    return true;
}

bool onnx_input_type(const Scope *s, const Onnx__ValueInfoProto *v, int32_t *type, int32_t *rank,
                     int64_t dims[NN_MAX_RANK], const char *names[NN_MAX_RANK]) {
    static const char *const kinds[] = {
        "no type", "a tensor", "", "", "a sequence", "a map", "", "", "sparse data", "an optional value"};
    if (v->name == NULL || *v->name == '\0')
        return onnx_fail(s, NN_INVALID, "an input has no name");
    const char *what = onnx_text(s->reading, "input \"%.200s\"", v->name);
    *type = NN_NONE;
    *rank = NN_RANK_UNKNOWN;
    const Onnx__TypeProto *given = v->type;
    unsigned kind = given ? (unsigned)given->value_case : 0;
    /* An optional tensor is taken to be there: whoever runs the graph gives it. */
    if (kind == ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE && given->optional_type->elem_type &&
        given->optional_type->elem_type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE) {
        given = given->optional_type->elem_type;
        kind = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    }
    if (kind == ONNX__TYPE_PROTO__VALUE__NOT_SET && !s->top)
        return true;
    if (kind != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE)
        return onnx_fail(s, NN_UNSUPPORTED, "%s is %s: only tensors are supported", what,
                         kind < NN_COUNT(kinds) ? kinds[kind] : "something unknown");
    const Onnx__TypeProto__Tensor *t = given->tensor_type;
    if (t->elem_type == 0 && !s->top)
        return t->shape == NULL || take_shape(s, what, t->shape, rank, dims, names);
    return onnx_element_type(s, what, t->elem_type, type) &&
           (t->shape == NULL || take_shape(s, what, t->shape, rank, dims, names));
}

/* ---- names ---- */

static Name *add_name(Scope *s, const char *text, bool *added) {
    Name *name = onnx_name(s->reading, &s->names, text, added);
    if (name == NULL)
        (void)onnx_fail(s, NN_INVALID, "the model has more names than its size allows");
    return name;
}

bool onnx_define(Scope *s, const char *text, NnValue *value) {
    bool added;
    Name *name = add_name(s, text, &added);
    if (name == NULL)
        return false;
    if (!added)
        return onnx_fail(s, NN_INVALID, "\"%.200s\" is made twice", text);
    name->value = value;
    return true;
}

static bool declare_initial(Scope *s, const char *text, const Onnx__TensorProto *dense,
                            const Onnx__SparseTensorProto *sparse) {
    bool added;
    if (text == NULL || *text == '\0')
        return onnx_fail(s, NN_INVALID, "an initial value has no name");
    Name *name = add_name(s, text, &added);
    if (name == NULL)
        return false;
    if (!added)
        return onnx_fail(s, NN_INVALID, "the initial value \"%.200s\" is there twice", text);
    name->initial = dense;
    name->sparse = sparse;
    return true;
}

/* Running statistics are learnt otherwise than by gradients. */
static void mark_state(const Scope *s, const Onnx__GraphProto *g) {
    for (size_t i = 0; i < g->n_node; i++) {
        const Onnx__NodeProto *n = g->node[i];
        if (n->op_type == NULL || strcmp(n->op_type, "BatchNormalization") != 0)
            continue;
        for (size_t k = 3; k < n->n_input && k < 5; k++) {
            Name *name = onnx_name_find(&s->names, n->input[k]);
            if (name)
                name->state = true;
        }
    }
}

bool onnx_declare(Scope *s, const Onnx__GraphProto *g) {
    for (size_t i = 0; i < g->n_initializer; i++)
        if (!declare_initial(s, g->initializer[i]->name, g->initializer[i], NULL))
            return false;
    for (size_t i = 0; i < g->n_sparse_initializer; i++) {
        const Onnx__TensorProto *values = g->sparse_initializer[i]->values;
        if (!declare_initial(s, values ? values->name : NULL, NULL, g->sparse_initializer[i]))
            return false;
    }
    mark_state(s, g);
    return true;
}

static NnValue *make_initial(Scope *s, Name *name) {
    Reading *r = s->reading;
    const char *what = onnx_text(r, "initial value \"%.200s\"", name->text);
    Array *a = name->sparse ? onnx_array_sparse(s, what, name->sparse) : onnx_array(s, what, name->initial);
    if (a == NULL)
        return NULL;
    a->face.name = name->text;
    const bool whole = !(NN_FLOATS & NN_MASK(a->face.type));
    if (!s->top)
        return r->nn->graph->constant(s->graph, a->face.type, a->face.rank, a->dims, a->face.data);
    NnValue *v = r->source->initial(r->source->self, &a->face, name->state || whole ? NN_STATE : NN_PARAMETER,
                                    r->status);
    if (v == NULL)
        (void)onnx_fail(s, r->nn->code(r->status) ? r->nn->code(r->status) : NN_ERROR, "%s: %s", what,
                        r->nn->message(r->status));
    return v;
}

NnValue *onnx_value(Scope *s, const char *text, const char *reader) {
    Name *name = onnx_name_find(&s->names, text);
    if (name == NULL) {
        (void)onnx_fail(s, NN_INVALID,
                        "%s reads \"%.200s\", which nothing before it makes: a name that is not there, nodes "
                        "out of order, or a cycle",
                        reader, text);
        return NULL;
    }
    if (name->value == NULL && (name->initial || name->sparse))
        name->value = make_initial(s, name);
    return name->value;
}

/* ---- nodes ---- */

int64_t onnx_opset(const Scope *s, const char *domain) {
    for (size_t i = 0; i < s->n_opsets; i++) {
        const char *d = s->opsets[i]->domain ? s->opsets[i]->domain : "";
        if (strcmp(strcmp(d, "ai.onnx") == 0 ? "" : d, domain) == 0)
            return s->opsets[i]->version;
    }
    return 0;
}

bool onnx_nodes(Scope *s, Onnx__NodeProto *const *nodes, size_t n) {
    const NnHost *nn = s->reading->nn;
    for (size_t i = 0; i < n; i++) {
        if (i % 64 == 0 && nn->cancelled(nn))
            return onnx_fail(s, NN_CANCELLED, "stopped on request");
        if (!onnx_charge(s->reading, NODE_COST))
            return onnx_fail(s, NN_INVALID, "the model has more nodes than its size allows");
        if (!onnx_node(s, nodes[i]))
            return false;
    }
    return true;
}
