/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes that are no operators of a graph at run time: constants, optional values that are there, gradients.
 */
#include "onnx.h"

#define ALWAYS (ONNX_NEWEST + 1)

static bool constant(Call *c) {
    const NnHost *nn = onnx_host(c);
    NnGraph *g = onnx_graph(c);
    if (c->n_attrs != 1)
        return onnx_refuse(c, "it has %u attributes, expected one, its value", c->n_attrs);
    const NnAttr *a = c->attrs;
    const int64_t n = a->count;
    const float number = a->kind == NN_ATTR_FLOAT ? (float)a->u.f : 0;
    float *list;
    switch (a->kind) {
    case NN_ATTR_TENSOR:
        return onnx_finish(c, nn->graph->constant(g, a->u.tensor->type, a->u.tensor->rank, a->u.tensor->dims,
                                                  nn_data(a->u.tensor)));
    case NN_ATTR_INT: return onnx_finish(c, nn->graph->constant(g, NN_I64, 0, NULL, &a->u.i));
    case NN_ATTR_INTS: return onnx_finish(c, nn_vector(nn, g, n, n ? a->u.ints : &n));
    case NN_ATTR_FLOAT: return onnx_finish(c, nn->graph->constant(g, NN_F32, 0, NULL, &number));
    case NN_ATTR_FLOATS:
        list = onnx_take(c->scope->reading, (uint64_t)(n + 1) * sizeof *list);
        for (int64_t i = 0; list && i < n; i++)
            list[i] = (float)a->u.floats[i];
        return list ? onnx_finish(c, nn->graph->constant(g, NN_F32, 1, &n, list))
                    : onnx_refuse(c, "it is larger than the file allows");
    default: return onnx_refuse(c, "texts are not supported");
    }
}

/* ConstantFill was an experiment of opset 1 that exporters of recurrent networks used up to opset 8. */
static bool constant_fill(Call *c) {
    const NnHost *nn = onnx_host(c);
    NnGraph *g = onnx_graph(c);
    const NnAttr *told = onnx_attr(c, "shape"), *more = onnx_attr(c, "extra_shape");
    const bool listed = told && told->kind == NN_ATTR_INTS;
    if ((c->n_inputs != 1 && !listed) || (more && more->kind != NN_ATTR_INTS))
        return onnx_refuse(c, "it has %u inputs, expected a shape, as an input or an attribute", c->n_inputs);
    NnValue *shape = listed ? nn_vector(nn, g, told->count, told->u.ints)
                     : onnx_attr_int(c, "input_as_shape", 0)
                         ? nn_op(nn, g, "Cast", c->inputs, 1, NN_ATTRS(NN_INT("to", NN_I64)))
                         : nn_op1(nn, g, "Shape", c->inputs[0]);
    if (more && more->count)
        shape = nn_op(nn, g, "Concat", NN_VALUES(shape, nn_vector(nn, g, more->count, more->u.ints)),
                      NN_ATTRS(NN_INT("axis", 0)));
    const int32_t type = (int32_t)onnx_attr_int(c, "dtype", NN_F32);
    int32_t known;
    if (!onnx_element_type(c->scope, onnx_text(c->scope->reading, "node %.200s", c->name), type, &known))
        return false;
    return onnx_finish(
        c, nn_op2(nn, g, "Expand", nn_scalar(nn, g, known, onnx_attr_float(c, "value", 0)), shape));
}

/* An optional value that is a tensor is there. */
static bool has_element(Call *c) {
    return onnx_finish(c, nn_scalar(onnx_host(c), onnx_graph(c), NN_BOOL, c->n_inputs > 0));
}

static bool get_element(Call *c) {
    return onnx_finish(c, nn_op(onnx_host(c), onnx_graph(c), "Identity", c->inputs, 1, NN_NO_ATTRS));
}

/* The seed is the session's; what a model carries of it would make every run alike. */
static bool drop_seed(Call *c) {
    onnx_attr_drop(c, "seed");
    return true;
}

static bool same_names(const Call *c, const NnAttr *names, uint32_t from) {
    if (names == NULL)
        return true;
    if (names->kind != NN_ATTR_STRINGS || from + names->count > c->n_inputs)
        return false;
    for (uint32_t i = 0; i < names->count; i++)
        if (strcmp(names->u.strings[i], c->node->input[from + i]) != 0)
            return false;
    return true;
}

/* dy/dxs of what the graph computes from xs and zs, which have to be the node's inputs by name. */
static bool gradient(Call *c) {
    const NnGraphApi *api = onnx_host(c)->graph;
    const NnAttr *xs = onnx_attr(c, "xs"), *zs = onnx_attr(c, "zs"), *y = onnx_attr(c, "y");
    const uint32_t n = xs && xs->kind == NN_ATTR_STRINGS ? xs->count : 0;
    if (n == 0 || y == NULL || y->kind != NN_ATTR_STRING || !same_names(c, xs, 0) || !same_names(c, zs, n))
        return onnx_refuse(c, "xs, zs and y: expected names, xs and zs those of its inputs");
    NnValue *target = onnx_value(c->scope, y->u.s, c->name);
    NnValue **grads = onnx_take(c->scope->reading, (n + 1) * sizeof *grads);
    if (target == NULL || grads == NULL || c->n_outputs > n)
        return target && onnx_refuse(c, "it has %u outputs for %u names in xs", c->n_outputs, n);
    if (api->gradient(onnx_graph(c), 1, &target, NULL, n, c->inputs, grads) != NN_OK)
        return false;
    for (uint32_t i = 0; i < c->n_outputs; i++)
        c->outputs[i] = grads[i] ? grads[i] : api->role(onnx_graph(c), "zeros_like", 1, &c->inputs[i]);
    c->done = true;
    return true;
}

const Rule onnx_rules_special[] = {{"Constant", ALWAYS, constant},
                                   {"ConstantFill", ALWAYS, constant_fill},
                                   {"OptionalHasElement", ALWAYS, has_element},
                                   {"OptionalGetElement", ALWAYS, get_element},
                                   {"RandomNormal", ALWAYS, drop_seed},
                                   {"RandomNormalLike", ALWAYS, drop_seed},
                                   {"RandomUniform", ALWAYS, drop_seed},
                                   {"RandomUniformLike", ALWAYS, drop_seed},
                                   {"Multinomial", ALWAYS, drop_seed},
                                   {"Bernoulli", ALWAYS, drop_seed},
                                   {"Dropout", ALWAYS, drop_seed},
                                   {ONNX_TRAINING "/Gradient", ALWAYS, gradient},
                                   {NULL, 0, NULL}};
