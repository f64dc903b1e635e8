/* SPDX-License-Identifier: Apache-2.0 */
/* One at the first maximum along an axis, zero elsewhere. */
#include "family/rows.h"

static void hardmax(const NnCall *call, const NnLine *line) {
    const NnTensor *x = call->inputs[0];
    int64_t best = 0;
    for (int64_t k = 1; k < line->n; k++)
        if (nn_line_load(x, line, k) > nn_line_load(x, line, best))
            best = k;
    for (int64_t k = 0; k < line->n; k++)
        nn_line_store(call->outputs[0], line, k, k == best);
}

static int32_t compute(const NnCall *call) { return nn_lines(call, hardmax); }

/* It is constant wherever it has a slope. */
static int32_t gradient(NnGradient *g) {
    (void)g;
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(hardmax_operator, NN_ONNX("Hardmax", 13),
                      NN_LINES("ones and zeros, of the shape of input"), NN_LINES_SAMPLES,
                      .doc = "1 for the first maximum along an axis, 0 for the other elements.",
                      .gradient = gradient, .compute = compute);

NN_OPERATORS(hardmax, "One at the maximum.", NN_OP("Hardmax", hardmax_operator))
