/* SPDX-License-Identifier: Apache-2.0 */
/* Settings tables: defaults, refusals with place and near miss, tables of another version, help and JSON. */
#include "config/settings.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const NnSetting table[] = {
    {.name = "lr",
     .kind = NN_SET_FLOAT,
     .flags = NN_SET_RANGE | NN_SET_ABOVE,
     .preset = "1e-3",
     .min = 0,
     .max = 10,
     .doc = "Learning rate."},
    {.name = "epochs",
     .kind = NN_SET_INT,
     .flags = NN_SET_RANGE | NN_SET_REQUIRED,
     .min = 1,
     .max = INFINITY,
     .unit = "epochs",
     .doc = "Passes over the training data."},
    {.name = "mode",
     .kind = NN_SET_ENUM,
     .preset = "mean",
     .choices = "mean|sum|none",
     .doc = "How losses are joined."},
    {.name = "pads", .kind = NN_SET_INTS, .flags = NN_SET_RANGE, .min = 0, .max = 100, .doc = "Padding."},
    {.name = "seed", .kind = NN_SET_INT, .doc = "Seed; absent: from the clock."},
    {.name = "path", .kind = NN_SET_PATH, .doc = "Folder of the data."},
    {.name = "shuffle", .kind = NN_SET_BOOL, .preset = "true", .doc = "New order every epoch."},
    {.name = "tags", .kind = NN_SET_STRINGS, .preset = "[a, b]", .doc = "Labels of the run."},
    {.name = "old", .kind = NN_SET_INT, .flags = NN_SET_DEPRECATED, .doc = "Use seed."},
    {.name = "extra", .kind = NN_SET_ANY, .doc = "Anything."},
};
#define N G_N_ELEMENTS(table)

static NnConfig *check(const char *text, GPtrArray *warnings, NnStatus *status) {
    g_autoptr(NnConfig) map = nn_config_parse(text, strlen(text), "t.yaml", status);
    return nn_settings_check(map, table, N, sizeof table[0], "the trainer", warnings, status);
}

static void gives(const char *text, const char *expected) {
    NnStatus *status = nn_status_new();
    g_autoptr(NnConfig) checked = check(text, NULL, status);
    g_autoptr(NnConfig) wanted = nn_config_parse(expected, strlen(expected), "expected", NULL);
    cr_assert_str_eq(nn_status_message(status), "");
    g_autofree char *found = nn_config_text(checked);
    cr_assert(nn_config_equal(checked, wanted), "%s", found);
    nn_status_free(status);
}

static void refused(const char *text, const char *sentence) {
    NnStatus *status = nn_status_new();
    cr_assert_null(check(text, NULL, status));
    cr_assert_str_eq(nn_status_message(status), sentence);
    nn_status_free(status);
}

Test(settings, fills_defaults) {
    gives("epochs: 5\n", "lr: 0.001\nepochs: 5\nmode: mean\nshuffle: true\ntags: [a, b]\n");
    gives("{epochs: 1e3, lr: 1, pads: [1, 2], seed: null, mode: sum, path: /x/../y, extra: {z: 1}}",
          "lr: 1.0\nepochs: 1000\nmode: sum\npads: [1, 2]\npath: /y\nshuffle: true\ntags: [a, b]\nextra: {z: "
          "1}\n");
}

Test(settings, refuses) {
    refused("epochs: 1\nepoch: 2\n",
            "t.yaml:2:1: the trainer has no setting \"epoch\"; did you mean \"epochs\"?");
    refused("epochs: 1\nquux: 2\n",
            "t.yaml:2:1: the trainer has no setting \"quux\"; it has lr, epochs, mode, pads, seed, "
            "path, shuffle, tags, old, extra");
    refused("epochs: 0\n", "t.yaml:1:9: epochs must be at least 1 epochs, found 0");
    refused("epochs: 1.5\n", "t.yaml:1:9: epochs must be an integer, found 1.5");
    refused("epochs:\n", "t.yaml:1:8: epochs must be given a value (int), found nothing");
    refused("lr: 1\n", "t.yaml:1:1: the trainer needs the setting epochs: Passes over the training data.");
    refused("", "t.yaml:1:1: the trainer needs the setting epochs: Passes over the training data.");
    refused("{epochs: 1, lr: 0}", "t.yaml:1:17: lr must be above 0, at most 10, found 0.0");
    refused("{epochs: 1, lr: .nan}", "t.yaml:1:17: lr must be above 0, at most 10, found .nan");
    refused("{epochs: 1, mode: men}",
            "t.yaml:1:19: mode must be one of mean, sum, none, found \"men\"; did you mean \"mean\"?");
    refused("{epochs: 1, mode: 5}", "t.yaml:1:19: mode must be one of mean, sum, none, found 5");
    refused("{epochs: 1, pads: 3}", "t.yaml:1:19: pads must be a list of integers, found 3");
    refused("{epochs: 1, pads: [1, -3]}", "t.yaml:1:23: pads must be 0 to 100, found -3");
    refused("{epochs: 1, pads: [1, x]}",
            "t.yaml:1:23: pads must be a list of integers, found the string \"x\"");
    refused("{epochs: 1, shuffle: yes}",
            "t.yaml:1:22: shuffle must be true or false, found the string \"yes\"");
    refused("{epochs: 1, tags: [1]}", "t.yaml:1:20: tags must be a list of strings, found 1");
    refused("[1]", "t.yaml:1:1: the settings of the trainer must be a map, found a list of 1 item");
}

Test(settings, warns_of_deprecated) {
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(NnConfig) checked = check("{epochs: 1, old: 3}", warnings, NULL);
    cr_assert_not_null(checked);
    cr_assert_eq(warnings->len, 1);
    cr_assert_str_eq(warnings->pdata[0], "t.yaml:1:13: old is deprecated: Use seed.");
}

Test(settings, tables_of_other_versions) {
    /* An older plug-in's struct ends before `unit`; a newer one's is longer. */
    struct Newer {
        NnSetting known;
        double later;
    } newer[2] = {{{.name = "a", .kind = NN_SET_INT, .preset = "1"}, 5},
                  {{.name = "b", .kind = NN_SET_INT, .preset = "2"}, 5}};
    g_autoptr(NnConfig) map = nn_config_new(NN_CONFIG_MAP, "t");
    g_autoptr(NnConfig) checked =
        nn_settings_check(map, &newer[0].known, 2, sizeof newer[0], "x", NULL, NULL);
    cr_assert_not_null(nn_config_get(checked, "b"));
    char older[2][offsetof(NnSetting, unit)];
    memcpy(older[0], &newer[0], sizeof older[0]);
    memcpy(older[1], &newer[1], sizeof older[1]);
    const NnSetting *as_table = (const NnSetting *)(const void *)older;
    g_autoptr(NnConfig) also = nn_settings_check(map, as_table, 2, sizeof older[0], "x", NULL, NULL);
    cr_assert(nn_config_equal(checked, also));
}

Test(settings, reached_through_the_api) {
    const NnConfigApi *api = nn_config_api();
    g_autoptr(NnConfig) map = nn_config_parse("{epochs: 3, old: 1}", 19, "t.yaml", NULL);
    const NnConfig *checked = NULL;
    NnStatus *status = nn_status_new();
    cr_assert_eq(api->check(map, table, N, sizeof table[0], "x", &checked, status), NN_OK);
    cr_assert_str_eq(nn_status_detail(status, "warning"), "t.yaml:1:13: old is deprecated: Use seed.");
    cr_assert_eq(api->integer(api->get(checked, "epochs")), 3);
    cr_assert_eq(api->number(api->get(checked, "lr")), 1e-3);
    cr_assert_str_eq(api->string(api->get(checked, "mode")), "mean");
    cr_assert(api->boolean(api->get(checked, "shuffle")));
    cr_assert_eq(api->count(api->get(checked, "tags")), 2);
    cr_assert_eq(api->fail(api->get(checked, "epochs"), status, "too many"), NN_INVALID);
    cr_assert_str_eq(nn_status_message(status), "t.yaml:1:10: too many");
    cr_assert_neq(api->check(NULL, table, N, sizeof table[0], "x", &checked, status), NN_OK);
    nn_status_free(status);
}

Test(settings, prints_help) {
    char *help = nn_settings_help(table, N, sizeof table[0]);
    const char *expected = "NAME     TYPE      DEFAULT   VALUES\n"
                           "lr       float     1e-3      above 0, at most 10\n"
                           "    Learning rate.\n"
                           "epochs   int       required  at least 1 epochs\n"
                           "    Passes over the training data.\n";
    cr_assert_eq(strncmp(help, expected, strlen(expected)), 0, "%s", help);
    g_auto(GStrv) lines = g_strsplit(help, "\n", -1);
    for (char **line = lines; *line; line++)
        cr_assert_leq(strlen(*line), 80);
    free(help);
    help = nn_settings_help(NULL, 0, 0);
    cr_assert_str_eq(help, "No settings.\n");
    free(help);
}

Test(settings, prints_json) {
    char *json = nn_settings_json(table, 3, sizeof table[0]);
    NnStatus *status = nn_status_new();
    g_autoptr(NnConfig) parsed = nn_config_parse(json, strlen(json), "json", status);
    cr_assert_str_eq(nn_status_message(status), "");
    const char *unit;
    cr_assert_eq(nn_config_as_string(nn_config_find(parsed, "1.unit"), &unit, NULL), NN_OK);
    cr_assert_str_eq(unit, "epochs");
    cr_assert_eq(nn_config_size(nn_config_find(parsed, "2.choices")), 3);
    nn_status_free(status);
    free(json);
}
