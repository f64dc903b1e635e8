/* SPDX-License-Identifier: Apache-2.0 */
/* ONNX's random operators, which say a shape by an attribute or by another tensor, in terms of ours. */
#ifndef OPS_FAMILY_DRAWN_H
#define OPS_FAMILY_DRAWN_H

#include "philox.h"

#define NN_DRAWN_SHAPE                                                                                       \
    { .name = "shape", .kind = NN_SET_INTS, .flags = NN_SET_REQUIRED, .doc = "extents of the result" }
#define NN_DRAWN_LIKE                                                                                        \
    {                                                                                                        \
        "input", NULL, NN_ANY, NN_SHAPE_ONLY | NN_NO_GRADIENT, 0,                                            \
            "gives the shape, and the type where dtype is absent"                                            \
    }
#define NN_DRAWN_OUTPUT                                                                                      \
    { "output", NULL, NN_FLOATS, NN_NO_GRADIENT, 0, "variates" }
#define NN_UNIFORM_RANGE                                                                                     \
    NN_REAL("high", "1.0", "what all values are below"), NN_REAL("low", "0.0", "the least value")
#define NN_NORMAL_RANGE NN_REAL("mean", "0.0", "the mean"), NN_REAL("scale", "1.0", "the standard deviation")

/* `op` of ours with the two named attributes of the node. */
static inline int32_t nn_drawn_body(NnBody *b, const char *op, const char *first, const char *second) {
    uint32_t count;
    const int64_t *dims = nn_attr_ints(b->node, "shape", &count);
    int64_t type = nn_attr_int(b->node, "dtype", 0);
    NnValue *shape = b->node->n_inputs ? nn_op1(b->host, b->graph, "Shape", b->inputs[0])
                                       : nn_vector(b->host, b->graph, count, dims);
    if (type == NN_NONE && b->node->n_inputs)
        type = b->node->inputs[0]->type;
    b->outputs[0] =
        nn_op(b->host, b->graph, op, NN_VALUES(shape, b->host->graph->random(b->graph)),
              NN_ATTRS(NN_INT("dtype", type), NN_FLOAT(first, nn_attr_float(b->node, first, 0)),
                       NN_FLOAT(second, nn_attr_float(b->node, second, 1)), nn_salt_attr(b->node)));
    return NN_OK;
}

static inline int32_t nn_infer_drawn_shape(NnInfer *n) {
    uint32_t count;
    const int64_t *dims = nn_attr_ints(n->node, "shape", &count);
    int32_t type;
    const int32_t code = nn_random_type(n, NN_F32, NN_FLOATS, &type);
    if (count > NN_MAX_RANK)
        return nn_bad(n, "shape has %u elements: expected at most %d", count, NN_MAX_RANK);
    for (uint32_t i = 0; i < count; i++)
        if (dims[i] < 0)
            return nn_bad(n, "shape has the extent %lld: expected at least 0", (long long)dims[i]);
    n->output(n, 0, type, (int32_t)count, dims);
    return code;
}

static inline int32_t nn_infer_drawn_like(NnInfer *n) {
    int32_t type;
    const int32_t code = nn_random_type(n, n->node->inputs[0]->type, NN_FLOATS, &type);
    nn_output_like(n, 0, 0, type);
    return code;
}

#endif
