/* SPDX-License-Identifier: Apache-2.0 */
/* Layer normalization (Ba, Kiros, Hinton 2016) over the dimensions from an axis on, and its gradient in one
 * piece. */
#include "family/alike.h"
#include "family/body.h"
#include "family/shape.h"
#include "family/typed.h"

/* Statistics of 16-bit floats are kept in f32. */
static int32_t stash(int32_t type) { return type == NN_F64 ? NN_F64 : NN_F32; }

static int32_t check_fits(NnInfer *n, uint32_t of, uint32_t i, const char *name) {
    const NnValueInfo *x = n->node->inputs[of], *s = n->node->inputs[i];
    char a[200], b[200];
    if (!s || s->rank < 0 || x->rank < 0)
        return NN_OK;
    bool fits = s->rank <= x->rank;
    for (int32_t k = 0; fits && k < s->rank; k++) {
        const int64_t d = x->dims[x->rank - s->rank + k];
        fits = s->dims[k] == 1 || !nn_dim_known(s->dims[k]) || !nn_dim_known(d) || s->dims[k] == d;
    }
    return fits ? NN_OK
                : nn_bad(n, "%s is %s, which does not broadcast to X, %s", name,
                         nn_shape_text(s->rank, s->dims, a, sizeof a),
                         nn_shape_text(x->rank, x->dims, b, sizeof b));
}

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    int64_t axis = nn_attr_int(n->node, "axis", -1), dims[NN_MAX_RANK] = {0};
    int32_t code = x->rank < 0 ? NN_OK : nn_axis(n, "axis", &axis, x->rank);
    if (code == NN_OK)
        code = check_fits(n, 0, 1, "Scale");
    if (code == NN_OK)
        code = check_fits(n, 0, 2, "B");
    for (int32_t i = 0; i < x->rank; i++)
        dims[i] = i < axis ? nn_dim_plain(x->dims[i]) : 1;
    nn_output_like(n, 0, 0, NN_NONE);
    n->output(n, 1, stash(x->type), x->rank, dims);
    n->output(n, 2, stash(x->type), x->rank, dims);
    return code;
}

static double at(const NnTensor *t, int64_t i) { return nn_load(nn_data(t), t->type, i); }

/* Mean and inverse deviation of n elements from `from` on. */
static void statistics(const NnTensor *x, int64_t from, int64_t n, double epsilon, double *mean,
                       double *inverse) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += at(x, from + i);
    *mean = sum / (double)n;
    sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (at(x, from + i) - *mean) * (at(x, from + i) - *mean);
    *inverse = 1 / sqrt(sum / (double)n + epsilon);
}

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0], *scale = call->inputs[1],
                   *shift = call->n_inputs > 2 ? call->inputs[2] : NULL;
    NnTensor *y = call->outputs[0], *const *out = call->outputs;
    const double epsilon = nn_attr_float(call->node, "epsilon", 1e-5);
    const int32_t axis = nn_axis_of(nn_attr_int(call->node, "axis", -1), x->rank);
    const int64_t rows = nn_product(x->dims, 0, axis), n = nn_product(x->dims, axis, x->rank);
    int64_t index[NN_MAX_RANK] = {0}, ss[NN_MAX_RANK], sb[NN_MAX_RANK] = {0};
    nn_broadcast_strides(scale, x->rank, ss);
    if (shift)
        nn_broadcast_strides(shift, x->rank, sb);
    for (int64_t r = 0; r < rows; r++) {
        double mean, inverse;
        statistics(x, r * n, n, epsilon, &mean, &inverse);
        if (call->n_outputs > 1 && out[1])
            nn_store(nn_data(out[1]), out[1]->type, r, mean);
        if (call->n_outputs > 2 && out[2])
            nn_store(nn_data(out[2]), out[2]->type, r, inverse);
        for (int64_t i = 0; i < n; i++, nn_next(x->rank, x->dims, index))
            nn_store(nn_data(y), y->type, r * n + i,
                     (at(x, r * n + i) - mean) * inverse * at(scale, nn_at(x->rank, index, ss)) +
                         (shift ? at(shift, nn_at(x->rank, index, sb)) : 0));
    }
    return NN_OK;
}

/* ---- in other operators ---- */

/* Over the normalised dimensions, which stay as 1. */
static NnValue *mean_of(const NnBody *b, NnValue *x) {
    const int64_t axis = nn_attr_int(b->node, "axis", -1), rank = axis < 0 ? 0 : nn_body_rank(b, x);
    return nn_body_reduce(b, "ReduceMean", x, axis, rank, 1);
}

static NnValue *wide(const NnBody *b, NnValue *x) {
    const NnValueInfo *v = x ? b->host->graph->info(b->graph, x) : NULL;
    return v && v->type != stash(v->type) ? nn_body_cast(b, x, stash(v->type)) : x;
}

static NnValue *narrow(const NnBody *b, NnValue *x, const NnValue *like) {
    const NnValueInfo *v = b->host->graph->info(b->graph, like);
    return v && v->type != stash(v->type) ? nn_body_cast(b, x, v->type) : x;
}

static int32_t normalise(const NnBody *b, NnValue *x, NnValue **normal, NnValue **mean, NnValue **inverse) {
    if (nn_attr_int(b->node, "axis", -1) >= 0 && nn_body_rank(b, x) < 0)
        return nn_body_no_rank(b, "X");
    *mean = mean_of(b, x);
    NnValue *centred = nn_body2(b, "Sub", x, *mean);
    NnValue *variance = mean_of(b, nn_body2(b, "Mul", centred, centred));
    NnValue *epsilon = nn_body_scalar(b, variance, nn_attr_float(b->node, "epsilon", 1e-5));
    *inverse = nn_body1(b, "Reciprocal", nn_body1(b, "Sqrt", nn_body2(b, "Add", variance, epsilon)));
    *normal = nn_body2(b, "Mul", centred, *inverse);
    return NN_OK;
}

static int32_t body(NnBody *b) {
    NnValue *normal;
    const int32_t code = normalise(b, wide(b, b->inputs[0]), &normal, &b->outputs[1], &b->outputs[2]);
    if (code != NN_OK)
        return code;
    NnValue *y = nn_body2(b, "Mul", normal, wide(b, b->inputs[1]));
    if (b->inputs[2])
        y = nn_body2(b, "Add", y, wide(b, b->inputs[2]));
    b->outputs[0] = narrow(b, y, b->inputs[0]);
    return NN_OK;
}

static int32_t gradient(NnGradient *g) {
    NnValue *out[3], *dy = g->grad_outputs[0];
    if (g->grad_outputs[1] || g->grad_outputs[2])
        return nn_rule_through(g, body);
    const NnAttr attrs[] = {NN_INT("axis", nn_attr_int(g->node, "axis", -1)),
                            NN_FLOAT("epsilon", nn_attr_float(g->node, "epsilon", 1e-5))};
    const int32_t code =
        nn_ops(g->host, g->graph, "nn/LayerNormalizationGrad",
               NN_VALUES(dy, g->inputs[0], g->inputs[1], g->outputs[1], g->outputs[2]), attrs, 2, out, 3);
    if (code != NN_OK)
        return code;
    for (uint32_t i = 0; i < 2; i++)
        g->grads[i] = g->wanted[i] ? out[i] : NULL;
    if (g->wanted[2])
        g->grads[2] =
            nn_rule_same_shape(g, g->inputs[1], g->inputs[2]) ? out[2] : nn_rule_sum_to(g, dy, g->inputs[2]);
    return NN_OK;
}

static int32_t grad_infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[1];
    int64_t axis = nn_attr_int(n->node, "axis", -1), dims[NN_MAX_RANK] = {0};
    nn_output_like(n, 0, 1, NN_NONE);
    nn_output_like(n, 1, 2, NN_NONE);
    nn_output_like(n, 2, 2, NN_NONE);
    int32_t code = x->rank < 0 ? NN_OK : nn_axis(n, "axis", &axis, x->rank);
    for (int32_t i = 0; i < x->rank; i++)
        dims[i] = i < axis ? nn_dim_plain(x->dims[i]) : 1;
    const NnValueInfo rows = {.struct_size = sizeof rows, .rank = x->rank, .dims = dims};
    if (code == NN_OK &&
        (!nn_same_shapes(n->node->inputs[3], &rows) || !nn_same_shapes(n->node->inputs[4], &rows)))
        code = nn_bad(n, "Mean and InvStdDev: expected the shape of X with 1 from axis %lld on",
                      (long long)axis);
    if (code == NN_OK)
        code = nn_alike(n, 0, 1);
    return code == NN_OK ? check_fits(n, 1, 2, "Scale") : code;
}

static int32_t grad_compute(const NnCall *call) {
    const NnTensor *dy = call->inputs[0], *x = call->inputs[1], *scale = call->inputs[2];
    NnTensor *const *out = call->outputs;
    const int32_t axis = nn_axis_of(nn_attr_int(call->node, "axis", -1), x->rank);
    const int64_t rows = nn_product(x->dims, 0, axis), n = nn_product(x->dims, axis, x->rank),
                  m = nn_elements(scale);
    int64_t index[NN_MAX_RANK] = {0}, ss[NN_MAX_RANK], again[NN_MAX_RANK] = {0};
    double *sums = call->host->alloc(call->host, (uint64_t)(2 * m + 1) * sizeof *sums);
    if (!sums)
        return nn_fail(call->host, call->status, NN_OUT_OF_MEMORY,
                       "no memory for the sums of LayerNormalizationGrad");
    nn_broadcast_strides(scale, x->rank, ss);
    for (int64_t r = 0; r < rows; r++) {
        const double mean = at(call->inputs[3], r), inverse = at(call->inputs[4], r);
        double all = 0, along = 0;
        for (int64_t i = r * n; i < (r + 1) * n; i++, nn_next(x->rank, x->dims, index)) {
            const int64_t k = nn_at(x->rank, index, ss);
            const double normal = (at(x, i) - mean) * inverse, d = at(dy, i);
            sums[k] += d * normal;
            sums[m + k] += d;
            all += d * at(scale, k);
            along += d * at(scale, k) * normal;
        }
        for (int64_t i = r * n; i < (r + 1) * n; i++, nn_next(x->rank, x->dims, again)) {
            const double d = at(dy, i) * at(scale, nn_at(x->rank, again, ss));
            if (out[0])
                nn_store(nn_data(out[0]), out[0]->type, i,
                         inverse * (d - (all + (at(x, i) - mean) * inverse * along) / (double)n));
        }
    }
    for (int64_t k = 0; k < 2 * m; k++)
        if (out[1 + k / m])
            nn_store(nn_data(out[1 + k / m]), out[1 + k / m]->type, k % m, sums[k]);
    call->host->free(call->host, sums);
    return NN_OK;
}

static int32_t grad_body(NnBody *b) {
    NnValue *dy = wide(b, b->inputs[0]), *scale = wide(b, b->inputs[2]), *normal, *mean, *inverse;
    const int32_t code = normalise(b, wide(b, b->inputs[1]), &normal, &mean, &inverse);
    if (code != NN_OK)
        return code;
    NnValue *d = nn_body2(b, "Mul", dy, scale);
    NnValue *part = nn_body2(b, "Mul", normal, mean_of(b, nn_body2(b, "Mul", d, normal)));
    NnValue *dx = nn_body2(b, "Mul", inverse, nn_body2(b, "Sub", nn_body2(b, "Sub", d, mean_of(b, d)), part));
    b->outputs[0] = narrow(b, dx, b->inputs[1]);
    b->outputs[1] = narrow(b, nn_body2(b, "nn/SumTo", nn_body2(b, "Mul", dy, normal), scale), b->inputs[2]);
    b->outputs[2] = narrow(b, nn_body2(b, "nn/SumTo", dy, scale), b->inputs[2]);
    return NN_OK;
}

#define ATTRIBUTES                                                                                           \
    NN_WHOLE("axis", "-1", "the first normalised dimension; a negative one counts from the end"),            \
        NN_REAL("epsilon", "1e-5", "added to the variance")
#define STASHED (NN_MASK(NN_F32) | NN_MASK(NN_F64))

NN_PRIMITIVE_OPERATOR(
    layer_normalization, NN_ONNX("LayerNormalization", 17),
    NN_IN({"X", "T", NN_FLOATS, 0, 0, "what is normalised"},
          {"Scale", "T", NN_FLOATS, 0, 0, "broadcast to X"},
          {"B", "T", NN_FLOATS, NN_OPTIONAL, 0, "shift, broadcast to X; absent: 0"}),
    NN_OUT_FROM(1, {"Y", "T", NN_FLOATS, 0, 0, "of the shape of X"},
                {"Mean", NULL, STASHED, 0, 0,
                 "mean, the normalised dimensions being 1; f32, or f64 for an f64 X"},
                {"InvStdDev", NULL, STASHED, 0, 0, "1 / sqrt(var + epsilon), of the same shape"}),
    NN_ATTRIBUTES(ATTRIBUTES,
                  NN_WHOLE("stash_type", "1", "type of Mean and InvStdDev; they are f32 at least")),
    NN_SAMPLES("[2,4] [4] [4]", "[2,3,2] [3,2] -; axis=1", "[2,3] [3] [3]; axis=-1 epsilon=.1 -> 3",
               "[2,2,3] [1] [3]; axis=0", "[0,3] [3] [3]"),
    .doc = "Y = (X - mean) / sqrt(var + epsilon) * Scale + B, mean and variance over the dimensions from "
           "axis on.",
    .infer = infer, .gradient = gradient, .body = body, .compute = compute);

NN_PRIMITIVE_OPERATOR(
    layer_normalization_grad, NN_OURS("LayerNormalizationGrad", 1),
    NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of the result"},
          {"X", "T", NN_FLOATS, 0, 0, "what was normalised"}, {"Scale", "T", NN_FLOATS, 0, 0, "its factor"},
          {"Mean", NULL, STASHED, NN_NO_GRADIENT, 0, "second output of LayerNormalization for this X"},
          {"InvStdDev", NULL, STASHED, NN_NO_GRADIENT, 0, "third output"}),
    NN_OUT({"dX", "T", NN_FLOATS, 0, 0, "gradient of X"},
           {"dScale", "T", NN_FLOATS, 0, 0, "gradient of Scale"},
           {"dB", "T", NN_FLOATS, 0, 0, "gradient of a B of Scale's shape"}),
    NN_ATTRIBUTES(ATTRIBUTES),
    NN_SAMPLES("[1,4] f[1,4]{1,-2,4,1} [4] f[1,1]{1} f[1,1]{.47140452079103168}; epsilon=0"),
    .doc = "Gradient of LayerNormalization, with n = (X - Mean) * InvStdDev and d = dY * Scale: dScale = "
           "sum(dY * n), dB = sum(dY), "
           "dX = InvStdDev * (d - mean(d) - n * mean(d * n)).",
    .infer = grad_infer, .body = grad_body, .compute = grad_compute);

NN_OPERATORS(layer_normalization, "Layer normalization and its gradient.",
             NN_OP("LayerNormalization", layer_normalization),
             NN_OP("nn/LayerNormalizationGrad", layer_normalization_grad))
