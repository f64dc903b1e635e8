/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Triangular filters that lie evenly on the mel scale of pitch, mel(f) = 2595 log10(1 + f / 700)
 * (O'Shaughnessy 1987), as a matrix from the bins of a spectrum to bands.
 */
#include "family/index.h"

static int32_t infer(NnInfer *n) {
    const int32_t type = (int32_t)nn_attr_int(n->node, "output_datatype", NN_F32);
    int64_t bands[NN_MAX_KNOWN], length[NN_MAX_KNOWN], dims[2] = {NN_DIM_UNKNOWN, NN_DIM_UNKNOWN};
    if (!nn_is(type, NN_NUMBERS))
        return nn_bad(n, "output_datatype %s (%d) is not supported", nn_type_name(type), type);
    for (uint32_t i = 0; i < 5; i++)
        if (nn_single(n, i, "an input") != NN_OK)
            return NN_INVALID;
    if (nn_ask(n, 0, bands) == 1)
        dims[1] = bands[0];
    if (nn_ask(n, 1, length) == 1)
        dims[0] = length[0] < 0 ? length[0] : length[0] / 2 + 1;
    if (dims[0] < NN_DIM_UNKNOWN || dims[1] < NN_DIM_UNKNOWN)
        return nn_bad(n, "num_mel_bins or dft_length is negative");
    n->output(n, 0, type, 2, dims);
    return NN_OK;
}

static double scalar(const NnCall *call, uint32_t i) {
    return nn_load(nn_data(call->inputs[i]), call->inputs[i]->type, 0);
}

static double mel(double hertz) { return 2595 * log1p(hertz / 700) / log(10); }
static double hertz(double mel) { return 700 * expm1(mel / 2595 * log(10)); }

/* One band: up from `left` to 1 at `top`, and down to `right`. */
static void triangle(NnTensor *y, int64_t band, int64_t left, int64_t top, int64_t right) {
    for (int64_t bin = left; bin < right || bin == top; bin++) {
        const double w = bin > top    ? (double)(right - bin) / (double)(right - top)
                         : bin == top ? 1
                                      : (double)(bin - left) / (double)(top - left);
        nn_store(nn_data(y), y->type, bin * y->dims[1] + band, w);
    }
}

static int32_t compute(const NnCall *call) {
    NnTensor *y = call->outputs[0];
    const int64_t bands = y->dims[1];
    const double length = scalar(call, 1), rate = scalar(call, 2);
    const double low = mel(scalar(call, 3)), high = mel(scalar(call, 4));
    /* ONNX divides the range by the number of edges, not of the steps between them. */
    const double step = (high - low) / (double)(bands + 2);
    int64_t edge[3] = {0};
    nn_clear(y);
    for (int64_t i = 0; i < bands + 2; i++) {
        const double bin = floor((length + 1) * hertz(low + (double)i * step) / rate);
        edge[0] = edge[1];
        edge[1] = edge[2];
        if (!(bin >= (double)(i > 0 ? edge[2] : 0)) || bin > (double)y->dims[0] ||
            (i <= bands && bin >= (double)y->dims[0]))
            return nn_fail(
                call->host, call->status, NN_INVALID,
                "mel band edge %lld lies at bin %g of a spectrum of %lld bins: expected rising edges "
                "from 0 Hz up to half of the sample rate, %g",
                (long long)i, bin, (long long)y->dims[0], rate);
        edge[2] = (int64_t)bin;
        if (i >= 2)
            triangle(y, i - 2, edge[0], edge[1], edge[2]);
    }
    return NN_OK;
}

#define INTEGER(name, flags, doc)                                                                            \
    { name, NULL, NN_INDICES, NN_NO_GRADIENT | (flags), 0, doc }
#define HERTZ(name, doc)                                                                                     \
    { name, "F", NN_FLOATS, NN_NO_GRADIENT, 0, doc }

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("MelWeightMatrix", 17),
    NN_IN(INTEGER("num_mel_bins", NN_SHAPE_VALUE, "number of bands, a scalar"),
          INTEGER("dft_length", NN_SHAPE_VALUE, "length of the Fourier transform, a scalar"),
          INTEGER("sample_rate", 0, "samples per second, a scalar"),
          HERTZ("lower_edge_hertz", "where the lowest band begins, in Hz"),
          HERTZ("upper_edge_hertz", "where the highest band ends, in Hz")),
    NN_OUT({"output", NULL, NN_NUMBERS, NN_NO_GRADIENT, 0, "[dft_length / 2 + 1, num_mel_bins]"}),
    NN_ATTRIBUTES(NN_WHOLE("output_datatype", "1", "element type of the matrix, by ONNX's number")),
    NN_SAMPLES("i64[]{8} i64[]{16} i64[]{8192} f32[]{0} f32[]{4096}",
               "i32[]{3} i32[]{65} i32[]{8000} f64[]{125} f64[]{3500}; output_datatype=f64",
               "i64[]{0} i64[]{4} i64[]{8} f32[]{0} f32[]{2}"),
    .doc = "Weights from the bins of a spectrum to bands that are triangles, evenly spaced on the mel scale, "
           "each with a peak of 1.",
    .infer = infer, .compute = compute);

NN_OPERATORS(mel_weight_matrix, "Bands on the mel scale.", NN_OP("MelWeightMatrix", op))
