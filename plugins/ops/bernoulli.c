/* SPDX-License-Identifier: Apache-2.0 */
/* Coins: ours, which takes the random state, and ONNX's, which finds it by itself. */
#include "family/broadcast.h"
#include "family/philox.h"

#define DRAWN (NN_NUMBERS | NN_MASK(NN_BOOL))

static int32_t infer(NnInfer *n) {
    const NnValueInfo *p = n->node->inputs[0], *like = n->node->inputs[2];
    char a[200], b[200];
    int32_t type;
    int32_t code = nn_random_type(n, p->type, DRAWN, &type);
    if (code == NN_OK)
        code = nn_check_random(n, 1);
    if (code != NN_OK || !like) {
        nn_output_like(n, 0, 0, type);
        return code;
    }
    bool fits = p->rank <= like->rank || like->rank < 0;
    for (int32_t i = 0; fits && like->rank >= 0 && i < p->rank; i++) {
        const int64_t d = like->dims[i + like->rank - p->rank];
        fits = p->dims[i] == 1 || p->dims[i] == d || !nn_dim_known(p->dims[i]) || !nn_dim_known(d);
    }
    nn_output_like(n, 0, 2, type);
    return fits ? NN_OK
                : nn_bad(n, "p is %s, which does not broadcast to %s",
                         nn_shape_text(p->rank, p->dims, a, sizeof a),
                         nn_shape_text(like->rank, like->dims, b, sizeof b));
}

static int32_t compute(const NnCall *call) {
    const NnTensor *p = call->inputs[0];
    NnTensor *y = call->outputs[0];
    NnRandom r = nn_random(call, 1);
    int64_t index[NN_MAX_RANK] = {0}, strides[NN_MAX_RANK];
    const int64_t n = nn_elements(y);
    const int32_t precision = p->type == NN_F64 ? NN_F64 : NN_F32;
    nn_broadcast_strides(p, y->rank, strides);
    for (int64_t i = 0; i < n; i++, nn_next(y->rank, y->dims, index)) {
        const double chance = nn_load(nn_data(p), p->type, nn_at(y->rank, index, strides));
        nn_store(nn_data(y), y->type, i, nn_random_uniform(&r, precision, (uint64_t)i) < chance);
    }
    return NN_OK;
}

static int32_t body(NnBody *b) {
    b->outputs[0] =
        nn_op(b->host, b->graph, "nn/Bernoulli", NN_VALUES(b->inputs[0], b->host->graph->random(b->graph)),
              NN_ATTRS(NN_INT("dtype", nn_attr_int(b->node, "dtype", 0)), nn_salt_attr(b->node)));
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(
    bernoulli, NN_OURS("Bernoulli", 1), .flags = NN_OP_RANDOM,
    NN_IN({"p", "P", NN_FLOATS, NN_NO_GRADIENT, 0, "probability of 1; broadcast to the shape of `like`"},
          NN_RANDOM_STATE,
          {"like", "L", NN_ANY, NN_OPTIONAL | NN_SHAPE_ONLY | NN_NO_GRADIENT, 0,
           "gives the shape; absent: that of p"}),
    NN_OUT({"Y", NULL, DRAWN, NN_NO_GRADIENT, 0, "ones and zeros"}),
    NN_ATTRIBUTES(NN_DTYPE("0", "element type of the result; 0: that of p"), NN_SALT),
    NN_SAMPLES("[3,4]@0:1 i64[2]{42,7}; salt=1", "[]{.3} i64[2]{42,7} [3,4]; dtype=bool salt=1",
               "[0,3] i64[2]{1,2}; salt=3", "[3]@0:1 i64[2]{42,7} [5,3]; dtype=i64 salt=9"),
    .doc = "Y = 1 where u < p, else 0, with u uniform in [0, 1) as nn/Uniform draws it in f32 (f64 for an "
           "f64 p).",
    .infer = infer, .compute = compute);

static int32_t onnx_infer(NnInfer *n) {
    int32_t type;
    const int32_t code = nn_random_type(n, n->node->inputs[0]->type, DRAWN, &type);
    nn_output_like(n, 0, 0, type);
    return code;
}

NN_COMPOSITE_OPERATOR(onnx_bernoulli, NN_ONNX("Bernoulli", 22), .flags = NN_OP_RANDOM,
                      NN_IN({"input", "T", NN_FLOATS, NN_NO_GRADIENT, 0, "probabilities of 1"}),
                      NN_OUT({"output", NULL, DRAWN, NN_NO_GRADIENT, 0, "ones and zeros"}),
                      NN_ATTRIBUTES(NN_DTYPE("0", "element type of the result; 0: that of input"),
                                    NN_SEED(NN_SET_FLOAT)),
                      NN_SAMPLES("[3,4]@0:1; salt=1", "[0,2]; salt=1"),
                      .doc = "1 with the probability that input says, else 0.", .infer = onnx_infer,
                      .body = body);

NN_OPERATORS(bernoulli, "Coins.", NN_OP("nn/Bernoulli", bernoulli), NN_OP("Bernoulli", onnx_bernoulli))
