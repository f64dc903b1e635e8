/* SPDX-License-Identifier: Apache-2.0 */
/* A tensor written into the graph. */
#include "family/index.h"

/* Of the ways in which ONNX lets the value be given, the one that was used. */
static const NnAttr *given(const NnNode *node) {
    static const char *const names[] = {"value", "value_float", "value_floats", "value_int", "value_ints"};
    const NnAttr *found = NULL;
    for (uint32_t i = 0; i < NN_COUNT(names) && !found; i++)
        found = nn_attr(node, names[i]);
    return found;
}

static int32_t infer(NnInfer *n) {
    const NnAttr *a = given(n->node);
    const int64_t count = a ? (int64_t)a->count : 0;
    if (!a)
        return nn_bad(n, "needs one of value, value_float, value_floats, value_int, value_ints");
    const NnTensor *t = a->kind == NN_ATTR_TENSOR ? a->u.tensor : NULL;
    const bool list = a->kind == NN_ATTR_INTS || a->kind == NN_ATTR_FLOATS;
    const bool whole = a->kind == NN_ATTR_INT || a->kind == NN_ATTR_INTS;
    if (t)
        n->output(n, 0, t->type, t->rank, t->dims);
    else
        n->output(n, 0, whole ? NN_I64 : NN_F32, list ? 1 : 0, &count);
    int64_t values[NN_MAX_KNOWN];
    if (whole)
        n->value(n, 0, list ? a->count : 1, list ? a->u.ints : &a->u.i);
    else if (t && t->rank <= 1 && nn_is(t->type, NN_INDICES) && nn_elements(t) <= NN_MAX_KNOWN)
        n->value(n, 0, (uint64_t)nn_integers(t, values, NN_MAX_KNOWN), values);
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    const NnAttr *a = given(call->node);
    NnTensor *y = call->outputs[0];
    const int64_t n = nn_elements(y);
    if (a->kind == NN_ATTR_TENSOR)
        nn_move(nn_data(y), 0, nn_data(a->u.tensor), 0, n, nn_type_size(y->type));
    for (int64_t i = 0; i < n && a->kind != NN_ATTR_TENSOR; i++)
        switch (a->kind) {
        case NN_ATTR_INT: nn_store_int(nn_data(y), y->type, i, a->u.i); break;
        case NN_ATTR_INTS: nn_store_int(nn_data(y), y->type, i, a->u.ints[i]); break;
        case NN_ATTR_FLOAT: nn_store(nn_data(y), y->type, i, a->u.f); break;
        default: nn_store(nn_data(y), y->type, i, a->u.floats[i]);
        }
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("Constant", 21), NN_OUT({"output", "T", NN_ANY, 0, 0, "the value"}),
                      NN_ATTRIBUTES({.name = "value", .kind = NN_SET_TENSOR, .doc = "a tensor"},
                                    {.name = "value_float", .kind = NN_SET_FLOAT, .doc = "an f32 scalar"},
                                    {.name = "value_floats", .kind = NN_SET_FLOATS, .doc = "an f32 vector"},
                                    {.name = "value_int", .kind = NN_SET_INT, .doc = "an i64 scalar"},
                                    {.name = "value_ints", .kind = NN_SET_INTS, .doc = "an i64 vector"}),
                      NN_SAMPLES("; value_int=3", "; value_ints=3,4", "; value_float=.5",
                                 "; value_floats=1,2.5", "; value=i32[2]{1,2}"),
                      .doc = "A constant tensor, given in one of several ways.", .infer = infer,
                      .compute = compute);

NN_OPERATORS(constant, "A tensor written into the graph.", NN_OP("Constant", op))
