/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a file in plugins/ops writes its tables down. One file holds one operator with the gradient operators
 * that only it needs, and ends with NN_OPERATORS, which lists what the object exports.
 */
#ifndef OPS_FAMILY_DEFINE_H
#define OPS_FAMILY_DEFINE_H

#include "nn/plugin.h"

#define NN_SIZED(type, ...) (uint32_t)(sizeof((const type[]){__VA_ARGS__}) / sizeof(type))

/* {"X", "T", NN_FLOATS, flags, 0, "doc"}, ... */
#define NN_IN(...)                                                                                           \
    .inputs = (const NnParam[]){__VA_ARGS__}, .n_inputs = NN_SIZED(NnParam, __VA_ARGS__),                    \
    .param_stride = sizeof(NnParam)
/* The first `least` outputs are always made, the others where somebody asks for them. */
#define NN_OUT_FROM(least, ...)                                                                              \
    .outputs = (const NnParam[]){__VA_ARGS__}, .n_outputs = NN_SIZED(NnParam, __VA_ARGS__),                  \
    .min_outputs = (least)
#define NN_OUT(...) NN_OUT_FROM(NN_SIZED(NnParam, __VA_ARGS__), __VA_ARGS__)
#define NN_ATTRIBUTES(...)                                                                                   \
    .attrs = (const NnSetting[]){__VA_ARGS__}, .n_attrs = NN_SIZED(NnSetting, __VA_ARGS__),                  \
    .attr_stride = sizeof(NnSetting)
#define NN_SAMPLES(...)                                                                                      \
    .samples = (const char *const[]){__VA_ARGS__}, .n_samples = NN_SIZED(char *, __VA_ARGS__)

/* ONNX writes flags as integers: 0 or 1. */
#define NN_FLAG(key, value, text)                                                                            \
    {                                                                                                        \
        .name = (key), .kind = NN_SET_INT, .flags = NN_SET_RANGE, .preset = (value), .min = 0, .max = 1,     \
        .doc = (text)                                                                                        \
    }
#define NN_WHOLE(key, value, text)                                                                           \
    { .name = (key), .kind = NN_SET_INT, .preset = (value), .doc = (text) }
#define NN_REAL(key, value, text)                                                                            \
    { .name = (key), .kind = NN_SET_FLOAT, .preset = (value), .doc = (text) }
#define NN_CHOICE(key, value, list, text)                                                                    \
    { .name = (key), .kind = NN_SET_ENUM, .preset = (value), .choices = (list), .doc = (text) }

/* An operator with a `compute`; the domain of those without one named is ONNX's. */
#define NN_PRIMITIVE_OPERATOR(id, ...)                                                                       \
    static const NnOperator id = {.struct_size = sizeof(NnOperator), .sort = NN_PRIMITIVE, __VA_ARGS__}
#define NN_COMPOSITE_OPERATOR(id, ...)                                                                       \
    static const NnOperator id = {.struct_size = sizeof(NnOperator), .sort = NN_COMPOSITE, __VA_ARGS__}
#define NN_ONNX(op, opset) .domain = "", .name = (op), .since = (opset)
#define NN_OURS(op, version) .domain = "nn", .name = (op), .since = (version)

/* NN_OPERATORS(relu, "Relu and its gradient.", NN_OP("Relu", relu), NN_OP("nn/ReluGrad", relu_grad)) */
#define NN_OP(full_name, id)                                                                                 \
    { NN_OPERATOR_KIND, full_name, &(id) }
#define NN_OPERATORS(id, text, ...)                                                                          \
    static const NnExport id##_exports[] = {__VA_ARGS__};                                                    \
    NN_PLUGIN(id, text, id##_exports)

/* ---- gradient rules: building in the rule's graph ---- */

static inline NnValue *nn_rule1(const NnGradient *g, const char *op, NnValue *a) {
    return nn_op1(g->host, g->graph, op, a);
}

static inline NnValue *nn_rule2(const NnGradient *g, const char *op, NnValue *a, NnValue *b) {
    return nn_op2(g->host, g->graph, op, a, b);
}

static inline NnValue *nn_rule3(const NnGradient *g, const char *op, NnValue *a, NnValue *b, NnValue *c) {
    return nn_op3(g->host, g->graph, op, a, b, c);
}

/* A scalar of the type of `like`, and x * value, x + value. */
static inline NnValue *nn_rule_scalar(const NnGradient *g, const NnValue *like, double value) {
    return nn_scalar_like(g->host, g->graph, like, value);
}

static inline NnValue *nn_rule_scale(const NnGradient *g, NnValue *x, double value) {
    return nn_rule2(g, "Mul", x, nn_rule_scalar(g, x, value));
}

static inline NnValue *nn_rule_shift(const NnGradient *g, NnValue *x, double value) {
    return nn_rule2(g, "Add", x, nn_rule_scalar(g, x, value));
}

/* A one-output node with the attributes of the differentiated node. */
static inline NnValue *nn_rule_same_attrs(const NnGradient *g, const char *op, NnValue *const *inputs,
                                          uint32_t n) {
    NnValue *out = NULL;
    const NnNodeSpec spec = {.struct_size = sizeof spec,
                             .op = op,
                             .n_inputs = n,
                             .n_outputs = 1,
                             .n_attrs = g->node->n_attrs,
                             .attr_stride = g->node->attr_stride,
                             .inputs = inputs,
                             .attrs = g->node->attrs};
    return g->host->graph->node(g->graph, &spec, &out) == NN_OK ? out : NULL;
}

static inline NnValue *nn_rule_cast(const NnGradient *g, NnValue *x, const NnValue *like) {
    const NnValueInfo *info = g->host->graph->info(g->graph, like);
    return info ? nn_op(g->host, g->graph, "Cast", NN_VALUES(x), NN_ATTRS(NN_INT("to", info->type))) : NULL;
}

/* 1 where `test` ("Less") holds between x and a number, else 0, in the type of x. */
static inline NnValue *nn_rule_test(const NnGradient *g, const char *test, NnValue *x, double value) {
    return nn_rule_cast(g, nn_rule2(g, test, x, nn_rule_scalar(g, x, value)), x);
}

static inline bool nn_rule_same_shape(const NnGradient *g, const NnValue *a, const NnValue *b) {
    const NnValueInfo *x = g->host->graph->info(g->graph, a), *y = g->host->graph->info(g->graph, b);
    if (!x || !y || x->rank < 0 || x->rank != y->rank)
        return false;
    for (int32_t i = 0; i < x->rank; i++)
        if (!nn_dim_known(x->dims[i]) || x->dims[i] != y->dims[i])
            return false;
    return true;
}

/* What broadcasting `like` to the shape of x did, undone: x summed to the shape of `like`. */
static inline NnValue *nn_rule_sum_to(const NnGradient *g, NnValue *x, NnValue *like) {
    return nn_rule_same_shape(g, x, like) ? x : nn_rule2(g, "nn/SumTo", x, like);
}

/* x repeated to the shape of `like`. */
static inline NnValue *nn_rule_expand(const NnGradient *g, NnValue *x, NnValue *like) {
    return nn_rule_same_shape(g, x, like) ? x : nn_rule2(g, "Expand", x, nn_rule1(g, "Shape", like));
}

static inline NnValue *nn_rule_reshape(const NnGradient *g, NnValue *x, NnValue *like) {
    return nn_rule_same_shape(g, x, like) ? x : nn_rule2(g, "nn/ReshapeLike", x, like);
}

/* The gradient of the only output. */
#define NN_DY(g) ((g)->grad_outputs[0])

#endif
