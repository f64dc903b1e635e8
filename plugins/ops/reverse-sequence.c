/* SPDX-License-Identifier: Apache-2.0 */
/* The first elements of each sequence of a batch in reverse order; its own inverse. */
#include "family/index.h"

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    const int64_t batch = nn_attr_int(n->node, "batch_axis", 1), time = nn_attr_int(n->node, "time_axis", 0);
    if (batch == time || batch < 0 || batch > 1 || time < 0 || time > 1)
        return nn_bad(n, "batch_axis is %lld and time_axis %lld, expected 0 and 1 in either order",
                      (long long)batch, (long long)time);
    if (x->rank >= 0 && x->rank < 2)
        return nn_bad(n, "input has rank %d, expected 2 or more", x->rank);
    return nn_infer_same(n);
}

static int32_t gradient(NnGradient *g) {
    g->grads[0] = nn_rule_same_attrs(g, "ReverseSequence", NN_VALUES(NN_DY(g), g->inputs[1]));
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0], *lengths = call->inputs[1];
    NnTensor *y = call->outputs[0];
    const int64_t batch = nn_attr_int(call->node, "batch_axis", 1), inner = nn_product(x->dims, 2, x->rank);
    for (int64_t b = 0; b < x->dims[batch]; b++) {
        const int64_t steps = x->dims[1 - batch],
                      length = b < nn_elements(lengths) ? nn_load_int(nn_data(lengths), NN_I64, b) : -1;
        if (length < 0 || length > steps)
            return nn_fail(call->host, call->status, NN_INVALID,
                           "sequence %lld has a length of %lld, expected 0 to %lld", (long long)b,
                           (long long)length, (long long)steps);
        for (int64_t t = 0; t < steps; t++) {
            const int64_t s = t < length ? length - 1 - t : t;
            const int64_t to = batch ? t * x->dims[1] + b : b * x->dims[1] + t,
                          from = batch ? s * x->dims[1] + b : b * x->dims[1] + s;
            nn_move(nn_data(y), to * inner, nn_data(x), from * inner, inner, nn_type_size(x->type));
        }
    }
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(op, NN_ONNX("ReverseSequence", 10),
                      NN_IN({"input", "T", NN_ANY, 0, 0, "a batch of sequences"},
                            {"sequence_lens", NULL, NN_MASK(NN_I64), NN_NO_GRADIENT, 0, "length of each"}),
                      NN_OUT({"Y", "T", NN_ANY, 0, 0, "the first sequence_lens elements of each reversed"}),
                      NN_ATTRIBUTES(NN_WHOLE("batch_axis", "1", "0 or 1"),
                                    NN_WHOLE("time_axis", "0", "the other one")),
                      NN_SAMPLES("[4,2] i64[2]{3,2}", "[2,4,3] i64[2]{4,0}; batch_axis=0 time_axis=1",
                                 "[0,2] i64[2]{0,0}"),
                      .doc = "Reverses the first sequence_lens[b] steps of each sequence b.", .infer = infer,
                      .gradient = gradient, .compute = compute);

NN_OPERATORS(reverse_sequence, "Sequences in reverse order.", NN_OP("ReverseSequence", op))
