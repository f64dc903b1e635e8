/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints what the reference computes for every sample case of every operator that is not ours, in f32 and
 * f64, a JSON object per line, for test-forward.py to compare with ONNX's own reference implementation.
 * Random operators are left out.
 */
#include "eager.h"
#include "status.h"

#include <math.h>

static void print_tensor(const NnTensor *t) {
    if (!t) {
        printf("null");
        return;
    }
    printf("{\"type\": %d, \"dims\": [", t->type);
    for (int32_t i = 0; i < t->rank; i++)
        printf("%s%lld", i ? ", " : "", (long long)t->dims[i]);
    printf("], \"data\": [");
    for (int64_t i = 0; i < tensor_count(t); i++) {
        const double x = tensor_get(t, i);
        printf("%s", i ? ", " : "");
        if (NN_MASK(t->type) & NN_SIGNED && t->type == NN_I64)
            printf("%lld", (long long)((const int64_t *)nn_data(t))[i]);
        else if (isfinite(x))
            printf("%.17g", x);
        else
            printf("%s", isnan(x) ? "NaN" : x > 0 ? "Infinity" : "-Infinity");
    }
    printf("]}");
}

static void print_attr(const NnAttr *a) {
    printf("[\"%s\", ", a->name);
    switch (a->kind) {
    case NN_ATTR_INT: printf("%lld", (long long)a->u.i); break;
    case NN_ATTR_FLOAT: printf("%.17g", a->u.f); break;
    case NN_ATTR_STRING: printf("\"%s\"", a->u.s); break;
    case NN_ATTR_TENSOR: print_tensor(a->u.tensor); break;
    default:
        printf("[");
        for (uint32_t i = 0; i < a->count; i++)
            if (a->kind == NN_ATTR_INTS)
                printf("%s%lld", i ? ", " : "", (long long)a->u.ints[i]);
            else if (a->kind == NN_ATTR_FLOATS)
                printf("%s%.17g", i ? ", " : "", a->u.floats[i]);
            else
                printf("%s\"%s\"", i ? ", " : "", a->u.strings[i]);
        printf("]");
    }
    printf("]");
}

static void print_case(const NnOperator *def, const char *line, const Sample *s, Tensor *const *outputs) {
    printf("{\"op\": \"%s\", \"domain\": \"%s\", \"since\": %d, \"case\": \"%s\", \"attrs\": [", def->name,
           def->domain, def->since, line);
    for (uint32_t i = 0; i < s->n_attrs; i++) {
        printf("%s", i ? ", " : "");
        print_attr(&s->attrs[i]);
    }
    printf("], \"inputs\": [");
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        printf("%s", i ? ", " : "");
        print_tensor(s->inputs[i] ? &s->inputs[i]->t : NULL);
    }
    printf("], \"outputs\": [");
    for (uint32_t i = 0; i < s->n_outputs; i++) {
        printf("%s", i ? ", " : "");
        print_tensor(outputs[i] ? &outputs[i]->t : NULL);
    }
    printf("]}\n");
}

static void dump_operator(NnContext *context, const NnEntry *entry, NnStatus *status) {
    const NnOperator *def = nn_registry_table(context, entry->kind, entry->name, status);
    if (!def || strcmp(def->domain, "nn") == 0 || def->sort == NN_CONTROL || (def->flags & NN_OP_RANDOM))
        return;
    for (uint32_t i = 0; i < 2 * def->n_samples; i++) {
        Sample s;
        Tensor *outputs[SAMPLE_MAX] = {0};
        char why[256];
        const char *line = def->samples[i / 2];
        if (sample_parse(&s, def, line, i % 2 ? NN_F64 : NN_F32, why, sizeof why)) {
            const NnNodeSpec spec = {.struct_size = sizeof spec,
                                     .version = def->since,
                                     .op = entry->name,
                                     .n_inputs = s.n_inputs,
                                     .n_outputs = s.n_outputs,
                                     .n_attrs = s.n_attrs,
                                     .attr_stride = sizeof(NnAttr),
                                     .attrs = s.attrs};
            /* What fails here is reported by test-gradients. */
            if (eager_run(context, &spec, s.inputs, outputs, status) == NN_OK)
                print_case(def, line, &s, outputs);
            nn_status_clear(status);
        }
        for (uint32_t k = 0; k < SAMPLE_MAX; k++)
            tensor_free(outputs[k]);
        sample_clear(&s);
    }
}

int main(void) {
    NnStatus *status = nn_status_new();
    NnContext *context = nn_context_new(NULL, status);
    for (uint32_t i = 0; context && i < nn_registry_count(context); i++)
        if (strcmp(nn_registry_entry(context, i)->kind, NN_OPERATOR_KIND) == 0)
            dump_operator(context, nn_registry_entry(context, i), status);
    if (context)
        nn_context_free(context);
    nn_status_free(status);
    return context ? 0 : 1;
}
