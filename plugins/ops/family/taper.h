/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows that taper a signal off: w[n] = a0 - a1 cos(2 pi n / N) + a2 cos(4 pi n / N), N being the size, or
 * for a symmetric window the size less 1 (Harris 1978).
 */
#ifndef OPS_FAMILY_TAPER_H
#define OPS_FAMILY_TAPER_H

#include "body.h"
#include "index.h"

#define NN_TAPER                                                                                             \
    NN_IN(NN_HOST_INTS("size", 0, "length of the window, a scalar")),                                        \
        NN_OUT({"output", NULL, NN_NUMBERS, NN_NO_GRADIENT, 0, "the window, [size]"}),                       \
        NN_ATTRIBUTES(NN_WHOLE("output_datatype", "1", "element type of the window, by ONNX's number"),      \
                      NN_FLAG("periodic", "1", "1: one period of a periodic function; 0: symmetric")),       \
        NN_SAMPLES("i64[]{10}", "i32[]{7}; periodic=0", "i64[]{1}", "i64[]{0}",                              \
                   "i64[]{5}; output_datatype=f64"),                                                         \
        .infer = nn_taper_infer

static inline int32_t nn_taper_infer(NnInfer *n) {
    const int32_t type = (int32_t)nn_attr_int(n->node, "output_datatype", NN_F32);
    int64_t size[NN_MAX_KNOWN], length = NN_DIM_UNKNOWN;
    if (!nn_is(type, NN_NUMBERS))
        return nn_bad(n, "output_datatype %s (%d) is not supported", nn_type_name(type), type);
    if (nn_single(n, 0, "size") != NN_OK)
        return NN_INVALID;
    if (nn_ask(n, 0, size) == 1)
        length = size[0];
    if (length < NN_DIM_UNKNOWN || (length < 0 && n->node->inputs[0]->value))
        return nn_bad(n, "size is %lld: expected 0 or more", (long long)length);
    n->output(n, 0, type, 1, &length);
    return NN_OK;
}

static inline NnValue *nn_taper_wave(const NnBody *b, NnValue *phase, double times, double factor) {
    NnValue *wave = nn_body1(b, "Cos", nn_body2(b, "Mul", phase, nn_body_scalar(b, phase, times)));
    return nn_body2(b, "Mul", wave, nn_body_scalar(b, wave, factor));
}

/* In double throughout, so that the last digit of any type is right. */
static inline int32_t nn_taper_body(NnBody *b, double a0, double a1, double a2) {
    const double tau = 6.283185307179586;
    const bool periodic = nn_attr_int(b->node, "periodic", 1) != 0;
    NnValue *size = nn_body_cast(b, b->inputs[0], NN_I64), *n = nn_body_cast(b, size, NN_F64);
    NnValue *span = periodic ? n : nn_body2(b, "Sub", n, nn_body_scalar(b, n, 1));
    /* A symmetric window of one element has no span: that element is the peak, half a period in. */
    NnValue *one = nn_body_scalar(b, n, 1), *half = nn_body_scalar(b, n, .5);
    NnValue *middle = nn_body2(b, "Mul", half, nn_body2(b, "Sub", one, nn_body2(b, "Min", span, one)));
    span = nn_body2(b, "Max", span, one);
    NnValue *at =
        nn_op3(b->host, b->graph, "Range", nn_body_scalar(b, size, 0), size, nn_body_scalar(b, size, 1));
    NnValue *from =
        periodic ? nn_body_cast(b, at, NN_F64) : nn_body2(b, "Add", nn_body_cast(b, at, NN_F64), middle);
    NnValue *phase = nn_body2(b, "Div", from, span);
    NnValue *w = nn_body2(b, "Sub", nn_body_scalar(b, phase, a0), nn_taper_wave(b, phase, tau, a1));
    w = a2 != 0 ? nn_body2(b, "Add", w, nn_taper_wave(b, phase, 2 * tau, a2)) : w;
    b->outputs[0] = nn_body_cast(b, w, (int32_t)nn_attr_int(b->node, "output_datatype", NN_F32));
    return NN_OK;
}

#endif
