/* SPDX-License-Identifier: Apache-2.0 */
/* Three functions of a case: its outputs, their gradient, the gradient of that. Each takes the case's inputs
 * and the seeds that it needs, so that a difference runs no more than it must. */
#include "gradient.h"

#include "session.h"

#include <math.h>

#define TOLERANCE 1e-6
#define STEP 0x1p-17

typedef struct Function {
    NnFunction *function;
    NnCallable *callable;
    Tensor **takes[3 * SAMPLE_MAX]; /* what its inputs are given, by place */
    uint32_t n_takes;
    uint32_t gives[SAMPLE_MAX]; /* output i is the gradient of, or is, number gives[i] */
    uint32_t n_gives;
} Function;

typedef struct Trio {
    Kit *kit;
    Case *c;
    NnSession *session;
    NnStatus *status;
    bool known; /* shapes, and the values of what is not differentiated */
    Function of[3];
    bool second;
    Tensor *seed[SAMPLE_MAX], *seed2[SAMPLE_MAX]; /* weights of outputs, of gradients; NULL: none */
    RigResult y;
} Trio;

static bool differentiable(const Case *c, uint32_t i) {
    const Tensor *x = c->sample.inputs[i];
    const uint32_t not = NN_NO_GRADIENT | NN_SHAPE_VALUE | NN_SHAPE_ONLY;
    return x && type_is(x->t.type, NN_FLOATS) &&
           !(rig_param(c->def->inputs, c->def->param_stride, c->def->n_inputs, i)->flags & not );
}

bool gradient_applies(const Case *c) {
    if (!NN_HAS(c->def, gradient) && !NN_HAS(c->def, body))
        return false;
    for (uint32_t i = 0; i < c->sample.n_inputs; i++)
        if (differentiable(c, i))
            return true;
    return false;
}

/* Does a gradient arrive at output k? */
static bool carries(const Case *c, uint32_t k, const Tensor *y) {
    return y && type_is(y->t.type, NN_FLOATS) &&
           !(rig_param(c->def->outputs, c->def->param_stride, c->def->n_outputs, k)->flags & NN_NO_GRADIENT);
}

static Tensor *random_like(const NnTensor *t, uint64_t *state) {
    Tensor *x = tensor_new(t->type, t->rank, t->dims);
    for (int64_t i = 0; i < tensor_count(t); i++)
        tensor_set(&x->t, i, sample_random(state) * 2 - 1);
    return x;
}

/* ---- building ---- */

static NnValue *add_input(Trio *t, Function *f, NnGraph *g, Tensor **x) {
    char name[16];
    int64_t dims[NN_MAX_RANK];
    for (int32_t i = 0; i < (*x)->t.rank; i++)
        dims[i] = t->known ? (*x)->dims[i] : NN_DIM_UNKNOWN;
    (void)snprintf(name, sizeof name, "in%u", f->n_takes);
    f->takes[f->n_takes++] = x;
    return nn_context_host(t->kit->context)->graph->input(g, name, (*x)->t.type, (*x)->t.rank, dims);
}

static void add_output(Trio *t, Function *f, NnGraph *g, NnValue *v, uint32_t number) {
    char name[16];
    if (v == NULL)
        return;
    (void)snprintf(name, sizeof name, "out%u", f->n_gives);
    f->gives[f->n_gives++] = number;
    (void)nn_context_host(t->kit->context)->graph->output(g, name, v);
}

/* Differentiates `n` targets with respect to the inputs; wrt[i] NULL: not that one. */
static int32_t differentiate(Trio *t, NnGraph *g, uint32_t n, NnValue *const *targets, NnValue *const *seeds,
                             NnValue *const *in, NnValue **grads) {
    NnValue *wrt[SAMPLE_MAX], *found[SAMPLE_MAX] = {NULL};
    uint32_t m = 0;
    for (uint32_t i = 0; i < t->c->sample.n_inputs; i++)
        if (differentiable(t->c, i))
            wrt[m++] = in[i];
    const int32_t code =
        nn_context_host(t->kit->context)->graph->gradient(g, n, targets, seeds, m, wrt, found);
    m = 0;
    for (uint32_t i = 0; i < t->c->sample.n_inputs; i++)
        grads[i] = differentiable(t->c, i) ? found[m++] : NULL;
    return code;
}

/* A gradient that is derived from a body makes the node its body; differences are then taken of that,
 * whatever kernel of its own the definition has. What this adds to the graph is dropped again. */
static int32_t expand(Trio *t, NnGraph *g, NnValue *const *in, NnValue *const *out) {
    NnValue *targets[SAMPLE_MAX], *grads[SAMPLE_MAX];
    uint32_t n = 0;
    for (uint32_t k = 0; k < t->c->sample.n_outputs; k++)
        if (type_is(nn_context_host(t->kit->context)->graph->info(g, out[k])->type, NN_FLOATS))
            targets[n++] = out[k];
    return n ? differentiate(t, g, n, targets, NULL, in, grads) : NN_OK;
}

/* Order 0: outputs; 1: their gradient; 2: the gradient's gradient. */
static int32_t build(Trio *t, uint32_t order) {
    const NnGraphApi *api = nn_context_host(t->kit->context)->graph;
    Function *f = &t->of[order];
    Case *c = t->c;
    Sample *s = &c->sample;
    NnValue *in[SAMPLE_MAX] = {NULL}, *out[SAMPLE_MAX] = {NULL}, *grads[SAMPLE_MAX] = {NULL},
            *grads2[SAMPLE_MAX] = {NULL}, *targets[SAMPLE_MAX], *seeds[SAMPLE_MAX];
    uint32_t n = 0;
    NnGraph *g = nn_graph_new(t->kit->context, NULL, "case", NN_TRAINING);
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        Tensor *x = s->inputs[i];
        const bool constant = x && !differentiable(c, i) && (t->known || rig_on_host(c->def, i));
        in[i] = x == NULL  ? NULL
                : constant ? api->constant(g, x->t.type, x->t.rank, x->dims, x->t.buffer)
                           : add_input(t, f, g, &s->inputs[i]);
    }
    const NnNodeSpec spec = {.struct_size = sizeof spec,
                             .version = c->def->since,
                             .op = c->op,
                             .n_inputs = s->n_inputs,
                             .n_outputs = s->n_outputs,
                             .n_attrs = s->n_attrs,
                             .attr_stride = sizeof(NnAttr),
                             .inputs = in,
                             .attrs = s->attrs};
    int32_t code = api->node(g, &spec, out);
    if (code == NN_OK && order == 0 && !NN_HAS(c->def, gradient))
        code = expand(t, g, in, out);
    for (uint32_t k = 0; code == NN_OK && k < s->n_outputs; k++) {
        if (order == 0)
            add_output(t, f, g, out[k], k);
        else if (carries(c, k, t->y.out[k])) {
            seeds[n] = add_input(t, f, g, &t->seed[k]);
            targets[n++] = out[k];
        }
    }
    if (code == NN_OK && order > 0 && n > 0)
        code = differentiate(t, g, n, targets, seeds, in, grads);
    n = 0;
    for (uint32_t i = 0; code == NN_OK && order > 0 && i < s->n_inputs; i++)
        if (order == 1)
            add_output(t, f, g, grads[i], i);
        else if (grads[i] && t->seed2[i]) {
            seeds[n] = add_input(t, f, g, &t->seed2[i]);
            targets[n++] = grads[i];
        }
    if (code == NN_OK && order == 2 && n > 0)
        code = differentiate(t, g, n, targets, seeds, in, grads2);
    for (uint32_t i = 0; code == NN_OK && order == 2 && i < s->n_inputs; i++)
        add_output(t, f, g, grads2[i], i);
    if (code != NN_OK || f->n_gives == 0) {
        if (code != NN_OK)
            (void)nn_status_fail(t->status, code, "%s", nn_status_message(api->status(g)));
        nn_graph_free(g);
        return code;
    }
    f->function = nn_graph_seal(g, t->status);
    f->callable = f->function ? nn_callable_new(t->session, f->function, t->status) : NULL;
    return nn_status_code(t->status);
}

/* ---- running ---- */

/* Results by number; those that the function does not give stay NULL. */
static int32_t call(Trio *t, uint32_t order, const NnTensor **results) {
    Function *f = &t->of[order];
    const NnTensor *inputs[3 * SAMPLE_MAX];
    memset(results, 0, SAMPLE_MAX * sizeof *results);
    if (f->callable == NULL)
        return NN_OK;
    for (uint32_t i = 0; i < f->n_takes; i++)
        inputs[i] = &(*f->takes[i])->t;
    int32_t code = nn_callable_call(f->callable, inputs, t->status);
    for (uint32_t i = 0; code == NN_OK && i < f->n_gives; i++)
        code = nn_callable_output(f->callable, i, &results[f->gives[i]], t->status);
    return code;
}

static RigResult copy_of(Trio *t, uint32_t order) {
    const NnTensor *results[SAMPLE_MAX];
    RigResult r = {.code = call(t, order, results)};
    for (uint32_t i = 0; r.code == NN_OK && i < SAMPLE_MAX; i++)
        r.out[i] = results[i] ? tensor_copy(results[i]) : NULL;
    return r;
}

static double dot(const NnTensor *a, const NnTensor *b) {
    double sum = 0;
    for (int64_t i = 0; i < tensor_count(a); i++)
        if (tensor_get(b, i) != 0)
            sum += tensor_get(a, i) * tensor_get(b, i);
    return sum;
}

/* What order + 1 differentiates, at the present inputs. */
static double objective(Trio *t, uint32_t order) {
    const NnTensor *results[SAMPLE_MAX];
    Tensor *const *weights = order == 0 ? t->seed : t->seed2;
    double sum = 0;
    if (call(t, order, results) == NN_OK)
        for (uint32_t i = 0; i < SAMPLE_MAX; i++)
            sum += results[i] && weights[i] ? dot(results[i], &weights[i]->t) : 0;
    return sum;
}

/* ---- judging ---- */

static const char *const names[] = {"", "gradient", "second gradient"};

static bool compare(Trio *t, uint32_t order, uint32_t i, const Tensor *grad) {
    NnTensor *x = &t->c->sample.inputs[i]->t;
    if (grad && !tensor_same_shape(&grad->t, x)) {
        kit_fail(t->kit, WRONG_GRADIENT, "%s of input %u has another shape or type than the input",
                 names[order], i);
        return false;
    }
    /* Differences of lower precision say nothing. */
    for (int64_t e = 0; x->type == NN_F64 && e < tensor_count(x); e++) {
        const double at = tensor_get(x, e);
        tensor_set(x, e, at + STEP);
        const double above = objective(t, order - 1);
        tensor_set(x, e, at - STEP);
        const double below = objective(t, order - 1);
        tensor_set(x, e, at);
        const double n = (above - below) / (2 * STEP), a = grad ? tensor_get(&grad->t, e) : 0;
        if (nn_status_code(t->status) != NN_OK) {
            kit_fail(t->kit, WRONG_GRADIENT, "differences: %s", nn_status_message(t->status));
            return false;
        }
        if (!(fabs(a - n) <= TOLERANCE * (1 + fabs(n)))) {
            kit_fail(t->kit, WRONG_GRADIENT,
                     "%s of input %u, element %lld at %g: the rule gives %.12g, differences %.12g",
                     names[order], i, (long long)e, at, a, n);
            return false;
        }
        kit_doing(t->kit, names[order]);
    }
    kit_pass(t->kit, WRONG_GRADIENT);
    return true;
}

/* Do all that are differentiated have the precision that second differences need? */
static bool precise(const Case *c) {
    for (uint32_t i = 0; i < c->sample.n_inputs; i++)
        if (differentiable(c, i) && c->sample.inputs[i]->t.type != NN_F64)
            return false;
    return true;
}

static bool judge_order(Trio *t, uint32_t order) {
    RigResult grads = copy_of(t, order);
    bool good = grads.code == NN_OK;
    if (!good)
        kit_fail(t->kit, WRONG_GRADIENT, "%s: %s", names[order], nn_status_message(t->status));
    for (uint32_t i = 0; good && i < t->c->sample.n_inputs; i++)
        if (differentiable(t->c, i))
            good = compare(t, order, i, grads.out[i]);
    rig_result_free(&grads);
    return good;
}

/* Builds the gradient; a rule may refuse, with a sentence, what it would have to know. */
static bool trio_begin(Trio *t, Kit *k, Case *c, bool known, const char *device) {
    uint64_t state = 7;
    *t = (Trio){.kit = k, .c = c, .known = known, .status = nn_status_new()};
    t->session =
        session_on(k, device, NN_SESSION_NO_FALLBACK * (strcmp(device, "reference") == 0), t->status);
    if (t->session == NULL || build(t, 0) != NN_OK)
        return false;
    t->y = copy_of(t, 0);
    if (t->y.code != NN_OK)
        return false;
    bool any = false;
    for (uint32_t i = 0; i < c->sample.n_outputs; i++)
        if (carries(c, i, t->y.out[i])) {
            t->seed[i] = random_like(&t->y.out[i]->t, &state);
            any = true;
        }
    for (uint32_t i = 0; i < c->sample.n_inputs; i++)
        if (differentiable(c, i))
            t->seed2[i] = random_like(&c->sample.inputs[i]->t, &state);
    return any && build(t, 1) == NN_OK;
}

static void trio_end(Trio *t) {
    for (uint32_t i = 0; i < 3; i++) {
        nn_callable_free(t->of[i].callable);
        nn_function_free(t->of[i].function);
    }
    for (uint32_t i = 0; i < SAMPLE_MAX; i++) {
        tensor_free(t->seed[i]);
        tensor_free(t->seed2[i]);
    }
    rig_result_free(&t->y);
    nn_status_free(t->status);
}

void gradient_judge_rule(Kit *k, Case *c) {
    Trio t;
    kit_doing(k, "gradient");
    bool good = trio_begin(&t, k, c, true, "reference");
    if (!good && nn_status_code(t.status) != NN_OK)
        kit_fail(k, WRONG_GRADIENT, "%s", nn_status_message(t.status));
    good = good && judge_order(&t, 1);
    if (good && precise(c)) {
        const int32_t code = build(&t, 2);
        if (code == NN_OK)
            good = judge_order(&t, 2);
        else if (code != NN_UNSUPPORTED)
            kit_fail(k, WRONG_GRADIENT, "second gradient: %s", nn_status_message(t.status));
    }
    trio_end(&t);
    if (!good)
        return;
    /* With shapes unknown while the rule was built, the same comes out. */
    good = trio_begin(&t, k, c, false, "reference");
    if (good)
        (void)judge_order(&t, 1);
    else if (nn_status_code(t.status) != NN_UNSUPPORTED && nn_status_code(t.status) != NN_OK)
        kit_fail(k, WRONG_GRADIENT, "with shapes unknown: %s", nn_status_message(t.status));
    trio_end(&t);
}

void gradient_judge_device(Kit *k, Case *c, const char *device) {
    Trio here, there;
    char text[200];
    const bool both = trio_begin(&here, k, c, true, "reference") & trio_begin(&there, k, c, true, device);
    if (both) {
        /* Gradients are made of many operators: their tolerance is the usual one. */
        const NnOperator any = {.struct_size = sizeof any};
        const Rig rig = {.kit = k, .op = c->op, .def = &any, .sample = &c->sample};
        RigResult want = copy_of(&here, 1), got = copy_of(&there, 1);
        const char *wrong = got.code != NN_OK    ? nn_status_message(there.status)
                            : want.code == NN_OK ? rig_compare(&rig, &got, &want, text, sizeof text)
                                                 : NULL;
        (void)kit_expect(k, WRONG_GRADIENT, wrong == NULL, "gradient on %s (output: of input): %s", device,
                         wrong ? wrong : "");
        rig_result_free(&want);
        rig_result_free(&got);
    }
    trio_end(&here);
    trio_end(&there);
}
