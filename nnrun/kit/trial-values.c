/* SPDX-License-Identifier: Apache-2.0 */
/* The same case with other values: those that are no ordinary numbers, and those of another call. */
#include "trial.h"

#include <math.h>

static bool changes(const Trial *t, uint32_t i) {
    const Sample *s = &t->c->sample;
    return s->inputs[i] && s->free_type[i] && type_is(s->inputs[i]->t.type, NN_FLOATS) &&
           !rig_on_host(t->c->def, i);
}

/* A copy of the sample's inputs with elements set by `value`; its attributes are not copied. */
static bool copy_inputs(const Trial *t, Sample *to, double (*value)(const NnTensor *, int64_t i)) {
    const Sample *s = &t->c->sample;
    bool any = false;
    *to = *s;
    for (uint32_t i = 0; i < SAMPLE_MAX; i++)
        to->inputs[i] = s->inputs[i] ? tensor_copy(&s->inputs[i]->t) : NULL;
    for (uint32_t i = 0; i < s->n_inputs; i++)
        for (int64_t e = 0; changes(t, i) && e < tensor_count(&s->inputs[i]->t); e++) {
            tensor_set(&to->inputs[i]->t, e, value(&s->inputs[i]->t, e));
            any = true;
        }
    return any;
}

static void free_inputs(Sample *s) {
    for (uint32_t i = 0; i < SAMPLE_MAX; i++)
        tensor_free(s->inputs[i]);
}

/* ---- special values ---- */

static double special(const NnTensor *t, int64_t i) {
    const double values[] = {NAN, HUGE_VAL, -HUGE_VAL, -0.0, 0.0};
    return i % 3 ? tensor_get(t, i) : values[i / 3 % 5];
}

/* What is finite stays as near as ever; where the reference has no finite number, neither has the kernel. An
 * element-wise one has the same; others may multiply a padding's zeros, and so have fewer finite ones. */
static const char *differs(const Rig *r, RigResult *got, RigResult *want, char *text, size_t size) {
    const bool strict = r->def->flags & NN_OP_ELEMENTWISE;
    for (uint32_t k = 0; k < SAMPLE_MAX; k++)
        for (int64_t i = 0;
             got->out[k] && want->out[k] && tensor_same_shape(&got->out[k]->t, &want->out[k]->t) &&
             i < tensor_count(&got->out[k]->t);
             i++) {
            const double x = tensor_get(&got->out[k]->t, i), y = tensor_get(&want->out[k]->t, i);
            const bool same = x == y || (isnan(x) && isnan(y));
            if (strict ? isfinite(x) == isfinite(y) && (isfinite(y) || same) : !isfinite(x) || isfinite(y)) {
                if (!isfinite(x) || !isfinite(y)) /* settled, and not to be compared again */
                    tensor_set(&got->out[k]->t, i, 0), tensor_set(&want->out[k]->t, i, 0);
                continue;
            }
            (void)snprintf(text, size, "output %u, element %lld is %g, the reference has %g", k, (long long)i,
                           x, y);
            return text;
        }
    return rig_compare(r, got, want, text, size);
}

void trial_special_values(const Trial *t) {
    Sample s;
    char text[200];
    if (copy_inputs(t, &s, special)) {
        RigResult want = rig_reference_run(t->rig, &s);
        RigResult got = {.code = NN_OK};
        if (want.code == NN_OK) {
            kit_doing(t->kit, "special values");
            got = rig_run(t->rig, (RigCall){.inputs = &s});
            const char *wrong = got.code == NN_OK ? differs(t->rig, &got, &want, text, sizeof text) : got.why;
            (void)kit_expect(t->kit, WRONG_SPECIAL_VALUE, wrong == NULL, "%s", wrong ? wrong : "");
        }
        rig_result_free(&want);
        rig_result_free(&got);
    }
    free_inputs(&s);
}

/* ---- the ends of integer types ---- */

static int64_t extreme(int32_t type, int64_t i) {
    const int bits = 8 * (int)nn_type_size(type);
    const bool natural = type_is(type, NN_UNSIGNED);
    const int64_t most = (int64_t)(UINT64_MAX >> (64 - bits + (natural ? 0 : 1)));
    const int64_t values[] = {natural ? 0 : -most - 1, most, most - 1, natural ? 1 : -1};
    return values[i % 4];
}

/* Inputs of the type under test, each third element at an end of it. */
static bool copy_extremes(const Trial *t, Sample *to) {
    const NnOperator *def = t->c->def;
    const char *var = def->n_inputs ? rig_param(def->inputs, def->param_stride, def->n_inputs, 0)->var : NULL;
    bool any = false;
    (void)copy_inputs(t, to, special);
    for (uint32_t i = 0; i < to->n_inputs; i++) {
        const NnParam *p = rig_param(def->inputs, def->param_stride, def->n_inputs, i);
        Tensor *x = to->inputs[i];
        if (x == NULL || x->t.type != t->c->type || rig_on_host(def, i) || var == NULL || p->var == NULL ||
            strcmp(var, p->var) != 0)
            continue;
        for (int64_t e = 0; e < tensor_count(&x->t); e += 3, any = true)
            tensor_set_int(&x->t, e, extreme(x->t.type, e / 3 + i));
    }
    return any;
}

void trial_extremes(const Trial *t) {
    Sample s;
    char text[200];
    if (copy_extremes(t, &s)) {
        RigResult want = rig_reference_run(t->rig, &s), got = {.code = NN_OK};
        if (want.code == NN_OK) {
            kit_doing(t->kit, "ends of the type");
            got = rig_run(t->rig, (RigCall){.inputs = &s});
            const char *wrong =
                got.code == NN_OK ? rig_compare(t->rig, &got, &want, text, sizeof text) : got.why;
            (void)kit_expect(t->kit, WRONG_SPECIAL_VALUE, wrong == NULL, "%s", wrong ? wrong : "");
        }
        rig_result_free(&want);
        rig_result_free(&got);
    }
    free_inputs(&s);
}

/* ---- ordinary values ---- */

static void range_of(const NnTensor *t, double *low, double *high) {
    *low = *high = tensor_get(t, 0);
    for (int64_t e = 1; e < tensor_count(t); e++) {
        *low = fmin(*low, tensor_get(t, e));
        *high = fmax(*high, tensor_get(t, e));
    }
}

/* The other way round within its tensor's range: in a symmetric one, of the other sign. */
static double mirror(const NnTensor *t, int64_t i) {
    double low, high;
    range_of(t, &low, &high);
    return low + high - tensor_get(t, i);
}

/* Of one sign, as far as the range goes: sums round, which those of symmetric values hardly do. */
static double magnitude(const NnTensor *t, int64_t i) {
    double low, high;
    range_of(t, &low, &high);
    const double x = tensor_get(t, i);
    return fabs(x) <= high ? fabs(x) : x;
}

void trial_values(const Trial *t, uint32_t features) {
    static double (*const values[])(const NnTensor *, int64_t) = {mirror, magnitude};
    char text[200];
    for (size_t v = 0; v < NN_COUNT(values); v++) {
        Sample s;
        RigResult want = {.code = NN_ERROR}, got = {.code = NN_OK}, again = {.code = NN_OK};
        if (copy_inputs(t, &s, values[v]))
            want = rig_reference_run(t->rig, &s);
        if (want.code == NN_OK) {
            got = rig_run(t->rig, (RigCall){.inputs = &s});
            again = rig_run(t->rig, (RigCall){.inputs = &s});
            if (kit_expect(t->kit, NOT_REPEATABLE, !rig_same_bits(&got, &again, text, sizeof text),
                           "the same call again gives other bits: %s", text))
                kit_forward(t->kit, t->c->type, features,
                            got.code == NN_OK ? rig_compare(t->rig, &got, &want, text, sizeof text)
                                              : got.why);
        }
        rig_result_free(&want);
        rig_result_free(&got);
        rig_result_free(&again);
        free_inputs(&s);
    }
}

/* ---- memory and values of earlier calls ---- */

/* The next element's value: in the same range, and another one. */
static double next(const NnTensor *t, int64_t i) { return tensor_get(t, (i + 1) % tensor_count(t)); }

/* Results of a fresh plan for these values. */
static RigResult run_afresh(const Trial *t, const Sample *s) {
    Rig r = *t->rig;
    NnStatus *status = nn_status_new();
    RigResult got = {.code = rig_plan(&r, status)};
    if (got.code == NN_OK) {
        got = rig_run(&r, (RigCall){.inputs = s});
        rig_release(&r);
    }
    nn_status_free(status);
    return got;
}

/* Other values in a later call: whoever has kept those of the first gives its results again. */
static void trial_other_values(const Trial *t) {
    Sample s;
    char text[200];
    if (copy_inputs(t, &s, next)) {
        RigResult want = rig_reference_run(t->rig, &s), got = {.code = NN_OK}, fresh = {.code = NN_OK};
        if (want.code == NN_OK) {
            got = rig_run(t->rig, (RigCall){.inputs = &s});
            const char *wrong =
                got.code == NN_OK ? rig_compare(t->rig, &got, &want, text, sizeof text) : got.why;
            if (wrong)
                fresh = run_afresh(t, &s);
            if (wrong && got.code == NN_OK && fresh.code == NN_OK &&
                !rig_same_bits(&fresh, &got, text, sizeof text))
                kit_forward(t->kit, t->c->type, 0, rig_compare(t->rig, &got, &want, text, sizeof text));
            else
                (void)kit_expect(t->kit, KEEPS_POINTER, wrong == NULL, "a later call with other values: %s",
                                 wrong ? wrong : "");
        }
        rig_result_free(&want);
        rig_result_free(&got);
        rig_result_free(&fresh);
    }
    free_inputs(&s);
}

void trial_pointers(const Trial *t) {
    char text[200];
    /* Whoever touches the first call's memory in the second is stopped there. */
    RigResult first = rig_run(t->rig, (RigCall){.retire = true});
    RigResult second = rig_run(t->rig, (RigCall){.retire = true});
    const char *wrong = first.code == NN_OK && second.code == NN_OK
                            ? rig_same_bits(&first, &second, text, sizeof text)
                            : second.why;
    (void)kit_expect(t->kit, KEEPS_POINTER, wrong == NULL, "the second call, in other memory: %s",
                     wrong ? wrong : "");
    rig_result_free(&first);
    rig_result_free(&second);

    trial_other_values(t);
}
