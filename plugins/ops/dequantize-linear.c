/* SPDX-License-Identifier: Apache-2.0 */
/* Integers on a linear scale as real numbers; the gradient goes to the scale, which may be learned. */
#include "family/quantize.h"

#define WHOLE (NN_CODES | NN_MASK(NN_I32))

static int32_t infer(NnInfer *n) {
    const int32_t told = (int32_t)nn_attr_int(n->node, "output_dtype", NN_NONE);
    if (told != NN_NONE && !nn_is(told, NN_FLOATS))
        return nn_bad(n, "output_dtype %s (%d) is not a floating type", nn_type_name(told), told);
    nn_output_like(n, 0, 0, told == NN_NONE ? n->node->inputs[1]->type : told);
    return nn_quantize_check(n, 1, 2);
}

/* Element i less its zero point. */
static double centred(const NnTensor *x, int64_t i, const NnTensor *zero, int64_t k) {
    return nn_load(nn_data(x), x->type, i) - (zero ? nn_load(nn_data(zero), zero->type, k) : 0);
}

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0], *scale = call->inputs[1], *zero = nn_input(call, 2);
    NnTensor *y = call->outputs[0];
    const NnScales scales = nn_scales(call, x, scale);
    const int64_t n = nn_elements(x);
    for (int64_t i = 0; i < n; i++) {
        const int64_t k = nn_scale_of(&scales, i);
        nn_store(nn_data(y), y->type, i, centred(x, i, zero, k) * nn_load(nn_data(scale), scale->type, k));
    }
    return NN_OK;
}

static NnValue *zero_of(const NnGradient *g, uint32_t i) {
    return g->node->n_inputs > i ? g->inputs[i] : NULL;
}

static int32_t gradient(NnGradient *g) {
    g->grads[1] = nn_rule_same_attrs(g, "nn/DequantizeLinearGrad",
                                     NN_VALUES(g->inputs[0], g->inputs[1], zero_of(g, 2), NN_DY(g)));
    return NN_OK;
}

/* ---- nn/DequantizeLinearGrad(x, x_scale, x_zero_point, dY): d x_scale ---- */

static int32_t grad_infer(NnInfer *n) {
    nn_output_like(n, 0, 1, NN_NONE);
    return nn_alike(n, 3, 0) == NN_OK ? nn_quantize_check(n, 1, 2) : NN_INVALID;
}

static int32_t grad_compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0], *zero = call->inputs[2], *dy = call->inputs[3];
    NnTensor *ds = call->outputs[0];
    const NnScales scales = nn_scales(call, x, ds);
    const int64_t n = nn_elements(x), m = nn_elements(ds);
    double *sums = call->host->alloc(call->host, (uint64_t)(m + 1) * sizeof *sums);
    if (!sums)
        return nn_fail(call->host, call->status, NN_OUT_OF_MEMORY, "no memory for %lld sums", (long long)m);
    for (int64_t i = 0; i < n; i++) {
        const int64_t k = nn_scale_of(&scales, i);
        sums[k] += nn_load(nn_data(dy), dy->type, i) * centred(x, i, zero, k);
    }
    for (int64_t k = 0; k < m; k++)
        nn_store(nn_data(ds), ds->type, k, sums[k]);
    call->host->free(call->host, sums);
    return NN_OK;
}

/* It is linear in dY. */
static int32_t grad_gradient(NnGradient *g) {
    const NnValueInfo *dy = g->host->graph->info(g->graph, g->inputs[3]);
    NnValue *d = nn_rule_same_attrs(g, "DequantizeLinear", NN_VALUES(g->inputs[0], NN_DY(g), g->inputs[2]));
    g->grads[3] = dy && dy->type != NN_NONE ? nn_rule_cast(g, d, g->inputs[3]) : d;
    return NN_OK;
}

#define ATTRIBUTES                                                                                           \
    NN_ATTRIBUTES(NN_QUANTIZE_ATTRIBUTES,                                                                    \
                  NN_WHOLE("output_dtype", "0", "element type of y, by ONNX's number; 0: that of x_scale"))
#define ZERO                                                                                                 \
    {                                                                                                        \
        "x_zero_point", "X", WHOLE, NN_OPTIONAL | NN_NO_GRADIENT, 0,                                         \
            "the integer that stands for 0, of the shape of x_scale; absent: 0"                              \
    }

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("DequantizeLinear", 23),
                      NN_IN({"x", "X", WHOLE, NN_NO_GRADIENT, 0, "the integers"},
                            {"x_scale", "S", NN_FLOATS, 0, 0,
                             "step of the scale: a scalar, a vector along the axis, or one for each block"},
                            ZERO),
                      NN_OUT({"y", NULL, NN_FLOATS, 0, 0, "real numbers, of the shape of x"}), ATTRIBUTES,
                      NN_SAMPLES("u8[2,3]@0:256 f[]{.04} u8[]{128}", "i8[2,3]@-128:128 f[1]{.01}",
                                 "i16[2,3,2]@-99:99 [3]@.1:1 i16[3]@-9:9", "u16[2,3]@0:999 [2]@.1:1; axis=0",
                                 "i8[2,5]@-99:99 [2,3]@.1:1 i8[2,3]@-9:9; axis=-1 block_size=2",
                                 "i32[3]@-999:999 [3]@.1:1", "u8[] []@.01:.02", "i8[0,3] [3]@1:2",
                                 "i8[4]@-9:9 f64[]{.5}; output_dtype=f32"),
                      .doc = "Integers on a linear scale as real numbers: y = (x - x_zero_point) * x_scale.",
                      .infer = infer, .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(grad_op, NN_OURS("DequantizeLinearGrad", 1),
                      NN_IN({"x", "X", WHOLE, NN_NO_GRADIENT, 0, "the integers"},
                            {"x_scale", "S", NN_FLOATS, NN_SHAPE_ONLY | NN_NO_GRADIENT, 0,
                             "the scale, of which only the shape is looked at"},
                            ZERO, {"dY", "Y", NN_FLOATS, 0, 0, "gradient of the result"}),
                      NN_OUT({"dScale", "S", NN_FLOATS, 0, 0, "gradient of x_scale"}), ATTRIBUTES,
                      NN_SAMPLES("u8[2,3]@0:256 [] u8[]{128} [2,3]",
                                 "i8[2,5]@-9:9 [2,3]@.1:1 - [2,5]; axis=-1 block_size=2",
                                 "i8[0,3] [3]@1:2 - [0,3]"),
                      .doc = "Gradient of DequantizeLinear with respect to its scale: the sum of dY * (x - "
                             "x_zero_point) over what shares it.",
                      .infer = grad_infer, .gradient = grad_gradient, .compute = grad_compute);

NN_OPERATORS(dequantize_linear, "Integers as real numbers.", NN_OP("DequantizeLinear", op),
             NN_OP("nn/DequantizeLinearGrad", grad_op))
