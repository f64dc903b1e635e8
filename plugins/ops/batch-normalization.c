/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batch normalization (Ioffe, Szegedy 2015). In training the statistics are the batch's, with the biased
 * variance as ONNX has it, and the running ones are outputs, for the caller to keep; otherwise the given ones
 * are used.
 */
#include "family/alike.h"
#include "family/body.h"
#include "family/shape.h"
#include "family/typed.h"

static bool trains(const NnNode *node) { return nn_attr_int(node, "training_mode", 0) != 0; }

static int32_t check_channels(NnInfer *n, uint32_t i, const char *name, int64_t channels) {
    const NnValueInfo *v = n->node->inputs[i];
    char text[200];
    if (!v || v->rank < 0 ||
        (v->rank == 1 && (!nn_dim_known(v->dims[0]) || !nn_dim_known(channels) || v->dims[0] == channels)))
        return NN_OK;
    return nn_bad(n, "%s is %s: expected one element for each of %lld channels", name,
                  nn_shape_text(v->rank, v->dims, text, sizeof text), (long long)channels);
}

static int32_t infer(NnInfer *n) {
    static const char *const names[] = {"X", "scale", "B", "input_mean", "input_var"};
    const NnValueInfo *x = n->node->inputs[0];
    int32_t code =
        x->rank >= 0 && x->rank < 2 ? nn_bad(n, "X has rank %d: expected [N,C,...]", x->rank) : NN_OK;
    const int64_t channels = x->rank >= 2 ? nn_dim_plain(x->dims[1]) : NN_DIM_UNKNOWN;
    for (uint32_t i = 1; code == NN_OK && i < 5; i++)
        code = check_channels(n, i, names[i], channels);
    nn_output_like(n, 0, 0, NN_NONE);
    n->output(n, 1, n->node->inputs[3]->type, 1, &channels);
    n->output(n, 2, n->node->inputs[3]->type, 1, &channels);
    return code;
}

typedef struct Plane { /* one channel of [N, C, inner] */
    const NnTensor *x;
    int64_t batch, channels, inner, channel;
} Plane;

static Plane plane_of(const NnTensor *x) {
    return (Plane){x, x->dims[0], x->dims[1], nn_product(x->dims, 2, x->rank), 0};
}

static int64_t place(const Plane *p, int64_t i) {
    return (i / p->inner * p->channels + p->channel) * p->inner + i % p->inner;
}

static void statistics(const Plane *p, double *mean, double *variance) {
    const int64_t n = p->batch * p->inner;
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += nn_load(nn_data(p->x), p->x->type, place(p, i));
    *mean = sum / (double)n;
    sum = 0;
    for (int64_t i = 0; i < n; i++) {
        const double d = nn_load(nn_data(p->x), p->x->type, place(p, i)) - *mean;
        sum += d * d;
    }
    *variance = sum / (double)n;
}

static double at(const NnTensor *t, int64_t i) { return nn_load(nn_data(t), t->type, i); }

static int32_t compute(const NnCall *call) {
    NnTensor *y = call->outputs[0], *const *out = call->outputs;
    const NnTensor *const *in = call->inputs;
    const double epsilon = nn_attr_float(call->node, "epsilon", 1e-5);
    const double momentum = trains(call->node) ? nn_attr_float(call->node, "momentum", .9) : 1;
    Plane p = plane_of(in[0]);
    for (; p.channel < p.channels; p.channel++) {
        double mean = at(in[3], p.channel), variance = at(in[4], p.channel), now[2] = {0, 0};
        if (momentum < 1 || trains(call->node))
            statistics(&p, &now[0], &now[1]);
        const double running[2] = {mean * momentum + now[0] * (1 - momentum),
                                   variance * momentum + now[1] * (1 - momentum)};
        for (uint32_t k = 0; k < 2; k++)
            if (call->n_outputs > k + 1 && out[k + 1])
                nn_store(nn_data(out[k + 1]), out[k + 1]->type, p.channel, running[k]);
        if (trains(call->node)) {
            mean = now[0];
            variance = now[1];
        }
        const double scale = at(in[1], p.channel) / sqrt(variance + epsilon), shift = at(in[2], p.channel);
        for (int64_t i = 0; y && i < p.batch * p.inner; i++)
            nn_store(nn_data(y), y->type, place(&p, i), (at(in[0], place(&p, i)) - mean) * scale + shift);
    }
    return NN_OK;
}

/* ---- in other operators ---- */

/* Mean over all axes but the channels', which stay as 1. */
static NnValue *channel_mean(const NnBody *b, NnValue *x, const char *op, int32_t rank) {
    int64_t axes[NN_MAX_RANK] = {0};
    for (int32_t i = 1; i < rank - 1; i++)
        axes[i] = i + 1;
    return nn_op2(b->host, b->graph, op, x, nn_vector(b->host, b->graph, rank - 1, axes));
}

static NnValue *flat(const NnBody *b, NnValue *x) {
    const int64_t all = -1;
    return nn_body2(b, "Reshape", x, nn_vector(b->host, b->graph, 1, &all));
}

/* A tensor over the channels in X's type, broadcasting against X. */
static NnValue *over(const NnBody *b, NnValue *x, NnValue *channels, int32_t rank) {
    const NnValueInfo *a = b->host->graph->info(b->graph, x), *c = b->host->graph->info(b->graph, channels);
    return nn_body_channels(b, a && c && a->type != c->type ? nn_body_cast(b, channels, a->type) : channels,
                            rank - 2);
}

static NnValue *inverse_deviation(const NnBody *b, NnValue *variance) {
    NnValue *epsilon = nn_body_scalar(b, variance, nn_attr_float(b->node, "epsilon", 1e-5));
    return nn_body1(b, "Reciprocal", nn_body1(b, "Sqrt", nn_body2(b, "Add", variance, epsilon)));
}

static NnValue *running(const NnBody *b, NnValue *old, NnValue *now) {
    const double momentum = nn_attr_float(b->node, "momentum", .9);
    const NnValueInfo *type = b->host->graph->info(b->graph, old);
    NnValue *fresh = nn_body_cast(b, flat(b, now), type ? type->type : NN_F32);
    return nn_body2(b, "Add", nn_body2(b, "Mul", old, nn_body_scalar(b, old, momentum)),
                    nn_body2(b, "Mul", fresh, nn_body_scalar(b, old, 1 - momentum)));
}

static int32_t body(NnBody *b) {
    NnValue *x = b->inputs[0], *mean = b->inputs[3], *variance = b->inputs[4];
    const int32_t rank = nn_body_rank(b, x);
    if (rank < 2)
        return nn_body_no_rank(b, "X");
    NnValue *centred;
    if (trains(b->node)) {
        NnValue *now = channel_mean(b, x, "ReduceMean", rank);
        centred = nn_body2(b, "Sub", x, now);
        NnValue *spread = channel_mean(b, nn_body2(b, "Mul", centred, centred), "ReduceMean", rank);
        b->outputs[1] = running(b, mean, now);
        b->outputs[2] = running(b, variance, spread);
        variance = spread;
    } else {
        b->outputs[1] = mean;
        b->outputs[2] = variance;
        centred = nn_body2(b, "Sub", x, over(b, x, mean, rank));
        variance = over(b, x, variance, rank);
    }
    NnValue *normal = nn_body2(b, "Mul", centred, inverse_deviation(b, variance));
    b->outputs[0] = nn_body2(b, "Add", nn_body2(b, "Mul", normal, over(b, x, b->inputs[1], rank)),
                             over(b, x, b->inputs[2], rank));
    return NN_OK;
}

static int32_t gradient(NnGradient *g) {
    NnValue *out[3];
    if (!trains(g->node) || g->grad_outputs[1] || g->grad_outputs[2])
        return nn_rule_through(g, body);
    const NnAttr attrs[] = {NN_FLOAT("epsilon", nn_attr_float(g->node, "epsilon", 1e-5))};
    const int32_t code = nn_ops(g->host, g->graph, "nn/BatchNormalizationGrad",
                                NN_VALUES(NN_DY(g), g->inputs[0], g->inputs[1]), attrs, 1, out, 3);
    for (uint32_t i = 0; code == NN_OK && i < 3; i++)
        g->grads[i] = g->wanted[i] ? out[i] : NULL;
    return code;
}

static int32_t grad_infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[1];
    nn_output_like(n, 0, 1, NN_NONE);
    nn_output_like(n, 1, 2, NN_NONE);
    nn_output_like(n, 2, 2, NN_NONE);
    if (x->rank >= 0 && x->rank < 2)
        return nn_bad(n, "X has rank %d: expected [N,C,...]", x->rank);
    const int32_t code = nn_alike(n, 0, 1);
    return code == NN_OK
               ? check_channels(n, 2, "scale", x->rank < 0 ? NN_DIM_UNKNOWN : nn_dim_plain(x->dims[1]))
               : code;
}

static int32_t grad_compute(const NnCall *call) {
    const NnTensor *dy = call->inputs[0], *x = call->inputs[1], *scale = call->inputs[2];
    NnTensor *const *out = call->outputs;
    const double epsilon = nn_attr_float(call->node, "epsilon", 1e-5);
    Plane p = plane_of(x);
    const int64_t n = p.batch * p.inner;
    for (; p.channel < p.channels; p.channel++) {
        double mean, variance, sums[2] = {0, 0};
        statistics(&p, &mean, &variance);
        const double inverse = 1 / sqrt(variance + epsilon);
        for (int64_t i = 0; i < n; i++) {
            const double d = at(dy, place(&p, i));
            sums[0] += d * (at(x, place(&p, i)) - mean) * inverse;
            sums[1] += d;
        }
        for (uint32_t k = 0; k < 2; k++)
            if (out[k + 1])
                nn_store(nn_data(out[k + 1]), out[k + 1]->type, p.channel, sums[k]);
        for (int64_t i = 0; out[0] && i < n; i++) {
            const double normal = (at(x, place(&p, i)) - mean) * inverse;
            nn_store(nn_data(out[0]), out[0]->type, place(&p, i),
                     at(scale, p.channel) * inverse *
                         (at(dy, place(&p, i)) - (sums[1] + normal * sums[0]) / (double)n));
        }
    }
    return NN_OK;
}

static int32_t grad_body(NnBody *b) {
    NnValue *dy = b->inputs[0], *x = b->inputs[1];
    const int32_t rank = nn_body_rank(b, x);
    if (rank < 2)
        return nn_body_no_rank(b, "X");
    NnValue *centred = nn_body2(b, "Sub", x, channel_mean(b, x, "ReduceMean", rank));
    NnValue *inverse =
        inverse_deviation(b, channel_mean(b, nn_body2(b, "Mul", centred, centred), "ReduceMean", rank));
    NnValue *normal = nn_body2(b, "Mul", centred, inverse), *both = nn_body2(b, "Mul", dy, normal);
    NnValue *part = nn_body2(b, "Sub", nn_body2(b, "Sub", dy, channel_mean(b, dy, "ReduceMean", rank)),
                             nn_body2(b, "Mul", normal, channel_mean(b, both, "ReduceMean", rank)));
    const NnValueInfo *type = b->host->graph->info(b->graph, b->inputs[2]);
    b->outputs[0] = nn_body2(b, "Mul", nn_body2(b, "Mul", inverse, over(b, x, b->inputs[2], rank)), part);
    b->outputs[1] =
        nn_body_cast(b, flat(b, channel_mean(b, both, "ReduceSum", rank)), type ? type->type : NN_F32);
    b->outputs[2] =
        nn_body_cast(b, flat(b, channel_mean(b, dy, "ReduceSum", rank)), type ? type->type : NN_F32);
    return NN_OK;
}

#define EPSILON NN_REAL("epsilon", "1e-5", "added to the variance")

NN_PRIMITIVE_OPERATOR(
    batch_normalization, NN_ONNX("BatchNormalization", 15),
    NN_IN({"X", "T", NN_FLOATS, 0, 0, "[N, C, ...]"}, {"scale", "T1", NN_FLOATS, 0, 0, "[C]"},
          {"B", "T1", NN_FLOATS, 0, 0, "shift [C]"},
          {"input_mean", "T2", NN_FLOATS, 0, 0, "running mean, or the mean to use, [C]"},
          {"input_var", "T2", NN_FLOATS, 0, 0, "running variance, or the variance to use, [C]"}),
    NN_OUT_FROM(1, {"Y", "T", NN_FLOATS, 0, 0, "of the shape of X"},
                {"running_mean", "T2", NN_FLOATS, 0, 0,
                 "[C]: input_mean * momentum + mean of the batch * (1 - momentum)"},
                {"running_var", "T2", NN_FLOATS, 0, 0, "[C]: likewise of the variance"}),
    NN_ATTRIBUTES(EPSILON, NN_REAL("momentum", "0.9", "share of the old in the running statistics"),
                  NN_FLAG("training_mode", "0", "1: normalise by the batch's own statistics")),
    NN_SAMPLES("[2,3,2,2] [3] [3] [3] [3]@.5:2", "[3,2] [2] [2] [2] [2]@.5:2; training_mode=1 -> 3",
               "[2,2,3] [2] [2] [2] [2]@.5:2; training_mode=1 epsilon=.1 momentum=.7",
               "[0,2,3] [2] [2] [2] [2]@.5:2"),
    .doc = "Y = (X - mean) / sqrt(var + epsilon) * scale + B by channel; mean and (biased) variance are the "
           "batch's in training.",
    .infer = infer, .gradient = gradient, .body = body, .compute = compute);

NN_PRIMITIVE_OPERATOR(batch_normalization_grad, NN_OURS("BatchNormalizationGrad", 1),
                      NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of the result"},
                            {"X", "T", NN_FLOATS, 0, 0, "[N, C, ...]"},
                            {"scale", "T1", NN_FLOATS, 0, 0, "[C]"}),
                      NN_OUT({"dX", "T", NN_FLOATS, 0, 0, "gradient of X"},
                             {"dscale", "T1", NN_FLOATS, 0, 0, "gradient of scale"},
                             {"dB", "T1", NN_FLOATS, 0, 0, "gradient of B"}),
                      NN_ATTRIBUTES(EPSILON),
                      NN_SAMPLES("[3,2] [3,2] [2]", "[2,2,3] [2,2,3] [2]; epsilon=.1"),
                      .doc = "Gradient of BatchNormalization in training, with n = (X - mean) / sqrt(var + "
                             "epsilon): dscale = sum(dY * n), "
                             "dB = sum(dY), dX = scale / sqrt(var + epsilon) * (dY - mean(dY) - n * mean(dY "
                             "* n)), sums by channel.",
                      .infer = grad_infer, .body = grad_body, .compute = grad_compute);

NN_OPERATORS(batch_normalization, "Batch normalization and its gradient.",
             NN_OP("BatchNormalization", batch_normalization),
             NN_OP("nn/BatchNormalizationGrad", batch_normalization_grad))
