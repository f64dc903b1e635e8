/* SPDX-License-Identifier: Apache-2.0 */
/* Is everything finite? What a step asks before it commits its updates. */
#include "family/index.h"

static int32_t infer(NnInfer *n) {
    n->output(n, 0, NN_BOOL, 0, NULL);
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    bool finite = true;
    for (uint32_t k = 0; finite && k < call->n_inputs; k++) {
        const NnTensor *x = call->inputs[k];
        const int64_t n = nn_is(x->type, NN_FLOATS) ? nn_elements(x) : 0;
        for (int64_t i = 0; finite && i < n; i++)
            finite = isfinite(nn_load(nn_data(x), x->type, i));
    }
    nn_store_int(nn_data(call->outputs[0]), NN_BOOL, 0, finite);
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_OURS("AllFinite", 1), .role = "all_finite",
                      NN_IN({"X", "T", NN_ANY, NN_VARIADIC | NN_MIXED | NN_NO_GRADIENT, 0,
                             "what is looked at"}),
                      NN_OUT({"finite", NULL, NN_MASK(NN_BOOL), 0, 0, "a scalar"}),
                      NN_SAMPLES("[2,3]", "[2]{1,inf} [2]", "[2]{nan,0}", "[0,3] f32[2] i64[2]@0:9"),
                      .doc = "True when no element of any input is infinite or not a number.", .infer = infer,
                      .compute = compute);

NN_OPERATORS(all_finite, "Is every element finite?", NN_OP("nn/AllFinite", op))
