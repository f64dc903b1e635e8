/* SPDX-License-Identifier: Apache-2.0 */
/* One node: its attributes as the core has them, its inputs by name, the rules that bring it up to date, and
 * its way into the graph. */
#include "onnx.h"

#define SPARE 8u /* inputs and attributes that rules may add */

bool onnx_refuse(const Call *c, const char *format, ...) {
    char text[700];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return onnx_fail(c->scope, NN_UNSUPPORTED, "node %.200s (%.60s): %s", c->name, c->op, text);
}

static bool no_room(const Call *c) { return onnx_refuse(c, "the model is larger than its file allows"); }

/* ---- attributes ---- */

const Onnx__AttributeProto *onnx_attribute(const Scope *s, const Onnx__AttributeProto *a) {
    while (a && a->ref_attr_name && *a->ref_attr_name) {
        const char *wanted = a->ref_attr_name;
        const Call *call = s->call;
        if (call == NULL)
            return NULL;
        a = NULL;
        for (size_t i = 0; i < call->node->n_attribute && a == NULL; i++)
            if (call->node->attribute[i]->name && strcmp(call->node->attribute[i]->name, wanted) == 0)
                a = call->node->attribute[i];
        if (a) {
            s = call->scope;
            continue;
        }
        for (size_t i = 0; i < s->n_defaults; i++)
            if (s->defaults[i]->name && strcmp(s->defaults[i]->name, wanted) == 0)
                return s->defaults[i];
    }
    return a;
}

/* Before IR version 2 attributes did not say of which kind they are. */
static int32_t kind_of(const Onnx__AttributeProto *a) {
    if (a->type != ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__UNDEFINED)
        return (int32_t)a->type;
    return a->has_f       ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT
           : a->has_i     ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT
           : a->has_s     ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING
           : a->t         ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR
           : a->g         ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH
           : a->n_floats  ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS
           : a->n_ints    ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS
           : a->n_strings ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS
           : a->n_tensors ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSORS
           : a->n_graphs  ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPHS
                          : ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS; /* an empty list */
}

/* Texts of attributes are bytes in the file: NULL when they are no text. */
static const char *take_string(const Call *c, const ProtobufCBinaryData *bytes) {
    char *text = onnx_take(c->scope->reading, (uint64_t)bytes->len + 1);
    if (text && bytes->len)
        memcpy(text, bytes->data, bytes->len);
    for (size_t i = 0; text && i < bytes->len; i++)
        if ((unsigned char)text[i] < 0x20 && text[i] != '\n' && text[i] != '\t' && text[i] != '\r')
            return NULL;
    return text;
}

static bool take_strings(const Call *c, const Onnx__AttributeProto *a, NnAttr *out) {
    const char **list = onnx_take(c->scope->reading, (a->n_strings + 1) * sizeof *list);
    for (size_t i = 0; list && i < a->n_strings; i++)
        if ((list[i] = take_string(c, &a->strings[i])) == NULL)
            return onnx_refuse(c, "attribute %s is no text", out->name);
    out->kind = NN_ATTR_STRINGS;
    out->count = (uint32_t)a->n_strings;
    out->u.strings = list;
    return list || no_room(c);
}

static bool take_floats(const Call *c, const Onnx__AttributeProto *a, NnAttr *out) {
    double *list = onnx_take(c->scope->reading, (a->n_floats + 1) * sizeof *list);
    for (size_t i = 0; list && i < a->n_floats; i++)
        list[i] = (double)a->floats[i];
    out->kind = NN_ATTR_FLOATS;
    out->count = (uint32_t)a->n_floats;
    out->u.floats = list;
    return list || no_room(c);
}

static bool take_tensor(const Call *c, const Onnx__AttributeProto *a, NnAttr *out) {
    const char *what =
        onnx_text(c->scope->reading, "node %.200s (%.60s): attribute %.60s", c->name, c->op, out->name);
    const bool sparse = a->sparse_tensor != NULL;
    if (!sparse && a->t == NULL)
        return onnx_refuse(c, "attribute %s has no value", out->name);
    const Array *array =
        sparse ? onnx_array_sparse(c->scope, what, a->sparse_tensor) : onnx_array(c->scope, what, a->t);
    out->kind = NN_ATTR_TENSOR;
    out->u.tensor = array ? &array->tensor : NULL;
    return array != NULL;
}

static bool take_attribute(const Call *c, const Onnx__AttributeProto *a, NnAttr *out) {
    switch (kind_of(a)) {
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT: *out = NN_FLOAT(out->name, (double)a->f); return true;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT: *out = NN_INT(out->name, a->i); return true;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING:
        *out = NN_TEXT(out->name, take_string(c, &a->s));
        return out->u.s != NULL || onnx_refuse(c, "attribute %s is no text", out->name);
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR:
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__SPARSE_TENSOR: return take_tensor(c, a, out);
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS: return take_floats(c, a, out);
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS:
        *out = NN_INTS(out->name, (uint32_t)a->n_ints, a->ints);
        return true;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS: return take_strings(c, a, out);
    default:
        return onnx_refuse(c, "attribute %s is of a kind (%d) that is not supported", out->name, kind_of(a));
    }
}

/* All but graphs, which onnx_control takes. */
static bool take_attributes(Call *c) {
    for (size_t i = 0; i < c->node->n_attribute; i++) {
        const Onnx__AttributeProto *given = c->node->attribute[i], *a = onnx_attribute(c->scope, given);
        if (given->name == NULL || *given->name == '\0')
            return onnx_refuse(c, "an attribute has no name");
        if (onnx_attr(c, given->name))
            return onnx_refuse(c, "attribute %.60s is there twice", given->name);
        if (a == NULL || kind_of(a) == ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH)
            continue;
        c->attrs[c->n_attrs].name = given->name;
        if (!take_attribute(c, a, &c->attrs[c->n_attrs]))
            return false;
        c->n_attrs++;
    }
    return true;
}

/* ---- a node from its name to its outputs ---- */

Call onnx_call(Scope *s, const Onnx__NodeProto *n) {
    const char *label = n->name && *n->name ? n->name : n->n_output && *n->output[0] ? n->output[0] : "-";
    const char *domain = n->domain && strcmp(n->domain, "ai.onnx") != 0 ? n->domain : "";
    return (Call){.scope = s,
                  .node = n,
                  .op = n->op_type ? n->op_type : "",
                  .domain = domain,
                  .name = onnx_text(s->reading, "%.200s%.200s", s->prefix, label),
                  .opset = onnx_opset(s, domain)};
}

static bool begin(Call *c) {
    const Onnx__NodeProto *n = c->node;
    Reading *r = c->scope->reading;
    c->room = (uint32_t)(n->n_input > n->n_attribute ? n->n_input : n->n_attribute) + SPARE;
    c->inputs = onnx_take(r, c->room * sizeof(NnValue *));
    c->attrs = onnx_take(r, c->room * sizeof(NnAttr));
    c->outputs = onnx_take(r, (n->n_output + 1) * sizeof(NnValue *));
    if (c->inputs == NULL || c->attrs == NULL || c->outputs == NULL)
        return no_room(c);
    if (*c->op == '\0')
        return onnx_refuse(c, "it names no operator");
    if (c->opset == 0)
        return onnx_refuse(c, "the model does not say which opset of the domain \"%.100s\" it uses",
                           c->domain);
    for (size_t i = 0; i < n->n_output; i++)
        if (*n->output[i])
            c->n_outputs = (uint32_t)i + 1;
    for (size_t i = 0; i < n->n_input; i++) {
        const Name *known = onnx_name_find(&c->scope->names, n->input[i]);
        if (*n->input[i] == '\0' || (known && known->absent))
            continue;
        c->inputs[i] = onnx_value(c->scope, n->input[i], c->name);
        if (c->inputs[i] == NULL)
            return false;
        c->n_inputs = (uint32_t)i + 1;
    }
    return true;
}

const char *onnx_full_name(const Call *c) {
    return *c->domain ? onnx_text(c->scope->reading, "%.100s/%.100s", c->domain, c->op) : c->op;
}

bool onnx_emit(Call *c) {
    const NnHost *nn = onnx_host(c);
    const NnNodeSpec spec = {.struct_size = sizeof spec,
                             .op = onnx_full_name(c),
                             .name = c->name,
                             .n_inputs = c->n_inputs,
                             .n_outputs = c->n_outputs,
                             .n_attrs = c->n_attrs,
                             .attr_stride = sizeof(NnAttr),
                             .inputs = c->inputs,
                             .attrs = c->attrs};
    const int32_t code = nn->graph->node(onnx_graph(c), &spec, c->outputs);
    NnStatus *status = nn->graph->status(onnx_graph(c));
    if (code != NN_OK && strncmp(nn->message(status), "node ", 5) != 0) /* inference says where it was */
        nn->where(status, onnx_text(c->scope->reading, "node %.200s (%.60s)", c->name, c->op));
    return code == NN_OK;
}

static bool finish(Call *c) {
    const NnHost *nn = onnx_host(c);
    for (uint32_t i = 0; i < c->n_outputs && i < c->node->n_output; i++) {
        const char *name = c->node->output[i];
        if (*name == '\0')
            continue;
        if (c->outputs[i] == NULL)
            return nn->code(nn->graph->status(onnx_graph(c))) == NN_OK
                       ? onnx_refuse(c, "its output %u is not supported", i)
                       : false;
        if (!c->done)
            nn->graph->set_name(onnx_graph(c), c->outputs[i], name);
        if (!onnx_define(c->scope, name, c->outputs[i]))
            return false;
    }
    return true;
}

/* Tells the caller of a node of the model's own graph. */
static bool tell(const Call *c) {
    Reading *r = c->scope->reading;
    const Onnx__NodeProto *n = c->node;
    const NnFileNode node = {.struct_size = sizeof node,
                             .n_inputs = (uint32_t)n->n_input,
                             .n_outputs = c->n_outputs < n->n_output ? c->n_outputs : (uint32_t)n->n_output,
                             .op = *c->domain ? onnx_text(r, "%.100s/%.100s", c->domain, n->op_type)
                                              : n->op_type,
                             .name = n->name ? n->name : "",
                             .inputs = (const char *const *)n->input,
                             .outputs = (const char *const *)n->output,
                             .values = c->outputs};
    if (!c->scope->top || !NN_HAS(r->source, node))
        return true;
    return r->source->node(r->source->self, &node, r->status) == NN_OK ||
           onnx_fail(c->scope, r->nn->code(r->status), "node %s: %s", c->name, r->nn->message(r->status));
}

bool onnx_node(Scope *s, const Onnx__NodeProto *node) {
    Call call = onnx_call(s, node), *c = &call;
    bool handled = false;
    if (!begin(c) || !onnx_function(c, &handled))
        return false;
    if (!handled && (!take_attributes(c) || !onnx_control(c, &handled)))
        return false;
    if (!handled && (!onnx_upgrade(c) || (!c->done && !onnx_emit(c))))
        return false;
    return finish(c) && tell(c);
}
