/* SPDX-License-Identifier: Apache-2.0 */
/* Sample cases and what came of them as JSON, for programs that know the right answer from elsewhere. */
#ifndef NN_TESTS_OPS_JSON_H
#define NN_TESTS_OPS_JSON_H

#include "../../nnrun/kit/sample.h"

#include <math.h>
#include <stdio.h>

static inline void json_tensor(const NnTensor *t) {
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

static inline void json_attr(const NnAttr *a) {
    printf("[\"%s\", ", a->name);
    switch (a->kind) {
    case NN_ATTR_INT: printf("%lld", (long long)a->u.i); break;
    case NN_ATTR_FLOAT: printf("%.17g", a->u.f); break;
    case NN_ATTR_STRING: printf("\"%s\"", a->u.s); break;
    case NN_ATTR_TENSOR: json_tensor(a->u.tensor); break;
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

/* The members of an object; the braces are the caller's. */
static inline void json_case(const NnOperator *def, const char *line, const Sample *s,
                             Tensor *const *outputs) {
    printf("\"op\": \"%s\", \"domain\": \"%s\", \"since\": %d, \"case\": \"%s\", \"attrs\": [", def->name,
           def->domain, def->since, line);
    for (uint32_t i = 0; i < s->n_attrs; i++) {
        printf("%s", i ? ", " : "");
        json_attr(&s->attrs[i]);
    }
    printf("], \"inputs\": [");
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        printf("%s", i ? ", " : "");
        json_tensor(s->inputs[i] ? &s->inputs[i]->t : NULL);
    }
    printf("], \"outputs\": [");
    for (uint32_t i = 0; i < s->n_outputs; i++) {
        printf("%s", i ? ", " : "");
        json_tensor(outputs[i] ? &outputs[i]->t : NULL);
    }
    printf("]");
}

#endif
