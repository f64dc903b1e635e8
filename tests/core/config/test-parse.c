/* SPDX-License-Identifier: Apache-2.0 */
/* Text to tree: types by the core schema, places, bounds, and a sentence for everything that is refused. */
#include "config/config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static NnConfig *parse(const char *text, NnStatus *status) {
    return nn_config_parse(text, strlen(text), "t.yaml", status);
}

static NnConfig *good(const char *text) {
    NnStatus *status = nn_status_new();
    NnConfig *root = parse(text, status);
    cr_assert_str_eq(nn_status_message(status), "");
    cr_assert_not_null(root);
    nn_status_free(status);
    return root;
}

static void refused_bytes(const char *text, size_t length, const char *sentence) {
    NnStatus *status = nn_status_new();
    cr_assert_null(nn_config_parse(text, length, "t.yaml", status));
    cr_assert_str_eq(nn_status_message(status), sentence);
    nn_status_free(status);
}

static void refused(const char *text, const char *sentence) { refused_bytes(text, strlen(text), sentence); }

static NnConfigKind kind_of(const char *value) {
    g_autofree char *text = g_strconcat("k: ", value, NULL);
    g_autoptr(NnConfig) root = good(text);
    return nn_config_kind(nn_config_get(root, "k"));
}

Test(parse, types_by_the_core_schema) {
    const struct {
        const char *text;
        NnConfigKind kind;
    } cases[] = {
        {"", NN_CONFIG_NULL},          {"~", NN_CONFIG_NULL},
        {"null", NN_CONFIG_NULL},      {"true", NN_CONFIG_BOOL},
        {"FALSE", NN_CONFIG_BOOL},     {"yes", NN_CONFIG_STRING},
        {"on", NN_CONFIG_STRING},      {"tRUE", NN_CONFIG_STRING},
        {"12", NN_CONFIG_INT},         {"-012", NN_CONFIG_INT},
        {"0x10", NN_CONFIG_INT},       {"0o17", NN_CONFIG_INT},
        {"-0x10", NN_CONFIG_STRING},   {"0x", NN_CONFIG_STRING},
        {"1e-3", NN_CONFIG_FLOAT},     {"1.", NN_CONFIG_FLOAT},
        {".5", NN_CONFIG_FLOAT},       {".", NN_CONFIG_STRING},
        {"1e", NN_CONFIG_STRING},      {"1_000", NN_CONFIG_STRING},
        {".inf", NN_CONFIG_FLOAT},     {"-.Inf", NN_CONFIG_FLOAT},
        {"+.nan", NN_CONFIG_STRING},   {".NaN", NN_CONFIG_FLOAT},
        {"\"1\"", NN_CONFIG_STRING},   {"'true'", NN_CONFIG_STRING},
        {"!!str 5", NN_CONFIG_STRING}, {"!!float 5", NN_CONFIG_FLOAT},
        {"12:30", NN_CONFIG_STRING},   {"[]", NN_CONFIG_LIST},
        {"{}", NN_CONFIG_MAP},         {"2001-12-14", NN_CONFIG_STRING},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        cr_expect_eq(kind_of(cases[i].text), cases[i].kind, "%s", cases[i].text);
}

Test(parse, reads_values) {
    g_autoptr(NnConfig) root = good("a: 0x10\nb: 1e-3\nc: -.inf\nd: [1, 2]\ne: 1e3\nf: \"x\\u00e9\"\n");
    int64_t i;
    double x;
    const char *s;
    cr_assert_eq(nn_config_as_int(nn_config_get(root, "a"), &i, NULL), NN_OK);
    cr_assert_eq(i, 16);
    cr_assert_eq(nn_config_as_float(nn_config_get(root, "b"), &x, NULL), NN_OK);
    cr_assert_eq(x, 1e-3);
    cr_assert_eq(nn_config_as_float(nn_config_get(root, "c"), &x, NULL), NN_OK);
    cr_assert(isinf(x) && x < 0);
    cr_assert_eq(nn_config_as_int(nn_config_find(root, "d.1"), &i, NULL), NN_OK);
    cr_assert_eq(i, 2);
    cr_assert_eq(nn_config_as_int(nn_config_get(root, "e"), &i, NULL), NN_OK);
    cr_assert_eq(i, 1000);
    cr_assert_eq(nn_config_as_string(nn_config_get(root, "f"), &s, NULL), NN_OK);
    cr_assert_str_eq(s, "x\xc3\xa9");
    cr_assert_eq(nn_config_size(root), 6);
    cr_assert_str_eq(nn_config_key(root, 3), "d");
    cr_assert_null(nn_config_find(root, "d.7"));
    cr_assert_null(nn_config_get(root, "z"));
}

Test(parse, knows_places) {
    g_autoptr(NnConfig) root = good("a:\n  b: [1,\n      2]\n");
    cr_assert_str_eq(nn_config_place(nn_config_find(root, "a.b.1")), "t.yaml:3:7");
    cr_assert_str_eq(nn_config_key_place(nn_config_find(root, "a.b")), "t.yaml:2:3");
    cr_assert_str_eq(nn_config_place(nn_config_find(root, "a.b")), "t.yaml:2:6");
}

Test(parse, wrong_kinds_say_what_was_found) {
    g_autoptr(NnConfig) root = good("epochs: ten\nn: -1\n");
    NnStatus *status = nn_status_new();
    int64_t i;
    uint64_t u;
    cr_assert_eq(nn_config_as_int(nn_config_get(root, "epochs"), &i, status), NN_INVALID);
    cr_assert_str_eq(nn_status_message(status),
                     "t.yaml:1:9: epochs must be an integer, found the string \"ten\"");
    nn_status_clear(status);
    cr_assert_eq(nn_config_as_uint(nn_config_get(root, "n"), &u, status), NN_INVALID);
    cr_assert_str_eq(nn_status_message(status), "t.yaml:2:4: n must be an integer of at least 0, found -1");
    nn_status_free(status);
}

Test(parse, follows_aliases) {
    g_autoptr(NnConfig) root = good("a: &x {p: 1, q: [2]}\nb: *x\nc: [*x, *x]\n");
    cr_assert(nn_config_equal(nn_config_get(root, "a"), nn_config_get(root, "b")));
    cr_assert(nn_config_equal(nn_config_get(root, "a"), nn_config_find(root, "c.1")));
}

Test(parse, refuses) {
    refused("a: 1\nb: 2\na: 3\n", "t.yaml:3:1: the key a is there twice; the first is in line 1");
    refused("a: 1\n---\nb: 1\n", "t.yaml:2:1: a second document begins here; one is expected");
    refused("a: *b\n", "t.yaml:1:4: the alias *b has no anchor &b before it");
    refused("a: &b [*b]\n", "t.yaml:1:8: the alias *b stands inside of what it repeats");
    refused("? [a]\n: 1\n", "t.yaml:1:3: a key must be a name, found a list");
    refused("a: 99999999999999999999\n",
            "t.yaml:1:4: 99999999999999999999 is beyond 64-bit integers; quote it if it is a name");
    refused("a: 1e999\n", "t.yaml:1:4: 1e999 is beyond 64-bit floats");
    refused("a: !!int x\n", "t.yaml:1:4: the tag int does not fit the value");
    refused("a: !thing x\n", "t.yaml:1:4: unknown tag !thing; the tags of YAML's core schema can be used");
    refused("a: \"x\\0y\"\n", "t.yaml:1:4: a string may not contain the character U+0000");
    refused("a: b: c\n", "t.yaml:1:5: not YAML: mapping values are not allowed in this context");
    refused("a: [1, 2\nb: 3\n", "t.yaml:2:2: not YAML: did not find expected ',' or ']', "
                                "while parsing a flow sequence that begins in line 1");
    refused("'': 1\n", "t.yaml:1:1: a key is missing before the colon");
}

Test(parse, refuses_other_encodings) {
    refused("a: 1\nbc: \xff\n", "t.yaml:2:5: the byte 0xff is not UTF-8");
    refused_bytes("a: 1\nb\0: 2", 10, "t.yaml:2:2: a NUL byte; text in UTF-8 is expected");
}

Test(parse, bounds_nesting) {
    g_autoptr(GString) deep = g_string_new(NULL);
    for (int i = 0; i < 64; i++)
        g_string_append_c(deep, '[');
    g_autofree char *fits =
        g_strconcat(deep->str, "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", NULL);
    g_autoptr(NnConfig) root = good(fits);
    cr_assert_eq(nn_config_size(root), 1);
    g_string_append_c(deep, '[');
    refused(deep->str, "t.yaml:1:65: nested deeper than 64 levels");
}

Test(parse, bounds_laughter) {
    g_autoptr(GString) text = g_string_new("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 10; i++) {
        g_string_append_printf(text, "a%d: &a%d [", i, i);
        for (int j = 0; j < 10; j++)
            g_string_append_printf(text, "%s*a%d", j ? ", " : "", i - 1);
        g_string_append(text, "]\n");
    }
    NnStatus *status = nn_status_new();
    cr_assert_null(parse(text->str, status));
    cr_assert(g_str_has_suffix(nn_status_message(status), "more than 500000 values, aliases included"));
    nn_status_free(status);
}

Test(parse, bounds_text_behind_aliases) {
    g_autoptr(GString) text = g_string_new("a: &a \"");
    for (int i = 0; i < 1 << 20; i++)
        g_string_append_c(text, 'x');
    g_string_append(text, "\"\nb: [");
    for (int i = 0; i < 100; i++)
        g_string_append(text, "*a, ");
    g_string_append(text, "]\n");
    NnStatus *status = nn_status_new();
    cr_assert_null(parse(text->str, status));
    cr_assert(g_str_has_suffix(nn_status_message(status), "aliases repeat more than 16 MiB of text"));
    nn_status_free(status);
}

Test(parse, empty_text_is_null) {
    g_autoptr(NnConfig) root = good("# nothing\n");
    cr_assert_eq(nn_config_kind(root), NN_CONFIG_NULL);
    cr_assert_eq(nn_config_kind(NULL), NN_CONFIG_NULL);
}

Test(parse, large_maps_are_quick) {
    g_autoptr(GString) text = g_string_new(NULL);
    for (int i = 0; i < 50000; i++)
        g_string_append_printf(text, "key%d: %d\n", i, i);
    g_autoptr(NnConfig) root = good(text->str);
    int64_t value;
    cr_assert_eq(nn_config_as_int(nn_config_get(root, "key49999"), &value, NULL), NN_OK);
    cr_assert_eq(value, 49999);
}

Test(parse, reads_files) {
    NnStatus *status = nn_status_new();
    g_autofree char *folder = g_dir_make_tmp("nn-config-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "a.yaml", NULL);
    g_autofree char *data = g_build_filename(folder, "data", "x", NULL);
    cr_assert(g_file_set_contents(path, "p: data/x\nq: /abs\n", -1, NULL));
    g_autoptr(NnConfig) root = nn_config_read(path, status);
    cr_assert_not_null(root);
    cr_assert_str_eq(nn_config_path(nn_config_get(root, "p")), data);
    cr_assert_str_eq(nn_config_path(nn_config_get(root, "q")), "/abs");
    cr_assert_str_eq(nn_config_path(root), folder);
    cr_assert_null(nn_config_read("/nowhere.yaml", status));
    cr_assert_eq(nn_status_code(status), NN_NOT_FOUND);
    cr_assert_str_eq(nn_status_message(status), "/nowhere.yaml: No such file or directory");
    nn_status_clear(status);
    cr_assert_null(nn_config_read(folder, status));
    cr_assert(g_str_has_suffix(nn_status_message(status), "cannot be read: Is a directory"));
    cr_assert_eq(remove(path), 0);
    cr_assert_eq(remove(folder), 0);
    nn_status_free(status);
}
