/* SPDX-License-Identifier: Apache-2.0 */
/* Cut or padded with zeros to given extents, the middle staying in the middle: a Pad whose pads may be
 * negative. */
#include "family/body.h"
#include "family/index.h"

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    int64_t shape[NN_MAX_KNOWN], dims[NN_MAX_RANK];
    uint32_t named, mask;
    const int64_t *axes = nn_attr_ints(n->node, "axes", &named);
    const int64_t count = nn_ask(n, 1, shape);
    if (x->rank >= 0 && axes && nn_axes(n, axes, named, x->rank, &mask) != NN_OK)
        return NN_INVALID;
    if (x->rank < 0 || count < 0) {
        nn_output_rank(n, 0, x->type, x->rank);
        return NN_OK;
    }
    if (count != (axes ? (int64_t)named : x->rank))
        return nn_bad(n, "shape has %lld elements, expected one for each of %lld axes", (long long)count,
                      axes ? (long long)named : (long long)x->rank);
    nn_dims_of(x, dims);
    for (int64_t i = 0; i < count; i++) {
        if (shape[i] < 0)
            return nn_bad(n, "shape has %lld at place %lld, expected 0 or more", (long long)shape[i],
                          (long long)i);
        dims[axes ? nn_axis_of(axes[i], x->rank) : (int32_t)i] = shape[i];
    }
    n->output(n, 0, x->type, x->rank, dims);
    return NN_OK;
}

/* Half of the difference goes to each side, an odd one's rest behind; integer division rounds towards 0. */
static int32_t body(NnBody *b) {
    uint32_t named;
    const int64_t *axes = nn_attr_ints(b->node, "axes", &named), two = 2;
    NnValue *x = b->inputs[0], *extents = nn_body1(b, "Shape", x);
    NnValue *which = axes ? nn_vector(b->host, b->graph, named, axes) : NULL;
    if (which)
        extents = nn_body2(b, "Gather", extents, which);
    NnValue *more = nn_body2(b, "Sub", nn_body_cast(b, b->inputs[1], NN_I64), extents);
    NnValue *before = nn_body2(b, "Div", more, nn_vector(b->host, b->graph, 1, &two));
    NnValue *pads = nn_op(b->host, b->graph, "Concat", NN_VALUES(before, nn_body2(b, "Sub", more, before)),
                          NN_ATTRS(NN_INT("axis", 0)));
    b->outputs[0] = nn_op(b->host, b->graph, "Pad", NN_VALUES(x, pads, NULL, which), NN_NO_ATTRS);
    return NN_OK;
}

NN_COMPOSITE_OPERATOR(
    op, NN_ONNX("CenterCropPad", 18),
    NN_IN({"input_data", "T", NN_ANY, 0, 0, "what is cut or padded"},
          NN_HOST_INTS("shape", 0, "the extents of the result")),
    NN_OUT({"output_data", "T", NN_ANY, 0, 0, "of the given extents"}),
    NN_ATTRIBUTES({.name = "axes", .kind = NN_SET_INTS, .doc = "which the extents are of; absent: all"}),
    NN_SAMPLES("[5,4] i64[2]{2,3}", "[2,3] i64[2]{5,6}", "[7,2,3] i64[2]{4,6}; axes=0,-1", "[4] i32[1]{4}",
               "[0,3] i64[2]{2,1}", "i64[3]@0:9 i64[1]{6}", "[] i64[0]"),
    .doc = "Cuts around the centre, or pads evenly with zeros, to the given extents.", .infer = infer,
    .body = body);

NN_OPERATORS(center_crop_pad, "Cut or padded around the centre.", NN_OP("CenterCropPad", op))
