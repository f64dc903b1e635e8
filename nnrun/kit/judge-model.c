/* SPDX-License-Identifier: Apache-2.0 */
/* Families of networks: with the defaults of their settings and plain data, what they build, twice. */
#include "object.h"

static uint64_t count_parts(const NnNetwork *n) {
    NnVariable *const *variables;
    NnFunction *const *functions;
    return (uint64_t)nn_network_variables(n, &variables) << 32 | nn_network_functions(n, &functions);
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
            (void)kit_expect(k, NOT_REPEATABLE, second && count_parts(first) == count_parts(second),
                             "built again, it has other variables or functions");
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
