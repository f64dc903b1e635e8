/* SPDX-License-Identifier: Apache-2.0 */
/* Who judges what; and what all kinds that a person configures have in common. */
#include "kit.h"

static const struct {
    const char *kind;
    Judge judge;
} judges[] = {
    {NN_OPERATOR_KIND, judge_operator}, {NN_KERNEL_KIND, judge_kernel},
    {NN_CLAIM_KIND, judge_claim},       {NN_DEVICE_KIND, judge_device},
    {NN_FORMAT_KIND, judge_format},     {NN_OPTIMIZER_KIND, judge_optimizer},
    {NN_SCHEDULE_KIND, judge_schedule}, {NN_DATASET_KIND, judge_dataset},
    {NN_MODEL_KIND, judge_model},
};

Judge kit_judge_for(const char *kind) {
    for (size_t i = 0; i < G_N_ELEMENTS(judges); i++)
        if (strcmp(judges[i].kind, kind) == 0)
            return judges[i].judge;
    return NULL;
}

/* ---- settings ---- */

static bool in_choices(const char *choices, const char *word) {
    char **all = g_strsplit(choices, "|", -1);
    const bool found = g_strv_contains((const char *const *)all, word);
    g_strfreev(all);
    return found;
}

/* Its default must pass the check that a person's value has to pass. */
static void judge_preset(Kit *k, const NnSetting *s, const char *what) {
    const NnConfig *checked = NULL;
    NnStatus *status = nn_status_new();
    NnConfig *none = nn_config_parse("{}", 2, "defaults", status);
    if (none)
        (void)nn_config_api()->check(none, s, 1, sizeof *s, what, &checked, status);
    (void)kit_expect(k, WRONG_TABLE, nn_status_code(status) == NN_OK,
                     "%s %s has a default that it would refuse: %s", what, s->name,
                     nn_status_message(status));
    nn_config_free(none);
    nn_status_free(status);
}

void judge_settings(Kit *k, const NnSetting *list, uint32_t n, uint32_t stride, const char *what) {
    if (n == 0 || !kit_expect(k, WRONG_TABLE, list && stride >= sizeof *list, "%u settings of %u bytes each",
                              n, stride))
        return;
    for (uint32_t i = 0; i < n; i++) {
        const NnSetting *s = (const void *)((const char *)list + (size_t)i * stride);
        if (!kit_expect(k, WRONG_TABLE, s->name && *s->name, "%s %u has no name", what, i))
            return;
        (void)kit_expect(k, WRONG_TABLE, s->kind >= NN_SET_BOOL && s->kind <= NN_SET_FUNCTION,
                         "%s %s is of kind %d, which does not exist", what, s->name, s->kind);
        (void)kit_expect(k, WRONG_TABLE, !(s->flags & NN_SET_RANGE) || s->min <= s->max,
                         "%s %s has the range %g to %g", what, s->name, s->min, s->max);
        if (s->kind == NN_SET_ENUM)
            (void)kit_expect(k, WRONG_TABLE,
                             s->choices && *s->choices && (!s->preset || in_choices(s->choices, s->preset)),
                             "%s %s: the default '%s' is none of '%s'", what, s->name,
                             s->preset ? s->preset : "", s->choices ? s->choices : "");
        if (s->preset && !(s->flags & NN_SET_REQUIRED) && s->kind < NN_SET_TENSOR)
            judge_preset(k, s, what);
    }
}
