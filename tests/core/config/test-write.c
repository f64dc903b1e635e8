/* SPDX-License-Identifier: Apache-2.0 */
/* Tree to text: stable, readable, and read back as the same tree. */
#include "config/config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static NnConfig *parse(const char *text) {
    NnStatus *status = nn_status_new();
    NnConfig *root = nn_config_parse(text, strlen(text), "t.yaml", status);
    cr_assert_not_null(root, "%s in %s", nn_status_message(status), text);
    nn_status_free(status);
    return root;
}

static void round_trip(const NnConfig *tree) {
    g_autofree char *text = nn_config_text(tree);
    g_autoptr(NnConfig) again = parse(text);
    g_autofree char *second = nn_config_text(again);
    cr_assert(nn_config_equal(tree, again), "%s", text);
    cr_assert_str_eq(text, second);
}

Test(write, looks_as_a_person_would_write_it) {
    const char *text = "name: lenet\n"
                       "lr: 0.001\n"
                       "big: 100000000000000000000.0\n"
                       "classes: [a, b, \"yes\", \"1\", null]\n"
                       "layers:\n"
                       "  - Conv:\n"
                       "      kernel_shape: [5, 5]\n"
                       "      group: 1\n"
                       "  - Relu\n"
                       "  -\n"
                       "    - {}\n"
                       "    - [1, [], 2.0]\n"
                       "    - a: 1\n";
    g_autoptr(NnConfig) root = parse(text);
    g_autofree char *written = nn_config_text(root);
    g_autofree char *expected = g_strdup(text);
    /* 1e20 takes its shortest form */
    char *big = strstr(expected, "100000000000000000000.0");
    memmove(big, "1e+20", 5);
    memmove(big + 5, big + 23, strlen(big + 23) + 1);
    cr_assert_str_eq(written, expected);
    round_trip(root);
}

Test(write, quotes_whatever_would_read_as_something_else) {
    const char *const strings[] = {"",
                                   " ",
                                   "null",
                                   "true",
                                   "1",
                                   "1e3",
                                   "0x1f",
                                   ".5",
                                   "-",
                                   "- a",
                                   "a: b",
                                   "a #b",
                                   "#",
                                   "&a",
                                   "*a",
                                   "!x",
                                   "'",
                                   "\"",
                                   "a\nb",
                                   "\t",
                                   "\x01",
                                   "\x7f",
                                   "%",
                                   "@a",
                                   "`",
                                   "{",
                                   "[",
                                   "a,b",
                                   "a]",
                                   "---",
                                   "...",
                                   "? a",
                                   ":",
                                   "a:",
                                   "no",
                                   "y",
                                   "\xc2\x85",
                                   "\xef\xbb\xbf",
                                   "\xf0\x9f\x98\x80",
                                   "\xe2\x80\xa8",
                                   "\xef\xbf\xbe",
                                   "trailing ",
                                   " lead",
                                   "two  spaces",
                                   "a/b.c-d_e",
                                   "=",
                                   "<<",
                                   "\\",
                                   "~",
                                   "nan",
                                   ".nan",
                                   ".inf",
                                   "caf\xc3\xa9"};
    g_autoptr(NnConfig) map = nn_config_new(NN_CONFIG_MAP, "test");
    g_autoptr(NnConfig) list = nn_config_new(NN_CONFIG_LIST, "test");
    for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) {
        g_autoptr(NnConfig) one = nn_config_new_string(strings[i], "test");
        round_trip(one);
        nn_config_append(list, nn_config_new_string(strings[i], "test"));
        if (*strings[i])
            nn_config_put(map, strings[i], nn_config_new_string(strings[i], "test"));
    }
    round_trip(list);
    nn_config_put(map, "list", nn_config_copy(list));
    round_trip(map);
}

Test(write, floats_keep_every_bit) {
    const double values[] = {
        0.0, -0.0, 1.0, 0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, 123456789.123456789, 1e22, -2.5e-7};
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autoptr(NnConfig) one = nn_config_new_float(values[i], "test");
        g_autofree char *text = nn_config_text(one);
        g_autoptr(NnConfig) again = parse(text);
        double back;
        cr_assert_eq(nn_config_kind(again), NN_CONFIG_FLOAT, "%s", text);
        cr_assert_eq(nn_config_as_float(again, &back, NULL), NN_OK);
        cr_assert_eq(memcmp(&back, &values[i], sizeof back), 0, "%s", text);
    }
    g_autoptr(NnConfig) nan = nn_config_new_float(NAN, "test");
    round_trip(nan);
}

Test(write, long_keys_and_deep_trees) {
    g_autoptr(NnConfig) map = nn_config_new(NN_CONFIG_MAP, "test");
    g_autofree char *key = g_strnfill(5000, 'k');
    NnConfig *inner = nn_config_new(NN_CONFIG_MAP, "test");
    nn_config_put(inner, key, nn_config_new_int(1, "test"));
    nn_config_put(map, key, inner);
    round_trip(map);
}

Test(write, copies_and_merges) {
    g_autoptr(NnConfig) a = parse("x: {p: 1, q: 2}\ny: [1]\nz: 3\n");
    g_autoptr(NnConfig) b = parse("x: {q: 5, r: 6}\ny: [2, 3]\nw: 4\n");
    g_autoptr(NnConfig) both = parse("x: {p: 1, q: 5, r: 6}\ny: [2, 3]\nz: 3\nw: 4\n");
    g_autoptr(NnConfig) copy = nn_config_copy(a);
    cr_assert(nn_config_equal(a, copy));
    nn_config_merge(copy, b);
    cr_assert(nn_config_equal(copy, both));
    cr_assert_not(nn_config_equal(copy, a));
}
