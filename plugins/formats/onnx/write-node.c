/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes as ONNX's: attributes that say more than the default, bodies with what they capture read from
 * outside, and the ways out for what the operator set lacks: an older form, the operator's own body, a
 * refusal. */
#include "write.h"

#include <stdlib.h>

/* ---- attributes ---- */

static const NnAttr *attr_at(const NnNode *node, uint32_t i) {
    return (const void *)((const char *)node->attrs + (size_t)i * node->attr_stride);
}

static const NnSetting *setting_of(const NnNode *node, const char *name) {
    const NnOperator *def = node->definition;
    for (uint32_t i = 0; i < def->n_attrs; i++) {
        const NnSetting *s = (const void *)((const char *)def->attrs + (size_t)i * def->attr_stride);
        if (strcmp(s->name, name) == 0)
            return s;
    }
    return NULL;
}

bool writer_is_default(const NnNode *node, const NnAttr *a) {
    const NnSetting *s = a ? setting_of(node, a->name) : NULL;
    if (a == NULL)
        return true;
    if (s == NULL || s->preset == NULL)
        return false;
    switch (a->kind) {
    case NN_ATTR_INT: return a->u.i == strtoll(s->preset, NULL, 10);
    case NN_ATTR_FLOAT: return (float)a->u.f == strtof(s->preset, NULL);
    case NN_ATTR_STRING: return strcmp(a->u.s, s->preset) == 0;
    default: return false;
    }
}

static char *borrow(const char *text) { return (char *)(uintptr_t)text; }

static void fill_list(OnnxWriter *w, Onnx__AttributeProto *p, const NnAttr *a) {
    const size_t n = a->count;
    if (a->kind == NN_ATTR_INTS) {
        p->n_ints = (p->ints = writer_memory(w, n * sizeof *p->ints)) ? n : 0;
        for (size_t i = 0; i < p->n_ints; i++)
            p->ints[i] = a->u.ints[i];
    } else if (a->kind == NN_ATTR_FLOATS) {
        p->n_floats = (p->floats = writer_memory(w, n * sizeof *p->floats)) ? n : 0;
        for (size_t i = 0; i < p->n_floats; i++)
            p->floats[i] = (float)a->u.floats[i];
    } else {
        p->n_strings = (p->strings = writer_memory(w, n * sizeof *p->strings)) ? n : 0;
        for (size_t i = 0; i < p->n_strings; i++)
            p->strings[i] =
                (ProtobufCBinaryData){strlen(a->u.strings[i]), (uint8_t *)borrow(a->u.strings[i])};
    }
}

static Onnx__AttributeProto *add_attr(OnnxWriter *w, Onnx__NodeProto *node, const char *name, int32_t kind) {
    Onnx__AttributeProto *p = writer_memory(w, sizeof *p),
                         **list = writer_memory(w, (node->n_attribute + 1) * sizeof *list);
    if (p == NULL || list == NULL)
        return NULL;
    static const Onnx__AttributeProto__AttributeType types[] = {
        [NN_ATTR_INT] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT,
        [NN_ATTR_FLOAT] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT,
        [NN_ATTR_STRING] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING,
        [NN_ATTR_INTS] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS,
        [NN_ATTR_FLOATS] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS,
        [NN_ATTR_STRINGS] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS,
        [NN_ATTR_TENSOR] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR,
        [NN_ATTR_FUNCTION] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH,
    };
    onnx__attribute_proto__init(p);
    p->name = borrow(writer_text(w, "%s", name));
    p->has_type = 1;
    p->type = types[kind];
    if (node->n_attribute)
        memcpy(list, node->attribute, node->n_attribute * sizeof *list);
    list[node->n_attribute++] = p;
    node->attribute = list;
    return p;
}

void writer_attr(OnnxWriter *w, Onnx__NodeProto *node, const NnAttr *a) {
    Onnx__AttributeProto *p = node ? add_attr(w, node, a->name, a->kind) : NULL;
    if (p == NULL)
        return;
    switch (a->kind) {
    case NN_ATTR_INT:
        p->has_i = 1;
        p->i = a->u.i;
        break;
    case NN_ATTR_FLOAT:
        p->has_f = 1;
        p->f = (float)a->u.f;
        break;
    case NN_ATTR_STRING: {
        const char *text = writer_text(w, "%s", a->u.s);
        p->has_s = 1;
        p->s = (ProtobufCBinaryData){strlen(text), (uint8_t *)borrow(text)};
        break;
    }
    case NN_ATTR_TENSOR:
        p->t = writer_tensor(w, "", a->u.tensor->type, a->u.tensor->rank, a->u.tensor->dims,
                             nn_data(a->u.tensor));
        break;
    default: fill_list(w, p, a);
    }
}

/* ---- nodes ---- */

static char **names_of(OnnxWriter *w, uint32_t n, const char *const *names) {
    char **own = writer_memory(w, n * sizeof *own);
    for (uint32_t i = 0; own && i < n; i++)
        own[i] = borrow(names[i]);
    return own;
}

static bool add_node(OnnxTarget *to, Onnx__NodeProto *node) {
    Onnx__GraphProto *g = to->graph;
    if (g->n_node == to->node_room) {
        const size_t room = to->node_room ? to->node_room * 2 : 64;
        Onnx__NodeProto **list = writer_memory(to->w, room * sizeof *list);
        if (list == NULL)
            return false;
        if (g->n_node)
            memcpy(list, g->node, g->n_node * sizeof *list);
        g->node = list;
        to->node_room = room;
    }
    g->node[g->n_node++] = node;
    return true;
}

Onnx__NodeProto *writer_emit(OnnxTarget *to, const char *domain, const char *op, const char *name,
                             uint32_t n_inputs, const char *const *inputs, uint32_t n_outputs,
                             const char *const *outputs) {
    OnnxWriter *w = to->w;
    Onnx__NodeProto *p = writer_memory(w, sizeof *p);
    if (p == NULL || writer_failed(w))
        return NULL;
    onnx__node_proto__init(p);
    while (n_inputs > 0 && *inputs[n_inputs - 1] == '\0')
        n_inputs--;
    while (n_outputs > 0 && *outputs[n_outputs - 1] == '\0')
        n_outputs--;
    p->domain = borrow(*domain ? domain : NULL);
    p->op_type = borrow(op);
    p->name = borrow(name);
    p->input = names_of(w, n_inputs, inputs);
    p->output = names_of(w, n_outputs, outputs);
    p->n_input = p->input ? n_inputs : 0;
    p->n_output = p->output ? n_outputs : 0;
    return add_node(to, p) ? p : NULL;
}

const char *writer_input(OnnxNode *n, uint32_t i) {
    return i < n->node->n_inputs ? writer_name_of(n->scope, n->node->inputs[i]) : "";
}

/* What only this program's own graphs need: which inputs are captures, and the node's number among draws. */
static bool ours(const char *name) { return strcmp(name, "carried") == 0 || strcmp(name, "salt") == 0; }

static bool listed(const char *const *list, const char *name) {
    for (; list && *list; list++)
        if (strcmp(*list, name) == 0)
            return true;
    return false;
}

Onnx__NodeProto *writer_emit_as(OnnxNode *n, const char *op, uint32_t n_inputs, const char *const *without) {
    OnnxWriter *w = n->scope->to->w;
    const NnNode *node = n->node;
    const char **inputs = writer_memory(w, n_inputs * sizeof *inputs);
    for (uint32_t i = 0; inputs && i < n_inputs; i++)
        inputs[i] = writer_input(n, i);
    Onnx__NodeProto *p = inputs ? writer_emit(n->scope->to, node->domain, op, node->name, n_inputs, inputs,
                                              n->n_outputs, n->outputs)
                                : NULL;
    for (uint32_t i = 0; p && i < node->n_attrs; i++) {
        const NnAttr *a = attr_at(node, i);
        if (a->kind != NN_ATTR_FUNCTION && !ours(a->name) && !listed(without, a->name) &&
            !writer_is_default(node, a))
            writer_attr(w, p, a);
    }
    return p;
}

/* ---- bodies ---- */

/* The body's own inputs are the first; the rest is what it captures, known outside by other names. */
static Onnx__GraphProto *write_body(OnnxNode *n, const NnControl *c, const NnFunction *f) {
    OnnxWriter *w = n->scope->to->w;
    const NnGraphView *outer = n->scope->view, *view = outer->body(outer, f, w->status);
    const uint32_t captures = n->node->n_inputs - c->first_capture;
    Onnx__GraphProto *g = writer_memory(w, sizeof *g);
    if (view == NULL || g == NULL)
        return NULL;
    onnx__graph_proto__init(g);
    const uint32_t own = view->n_inputs - captures;
    const char **inputs = writer_memory(w, view->n_inputs * sizeof *inputs),
               **outputs = writer_memory(w, view->n_outputs * sizeof *outputs);
    g->name = borrow(writer_unique(w, view->name));
    g->input = writer_memory(w, own * sizeof *g->input);
    g->output = writer_memory(w, view->n_outputs * sizeof *g->output);
    if (!inputs || !outputs || !g->input || !g->output)
        return NULL;
    for (uint32_t i = 0; i < own; i++)
        inputs[i] = writer_unique(w, view->inputs[i]->name);
    for (uint32_t i = 0; i < captures; i++)
        inputs[own + i] = writer_input(n, c->first_capture + i);
    OnnxTarget to = {.w = w, .graph = g};
    if (writer_view(&to, view, inputs, outputs) != NN_OK)
        return NULL;
    for (uint32_t i = 0; i < own; i++)
        g->input[g->n_input++] = writer_value(w, inputs[i], view->inputs[i], NULL);
    for (uint32_t i = 0; i < view->n_outputs; i++)
        g->output[g->n_output++] = writer_value(w, outputs[i], view->outputs[i], NULL);
    return writer_failed(w) ? NULL : g;
}

static int32_t write_control(OnnxNode *n) {
    OnnxWriter *w = n->scope->to->w;
    const NnNode *node = n->node;
    NnControl c = {.struct_size = sizeof c, .condition = -1, .trip_count = -1};
    if (node->definition->control(node, &c, w->status) != NN_OK)
        return w->nn->code(w->status);
    const uint32_t inputs = c.first_capture < node->n_inputs ? c.first_capture : node->n_inputs;
    Onnx__NodeProto *p = writer_emit_as(n, node->op, inputs, NULL);
    for (uint32_t i = 0; p && i < node->n_attrs; i++) {
        const NnAttr *a = attr_at(node, i);
        if (a->kind != NN_ATTR_FUNCTION)
            continue;
        Onnx__GraphProto *g = write_body(n, &c, a->u.function);
        Onnx__AttributeProto *to = g ? add_attr(w, p, a->name, NN_ATTR_FUNCTION) : NULL;
        if (to == NULL)
            break;
        to->g = g;
    }
    return w->nn->code(w->status);
}

/* ---- ways out ---- */

static int32_t write_body_of(OnnxNode *n) {
    OnnxWriter *w = n->scope->to->w;
    const NnGraphView *outer = n->scope->view, *view = outer->expand(outer, n->node, w->status);
    const char **inputs = writer_memory(w, n->node->n_inputs * sizeof *inputs);
    if (view == NULL || inputs == NULL)
        return w->nn->code(w->status);
    for (uint32_t i = 0; i < view->n_inputs; i++)
        inputs[i] = view->inputs[i] && view->inputs[i]->value == NULL ? writer_input(n, i) : "";
    return writer_view(n->scope->to, view, inputs, n->outputs);
}

/* An operator of somebody else's domain stays what it is: whoever has it can run it. */
static int32_t write_foreign(OnnxNode *n) {
    OnnxWriter *w = n->scope->to->w;
    Onnx__OperatorSetIdProto *id = writer_memory(w, sizeof *id),
                             **list = writer_memory(w, (w->n_domains + 1) * sizeof *list);
    if (id == NULL || list == NULL || writer_emit_as(n, n->node->op, n->node->n_inputs, NULL) == NULL)
        return w->nn->code(w->status);
    for (size_t i = 0; i < w->n_domains; i++) {
        list[i] = w->domains[i];
        if (strcmp(list[i]->domain, n->node->domain) == 0) {
            list[i]->version = list[i]->version > n->node->version ? list[i]->version : n->node->version;
            return NN_OK;
        }
    }
    onnx__operator_set_id_proto__init(id);
    id->domain = borrow(n->node->domain);
    id->has_version = 1;
    id->version = n->node->version;
    list[w->n_domains++] = id;
    w->domains = list;
    return NN_OK;
}

static int32_t write_one(OnnxNode *n) {
    OnnxWriter *w = n->scope->to->w;
    const NnNode *node = n->node;
    const bool standard = *node->domain == '\0', own = strcmp(node->domain, "nn") == 0;
    const char *type = standard ? writer_lacks_type(w, node) : NULL;
    const char *why = type       ? type
                      : standard ? writer_lacks(w, node)
                      : own      ? "it is not an operator of ONNX"
                                 : NULL;
    if (standard && why == NULL && node->definition->sort == NN_CONTROL)
        return write_control(n);
    if (standard && why == NULL)
        return writer_emit_as(n, node->op, node->n_inputs, NULL) ? NN_OK : w->nn->code(w->status);
    const int32_t code = type ? NN_UNSUPPORTED : writer_older(n);
    if (code != NN_UNSUPPORTED || writer_failed(w))
        return code;
    if (node->definition->sort == NN_COMPOSITE)
        return write_body_of(n);
    if (why == NULL)
        return write_foreign(n);
    return nn_fail(w->nn, w->status, NN_UNSUPPORTED, "%s, and no other nodes say the same", why);
}

/* ---- a node of a view ---- */

static const NnParam *output_param(const NnOperator *def, uint32_t i) {
    if (def->n_outputs == 0)
        return NULL;
    i = i < def->n_outputs ? i : def->n_outputs - 1;
    return (const void *)((const char *)def->outputs + (size_t)i * def->param_stride);
}

/* What nobody asked for has no name where the operator may leave it out; BatchNormalization may not in the
 * form for training. */
static void name_outputs(OnnxNode *n) {
    OnnxScope *s = n->scope;
    const NnNode *node = n->node;
    const bool all = nn_attr_int(node, "training_mode", 0) != 0;
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        const NnValueInfo *v = node->outputs[i];
        const NnParam *param = output_param(node->definition, i);
        const bool needed = all || i < node->definition->min_outputs || (param && param->flags & NN_VARIADIC);
        n->outputs[i] = v ? s->names[v->id] : needed ? NULL : "";
        if (n->outputs[i] == NULL) {
            const char *made = node->n_outputs > 1 && i > 0 && param
                                   ? writer_text(s->to->w, "%s.%s", node->name, param->name)
                                   : node->name;
            n->outputs[i] = writer_unique(s->to->w, v && v->name ? v->name : made);
        }
        if (v)
            s->names[v->id] = n->outputs[i];
    }
}

/* The types and shapes between the nodes, for whoever looks at the file. */
static void describe_outputs(OnnxNode *n) {
    OnnxTarget *to = n->scope->to;
    OnnxWriter *w = to->w;
    for (uint32_t i = 0; i < n->node->n_outputs && to == &w->model; i++) {
        const NnValueInfo *v = n->node->outputs[i];
        bool is_output = false;
        for (uint32_t k = 0; k < n->scope->view->n_outputs && !is_output; k++)
            is_output = n->scope->view->outputs[k] == v;
        if (v && v->type && v->rank >= 0 && !is_output)
            writer_describe(w, writer_value(w, n->outputs[i], v, NULL));
    }
}

int32_t writer_node(OnnxScope *s, const NnNode *node) {
    OnnxWriter *w = s->to->w;
    OnnxNode n = {.scope = s, .node = node, .n_outputs = node->n_outputs};
    n.outputs = writer_memory(w, node->n_outputs * sizeof *n.outputs);
    if (n.outputs == NULL)
        return w->nn->code(w->status);
    name_outputs(&n);
    if (write_one(&n) == NN_OK && !writer_failed(w)) {
        describe_outputs(&n);
        return w->nn->code(w->status);
    }
    w->nn->where(w->status, writer_text(w, "node %s (%s%s%s)", node->name, node->domain,
                                        *node->domain ? "/" : "", node->op));
    return w->nn->code(w->status);
}
