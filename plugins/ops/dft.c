/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The discrete Fourier transform of any length along one axis: of real or complex signals, forward or
 * inverse, of all frequencies or only those that tell a real signal. NnComplex numbers are pairs in the last
 * dimension.
 */
#include "family/fourier.h"
#include "family/index.h"

/*
 * The transform as what it is, a linear map: input elements from 0 up to `reads`, filled up with zeros to n,
 * times the n roots of unity. From the half of a spectrum (`half`), all but the first and the middle one
 * count twice, as their conjugates are left out, and the real part is the result.
 */
typedef struct Dft {
    int32_t axis;
    int64_t n, in, out, reads; /* length, extents of input and output along the axis */
    bool inverse, half;
} Dft;

/* The extents for an input extent; n < 0: it is not known. */
static Dft describe(const NnNode *node, int32_t axis, int64_t in, int64_t n) {
    const bool inverse = nn_attr_int(node, "inverse", 0) != 0, one = nn_attr_int(node, "onesided", 0) != 0;
    Dft d = {
        .axis = axis, .n = n, .in = in, .out = n, .reads = n, .inverse = inverse, .half = inverse && one};
    if (n >= 0 && one)
        *(inverse ? &d.reads : &d.out) = n / 2 + 1;
    return d;
}

/* Axis and length as far as they are known; the rank is. `first` is the input before dft_length. */
static int32_t read_node(NnInfer *n, uint32_t first, uint32_t signal, Dft *d) {
    const NnNode *node = n->node;
    const NnValueInfo *x = node->inputs[signal];
    const bool half = nn_attr_int(node, "inverse", 0) && nn_attr_int(node, "onesided", 0);
    int64_t axis[NN_MAX_KNOWN] = {-2}, length[NN_MAX_KNOWN] = {NN_DIM_UNKNOWN};
    const bool told = nn_given(node, first + 1), known = !told || nn_ask(n, first + 1, length) == 1;
    *d = (Dft){.axis = -1, .n = NN_DIM_UNKNOWN, .out = NN_DIM_UNKNOWN};
    if (nn_single(n, first + 1, "dft_length") != NN_OK || nn_single(n, first + 2, "axis") != NN_OK)
        return NN_INVALID;
    if (x->rank < 2)
        return nn_bad(n, "input has rank %d: expected a signal, and in the last dimension 1 or 2 parts",
                      x->rank);
    if (nn_given(node, first + 2) && nn_ask(n, first + 2, axis) != 1)
        return NN_OK;
    if (axis[0] == -1 || axis[0] == x->rank - 1)
        return nn_bad(n, "axis is %lld, the dimension of real and imaginary parts", (long long)axis[0]);
    if (nn_axis(n, "axis", axis, x->rank) != NN_OK)
        return NN_INVALID;
    const int64_t in = nn_dim_plain(x->dims[axis[0]]);
    if (!told && in >= 0)
        length[0] = half ? 2 * (in - 1) : in;
    if (known && (told || in >= 0) && length[0] < (told || half))
        return nn_bad(n, "the length of the transform is %lld: expected at least 1", (long long)length[0]);
    *d = describe(node, (int32_t)axis[0], in, known ? length[0] : NN_DIM_UNKNOWN);
    return NN_OK;
}

static int32_t infer_dims(NnInfer *n, uint32_t first, uint32_t signal, int64_t *dims) {
    const NnNode *node = n->node;
    const NnValueInfo *x = node->inputs[signal];
    const bool inverse = nn_attr_int(node, "inverse", 0) != 0, one = nn_attr_int(node, "onesided", 0) != 0;
    Dft d;
    const int32_t code = read_node(n, first, signal, &d);
    if (code != NN_OK)
        return code;
    const int64_t parts = x->dims[x->rank - 1];
    if (nn_dim_known(parts) && (parts < 1 || parts > 2 || (one && parts != 1 + inverse)))
        return nn_bad(n, "the last dimension of the input is %lld: expected %s", (long long)parts,
                      !one      ? "1 (real) or 2 (complex)"
                      : inverse ? "2 (half of a complex spectrum)"
                                : "1 (real), as onesided is 1");
    nn_dims_of(x, dims);
    for (int32_t i = 0; d.axis < 0 && i < x->rank; i++)
        dims[i] = NN_DIM_UNKNOWN;
    if (d.axis >= 0)
        dims[d.axis] = d.out;
    dims[x->rank - 1] = one && inverse ? 1 : 2;
    return NN_OK;
}

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    int64_t dims[NN_MAX_RANK];
    const int32_t code = x->rank < 0 ? NN_OK : infer_dims(n, 0, 0, dims);
    if (code == NN_OK)
        n->output(n, 0, x->type, x->rank, dims);
    return code;
}

static Dft run_dft(const NnCall *call, const NnTensor *x, const NnTensor *length, const NnTensor *axis) {
    const int64_t a = axis ? nn_load_int(nn_data(axis), axis->type, 0) : -2;
    const int32_t at = nn_axis_of(a, x->rank);
    const bool half = nn_attr_int(call->node, "inverse", 0) && nn_attr_int(call->node, "onesided", 0);
    return describe(call->node, at, x->dims[at],
                    length ? nn_load_int(nn_data(length), length->type, 0)
                    : half ? 2 * (x->dims[at] - 1)
                           : x->dims[at]);
}

/* What element k of the input counts. */
static double weight(const Dft *d, int64_t k) {
    if (k >= d->reads)
        return 0;
    return d->half && k > 0 && 2 * k != d->n ? 2 : 1;
}

/* One line of `from` to one of `to`; `back`: the adjoint, from an output's gradient to an input's. */
static void line(const Dft *d, bool back, const NnTensor *from, NnTensor *to, int64_t outer, int64_t inner,
                 int64_t at, NnComplex *work, const NnComplex *root) {
    const int64_t have = from->dims[d->axis], want = to->dims[d->axis], n = d->n;
    const int64_t fp = from->dims[from->rank - 1], tp = to->dims[to->rank - 1];
    const double scale = d->inverse && n > 0 ? 1.0 / (double)n : 1;
    NnComplex *x = work, *y = work + n, *part = work + 2 * n;
    for (int64_t k = 0; k < n; k++) {
        const int64_t i = ((outer * have + k) * inner + at) * fp;
        const double w = k < have ? (back ? 1 : weight(d, k)) : 0;
        x[k].re = w != 0 ? w * nn_load(nn_data(from), from->type, i) : 0;
        x[k].im = w != 0 && fp == 2 ? w * nn_load(nn_data(from), from->type, i + 1) : 0;
    }
    nn_fourier(x, 1, y, n, root, 1, part);
    for (int64_t k = 0; k < want; k++) {
        const int64_t i = ((outer * want + k) * inner + at) * tp;
        const double w = k < n ? (back ? weight(d, k) : 1) * scale : 0;
        nn_store(nn_data(to), to->type, i, w != 0 ? w * y[k].re : 0);
        if (tp == 2)
            nn_store(nn_data(to), to->type, i + 1, w != 0 ? w * y[k].im : 0);
    }
}

static int32_t lines(const NnCall *call, const Dft *d, bool back, const NnTensor *from, NnTensor *to) {
    const int64_t outer = nn_product(from->dims, 0, d->axis),
                  inner = nn_product(from->dims, d->axis + 1, from->rank - 1);
    const double turn = (d->inverse != back ? 2 : -2) * 3.141592653589793 / (double)d->n;
    NnComplex *work = d->n <= INT64_MAX / 128
                          ? call->host->alloc(call->host, (uint64_t)(4 * d->n + 1) * sizeof *work)
                          : NULL;
    if (!work)
        return nn_fail(call->host, call->status, NN_OUT_OF_MEMORY, "no memory for a transform of length %lld",
                       (long long)d->n);
    NnComplex *root = work + 3 * d->n;
    for (int64_t k = 0; k < d->n; k++)
        root[k] = (NnComplex){cos(turn * (double)k), sin(turn * (double)k)};
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < inner; i++)
            line(d, back, from, to, o, inner, i, work, root);
    call->host->free(call->host, work);
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0];
    const Dft d = run_dft(call, x, nn_input(call, 1), nn_input(call, 2));
    return lines(call, &d, false, x, call->outputs[0]);
}

static NnValue *input_or_none(const NnGradient *g, uint32_t i) {
    return g->node->n_inputs > i ? g->inputs[i] : NULL;
}

static int32_t gradient(NnGradient *g) {
    g->grads[0] = nn_rule_same_attrs(
        g, "nn/DFTGrad", NN_VALUES(NN_DY(g), g->inputs[0], input_or_none(g, 1), input_or_none(g, 2)));
    return NN_OK;
}

/* ---- nn/DFTGrad(dY, X, dft_length, axis): dX, the adjoint ---- */

static int32_t grad_infer(NnInfer *n) {
    const NnValueInfo *dy = n->node->inputs[0], *x = n->node->inputs[1];
    int64_t dims[NN_MAX_RANK];
    char a[200], b[200];
    const int32_t code = x->rank < 0 ? NN_OK : infer_dims(n, 1, 1, dims);
    bool fits = code != NN_OK || x->rank < 0 || dy->rank < 0 || dy->rank == x->rank;
    for (int32_t i = 0; code == NN_OK && fits && x->rank >= 0 && i < dy->rank; i++)
        fits = !nn_dim_known(dims[i]) || !nn_dim_known(dy->dims[i]) || dims[i] == dy->dims[i];
    nn_output_like(n, 0, 1, dy->type);
    return fits ? code
                : nn_bad(n, "dY is %s, but the transform %s", nn_shape_text(dy->rank, dy->dims, a, sizeof a),
                         nn_shape_text(x->rank, dims, b, sizeof b));
}

static int32_t grad_compute(const NnCall *call) {
    const Dft d = run_dft(call, call->outputs[0], nn_input(call, 2), nn_input(call, 3));
    return lines(call, &d, true, call->inputs[0], call->outputs[0]);
}

static int32_t grad_gradient(NnGradient *g) {
    g->grads[0] = nn_rule_same_attrs(g, "DFT", NN_VALUES(NN_DY(g), input_or_none(g, 2), input_or_none(g, 3)));
    return NN_OK;
}

#define ATTRIBUTES                                                                                           \
    NN_ATTRIBUTES(                                                                                           \
        NN_FLAG("inverse", "0", "1: the inverse transform, with the factor 1 / n"),                          \
        NN_FLAG("onesided", "0",                                                                             \
                "1: only n / 2 + 1 frequencies of a real signal; with inverse=1, from these to it"))
#define NUMBERS                                                                                              \
    NN_HOST_INTS("dft_length", NN_OPTIONAL,                                                                  \
                 "n, a scalar: the signal is cut off or filled up with zeros; absent: its extent, or "       \
                 "twice (its extent - 1) where it is half of a spectrum"),                                   \
        NN_HOST_INTS("axis", NN_OPTIONAL, "along which, a scalar; absent: -2")

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("DFT", 20),
    NN_IN({"input", "T", NN_FLOATS, 0, 0, "a signal [..., 1], real, or [..., 2], complex"}, NUMBERS),
    NN_OUT({"output", "T", NN_FLOATS, 0, 0, "its transform [..., 2], or a real signal [..., 1]"}), ATTRIBUTES,
    NN_SAMPLES("[2,5,1]", "[2,6,2]", "[1,4,2]; inverse=1", "[2,7,1]; onesided=1",
               "[3,6,1] - i64[]{0}; onesided=1", "[4,2,2] i64[]{6} i64[]{0}", "[2,9,1] i64[]{4} i64[]{-2}",
               "[2,5,2]; inverse=1 onesided=1", "[2,4,2] i64[]{7}; inverse=1 onesided=1",
               "[5,2] i64[]{12} i64[]{0}; inverse=1", "[1,13,1]", "[0,3,1]", "[1,1,1]",
               "[2,3,3,2] i32[]{4} i64[]{1}"),
    .doc = "Discrete Fourier transform along an axis: y[k] = sum over j of x[j] exp(-2 pi i j k / n); the "
           "inverse has the other sign, and the factor 1 / n.",
    .infer = infer, .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(grad_op, NN_OURS("DFTGrad", 1),
                      NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of the transform"},
                            {"X", "T", NN_FLOATS, NN_SHAPE_ONLY | NN_NO_GRADIENT, 0,
                             "its input, of which only the shape is looked at"},
                            NUMBERS),
                      NN_OUT({"dX", "T", NN_FLOATS, 0, 0, "gradient of the input"}), ATTRIBUTES,
                      NN_SAMPLES("[2,5,2] [2,5,1]", "[1,6,2] [1,4,2] i64[]{6}; inverse=1",
                                 "[2,4,2] [2,7,1]; onesided=1", "[2,8,1] [2,5,2]; inverse=1 onesided=1",
                                 "[0,3,2] [0,3,1]"),
                      .doc = "Gradient of DFT: the adjoint transform.", .infer = grad_infer,
                      .gradient = grad_gradient, .compute = grad_compute);

NN_OPERATORS(dft, "Discrete Fourier transform.", NN_OP("DFT", op), NN_OP("nn/DFTGrad", grad_op))
