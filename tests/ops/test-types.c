/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks the registry: every operator on its sample cases in each floating type that it takes, against the
 * same numbers in f64. The difference may be some units in the last place, more for composites, which round
 * in between. Usage: test-types [operator ...]
 */
#include "eager.h"
#include "status.h"

#include <math.h>

static double epsilon(int32_t type) { return type == NN_F32 ? 0x1p-24 : type == NN_F16 ? 0x1p-11 : 0x1p-8; }

/* Elements in another type; those of integers and bool as they are. */
static Tensor *converted(const Tensor *x, int32_t type) {
    Tensor *y = tensor_new(type, x->t.rank, x->dims);
    for (int64_t i = 0; i < tensor_count(&x->t); i++)
        tensor_set(&y->t, i, tensor_get(&x->t, i));
    return y;
}

static bool takes(const NnOperator *def, int32_t type) {
    uint64_t all = NN_FLOATS;
    bool some = false;
    for (uint32_t i = 0; i < def->n_inputs; i++) {
        const NnParam *p = (const void *)((const char *)def->inputs + (size_t)i * def->param_stride);
        if (p->types & NN_FLOATS) {
            all &= p->types;
            some = true;
        }
    }
    return some && (all & NN_MASK(type));
}

static char *compare(const NnOperator *def, const Sample *s, Tensor *const *got, Tensor *const *want,
                     int32_t type) {
    uint64_t length = 1;
    for (uint32_t i = 0; i < s->n_inputs; i++)
        if (s->inputs[i] && (uint64_t)tensor_count(&s->inputs[i]->t) > length)
            length = (uint64_t)tensor_count(&s->inputs[i]->t);
    const double usual = (NN_HAS(def, body) ? 64 : 8) * epsilon(type) * sqrt((double)length);
    for (uint32_t k = 0; k < s->n_outputs; k++) {
        if (!got[k] || !want[k])
            continue;
        if (tensor_count(&got[k]->t) != tensor_count(&want[k]->t))
            return g_strdup_printf("output %u has another size than in f64", k);
        for (int64_t i = 0; i < tensor_count(&got[k]->t); i++) {
            const double a = tensor_get(&got[k]->t, i), b = tensor_get(&want[k]->t, i);
            const bool same = a == b || (isnan(a) && isnan(b));
            if (!same && !(fabs(a - b) <= usual * (1 + fabs(b))))
                return g_strdup_printf("output %u, element %lld is %.9g, in f64 %.9g", k, (long long)i, a, b);
        }
    }
    return NULL;
}

static bool run_case(NnContext *context, const NnEntry *entry, const NnOperator *def, const char *line,
                     int32_t type, NnStatus *status) {
    Sample s, wide;
    Tensor *got[SAMPLE_MAX] = {0}, *want[SAMPLE_MAX] = {0};
    char why[256], *wrong = NULL;
    if (!sample_parse(&s, def, line, type, why, sizeof why) ||
        !sample_parse(&wide, def, line, NN_F64, why, sizeof why)) {
        printf("not ok %s: case \"%s\": %s\n", entry->name, line, why);
        return false;
    }
    for (uint32_t i = 0; i < s.n_inputs; i++)
        if (s.inputs[i] && s.free_type[i]) {
            tensor_free(wide.inputs[i]);
            wide.inputs[i] = converted(s.inputs[i], NN_F64);
        }
    NnNodeSpec spec = {.struct_size = sizeof spec,
                       .version = def->since,
                       .op = entry->name,
                       .n_inputs = s.n_inputs,
                       .n_outputs = s.n_outputs,
                       .n_attrs = s.n_attrs,
                       .attr_stride = sizeof(NnAttr),
                       .attrs = s.attrs};
    if (eager_run(context, &spec, s.inputs, got, status) == NN_OK &&
        eager_run(context, &spec, wide.inputs, want, status) == NN_OK)
        wrong = compare(def, &s, got, want, type);
    const bool ok = !wrong && !nn_status_failed(status);
    if (!ok)
        printf("not ok %s: case \"%s\" in %s: %s\n", entry->name, line, nn_type_name(type),
               wrong ? wrong : nn_status_message(status));
    nn_status_clear(status);
    g_free(wrong);
    for (uint32_t k = 0; k < SAMPLE_MAX; k++) {
        tensor_free(got[k]);
        tensor_free(want[k]);
    }
    sample_clear(&s);
    sample_clear(&wide);
    return ok;
}

static const NnParam *input_param(const NnOperator *def, uint32_t i) {
    return (const void *)((const char *)def->inputs +
                          (size_t)(i < def->n_inputs ? i : def->n_inputs - 1) * def->param_stride);
}

/* Is input i one of the integers under test: of the same letter as the first input, and not a shape? */
static bool swaps(const NnOperator *def, const Sample *s, uint32_t i) {
    const NnParam *first = input_param(def, 0), *p = input_param(def, i);
    return s->inputs[i] && s->inputs[i]->t.type == NN_I64 && !(p->flags & NN_SHAPE_VALUE) && p->var &&
           first->var && strcmp(p->var, first->var) == 0;
}

/* In `type` and in i64 with the same numbers, none of them negative where the type is unsigned; -1: no such
 * case. */
static int run_integers(NnContext *context, const NnEntry *entry, const NnOperator *def, const char *line,
                        int32_t type, NnStatus *status) {
    const bool natural = (NN_MASK(type) & NN_UNSIGNED) != 0;
    Sample s = {0};
    Tensor *got[SAMPLE_MAX] = {0}, *want[SAMPLE_MAX] = {0}, *narrow[SAMPLE_MAX] = {0};
    char why[256];
    if (def->n_inputs == 0 || !(input_param(def, 0)->types & NN_MASK(type)) ||
        !sample_parse(&s, def, line, NN_F64, why, sizeof why) || s.n_inputs == 0 || !swaps(def, &s, 0)) {
        sample_clear(&s);
        return -1;
    }
    for (uint32_t i = 0; i < s.n_inputs; i++) {
        for (int64_t k = 0; natural && swaps(def, &s, i) && k < tensor_count(&s.inputs[i]->t); k++)
            tensor_set(&s.inputs[i]->t, k, fabs(tensor_get(&s.inputs[i]->t, k)));
        narrow[i] =
            s.inputs[i] ? converted(s.inputs[i], swaps(def, &s, i) ? type : s.inputs[i]->t.type) : NULL;
    }
    NnNodeSpec spec = {.struct_size = sizeof spec,
                       .version = def->since,
                       .op = entry->name,
                       .n_inputs = s.n_inputs,
                       .n_outputs = s.n_outputs,
                       .n_attrs = s.n_attrs,
                       .attr_stride = sizeof(NnAttr),
                       .attrs = s.attrs};
    bool ok = eager_run(context, &spec, narrow, got, status) == NN_OK &&
              eager_run(context, &spec, s.inputs, want, status) == NN_OK;
    if (!ok)
        printf("not ok %s: case \"%s\" in %s: %s\n", entry->name, line, nn_type_name(type),
               nn_status_message(status));
    for (uint32_t k = 0; ok && k < s.n_outputs; k++) {
        const int32_t made = got[k]->t.type;
        /* Narrowed as a wider integer is stored. */
        for (int64_t i = 0; ok && i < tensor_count(&want[k]->t); i++) {
            Tensor *one = tensor_new(made, 0, NULL);
            if (want[k]->t.type == NN_I64)
                memcpy(one->t.buffer, (const int64_t *)want[k]->t.buffer + i, nn_type_size(made));
            else
                tensor_set(&one->t, 0, tensor_get(&want[k]->t, i));
            const double a = tensor_get(&got[k]->t, i), b = tensor_get(&one->t, 0);
            ok = a == b;
            if (!ok)
                printf("not ok %s: case \"%s\" in %s: output %u, element %lld is %g, in i64 %g\n",
                       entry->name, line, nn_type_name(type), k, (long long)i, a, b);
            tensor_free(one);
        }
    }
    nn_status_clear(status);
    for (uint32_t k = 0; k < SAMPLE_MAX; k++) {
        tensor_free(got[k]);
        tensor_free(want[k]);
        tensor_free(narrow[k]);
    }
    sample_clear(&s);
    return ok;
}

static void test_operator(NnContext *context, const NnEntry *entry, NnStatus *status) {
    static const int32_t types[] = {NN_F32, NN_F16, NN_BF16};
    const NnOperator *def = nn_registry_table(context, entry->kind, entry->name, status);
    bool ok = true, any = false;
    if (!def) {
        printf("not ok %s: %s\n", entry->name, nn_status_message(status));
        nn_status_clear(status);
        return;
    }
    /* Random numbers of f64 take more of the generator's bits, so that they are other ones. */
    if (def->flags & NN_OP_RANDOM)
        printf("skip %s draws other numbers in f64\n", entry->name);
    for (uint32_t t = 0; !(def->flags & NN_OP_RANDOM) && t < NN_COUNT(types); t++)
        for (uint32_t i = 0; def->sort != NN_CONTROL && takes(def, types[t]) && i < def->n_samples; i++) {
            ok = run_case(context, entry, def, def->samples[i], types[t], status) && ok;
            any = true;
        }
    static const int32_t integers[] = {NN_I8, NN_I16, NN_I32, NN_U8, NN_U16, NN_U32, NN_U64};
    for (uint32_t t = 0; def->sort != NN_CONTROL && t < NN_COUNT(integers); t++)
        for (uint32_t i = 0; i < def->n_samples; i++) {
            const int verdict = run_integers(context, entry, def, def->samples[i], integers[t], status);
            ok = verdict != 0 && ok;
            any = any || verdict == 1;
        }
    if (ok && any)
        printf("ok %s\n", entry->name);
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
