/* SPDX-License-Identifier: Apache-2.0 */
/* Dropout (Srivastava et al. 2014): in training each element is kept with probability 1 - ratio and scaled
 * up. */
#include "family/body.h"
#include "family/philox.h"

static int32_t infer(NnInfer *n) {
    const NnValueInfo *ratio = n->node->inputs[1];
    nn_output_like(n, 0, 0, NN_NONE);
    nn_output_like(n, 1, 0, NN_BOOL);
    if (ratio && ratio->value) {
        const double r = nn_load(nn_data(ratio->value), ratio->type, 0);
        if (!(r >= 0 && r <= 1))
            return nn_bad(n, "ratio is %g: expected 0 to 1", r);
    }
    return NN_OK;
}

/* -1 when only the run will tell. */
static double known(const NnBody *b, uint32_t i, double absent) {
    const NnValueInfo *v = b->inputs[i] ? b->host->graph->info(b->graph, b->inputs[i]) : NULL;
    return !v ? absent : v->value ? nn_load(nn_data(v->value), v->type, 0) : -1;
}

static NnValue *constant(const NnBody *b, const NnValue *like, double value) {
    return nn_body_scalar(b, like, value);
}

static int32_t body(NnBody *b) {
    const NnHost *nn = b->host;
    NnGraph *g = b->graph;
    const double training = known(b, 2, 0), ratio = known(b, 1, .5);
    NnValue *x = b->inputs[0];
    const NnValueInfo *info = nn->graph->info(g, x);
    if (!info)
        return NN_OK;
    if (training == 0 || ratio == 0) {
        b->outputs[0] = nn_body1(b, "Identity", x);
        b->outputs[1] = nn_body_cast(b, nn->graph->role(g, "ones_like", 1, &x), NN_BOOL);
        return NN_OK;
    }
    /* What is kept, and by how much it is scaled; with a ratio of 1 nothing is, and nothing becomes infinite.
     */
    NnValue *keep, *scale;
    if (ratio > 0) {
        keep = nn_scalar(nn, g, NN_F32, 1 - ratio);
        scale = constant(b, x, ratio < 1 ? 1 / (1 - ratio) : 0);
    } else {
        keep = nn_body2(b, "Sub", constant(b, b->inputs[1], 1), b->inputs[1]);
        NnValue *some = nn_body2(b, "Greater", keep, constant(b, keep, 0));
        NnValue *safe = nn_op3(nn, g, "Where", some, nn_body1(b, "Reciprocal", keep), constant(b, keep, 0));
        scale = nn_body_cast(b, safe, info->type);
        keep = nn_body_cast(b, keep, NN_F32);
    }
    NnValue *mask = nn_op(nn, g, "nn/Bernoulli", NN_VALUES(keep, nn->graph->random(g), x),
                          NN_ATTRS(NN_INT("dtype", NN_BOOL), nn_salt_attr(b->node)));
    if (training < 0) {
        mask = nn_body2(b, "Or", mask, nn_body1(b, "Not", b->inputs[2]));
        scale = nn_op3(nn, g, "Where", b->inputs[2], scale, constant(b, x, 1));
    }
    b->outputs[0] = nn_body2(b, "Mul", x, nn_body2(b, "Mul", nn_body_cast(b, mask, info->type), scale));
    b->outputs[1] = mask;
    return NN_OK;
}

NN_COMPOSITE_OPERATOR(
    dropout, NN_ONNX("Dropout", 22), .flags = NN_OP_RANDOM,
    NN_IN({"data", "T", NN_FLOATS, 0, 0, "what is dropped out of"},
          {"ratio", "R", NN_FLOATS, NN_OPTIONAL | NN_NO_GRADIENT, 0,
           "a scalar: the share that is dropped; absent: 0.5"},
          {"training_mode", "B", NN_MASK(NN_BOOL), NN_OPTIONAL | NN_NO_GRADIENT, 0,
           "a scalar; absent or false: data is passed on"}),
    NN_OUT_FROM(1, {"output", "T", NN_FLOATS, 0, 0, "the result, of the shape of data"},
                {"mask", NULL, NN_MASK(NN_BOOL), NN_NO_GRADIENT, 0, "true where an element was kept"}),
    NN_ATTRIBUTES(NN_SEED(NN_SET_INT)),
    NN_SAMPLES("[3,4]", "[3,4] []{.4} bool[]{1}; salt=1", "[3,4] []{1} bool[]{1}; seed=3 -> 2",
               "[3,4] []{.4} bool[]{0}; salt=1 -> 2", "[0,3] []{.4} bool[]{1}; salt=1"),
    .doc = "Where training_mode holds, output = data * mask / (1 - ratio) with mask true with probability 1 "
           "- ratio; else data.",
    .infer = infer, .body = body);

NN_OPERATORS(dropout, "Dropout.", NN_OP("Dropout", dropout))
