/* SPDX-License-Identifier: Apache-2.0 */
/* Blackman's window: three terms, with lower side lobes than two give. */
#include "family/taper.h"

static int32_t body(NnBody *b) { return nn_taper_body(b, 0.42, 0.5, 0.08); }

NN_COMPOSITE_OPERATOR(op, NN_ONNX("BlackmanWindow", 17), NN_TAPER, .body = body,
                      .doc = "Blackman's window: three terms, with lower side lobes than two give.");

NN_OPERATORS(blackman_window, "A window for Fourier transforms.", NN_OP("BlackmanWindow", op))
