/* SPDX-License-Identifier: Apache-2.0 */
/* Hamming's window: a raised cosine that does not quite reach 0. */
#include "family/taper.h"

static int32_t body(NnBody *b) { return nn_taper_body(b, 25.0 / 46, 21.0 / 46, 0); }

NN_COMPOSITE_OPERATOR(op, NN_ONNX("HammingWindow", 17), NN_TAPER, .body = body,
                      .doc = "Hamming's window: a raised cosine that does not quite reach 0.");

NN_OPERATORS(hamming_window, "A window for Fourier transforms.", NN_OP("HammingWindow", op))
