/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Model-local functions (ModelProto.functions, IR version 8): a node that names one becomes the nodes of its
 * body. What later versions of onnx.proto added (overload, attribute_proto) is found by its field's number
 * where the description that this was built with does not know it.
 */
#include "onnx.h"

#define OVERLOAD_OF_NODE 8u
#define OVERLOAD_OF_FUNCTION 13u
#define DEFAULTS_OF_FUNCTION 11u

typedef struct Later {
    const uint8_t *bytes;
    size_t n;
} Later;

/* The next unknown field with that number from *i on, without its length in front. */
static bool next_unknown(const ProtobufCMessage *m, uint32_t tag, unsigned *i, Later *out) {
    for (; *i < m->n_unknown_fields; (*i)++) {
        const ProtobufCMessageUnknownField *f = &m->unknown_fields[*i];
        if (f->tag != tag || f->wire_type != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
            continue;
        size_t lead = 0;
        while (lead < f->len && (f->data[lead] & 0x80))
            lead++;
        lead += lead < f->len;
        *out = (Later){f->data + lead, f->len - lead};
        (*i)++;
        return true;
    }
    return false;
}

static const char *later_text(Reading *r, const ProtobufCMessage *m, const char *name, uint32_t tag) {
    const ProtobufCFieldDescriptor *known =
        protobuf_c_message_descriptor_get_field_by_name(m->descriptor, name);
    unsigned i = 0;
    Later found;
    if (known) {
        const char *text;
        memcpy(&text, (const char *)m + known->offset, sizeof text);
        return text ? text : "";
    }
    return next_unknown(m, tag, &i, &found)
               ? onnx_text(r, "%.*s", (int)(found.n < 200 ? found.n : 200), (const char *)found.bytes)
               : "";
}

static const char *key_of(Reading *r, const char *domain, const char *name, const char *overload) {
    const bool plain = domain == NULL || strcmp(domain, "ai.onnx") == 0;
    return onnx_text(r, "%.150s\n%.150s\n%.150s", plain ? "" : domain, name ? name : "", overload);
}

/* All functions of the model by name, when the first node is read. */
static bool index_functions(const Scope *s) {
    Reading *r = s->reading;
    const Onnx__ModelProto *m = r->model;
    for (size_t i = 0; !r->indexed && i < m->n_functions; i++) {
        const Onnx__FunctionProto *f = m->functions[i];
        bool added;
        const char *key =
            key_of(r, f->domain, f->name, later_text(r, &f->base, "overload", OVERLOAD_OF_FUNCTION));
        Name *name = onnx_name(r, &r->functions, key, &added);
        if (name == NULL || !added)
            return onnx_fail(s, NN_INVALID, "function %.200s is there twice, or there are too many",
                             f->name ? f->name : "");
        name->function = f;
    }
    r->indexed = true;
    return true;
}

/* Attributes that the function has a value for where the caller gives none. */
static bool take_defaults(Scope *s, const Onnx__FunctionProto *f) {
    Reading *r = s->reading;
    const ProtobufCFieldDescriptor *known =
        protobuf_c_message_descriptor_get_field_by_name(f->base.descriptor, "attribute_proto");
    unsigned i = 0, n = 0;
    Later found;
    if (known) {
        memcpy(&s->n_defaults, (const char *)f + known->quantifier_offset, sizeof s->n_defaults);
        memcpy(&s->defaults, (const char *)f + known->offset, sizeof s->defaults);
        return true;
    }
    while (next_unknown(&f->base, DEFAULTS_OF_FUNCTION, &i, &found))
        n++;
    Onnx__AttributeProto **list = onnx_take(r, (n + 1) * sizeof *list);
    for (i = 0; list && next_unknown(&f->base, DEFAULTS_OF_FUNCTION, &i, &found);) {
        list[s->n_defaults] = onnx_unpack(r, &onnx__attribute_proto__descriptor, found.bytes, found.n);
        if (list[s->n_defaults] == NULL)
            return onnx_fail(s, NN_INVALID, "function %.200s: %s", f->name, r->nn->message(r->status));
        s->n_defaults++;
    }
    s->defaults = list;
    return list || onnx_fail(s, NN_INVALID, "function %.200s is larger than its file allows", f->name);
}

static void free_defaults(Scope *s, const Onnx__FunctionProto *f) {
    if (protobuf_c_message_descriptor_get_field_by_name(f->base.descriptor, "attribute_proto"))
        return;
    for (size_t i = 0; i < s->n_defaults; i++)
        onnx_release(s->reading, s->defaults[i]);
}

static bool bind_inputs(const Call *c, Scope *s, const Onnx__FunctionProto *f) {
    if (c->n_inputs > f->n_input)
        return onnx_refuse(c, "the function takes %zu inputs, found %u", f->n_input, c->n_inputs);
    for (size_t i = 0; i < f->n_input; i++) {
        if (!onnx_define(s, f->input[i], i < c->n_inputs ? c->inputs[i] : NULL))
            return false;
        onnx_name_find(&s->names, f->input[i])->absent = i >= c->n_inputs || c->inputs[i] == NULL;
    }
    return true;
}

static bool take_outputs(Call *c, Scope *s, const Onnx__FunctionProto *f) {
    if (c->n_outputs > f->n_output)
        return onnx_refuse(c, "the function gives %zu outputs, found %u", f->n_output, c->n_outputs);
    for (uint32_t i = 0; i < c->n_outputs; i++)
        if (*c->node->output[i] && (c->outputs[i] = onnx_value(s, f->output[i], c->name)) == NULL)
            return false;
    return true;
}

const Onnx__FunctionProto *onnx_function_of(const Call *c) {
    Reading *r = c->scope->reading;
    const char *overload = later_text(r, &c->node->base, "overload", OVERLOAD_OF_NODE);
    const Name *found = onnx_name_find(&r->functions, key_of(r, c->domain, c->op, overload));
    return found ? found->function : NULL;
}

bool onnx_function(Call *c, bool *handled) {
    Reading *r = c->scope->reading;
    if (r->model->n_functions == 0)
        return true;
    if (!index_functions(c->scope))
        return false;
    const Onnx__FunctionProto *f = onnx_function_of(c);
    if (f == NULL)
        return true;
    if (r->calls == ONNX_CALLS)
        return onnx_refuse(c, "functions call functions more than %d deep", ONNX_CALLS);
    Scope s = {.reading = r,
               .graph = c->scope->graph,
               .prefix = onnx_text(r, "%.200s/", c->name),
               .opsets = (const Onnx__OperatorSetIdProto *const *)(void *)f->opset_import,
               .n_opsets = f->n_opset_import,
               .call = c};
    r->calls++;
    const bool good = take_defaults(&s, f) && bind_inputs(c, &s, f) && onnx_nodes(&s, f->node, f->n_node) &&
                      take_outputs(c, &s, f);
    r->calls--;
    onnx_names_free(&s.names);
    free_defaults(&s, f);
    *handled = c->done = true;
    return good;
}
