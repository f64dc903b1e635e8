/* SPDX-License-Identifier: Apache-2.0 */
/* The short-time Fourier transform: frames of a signal, under a window, each transformed by itself. */
#include "family/body.h"
#include "family/index.h"

typedef struct Frames {
    int64_t step, length, signal, count; /* NN_DIM_UNKNOWN where not known */
} Frames;

static Frames frames_of(const NnNode *node, const int64_t *step, const int64_t *length) {
    const NnValueInfo *x = node->inputs[0], *window = nn_given(node, 2) ? node->inputs[2] : NULL;
    Frames f = {*step, NN_DIM_UNKNOWN, x->rank > 1 ? nn_dim_plain(x->dims[1]) : NN_DIM_UNKNOWN,
                NN_DIM_UNKNOWN};
    f.length = nn_given(node, 3)  ? *length
               : !window          ? f.signal
               : window->rank > 0 ? nn_dim_plain(window->dims[0])
                                  : NN_DIM_UNKNOWN;
    if (f.step > 0 && f.length > 0 && f.signal >= f.length)
        f.count = (f.signal - f.length) / f.step + 1;
    return f;
}

static int32_t infer(NnInfer *n) {
    const NnNode *node = n->node;
    const NnValueInfo *x = node->inputs[0], *window = nn_given(node, 2) ? node->inputs[2] : NULL;
    const bool one = nn_attr_int(node, "onesided", 1) != 0;
    int64_t step[NN_MAX_KNOWN] = {0}, length[NN_MAX_KNOWN] = {NN_DIM_UNKNOWN};
    const bool stepped = nn_ask(n, 1, step) == 1, told = nn_given(node, 3) && nn_ask(n, 3, length) == 1;
    if (nn_single(n, 1, "frame_step") != NN_OK || nn_single(n, 3, "frame_length") != NN_OK)
        return NN_INVALID;
    if (x->rank >= 0 && x->rank != 3)
        return nn_bad(n, "signal has rank %d: expected [batch, length, 1 or 2]", x->rank);
    if (x->rank == 3 && one && nn_dim_known(x->dims[2]) && x->dims[2] != 1)
        return nn_bad(n, "signal has %lld parts, and onesided is 1: expected a real signal, 1 part",
                      (long long)x->dims[2]);
    if (stepped && step[0] < 1)
        return nn_bad(n, "frame_step is %lld: expected at least 1", (long long)step[0]);
    if (told && length[0] < 1)
        return nn_bad(n, "frame_length is %lld: expected at least 1", (long long)length[0]);
    if (window && window->rank >= 0 && window->rank != 1)
        return nn_bad(n, "window has rank %d: expected a vector", window->rank);
    if (told && window && window->rank == 1 && nn_dim_known(window->dims[0]) && window->dims[0] != length[0])
        return nn_bad(n, "window has %lld elements, but frame_length is %lld", (long long)window->dims[0],
                      (long long)length[0]);
    const Frames f = frames_of(node, step, length);
    if (f.signal >= 0 && f.length > f.signal)
        return nn_bad(n, "a frame has %lld elements, but the signal %lld", (long long)f.length,
                      (long long)f.signal);
    const int64_t dims[] = {x->rank > 0 ? nn_dim_plain(x->dims[0]) : NN_DIM_UNKNOWN, f.count,
                            f.length < 0 ? NN_DIM_UNKNOWN
                            : one        ? f.length / 2 + 1
                                         : f.length,
                            2};
    n->output(n, 0, x->type, 4, dims);
    return NN_OK;
}

/* Dimension 0 or 1 of x, a scalar. */
static NnValue *extent(const NnBody *b, NnValue *x, int64_t axis) {
    NnValue *at = nn_scalar(b->host, b->graph, NN_I64, (double)axis);
    return nn_body2(b, "Gather", nn_body1(b, "Shape", x), at);
}

static NnValue *range(const NnBody *b, NnValue *end, NnValue *step) {
    return nn_op3(b->host, b->graph, "Range", nn_scalar(b->host, b->graph, NN_I64, 0), end, step);
}

/* In numbers that may be known while running only: the frames begin at 0, step, ... as long as they fit. */
static int32_t body(NnBody *b) {
    const NnNode *node = b->node;
    const int64_t last = 1;
    NnValue *one = nn_vector(b->host, b->graph, 1, &last), *signal = extent(b, b->inputs[0], 1);
    NnValue *length = nn_given(node, 3)   ? nn_body_cast(b, b->inputs[3], NN_I64)
                      : nn_given(node, 2) ? extent(b, b->inputs[2], 0)
                                          : signal;
    NnValue *end = nn_body2(b, "Add", nn_body2(b, "Sub", signal, length), nn_body_scalar(b, length, 1));
    NnValue *starts = range(b, end, nn_body_cast(b, b->inputs[1], NN_I64));
    NnValue *at = nn_body2(b, "Add", nn_body2(b, "Unsqueeze", starts, one),
                           range(b, length, nn_body_scalar(b, length, 1)));
    NnValue *x = nn_op(b->host, b->graph, "Gather", NN_VALUES(b->inputs[0], at), NN_ATTRS(NN_INT("axis", 1)));
    if (nn_given(node, 2))
        x = nn_body2(b, "Mul", x, nn_body2(b, "Unsqueeze", b->inputs[2], one));
    b->outputs[0] =
        nn_op(b->host, b->graph, "DFT", NN_VALUES(x, NULL, nn_scalar(b->host, b->graph, NN_I64, 2)),
              NN_ATTRS(NN_INT("onesided", nn_attr_int(node, "onesided", 1))));
    return NN_OK;
}

NN_COMPOSITE_OPERATOR(
    op, NN_ONNX("STFT", 17),
    NN_IN({"signal", "T", NN_FLOATS, 0, 0, "[batch, length, 1], real, or [batch, length, 2], complex"},
          NN_HOST_INTS("frame_step", 0, "elements from the start of one frame to that of the next, a scalar"),
          {"window", "T", NN_FLOATS, NN_OPTIONAL, 0, "what each frame is multiplied with; absent: nothing"},
          NN_HOST_INTS("frame_length", NN_OPTIONAL,
                       "elements of a frame, a scalar; absent: those of the window, or all")),
    NN_OUT({"output", "T", NN_FLOATS, 0, 0, "[batch, frames, frequencies, 2]"}),
    NN_ATTRIBUTES(NN_FLAG("onesided", "1",
                          "1: only the frame_length / 2 + 1 frequencies that tell a real signal")),
    NN_SAMPLES("[1,12,1] i64[]{3} - i64[]{5}", "[2,9,1] i64[]{2} [4]",
               "[1,8,2] i64[]{4} [4] i64[]{4}; onesided=0", "[1,6,1] i64[]{2}", "[0,6,1] i64[]{2} [3]"),
    .doc = "Short-time Fourier transform: the transforms of (length - frame_length) / frame_step + 1 frames, "
           "each multiplied with a window.",
    .infer = infer, .body = body);

NN_OPERATORS(stft, "Short-time Fourier transform.", NN_OP("STFT", op))
