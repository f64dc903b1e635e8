/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks the registry: every operator on its sample cases in each floating type that it takes, against the
 * same numbers in f64. The difference may be some units in the last place, more for composites, which round
 * in between. Usage: test-types [operator ...]
 */
#include "eager.h"
#include "nn/plugin.h"
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
