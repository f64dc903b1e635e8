/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: RFC 4180, targets that are classes or numbers, splits, and sentences with line and column. */
#include "../../../plugins/datasets/csv.c"

#include "open.h"

TestSuite(csv, .init = enter_folder, .fini = leave_folder);

static void check_rows(const Opened *o, uint32_t split, uint64_t n, const float *x, const int64_t *classes,
                       const float *values) {
    float found[64], value[16];
    int64_t class[16];
    uint64_t indices[16];
    const uint64_t width = (uint64_t)o->data->width;
    cr_assert_eq(csv.describe(o->data)->splits[split].count, n);
    for (uint64_t i = 0; i < n; i++)
        indices[i] = i;
    cr_assert_eq(
        csv.read(o->data, split, n, indices, (void *[]){found, classes ? (void *)class : value}, NULL),
        NN_OK);
    for (uint64_t i = 0; i < n * width; i++)
        cr_assert_float_eq(found[i], x[i], 1e-6f, "%g, not %g", (double)found[i], (double)x[i]);
    for (uint64_t i = 0; i < n; i++)
        cr_assert(classes ? class[i] == classes[i] : value[i] == values[i]);
}

Test(csv, reads_quotes_and_classes) {
    Opened o;
    write_text("t", "\xef\xbb\xbf"
                    "a,\"b, \"\"c\"\"\",kind\r\n1, 2 ,\"x\ny\"\r\n\r\n-3e1,\"4.5\",z\r\n.5,6.,\"x\ny\"");
    open_data(&o, &csv, "{path: t, standardize: false, test: 0}");
    cr_assert_str_eq(nn_status_message(o.status), "");
    const NnDataInfo *info = csv.describe(o.data);
    cr_assert_eq(info->fields[1].classes, 2);
    cr_assert_str_eq(info->fields[1].labels[0], "x\ny");
    cr_assert_eq(info->n_splits, 1);
    check_rows(&o, 0, 3, (float[]){1, 2, -30, 4.5f, .5f, 6}, (int64_t[]){0, 1, 0}, NULL);
    close_data(&o);
    open_data(&o, &csv, "{path: t, standardize: false, test: 0, target: 'b, \"c\"', ignore: ['3']}");
    cr_assert_str_eq(nn_status_message(o.status), "");
    check_rows(&o, 0, 3, (float[]){1, -30, .5f}, NULL, (float[]){2, 4.5f, 6});
    close_data(&o);
}

Test(csv, sorts_classes_by_value) {
    Opened o;
    write_text("t", "10;1\n9;2\n10;3\n");
    open_data(
        &o, &csv,
        "{path: t, header: false, separator: ;, target: '1', kind: class, standardize: false, test: 0}");
    cr_assert_str_eq(nn_status_message(o.status), "");
    cr_assert_str_eq(csv.describe(o.data)->fields[1].labels[0], "9");
    check_rows(&o, 0, 3, (float[]){1, 2, 3}, (int64_t[]){1, 0, 1}, NULL);
    close_data(&o);
}

Test(csv, blanks_may_separate) {
    Opened o;
    write_text("t", "  1   2\t 3 \n 4 5   6\n");
    open_data(&o, &csv, "{path: t, header: false, separator: ' ', standardize: false, test: 0}");
    cr_assert_str_eq(nn_status_message(o.status), "");
    check_rows(&o, 0, 2, (float[]){1, 2, 4, 5}, NULL, (float[]){3, 6});
    close_data(&o);
}

Test(csv, splits_by_seed_and_standardizes) {
    Opened o, p;
    char table[2048] = "x,y\n";
    for (int i = 0; i < 50; i++)
        (void)snprintf(table + strlen(table), 32, "%d,%d\n", i, i % 2);
    write_text("t", table);
    open_data(&o, &csv, "{path: t, kind: class}");
    open_data(&p, &csv, "{path: t, kind: class, seed: 1}");
    cr_assert_str_eq(nn_status_message(o.status), "");
    cr_assert_eq(csv.describe(o.data)->splits[0].count, 40);
    cr_assert_eq(csv.describe(o.data)->splits[1].count, 10);
    cr_assert_str_neq(csv.describe(o.data)->digest, csv.describe(p.data)->digest);
    double mean = 0, square = 0;
    for (int i = 0; i < 40; i++) {
        mean += (double)o.data->x[i] / 40;
        square += (double)o.data->x[i] * (double)o.data->x[i] / 40;
    }
    cr_assert_float_eq(mean, 0, 1e-6);
    cr_assert_float_eq(square, 1, 1e-5);
    close_data(&o);
    close_data(&p);
}

Test(csv, takes_a_table_to_test_on) {
    Opened o;
    write_text("t", "1,a\n3,b\n");
    write_gzip("u", "5,c\n", 4);
    open_data(&o, &csv, "{path: t, test_path: u, header: false}");
    cr_assert_str_eq(nn_status_message(o.status), "");
    cr_assert_eq(csv.describe(o.data)->fields[1].classes, 3);
    check_rows(&o, 0, 2, (float[]){-1, 1}, (int64_t[]){0, 1}, NULL);
    check_rows(&o, 1, 1, (float[]){3}, (int64_t[]){2}, NULL);
    close_data(&o);
}

Test(csv, skips_what_is_missing) {
    Opened o;
    write_text("t", "a,b\n1,2\n,3\n4,\n5,6\n7,");
    refused(&csv, "{path: t, kind: number}", "{}/t:3: column a is empty; skip_missing leaves such rows out");
    open_data(&o, &csv, "{path: t, skip_missing: true, standardize: false, test: 0}");
    cr_assert_str_eq(nn_status_message(o.status), "");
    check_rows(&o, 0, 2, (float[]){1, 5}, NULL, (float[]){2, 6});
    close_data(&o);
}

Test(csv, refuses) {
    refused(&csv, "{path: t}", "t.yaml:1:8: {}/t: No such file or directory");
    write_text("t", "a,b\n1,2\n3,4,5\n");
    refused(&csv, "{path: t}", "{}/t:3: 3 cells, 2 are expected as in the first line");
    write_text("t", "a,b\n1,2\n3\n");
    refused(&csv, "{path: t}", "{}/t:3: 1 cells, 2 are expected as in the first line");
    write_text("t", "a,b\n\"1\n\",2\nx,4\n");
    refused(&csv, "{path: t}", "{}/t:2: column a: expected a number, found \"1\n\"");
    write_text("t", "a,b\n1,2\n0x10,4\n");
    refused(&csv, "{path: t}", "{}/t:3: column a: expected a number, found \"0x10\"");
    write_text("t", "a,b\n1,2\n1,x\n");
    refused(&csv, "{path: t, kind: number}", "{}/t:3: column b: expected a number, found \"x\"");
    write_text("t", "a,b\n1,\"2\n");
    refused(&csv, "{path: t}", "{}/t:2: a quote that nothing closes");
    write_text("t", "a,b\n1,\"2\"x\n");
    refused(&csv, "{path: t}", "{}/t:2: 'x' behind a closing quote; a separator is expected");
    write_text("t", "a,b\n");
    refused(&csv, "{path: t}", "{}/t: no rows");
    write_text("t", "");
    refused(&csv, "{path: t}", "{}/t: no rows");
    write_text("t", "a\n1\n");
    refused(&csv, "{path: t}", "{}/t: no column is left besides the target");
    write_text("t", "a,b\n1,2\n");
    refused(&csv, "{path: t, target: c}", "t.yaml:1:19: {}/t has no column \"c\"; it has 2, the first is a");
    refused(&csv, "{path: t, target: '3'}",
            "t.yaml:1:19: {}/t has no column \"3\"; it has 2, the first is a");
    refused(&csv, "{path: t, separator: ab}",
            "t.yaml:1:22: a separator is one character, no quote and no line break");
    write_bytes("t", "a,b\n1,\xff\n", 9);
    refused(&csv, "{path: t}", "{}/t:2: offset 6: found the byte 0xff, text in UTF-8 is expected");
    write_bytes("t", "a,b\n1,\0\n", 9);
    refused(&csv, "{path: t}", "{}/t:2: offset 6: found the byte 0x00, text in UTF-8 is expected");
}

Test(csv, reads_iris_where_it_is) {
    char settings_text[512];
    const char *data = getenv("TEST_DATA");
    Opened o;
    (void)snprintf(settings_text, sizeof settings_text, "{path: '%s/uci/iris.data', header: false}",
                   data ? data : ".");
    open_data(&o, &csv, settings_text);
    if (nn_status_code(o.status) == NN_NOT_FOUND) {
        close_data(&o);
        cr_skip_test("the table is not here");
    }
    cr_assert_str_eq(nn_status_message(o.status), "");
    cr_assert_eq(csv.describe(o.data)->splits[0].count, 120);
    cr_assert_eq(csv.describe(o.data)->fields[1].classes, 3);
    cr_assert_str_eq(csv.describe(o.data)->fields[1].labels[1], "Iris-versicolor");
    close_data(&o);
}
