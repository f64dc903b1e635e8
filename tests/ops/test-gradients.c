/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks the registry: every operator's gradient rule against central differences of its reference kernel, in
 * f64, over all of its sample cases, |a - n| <= 1e-6 (1 + |n|). Each case runs with shapes that are known
 * while the rule is built and with shapes that are not. Where the gradient can be differentiated again, that
 * is checked as well. Usage: test-gradients [operator ...]
 */
#include "eager.h"
#include "status.h"

#include <math.h>

#define TOLERANCE 1e-6

/* One operator on one case. */
typedef struct Case {
    NnContext *context;
    const char *op;
    const NnOperator *def;
    Sample sample;
    NnStatus *status;
    char *where; /* of the first difference */
    bool twice;  /* was a second derivative checked? */
} Case;

static NnNodeSpec spec_of(const Case *c) {
    return (NnNodeSpec){.struct_size = sizeof(NnNodeSpec),
                        .version = c->def->since,
                        .op = c->op,
                        .n_inputs = c->sample.n_inputs,
                        .n_outputs = c->sample.n_outputs,
                        .n_attrs = c->sample.n_attrs,
                        .attr_stride = sizeof(NnAttr),
                        .attrs = c->sample.attrs};
}

static const NnParam *param(const NnParam *list, uint32_t stride, uint32_t n, uint32_t i) {
    return (const void *)((const char *)list + (size_t)(i < n ? i : n - 1) * stride);
}

static bool is_float(int32_t type) { return (NN_MASK(type) & NN_FLOATS) != 0; }

static bool differentiable(const Case *c, uint32_t i) {
    const NnParam *p = param(c->def->inputs, c->def->param_stride, c->def->n_inputs, i);
    const Tensor *x = c->sample.inputs[i];
    return x && is_float(x->t.type) && !(p->flags & (NN_NO_GRADIENT | NN_SHAPE_VALUE | NN_SHAPE_ONLY));
}

/* Do all that are differentiated have the precision that second differences need? */
static bool precise(const Case *c) {
    for (uint32_t i = 0; i < c->sample.n_inputs; i++)
        if (differentiable(c, i) && c->sample.inputs[i]->t.type != NN_F64)
            return false;
    return true;
}

static bool any_differentiable(const Case *c) {
    for (uint32_t i = 0; i < c->sample.n_inputs; i++)
        if (differentiable(c, i))
            return true;
    return false;
}

/* Does a gradient arrive at output k? */
static bool carries(const Case *c, uint32_t k, const Tensor *y) {
    const NnParam *p = param(c->def->outputs, c->def->param_stride, c->def->n_outputs, k);
    return y && is_float(y->t.type) && !(p->flags & NN_NO_GRADIENT);
}

/* A graph with the case's node, its gradient for random seeds, and the gradient of that. */
typedef struct Built {
    NnGraph *g;
    NnValue *inputs[SAMPLE_MAX], *outputs[SAMPLE_MAX], *seeds[SAMPLE_MAX], *grads[SAMPLE_MAX];
    NnValue *seeds2[SAMPLE_MAX], *grads2[SAMPLE_MAX];
    Tensor *seed[SAMPLE_MAX], *seed2[SAMPLE_MAX];
    bool second; /* grads2 are there */
} Built;

static NnValue *add_input(Built *b, const NnTensor *t, bool known) {
    int64_t dims[NN_MAX_RANK];
    for (int32_t i = 0; i < t->rank; i++)
        dims[i] = known ? t->dims[i] : NN_DIM_UNKNOWN;
    return nn_graph_functions.input(b->g, NULL, t->type, t->rank, dims);
}

static Tensor *random_like(const NnTensor *t, uint64_t *state) {
    Tensor *x = tensor_new(t->type, t->rank, t->dims);
    for (int64_t i = 0; i < tensor_count(t); i++)
        tensor_set(&x->t, i, sample_random(state) * 2 - 1);
    return x;
}

/* What inference said of the outputs, with shapes unknown or known, must hold for those that came out. */
static bool inferred(Case *c, const Built *b, Tensor *const *results) {
    for (uint32_t k = 0; k < c->sample.n_outputs; k++) {
        const NnValueInfo *info = b->outputs[k] ? &b->outputs[k]->info : NULL;
        const NnTensor *t = results[k] ? &results[k]->t : NULL;
        if (!info || !t)
            continue;
        bool fits =
            (info->type == NN_NONE || info->type == t->type) && (info->rank < 0 || info->rank == t->rank);
        for (int32_t i = 0; fits && i < info->rank; i++) {
            const int64_t d = info->dims[i];
            fits =
                d == NN_DIM_UNKNOWN || (nn_dim_is_bounded(d) ? t->dims[i] <= nn_dim_max(d) : t->dims[i] == d);
        }
        for (int64_t i = 0; fits && info->partial && i < tensor_count(t); i++)
            fits = info->partial[i] == NN_DIM_UNKNOWN || (double)info->partial[i] == tensor_get(t, i);
        if (!fits) {
            c->where = g_strdup_printf("output %u is not of the type, shape or value that was inferred", k);
            return false;
        }
    }
    return true;
}

/* NULL in `grads` stands for zeros. */
static int32_t build(Case *c, Built *b, bool known, bool rule, Tensor *const *results) {
    const NnGraphApi *api = &nn_graph_functions;
    NnNodeSpec spec = spec_of(c);
    uint64_t state = 7;
    b->g = nn_graph_new(c->context, NULL, "case", NN_TRAINING);
    for (uint32_t i = 0; i < c->sample.n_inputs; i++) {
        const Tensor *x = c->sample.inputs[i];
        if (!x)
            continue;
        b->inputs[i] = known && !differentiable(c, i)
                           ? api->constant(b->g, x->t.type, x->t.rank, x->dims, x->t.buffer)
                           : add_input(b, &x->t, known);
    }
    spec.inputs = b->inputs;
    if (api->node(b->g, &spec, b->outputs) != NN_OK)
        return nn_status_code(b->g->status);
    if (!inferred(c, b, results))
        return NN_ERROR;
    if (!rule)
        return NN_OK;
    NnValue *targets[SAMPLE_MAX], *seeds[SAMPLE_MAX], *wrt[2 * SAMPLE_MAX], *grads[2 * SAMPLE_MAX] = {0};
    uint32_t n = 0, m = 0;
    for (uint32_t k = 0; k < spec.n_outputs; k++)
        if (carries(c, k, results[k])) {
            b->seed[k] = random_like(&results[k]->t, &state);
            b->seeds[k] = seeds[n] = add_input(b, &b->seed[k]->t, known);
            targets[n++] = b->outputs[k];
        }
    for (uint32_t i = 0; i < spec.n_inputs; i++)
        if (differentiable(c, i))
            wrt[m++] = b->inputs[i];
    if (n == 0 || api->gradient(b->g, n, targets, seeds, m, wrt, grads) != NN_OK)
        return nn_status_code(b->g->status);
    n = m = 0;
    for (uint32_t i = 0; i < spec.n_inputs; i++)
        if (differentiable(c, i)) {
            b->grads[i] = grads[m++];
            if (b->grads[i]) {
                b->seed2[i] = random_like(&c->sample.inputs[i]->t, &state);
                b->seeds2[i] = seeds[n] = add_input(b, &b->seed2[i]->t, known);
                targets[n++] = b->grads[i];
            }
        }
    memset(grads, 0, sizeof grads);
    b->second = n > 0 && api->gradient(b->g, n, targets, seeds, m, wrt, grads) == NN_OK;
    m = 0;
    for (uint32_t i = 0; b->second && i < spec.n_inputs; i++)
        b->grads2[i] = differentiable(c, i) ? grads[m++] : NULL;
    return NN_OK;
}

static void unbuild(Built *b) {
    for (uint32_t i = 0; i < SAMPLE_MAX; i++) {
        tensor_free(b->seed[i]);
        tensor_free(b->seed2[i]);
    }
    if (b->g)
        nn_graph_free(b->g);
}

static void set_inputs(const Case *c, const Built *b, Eager *e) {
    for (uint32_t i = 0; i < SAMPLE_MAX; i++) {
        if (b->inputs[i] && b->inputs[i]->origin == NN_FROM_INPUT)
            eager_set(e, b->inputs[i], &c->sample.inputs[i]->t);
        if (b->seeds[i])
            eager_set(e, b->seeds[i], &b->seed[i]->t);
        if (b->seeds2[i])
            eager_set(e, b->seeds2[i], &b->seed2[i]->t);
    }
}

static double dot(const NnTensor *a, const NnTensor *b) {
    double sum = 0;
    for (int64_t i = 0; i < tensor_count(a); i++)
        if (tensor_get(b, i) != 0)
            sum += tensor_get(a, i) * tensor_get(b, i);
    return sum;
}

/* sum of values * weights at the present inputs */
static double weighted(Case *c, const Built *b, NnValue *const *values, Tensor *const *weights) {
    Eager e;
    double sum = 0;
    eager_begin(&e, c->context, c->status);
    set_inputs(c, b, &e);
    for (uint32_t i = 0; i < SAMPLE_MAX; i++) {
        const Tensor *x = weights[i] ? eager_value(&e, values[i]) : NULL;
        sum += x ? dot(&x->t, &weights[i]->t) : 0;
    }
    eager_end(&e);
    return sum;
}

/* The first derivative of the case is that of this, the second that of objective2. */
static double objective(Case *c, const Built *b) { return weighted(c, b, b->outputs, b->seed); }
static double objective2(Case *c, const Built *b) { return weighted(c, b, b->grads, b->seed2); }

/* Compares a gradient with the differences of an objective, element by element of input i. */
static bool compare(Case *c, const Built *b, uint32_t i, const Tensor *grad,
                    double (*f)(Case *, const Built *), const char *what) {
    NnTensor *x = &c->sample.inputs[i]->t;
    if (grad &&
        (grad->t.rank != x->rank || tensor_count(&grad->t) != tensor_count(x) || grad->t.type != x->type)) {
        c->where = g_strdup_printf("%s of input %u has another shape or type than the input", what, i);
        return false;
    }
    for (int32_t d = 0; grad && d < x->rank; d++)
        if (grad->dims[d] != x->dims[d]) {
            c->where = g_strdup_printf("%s of input %u has another shape than the input", what, i);
            return false;
        }
    /* Differences of lower precision say nothing. */
    for (int64_t k = 0; x->type == NN_F64 && k < tensor_count(x); k++) {
        const double at = tensor_get(x, k), h = 0x1p-17;
        tensor_set(x, k, at + h);
        const double above = f(c, b);
        tensor_set(x, k, at - h);
        const double below = f(c, b);
        tensor_set(x, k, at);
        if (nn_status_failed(c->status))
            return false;
        const double n = (above - below) / (2 * h), a = grad ? tensor_get(&grad->t, k) : 0;
        if (!(fabs(a - n) <= TOLERANCE * (1 + fabs(n)))) {
            c->where = g_strdup_printf("%s of input %u, element %lld at %g: rule %.12g, differences %.12g",
                                       what, i, (long long)k, at, a, n);
            return false;
        }
    }
    return true;
}

static bool check_built(Case *c, Built *b, bool twice) {
    Eager e;
    bool ok = true;
    eager_begin(&e, c->context, c->status);
    set_inputs(c, b, &e);
    for (uint32_t i = 0; ok && i < c->sample.n_inputs; i++) {
        if (!differentiable(c, i))
            continue;
        const Tensor *grad = b->grads[i] ? eager_value(&e, b->grads[i]) : NULL;
        ok = !nn_status_failed(c->status) && compare(c, b, i, grad, objective, "gradient");
        if (!ok || !twice || !b->second)
            continue;
        grad = b->grads2[i] ? eager_value(&e, b->grads2[i]) : NULL;
        ok = !nn_status_failed(c->status) && compare(c, b, i, grad, objective2, "second gradient");
        c->twice = true;
    }
    eager_end(&e);
    return ok;
}

/* Forward, and with a rule its gradients; a failure's sentence is in the status or in `where`. */
static int32_t run_case(Case *c, bool known, bool rule) {
    Tensor *results[SAMPLE_MAX] = {0};
    const NnNodeSpec spec = spec_of(c);
    Built b = {0};
    int32_t code = eager_run(c->context, &spec, c->sample.inputs, results, c->status);
    if (code == NN_OK) {
        code = build(c, &b, known, rule, results);
        if (code != NN_OK)
            nn_status_copy(c->status, b.g->status);
        else if (rule && !check_built(c, &b, known && precise(c)))
            code = NN_ERROR;
        if (code == NN_OK && !b.second && nn_status_failed(b.g->status) &&
            nn_status_code(b.g->status) != NN_UNSUPPORTED) {
            nn_status_copy(c->status, b.g->status);
            nn_status_where(c->status, "second gradient");
            code = NN_ERROR;
        }
    }
    unbuild(&b);
    for (uint32_t k = 0; k < spec.n_outputs; k++)
        tensor_free(results[k]);
    /* A rule may refuse, with a sentence, what it would have to know. */
    if (code == NN_UNSUPPORTED && !known) {
        nn_status_clear(c->status);
        code = NN_OK;
    }
    return code;
}

static bool report(Case *c, const char *line, int32_t code, const char *shapes) {
    if (code == NN_OK)
        return true;
    printf("not ok %s: case \"%s\" (%s): %s\n", c->op, line, shapes,
           c->where ? c->where : nn_status_message(c->status));
    g_clear_pointer(&c->where, g_free);
    nn_status_clear(c->status);
    return false;
}

static const char *no_rule(const Case *c) {
    return c->def->flags & NN_OP_NOT_TWICE ? "it says that it is not differentiable again"
                                           : "it has no gradient rule";
}

static void test_operator(NnContext *context, const NnEntry *entry, NnStatus *status) {
    Case c = {.context = context, .op = entry->name, .status = status};
    bool ok = true, ruled = false, wanted = false;
    c.def = nn_registry_table(context, entry->kind, entry->name, status);
    if (!c.def) {
        printf("not ok %s: %s\n", entry->name, nn_status_message(status));
        nn_status_clear(status);
        return;
    }
    if (c.def->sort == NN_CONTROL || c.def->n_samples == 0) {
        printf("skip %s %s\n", entry->name,
               c.def->sort == NN_CONTROL ? "control flow has tests of its own" : "no sample cases");
        return;
    }
    const bool has_rule = NN_HAS(c.def, gradient) || NN_HAS(c.def, body);
    for (uint32_t i = 0; i < c.def->n_samples; i++) {
        char why[256];
        if (!sample_parse(&c.sample, c.def, c.def->samples[i], NN_F64, why, sizeof why)) {
            printf("not ok %s: case \"%s\": %s\n", c.op, c.def->samples[i], why);
            ok = false;
        } else {
            const bool rule = has_rule && any_differentiable(&c);
            wanted = wanted || any_differentiable(&c);
            ok = report(&c, c.def->samples[i], run_case(&c, true, rule), "shapes known") && ok;
            ok = report(&c, c.def->samples[i], run_case(&c, false, rule), "shapes unknown") && ok;
            ruled = ruled || rule;
        }
        sample_clear(&c.sample);
    }
    if (ok && !ruled && wanted)
        printf("skip %s %s\n", c.op, no_rule(&c));
    else if (ok)
        printf("ok %s%s\n", c.op, c.twice ? " (twice)" : ruled ? "" : " (forward)");
}

int main(int argc, char **argv) {
    NnStatus *status = nn_status_new();
    NnContext *context = nn_context_new(NULL, status);
    if (!context) {
        printf("not ok context: %s\n", nn_status_message(status));
        return 1;
    }
    for (uint32_t i = 0; i < nn_registry_count(context); i++) {
        const NnEntry *entry = nn_registry_entry(context, i);
        bool chosen = argc < 2;
        for (int k = 1; k < argc; k++)
            chosen = chosen || strcmp(argv[k], entry->name) == 0;
        if (chosen && strcmp(entry->kind, NN_OPERATOR_KIND) == 0)
            test_operator(context, entry, status);
    }
    nn_context_free(context);
    nn_status_free(status);
    return 0;
}
