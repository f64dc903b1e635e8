/* SPDX-License-Identifier: Apache-2.0 */
/* Draws of classes by their logits: nn/Categorical, which takes the random state, and ONNX's Multinomial. */
#include "family/philox.h"
#include "family/rows.h"

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    const int64_t samples = nn_attr_int(n->node, "sample_size", 0);
    int64_t dims[NN_MAX_RANK] = {0};
    int32_t type;
    int32_t code = nn_random_type(n, NN_I64, NN_INDICES, &type);
    if (code == NN_OK)
        code = nn_check_random(n, 1);
    if (code != NN_OK)
        return code;
    if (x->rank == 0)
        return nn_bad(n, "logits are a scalar: expected a last dimension of classes");
    if (x->rank > 0 && x->dims[x->rank - 1] == 0)
        return nn_bad(n, "logits have no class to draw");
    for (int32_t i = 0; i < x->rank - 1; i++)
        dims[i] = nn_dim_plain(x->dims[i]);
    if (x->rank > 0)
        dims[x->rank - 1] = samples;
    n->output(n, 0, type, x->rank > 0 ? x->rank - (samples == 0) : NN_RANK_UNKNOWN, dims);
    return NN_OK;
}

/* The first class at which the running sum of probabilities passes u. */
static int64_t pick(const NnTensor *x, const NnLine *line, double u) {
    const double norm = nn_line_log_sum(x, line);
    double sum = 0;
    int64_t last = 0;
    for (int64_t k = 0; k < line->n; k++) {
        const double p = exp(nn_line_load(x, line, k) - norm);
        sum += p;
        if (p > 0)
            last = k;
        if (u < sum)
            return k;
    }
    return last;
}

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0];
    NnTensor *y = call->outputs[0];
    NnRandom r = nn_random(call, 1);
    const int64_t classes = x->dims[x->rank - 1], samples = nn_attr_int(call->node, "sample_size", 0);
    const int64_t each = samples ? samples : 1, n = nn_elements(y);
    for (int64_t i = 0; i < n; i++) {
        const NnLine line = {.start = i / each * classes, .step = 1, .n = classes};
        nn_store_int(nn_data(y), y->type, i, pick(x, &line, nn_random_uniform(&r, NN_F64, (uint64_t)i)));
    }
    return NN_OK;
}

static int32_t body(NnBody *b) {
    b->outputs[0] =
        nn_op(b->host, b->graph, "nn/Categorical", NN_VALUES(b->inputs[0], b->host->graph->random(b->graph)),
              NN_ATTRS(NN_INT("dtype", nn_attr_int(b->node, "dtype", NN_I32)),
                       NN_INT("sample_size", nn_attr_int(b->node, "sample_size", 1)), nn_salt_attr(b->node)));
    return NN_OK;
}

#define SAMPLE_SIZE(value, least, text)                                                                      \
    {                                                                                                        \
        .name = "sample_size", .kind = NN_SET_INT, .flags = NN_SET_RANGE, .preset = (value), .min = (least), \
        .max = 1e9, .doc = (text)                                                                            \
    }

NN_PRIMITIVE_OPERATOR(
    categorical, NN_OURS("Categorical", 1), .flags = NN_OP_RANDOM,
    NN_IN({"logits", "T", NN_FLOATS, NN_NO_GRADIENT, 0,
           "unnormalised logarithms of probabilities [..., classes]"},
          NN_RANDOM_STATE),
    NN_OUT({"Y", NULL, NN_INDICES, NN_NO_GRADIENT, 0, "classes [...], or [..., sample_size]"}),
    NN_ATTRIBUTES(NN_DTYPE("7", "element type of the result, i64 or i32"),
                  SAMPLE_SIZE("0", 0, "draws for each line; 0: one, without a dimension of its own"),
                  NN_SALT),
    NN_SAMPLES("[4,5]@-2:2 i64[2]{42,7}; salt=1", "[3]@-2:2 i64[2]{42,7}; sample_size=6 salt=2 dtype=i32",
               "[0,3] i64[2]{1,2}; salt=3"),
    .doc = "Draws a class k with probability softmax(logits)[k]: the first at which the sum of probabilities "
           "passes a uniform "
           "variate of 53 bits.",
    .infer = infer, .compute = compute);

static int32_t onnx_infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    int32_t type;
    const int32_t code = nn_random_type(n, NN_I32, NN_INDICES, &type);
    if (x->rank >= 0 && x->rank != 2)
        return nn_bad(n, "input has rank %d: expected [batch, classes]", x->rank);
    n->output(n, 0, type, 2,
              (const int64_t[]){x->rank == 2 ? nn_dim_plain(x->dims[0]) : NN_DIM_UNKNOWN,
                                nn_attr_int(n->node, "sample_size", 1)});
    return code;
}

NN_COMPOSITE_OPERATOR(multinomial, NN_ONNX("Multinomial", 22), .flags = NN_OP_RANDOM,
                      NN_IN({"input", "T", NN_FLOATS, NN_NO_GRADIENT, 0,
                             "unnormalised logarithms of probabilities [batch, classes]"}),
                      NN_OUT({"output", NULL, NN_INDICES, NN_NO_GRADIENT, 0, "classes [batch, sample_size]"}),
                      NN_ATTRIBUTES(NN_DTYPE("6", "element type of the result, i32 or i64"),
                                    SAMPLE_SIZE("1", 1, "draws for each row"), NN_SEED(NN_SET_FLOAT)),
                      NN_SAMPLES("[4,5]@-2:2", "[3,4]@-2:2; sample_size=6 dtype=i64"),
                      .doc = "Draws classes by their logarithms of probabilities.", .infer = onnx_infer,
                      .body = body);

NN_OPERATORS(multinomial, "Draws of classes.", NN_OP("nn/Categorical", categorical),
             NN_OP("Multinomial", multinomial))
