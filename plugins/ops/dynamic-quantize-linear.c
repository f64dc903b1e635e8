/* SPDX-License-Identifier: Apache-2.0 */
/* Real numbers as bytes, on a scale that their own range gives. */
#include "family/body.h"
#include "family/shape.h"

static int32_t infer(NnInfer *n) {
    nn_output_like(n, 0, 0, NN_U8);
    n->output(n, 1, NN_F32, 0, NULL);
    n->output(n, 2, NN_U8, 0, NULL);
    return NN_OK;
}

static NnValue *extreme(const NnBody *b, const char *reduce, const char *with, NnValue *zero) {
    NnValue *all = nn_op(b->host, b->graph, reduce, NN_VALUES(b->inputs[0]), NN_ATTRS(NN_INT("keepdims", 0)));
    return nn_body2(b, with, all, zero);
}

/* The range is widened to hold 0, so that 0 has an integer of its own. */
static int32_t body(NnBody *b) {
    NnValue *zero = nn_body_scalar(b, b->inputs[0], 0), *top = nn_body_scalar(b, b->inputs[0], 255);
    NnValue *low = extreme(b, "ReduceMin", "Min", zero), *high = extreme(b, "ReduceMax", "Max", zero);
    NnValue *scale = nn_body2(b, "Div", nn_body2(b, "Sub", high, low), top);
    NnValue *at = nn_body2(b, "Sub", zero, nn_body2(b, "Div", low, scale));
    NnValue *point = nn_body1(b, "Round", nn_op3(b->host, b->graph, "Clip", at, zero, top));
    b->outputs[1] = scale;
    b->outputs[2] = nn_body_cast(b, point, NN_U8);
    b->outputs[0] = nn_op3(b->host, b->graph, "QuantizeLinear", b->inputs[0], scale, b->outputs[2]);
    return NN_OK;
}

NN_COMPOSITE_OPERATOR(
    op, NN_ONNX("DynamicQuantizeLinear", 11),
    NN_IN({"x", "X", NN_MASK(NN_F32), NN_NO_GRADIENT, 0, "what is quantized"}),
    NN_OUT({"y", NULL, NN_MASK(NN_U8), NN_NO_GRADIENT, 0, "the integers, of the shape of x"},
           {"y_scale", NULL, NN_MASK(NN_F32), NN_NO_GRADIENT, 0, "step of the scale, a scalar"},
           {"y_zero_point", NULL, NN_MASK(NN_U8), NN_NO_GRADIENT, 0,
            "the integer that stands for 0, a scalar"}),
    NN_SAMPLES("f32[2,3]@-5:3", "f32[4]@1:9", "f32[2,2]@-9:-1", "f32[]{-2}"),
    .doc = "Quantizes to bytes on the scale y_scale = (max(x, 0) - min(x, 0)) / 255, with y_zero_point = "
           "-min(x, 0) / y_scale, rounded.",
    .infer = infer, .body = body);

NN_OPERATORS(dynamic_quantize_linear, "Real numbers as bytes, on their own range.",
             NN_OP("DynamicQuantizeLinear", op))
