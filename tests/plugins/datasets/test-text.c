/* SPDX-License-Identifier: Apache-2.0 */
/* Texts: characters numbered by code point, windows whose target is one character later, the end held out. */
#include "../../../plugins/datasets/text.c"

#include "open.h"

TestSuite(text, .init = enter_folder, .fini = leave_folder);

Test(text, numbers_characters) {
    Opened o;
    int64_t x[6], y[6];
    write_text("t", "ba\xc3\xa9\xf0\x9f\x98\x80"
                    "cab\xc3\xa9"
                    "cb");
    open_data(&o, &text, "{path: t, length: 3, test: 0}");
    cr_assert_str_eq(nn_status_message(o.status), "");
    const NnDataInfo *info = text.describe(o.data);
    cr_assert_eq(info->flags, NN_DATA_SEQUENCE);
    cr_assert_eq(info->n_splits, 1);
    cr_assert_eq(info->splits[0].count, 3);
    cr_assert_eq(info->fields[0].classes, 5);
    cr_assert_str_eq(info->fields[0].labels[0], "a");
    cr_assert_str_eq(info->fields[0].labels[3], "\xc3\xa9");
    cr_assert_str_eq(info->fields[0].labels[4], "\xf0\x9f\x98\x80");
    cr_assert_eq(text.read(o.data, 0, 2, (uint64_t[]){0, 1}, (void *[]){x, y}, NULL), NN_OK);
    cr_assert_eq(memcmp(x, (int64_t[]){1, 0, 3, 4, 2, 0}, sizeof x), 0);
    cr_assert_eq(memcmp(y, (int64_t[]){0, 3, 4, 2, 0, 1}, sizeof y), 0);
    close_data(&o);
}

Test(text, holds_the_end_out) {
    Opened o;
    int64_t x[2];
    write_gzip("t.gz", "aaaaaaaaaaaaaaabbbbb", 20);
    open_data(&o, &text, "{path: t.gz, length: 2, stride: 1, test: 0.25}");
    cr_assert_str_eq(nn_status_message(o.status), "");
    const NnDataInfo *info = text.describe(o.data);
    cr_assert_eq(info->flags, 0);
    cr_assert_eq(info->splits[0].count, 13);
    cr_assert_eq(info->splits[1].count, 3);
    cr_assert_eq(text.read(o.data, 1, 1, (uint64_t[]){0}, (void *[]){x, NULL}, NULL), NN_OK);
    cr_assert(x[0] == 1 && x[1] == 1);
    close_data(&o);
}

Test(text, refuses) {
    refused(&text, "{path: t}", "t.yaml:1:8: {}/t: No such file or directory");
    write_text("t", "");
    refused(&text, "{path: t}", "{}/t: 0 characters to train on, a sample needs 65");
    write_text("t", "abcdefghij");
    refused(&text, "{path: t, length: 4}", "{}/t: 1 characters to test on, a sample needs 5");
    refused(&text, "{path: t, length: 0}", "t.yaml:1:19: length must be 1 to 1048576 characters, found 0");
    write_text("t", "a\nb\xe2\x82");
    refused(&text, "{path: t}", "{}/t:2: offset 3: found the byte 0xe2, text in UTF-8 is expected");
    write_text("t", "a\xc0\x80");
    refused(&text, "{path: t}", "{}/t:1: offset 1: found the byte 0xc0, text in UTF-8 is expected");
    write_bytes("t", "a\0b", 3);
    refused(&text, "{path: t}", "{}/t:1: offset 1: found the byte 0x00, text in UTF-8 is expected");
    refused(&text, "{path: .}", "{}: offset 0: cannot be read: Is a directory");
}
