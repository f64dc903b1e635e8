/* SPDX-License-Identifier: Apache-2.0 */
/* von Hann's window: one period of a raised cosine, 0 at its start. */
#include "family/taper.h"

static int32_t body(NnBody *b) { return nn_taper_body(b, 0.5, 0.5, 0); }

NN_COMPOSITE_OPERATOR(op, NN_ONNX("HannWindow", 17), NN_TAPER, .body = body,
                      .doc = "von Hann's window: one period of a raised cosine, 0 at its start.");

NN_OPERATORS(hann_window, "A window for Fourier transforms.", NN_OP("HannWindow", op))
