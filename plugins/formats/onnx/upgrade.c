/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bringing a node up to the newest opset. A rule is an operator's name, the opset below which it applies, and
 * a function that edits the call or builds its meaning. The tables are in upgrade-*.c; here is what applies
 * them and what they are written with.
 */
#include "onnx.h"

const NnHost *onnx_host(const Call *c) { return c->scope->reading->nn; }
NnGraph *onnx_graph(const Call *c) { return c->scope->graph; }

const NnAttr *onnx_attr(const Call *c, const char *name) {
    for (uint32_t i = 0; i < c->n_attrs; i++)
        if (strcmp(c->attrs[i].name, name) == 0)
            return &c->attrs[i];
    return NULL;
}

int64_t onnx_attr_int(const Call *c, const char *name, int64_t absent) {
    const NnAttr *a = onnx_attr(c, name);
    return a && a->kind == NN_ATTR_INT ? a->u.i : absent;
}

double onnx_attr_float(const Call *c, const char *name, double absent) {
    const NnAttr *a = onnx_attr(c, name);
    return a == NULL                  ? absent
           : a->kind == NN_ATTR_FLOAT ? a->u.f
           : a->kind == NN_ATTR_INT   ? (double)a->u.i
                                      : absent;
}

void onnx_attr_drop(Call *c, const char *name) {
    for (uint32_t i = 0; i < c->n_attrs; i++)
        if (strcmp(c->attrs[i].name, name) == 0) {
            c->attrs[i] = c->attrs[--c->n_attrs];
            return;
        }
}

bool onnx_attr_set(Call *c, NnAttr a) {
    onnx_attr_drop(c, a.name);
    if (c->n_attrs == c->room)
        return onnx_refuse(c, "it has too many attributes");
    c->attrs[c->n_attrs++] = a;
    return true;
}

const NnValueInfo *onnx_info(const Call *c, uint32_t i) {
    return i < c->n_inputs && c->inputs[i] ? onnx_host(c)->graph->info(onnx_graph(c), c->inputs[i]) : NULL;
}

bool onnx_set_input(Call *c, uint32_t i, NnValue *v) {
    if (v == NULL)
        return false;
    if (i >= c->room)
        return onnx_refuse(c, "it has too many inputs");
    while (c->n_inputs <= i)
        c->inputs[c->n_inputs++] = NULL;
    c->inputs[i] = v;
    return true;
}

bool onnx_ints_to_input(Call *c, const char *attr, uint32_t i) {
    const NnAttr *a = onnx_attr(c, attr);
    if (a == NULL)
        return true;
    if (a->kind != NN_ATTR_INTS && a->kind != NN_ATTR_INT)
        return onnx_refuse(c, "attribute %s: expected integers", attr);
    const bool list = a->kind == NN_ATTR_INTS;
    NnValue *v = nn_vector(onnx_host(c), onnx_graph(c), list ? a->count : 1, list ? a->u.ints : &a->u.i);
    onnx_attr_drop(c, attr);
    return onnx_set_input(c, i, v);
}

NnValue *onnx_like(const Call *c, uint32_t input, double value) {
    const NnHost *nn = onnx_host(c);
    const NnValueInfo *info = onnx_info(c, input);
    if (info == NULL)
        return NULL;
    if (info->type != NN_NONE)
        return nn_scalar(nn, onnx_graph(c), info->type, value);
    return nn_op2(nn, onnx_graph(c), "CastLike", nn_scalar(nn, onnx_graph(c), NN_F32, value),
                  c->inputs[input]);
}

bool onnx_number_to_input(Call *c, const char *attr, uint32_t i) {
    if (onnx_attr(c, attr) == NULL)
        return true;
    const double value = onnx_attr_float(c, attr, 0);
    onnx_attr_drop(c, attr);
    return onnx_set_input(c, i, onnx_like(c, 0, value));
}

bool onnx_finish(Call *c, NnValue *v) {
    c->outputs[0] = v;
    c->done = true;
    if (c->n_outputs > 1)
        return onnx_refuse(c, "it has %u outputs, expected 1", c->n_outputs);
    return v != NULL;
}

static const Rule *const tables[] = {onnx_rules_arithmetic, onnx_rules_layout, onnx_rules_network,
                                     onnx_rules_special};

static bool is_for(const Rule *rule, const Call *c) {
    const char *slash = strrchr(rule->op, '/'), *op = slash ? slash + 1 : rule->op;
    const size_t n = slash ? (size_t)(slash - rule->op) : 0;
    return strncmp(rule->op, c->domain, n) == 0 && c->domain[n] == '\0' && c->opset < rule->below &&
           (strcmp(op, c->op) == 0 || strcmp(op, "*") == 0);
}

bool onnx_upgrade(Call *c) {
    for (size_t t = 0; t < NN_COUNT(tables); t++)
        for (const Rule *rule = tables[t]; rule->op; rule++)
            if (is_for(rule, c)) {
                if (!rule->apply(c))
                    return false;
                if (c->done)
                    return true;
            }
    return true;
}

bool onnx_has_rule(const Call *c) {
    for (size_t t = 0; t < NN_COUNT(tables); t++)
        for (const Rule *rule = tables[t]; rule->op; rule++)
            if (is_for(rule, c) && rule->op[strlen(rule->op) - 1] != '*')
                return true;
    return false;
}
