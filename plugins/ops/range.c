/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in even steps. */
#include "family/index.h"

static int64_t count_real(double start, double limit, double delta) {
    const double n = ceil((limit - start) / delta);
    return n > 0 ? nn_to_i64(n, 0, 0x1p63) : 0;
}

static int64_t count_whole(int64_t start, int64_t limit, int64_t delta) {
    const uint64_t from = (uint64_t)start, to = (uint64_t)limit, step = (uint64_t)delta;
    if (delta > 0)
        return start < limit ? (int64_t)((to - from - 1) / step + 1) : 0;
    return start > limit ? (int64_t)((from - to - 1) / (0 - step) + 1) : 0;
}

static int32_t infer(NnInfer *n) {
    const int32_t type = n->node->inputs[0]->type;
    const NnTensor *t[3];
    bool known = true;
    for (uint32_t k = 0; k < 3; k++) {
        uint64_t count;
        (void)n->integers(n, k, &count);
        t[k] = n->node->inputs[k]->value;
        known = known && t[k];
    }
    int64_t length = NN_DIM_UNKNOWN;
    if (known && nn_load(nn_data(t[2]), type, 0) == 0)
        return nn_bad(n, "delta is 0");
    if (known)
        length = nn_is(type, NN_INTEGERS)
                     ? count_whole(nn_load_int(nn_data(t[0]), type, 0), nn_load_int(nn_data(t[1]), type, 0),
                                   nn_load_int(nn_data(t[2]), type, 0))
                     : count_real(nn_load(nn_data(t[0]), type, 0), nn_load(nn_data(t[1]), type, 0),
                                  nn_load(nn_data(t[2]), type, 0));
    n->output(n, 0, type, 1, &length);
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    NnTensor *y = call->outputs[0];
    const void *start = nn_data(call->inputs[0]), *delta = nn_data(call->inputs[2]);
    for (int64_t i = 0; i < y->dims[0]; i++)
        if (nn_is(y->type, NN_INTEGERS))
            nn_store_int(nn_data(y), y->type, i,
                         (int64_t)((uint64_t)nn_load_int(start, y->type, 0) +
                                   (uint64_t)i * (uint64_t)nn_load_int(delta, y->type, 0)));
        else
            nn_store(nn_data(y), y->type, i,
                     nn_load(start, y->type, 0) + (double)i * nn_load(delta, y->type, 0));
    return NN_OK;
}

#define NUMBER(name, doc)                                                                                    \
    { name, "T", NN_NUMBERS, NN_SHAPE_VALUE | NN_NO_GRADIENT, 0, doc }

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("Range", 11),
    NN_IN(NUMBER("start", "first number"), NUMBER("limit", "where it ends, left out itself"),
          NUMBER("delta", "step, not 0")),
    NN_OUT({"output", "T", NN_NUMBERS, 0, 0, "a vector"}),
    NN_ATTRIBUTES(NN_WHOLE("stash_type", "1",
                           "type in which 16-bit floats are stepped through; they are in f64")),
    NN_SAMPLES("i64[]{0} i64[]{5} i64[]{1}", "i64[]{5} i64[]{-2} i64[]{-3}", "f[]{0} f[]{1} f[]{.25}",
               "i32[]{3} i32[]{3} i32[]{1}"),
    .doc = "Numbers in even steps: start, start + delta, ... up to limit.", .infer = infer,
    .compute = compute);

NN_OPERATORS(range, "Numbers in even steps.", NN_OP("Range", op))
