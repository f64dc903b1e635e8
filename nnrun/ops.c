/* SPDX-License-Identifier: Apache-2.0 */
/* nnrun ops: the operators that are provided; with a name, all that one of them says of itself. */
#include "print.h"

#include "nn/kernel.h"
#include "nn/plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int list(Program *p, NnContext *c) {
    static const char *const titles[] = {"NAME", "SINCE", "PACKAGE", "SUMMARY"};
    Table *t = table_new(titles, G_N_ELEMENTS(titles));
    for (uint32_t i = 0; i < nn_registry_count(c); i++) {
        const NnEntry *e = nn_registry_entry(c, i);
        if (strcmp(e->kind, NN_OPERATOR_KIND) != 0 || e->problem)
            continue;
        char *since = g_strdup_printf("%d", e->since);
        table_row(t, ROW(e->name, since, e->package, e->summary));
        g_free(since);
    }
    table_print(t, p->json);
    return 0;
}

static char *types_of(const NnParam *param) {
    if (param->types == 0)
        return g_strdup(param->var ? param->var : "any");
    GString *s = g_string_new(param->var ? param->var : NULL);
    g_string_append(s, s->len ? " of " : "");
    bool first = true;
    for (int32_t type = 0; type < NN_TYPE_COUNT; type++)
        if (param->types & NN_MASK(type)) {
            g_string_append_printf(s, "%s%s", first ? "" : ", ", nn_type_name(type));
            first = false;
        }
    return g_string_free(s, FALSE);
}

static void print_params(const char *title, const NnParam *params, uint32_t n, uint32_t stride) {
    if (n)
        printf("\n%s\n", title);
    for (uint32_t i = 0; i < n; i++) {
        NnParam param = {.name = ""};
        memcpy(&param, (const char *)params + (size_t)i * stride, MIN((size_t)stride, sizeof param));
        char *types = types_of(&param);
        printf("  %s: %s%s%s%s\n", param.name, types, param.flags & NN_OPTIONAL ? ", optional" : "",
               param.flags & NN_VARIADIC ? ", repeated" : "",
               param.flags & NN_SHAPE_VALUE ? ", known when planned" : "");
        if (param.doc)
            printf("    %s\n", param.doc);
        g_free(types);
    }
}

static void print_kernels(NnContext *c, const char *name) {
    bool any = false;
    for (uint32_t i = 0; i < nn_registry_count(c); i++) {
        const NnEntry *e = nn_registry_entry(c, i);
        if (e->problem || strcmp(e->kind, NN_KERNEL_KIND) != 0 ||
            (strcmp(e->op, name) != 0 && strcmp(e->op, "*") != 0))
            continue;
        if (!any)
            puts("\nKernels");
        any = true;
        printf("  %s: %s of plug-in %s, priority %d\n", e->device, e->name, e->package, e->priority);
    }
}

static const char *sort_of(const NnOperator *op) {
    return op->sort == NN_PRIMITIVE ? "primitive" : op->sort == NN_COMPOSITE ? "composite" : "control";
}

static int show(Program *p, NnContext *c, const char *name) {
    const NnOperator *op = nn_registry_table(c, NN_OPERATOR_KIND, name, p->status);
    if (op == NULL)
        return nnrun_end(p);
    if (p->json) {
        char *settings = nn_settings_json(op->attrs, op->n_attrs, op->attr_stride);
        fputs("{\"name\": ", stdout);
        print_json_string(name);
        printf(", \"since\": %d, \"sort\": \"%s\", \"differentiable\": %s, \"doc\": ", op->since, sort_of(op),
               op->gradient || op->sort == NN_COMPOSITE ? "true" : "false");
        print_json_string(op->doc);
        printf(", \"attributes\": %s}\n", settings);
        free(settings);
        return 0;
    }
    const bool derived = op->gradient == NULL && op->sort == NN_COMPOSITE;
    printf("%s, version %d, %s, %s\n", name, op->since, sort_of(op),
           op->gradient ? "differentiable"
           : derived    ? "differentiable through its body"
                        : "not differentiable");
    printf("%s\n", op->doc ? op->doc : "");
    print_params("Inputs", op->inputs, op->n_inputs, op->param_stride);
    print_params("Outputs", op->outputs, op->n_outputs, op->param_stride);
    if (op->n_attrs) {
        char *settings = nn_settings_help(op->attrs, op->n_attrs, op->attr_stride);
        printf("\nAttributes\n%s", settings);
        free(settings);
    }
    print_kernels(c, name);
    return 0;
}

static int run(Program *p) {
    NnContext *c = nnrun_context(p);
    if (c == NULL)
        return nnrun_end(p);
    return p->n_words ? show(p, c, p->words[0]) : list(p, c);
}

const Command nnrun_ops = {
    .name = "ops",
    .usage = "[NAME]",
    .summary = "List the operators, or show one",
    .help = "Examples:\n"
            "  nnrun ops              what the manifests list\n"
            "  nnrun ops Conv         inputs, outputs, attributes and kernels of one operator\n",
    .max_words = 1,
    .run = run};
