/* SPDX-License-Identifier: Apache-2.0 */
/* Older forms of arithmetic: opset 1's broadcasting, Clip's bounds, Cast's names, Softmax on two dimensions.
 */
#include "onnx.h"

/* Opset 1 noted which inputs an operator might overwrite. */
static bool drop_consumed(Call *c) {
    onnx_attr_drop(c, "consumed_inputs");
    return true;
}

/* Before opset 7 operands were alike unless broadcast was set; then the second one's dimensions lie on the
 * first one's from `axis` on, or at its end. */
static bool broadcast(Call *c) {
    const NnHost *nn = onnx_host(c);
    const NnAttr *axis = onnx_attr(c, "axis");
    const NnValueInfo *a = onnx_info(c, 0), *b = onnx_info(c, 1);
    if (axis && onnx_attr_int(c, "broadcast", 0) != 0 && a && b) {
        if (a->rank < 0 || b->rank < 0)
            return onnx_refuse(c, "its broadcasting along axis needs operands of known rank");
        const int64_t start = axis->u.i < 0 ? axis->u.i + a->rank : axis->u.i,
                      after = a->rank - start - b->rank;
        int64_t axes[NN_MAX_RANK];
        if (start < 0 || start > a->rank || after < 0)
            return onnx_refuse(c, "axis %lld does not place %d dimensions in %d", (long long)axis->u.i,
                               b->rank, a->rank);
        for (int64_t i = 0; i < after; i++)
            axes[i] = b->rank + i;
        if (after > 0 && !onnx_set_input(c, 1,
                                         nn_op2(nn, onnx_graph(c), "Unsqueeze", c->inputs[1],
                                                nn_vector(nn, onnx_graph(c), after, axes))))
            return false;
    }
    onnx_attr_drop(c, "axis");
    onnx_attr_drop(c, "broadcast");
    return true;
}

static bool drop_broadcast(Call *c) {
    onnx_attr_drop(c, "broadcast");
    return true;
}

/* One slope for each channel, which is dimension 1. */
static bool prelu_slope(Call *c) {
    const NnValueInfo *x = onnx_info(c, 0), *slope = onnx_info(c, 1);
    int64_t axes[NN_MAX_RANK];
    if (x == NULL || slope == NULL || slope->rank != 1 || slope->dims[0] == 1 || x->rank <= 2)
        return true;
    for (int32_t i = 0; i < x->rank - 2; i++)
        axes[i] = 1 + i;
    return onnx_set_input(c, 1,
                          nn_op2(onnx_host(c), onnx_graph(c), "Unsqueeze", c->inputs[1],
                                 nn_vector(onnx_host(c), onnx_graph(c), x->rank - 2, axes)));
}

static bool clip_bounds(Call *c) {
    return onnx_number_to_input(c, "min", 1) && onnx_number_to_input(c, "max", 2);
}

static bool cast_name(Call *c) {
    static const char *const names[] = {"UNDEFINED", "FLOAT",  "UINT8",     "INT8",      "UINT16",  "INT16",
                                        "INT32",     "INT64",  "STRING",    "BOOL",      "FLOAT16", "DOUBLE",
                                        "UINT32",    "UINT64", "COMPLEX64", "COMPLEX128"};
    const NnAttr *to = onnx_attr(c, "to");
    if (to == NULL || to->kind != NN_ATTR_STRING)
        return true;
    for (int64_t i = 0; i < NN_COUNT(names); i++)
        if (strcmp(names[i], to->u.s) == 0)
            return onnx_attr_set(c, NN_INT("to", i));
    return onnx_refuse(c, "attribute to: \"%.40s\" names no type", to->u.s);
}

static bool selu_defaults(Call *c) {
    return (onnx_attr(c, "alpha") || onnx_attr_set(c, NN_FLOAT("alpha", 1.6732))) &&
           (onnx_attr(c, "gamma") || onnx_attr_set(c, NN_FLOAT("gamma", 1.0507)));
}

/* Before opset 13 the dimensions from `axis` on (1 by default) were taken as one. */
static bool two_dimensions(Call *c) {
    const NnHost *nn = onnx_host(c);
    NnGraph *g = onnx_graph(c);
    const NnValueInfo *x = onnx_info(c, 0);
    const int64_t axis = onnx_attr_int(c, "axis", 1);
    if (x == NULL || (x->rank >= 0 && (axis == x->rank - 1 || axis == -1)))
        return onnx_attr_set(c, NN_INT("axis", -1));
    NnValue *shape = nn_op1(nn, g, "Shape", c->inputs[0]);
    NnValue *flat = nn_op(nn, g, "Flatten", c->inputs, 1, NN_ATTRS(NN_INT("axis", axis)));
    NnValue *y = nn_op(nn, g, c->op, NN_VALUES(flat), NN_ATTRS(NN_INT("axis", 1)));
    return onnx_finish(c, nn_op(nn, g, "Reshape", NN_VALUES(y, shape), NN_ATTRS(NN_INT("allowzero", 1))));
}

const Rule onnx_rules_arithmetic[] = {{"*", 6, drop_consumed},
                                      {"Add", 7, broadcast},
                                      {"Sub", 7, broadcast},
                                      {"Mul", 7, broadcast},
                                      {"Div", 7, broadcast},
                                      {"Pow", 7, broadcast},
                                      {"And", 7, broadcast},
                                      {"Or", 7, broadcast},
                                      {"Xor", 7, broadcast},
                                      {"Equal", 7, broadcast},
                                      {"Greater", 7, broadcast},
                                      {"Less", 7, broadcast},
                                      {"Gemm", 7, drop_broadcast},
                                      {"PRelu", 7, prelu_slope},
                                      {"Clip", 11, clip_bounds},
                                      {"Cast", 6, cast_name},
                                      {"Selu", 6, selu_defaults},
                                      {"Softmax", 13, two_dimensions},
                                      {"LogSoftmax", 13, two_dimensions},
                                      {"Hardmax", 13, two_dimensions},
                                      {NULL, 0, NULL}};
