/* SPDX-License-Identifier: Apache-2.0 */
/* Families of networks: with the defaults of their settings and plain data, what they build, twice. */
#include "object.h"

/* Names of all that it has, in order. */
static GString *parts(const NnNetwork *n) {
    NnVariable *const *variables;
    NnFunction *const *functions;
    const uint32_t n_variables = nn_network_variables(n, &variables),
                   n_functions = nn_network_functions(n, &functions);
    GString *all = g_string_new(NULL);
    for (uint32_t i = 0; i < n_variables; i++)
        g_string_append_printf(all, "variable %s, ", nn_variable_spec(variables[i])->name);
    for (uint32_t i = 0; i < n_functions; i++)
        g_string_append_printf(all, "function %s, ", nn_function_name(functions[i]));
    return all;
}

static void judge_twice(Kit *k, const NnNetwork *first, const NnNetwork *second) {
    GString *a = parts(first), *b = second ? parts(second) : g_string_new("nothing");
    (void)kit_expect(k, NOT_REPEATABLE, g_string_equal(a, b), "built again, it has %sand not %s", b->str,
                     a->str);
    g_string_free(a, TRUE);
    g_string_free(b, TRUE);
}

static void judge_variables(Kit *k, const NnNetwork *n) {
    NnVariable *const *list;
    const uint32_t count = nn_network_variables(n, &list);
    for (uint32_t i = 0; i < count; i++) {
        const NnVariableSpec *s = nn_variable_spec(list[i]);
        uint64_t elements = 1;
        for (int32_t d = 0; d < s->rank; d++)
            elements *= (uint64_t)s->dims[d];
        (void)kit_expect(k, WRONG_TABLE, elements > 0, "variable %s has no elements", s->name);
    }
}

void judge_model(Kit *k) {
    static const int64_t pixels[] = {1, 28, 28};
    static const NnField fields[] = {
        {.name = "x", .type = NN_U8, .rank = 3, .dims = pixels, .scale = 1. / 255},
        {.name = "y", .type = NN_U8, .rank = 0, .classes = 10}};
    static const NnSplit splits[] = {{"train", 1000}, {"test", 100}};
    const NnDataInfo data = {.struct_size = sizeof data,
                             .n_fields = 2,
                             .field_stride = sizeof fields[0],
                             .n_splits = 2,
                             .split_stride = sizeof splits[0],
                             .fields = fields,
                             .splits = splits};
    const NnModel *m = object_export(k, sizeof *m);
    const NnConfig *config = NULL;
    if (m == NULL)
        return;
    k->findings->stage = STAGE_RUN;
    if (kit_case(k, "the table")) {
        judge_settings(k, m->settings, m->n_settings, m->setting_stride, "setting");
        if (!kit_expect(k, WRONG_TABLE, NN_HAS(m, build) && m->doc,
                        "it builds nothing, or says nothing of itself"))
            return;
    }
    NnConfig *owner = nn_config_parse("{}", 2, "defaults", k->status);
    if (owner)
        (void)nn_config_api()->check(owner, m->settings, m->n_settings, m->setting_stride, m->name, &config,
                                     k->status);
    if (config && kit_case(k, "the defaults, on images of ten classes")) {
        kit_doing(k, "build");
        NnNetwork *first = nn_network_new(k->context, m->name, config, &data, 4, k->status);
        NnNetwork *second = first ? nn_network_new(k->context, m->name, config, &data, 4, k->status) : NULL;
        if (first) {
            judge_variables(k, first);
            judge_twice(k, first, second);
        } else {
            (void)kit_expect(k, WRONG_TABLE, nn_status_message(k->status)[0] != '\0',
                             "it refuses without a sentence");
            kit_skip(k, NOT_REPEATABLE, "%s", nn_status_message(k->status));
        }
        nn_network_free(second);
        nn_network_free(first);
    } else if (config == NULL) {
        kit_skip(k, NOT_REPEATABLE, "%s", nn_status_message(k->status));
    }
    nn_config_free(owner);
}
