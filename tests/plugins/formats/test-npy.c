/* SPDX-License-Identifier: Apache-2.0 */
/* npy: arrays come as they were, whatever their order; everything else is refused with its offset. */
#include "../../../plugins/formats/npy-array.c"
#include "../../../plugins/formats/npy.c"

#include "format-test.h"

static void npy_good(uint8_t version, const char *text, const void *data, size_t bytes, const char *expected,
                     Seen *seen) {
    uint8_t file[1024];
    accepted(&npy, file, npy_of(file, version, text, data, bytes), expected, seen);
}

static void npy_refused(const char *text, size_t bytes, const char *sentence) {
    static const uint8_t data[64];
    uint8_t file[1024];
    refused(&npy, file, npy_of(file, 1, text, data, bytes), sentence);
}

Test(npy, takes_every_version_and_order) {
    const uint8_t six[] = {1, 2, 3, 4, 5, 6}, big[] = {0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0};
    const float expected[] = {1, -2};
    Seen seen;
    npy_good(1, HEAD("|u1", "False", "(2, 3)"), six, 6, "arr_0:u8[2,3,]6 ", &seen);
    cr_assert_arr_eq(seen.data, six, 6);
    npy_good(2, HEAD("|u1", "True", "(2, 3)"), six, 6, "arr_0:u8[2,3,]6 ", &seen);
    cr_assert_arr_eq(seen.data, ((uint8_t[]){1, 3, 5, 2, 4, 6}), 6);
    npy_good(3, HEAD(">f4", "False", "(2,)"), big, 8, "arr_0:f32[2,]8 ", &seen);
    cr_assert_arr_eq(seen.data, expected, 8);
    npy_good(1, HEAD(">i2", "True", "(1, 3)"), six, 6, "arr_0:i16[1,3,]6 ", &seen);
    cr_assert_arr_eq(seen.data, ((uint8_t[]){2, 1, 4, 3, 6, 5}), 6);
    npy_good(1, HEAD("<i8", "False", "()"), big, 8, "arr_0:i64[]8 ", &seen);
    npy_good(1, HEAD("<f8", "True", "(0, 5)"), NULL, 0, "arr_0:f64[0,5,]0 ", &seen);
    npy_good(1, "{\"shape\":(3,),'descr' : '|b1','fortran_order':False}  ", "\0\1\1", 3, "arr_0:bool[3,]3 ",
             &seen);
    npy_good(1, HEAD(">c8", "False", "(1,)"), big, 8, "arr_0:c64[1,]8 ", &seen);
    cr_assert_arr_eq(seen.data, expected, 8);
}

Test(npy, column_major_in_three_dimensions) {
    uint8_t data[24];
    Seen seen;
    for (uint8_t i = 0; i < 24; i++)
        data[i] = i;
    npy_good(1, HEAD("|u1", "True", "(2, 3, 4)"), data, 24, "arr_0:u8[2,3,4,]24 ", &seen);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 4; k++)
                cr_assert_eq(seen.data[(i * 3 + j) * 4 + k], i + 2 * j + 6 * k);
}

Test(npy, refuses) {
    refused(&npy, "", 0, "offset 0: not npy: it does not begin with \\x93NUMPY, a version and a length");
    refused(&npy, "\x93NUMPY\4\0\0\0", 10, "offset 6: npy version 4.0; 1.0, 2.0 and 3.0 are known");
    refused(&npy, "\x93NUMPY\1\1\0\0", 10, "offset 6: npy version 1.1; 1.0, 2.0 and 3.0 are known");
    refused(&npy, "\x93NUMPY\1\0\2\0{", 11,
            "offset 8: cut short: the header would end at byte 12, there are 11");
    refused(&npy, "\x93NUMPY\2\0\0\0", 10,
            "offset 8: cut short: the header would end at byte 12, there are 10");
    refused(&npy, "\x93NUMPY\2\0\0\0\1\0", 12,
            "offset 8: a header of 65536 bytes, at most 65524 are allowed");
    npy_refused("", 0, "offset 10: expected '{', found the byte 0x0a");
    npy_refused("{}", 0, "offset 12: the key descr is missing");
    npy_refused(HEAD("|u1", "False", "(3,)"), 2, "offset 68: the shape wants 3 bytes, 2 follow");
    npy_refused(HEAD("|u1", "False", "(3,)"), 4, "offset 68: the shape wants 3 bytes, 4 follow");
    npy_refused(HEAD("|O", "False", "(3,)"), 3, "offset 20: the type '|O' is none of numbers");
    npy_refused(HEAD("<U5", "False", "(3,)"), 60, "offset 20: the type '<U5' is none of numbers");
    npy_refused("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", 4,
                "offset 20: an array of records; plain numbers are expected");
    npy_refused(HEAD("|u1", "false", "(3,)"), 3, "offset 44: expected True or False, found 'f'");
    npy_refused(HEAD("|u1", "False", "(3)"), 3, "offset 62: expected ',', found ')'");
    npy_refused(HEAD("|u1", "False", "(-3,)"), 3,
                "offset 61: expected a whole number of at least 0, found '-'");
    npy_refused(HEAD("|u1", "False", "(03,)"), 3, "offset 61: a number with a leading zero");
    npy_refused(HEAD("|u1", "False", "(1 2)"), 2, "offset 63: expected ',' or ')', found '2'");
    npy_refused(HEAD("|u1", "False", "(9223372036854775808,)"), 1, "offset 61: a dimension beyond 2^63 - 1");
    npy_refused(HEAD("<f8", "False", "(4294967296, 4294967296)"), 8,
                "offset 10: the shape is beyond 63 bits");
    npy_refused(HEAD("|u1", "False", "(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)"), 1,
                "offset 93: more than 16 dimensions");
    npy_refused("{'descr': '|u1', 'descr': '|u1'}", 0, "offset 27: the key descr is there twice");
    npy_refused("{'size': 3}", 0,
                "offset 11: unknown key \"size\"; descr, fortran_order and shape are expected");
    npy_refused("{'descr': '|u1' 'shape': ()}", 0, "offset 26: expected ',' or '}', found '''");
    npy_refused(HEAD("|u1", "False", "()") " x", 1, "offset 66: expected the end of the line, found 'x'");
    npy_refused(HEAD("|u1", "False", "()") "\n", 1, "offset 66: more than one line in the header");
    uint8_t file[1024];
    refused(&npy, file, npy_of(file, 1, HEAD("|b1", "False", "(2,)"), "\1\2", 2),
            "offset 69: the byte 0x02 in an array of bool");
}

Test(npy, writes_one_array) {
    static Bytes file;
    const float w[6] = {1, 2, 3, 4, 5, 6};
    const NnArray a = {"w", NN_F32, 2, (int64_t[]){2, 3}, w, 24};
    Seen seen;
    written(&npy, 1, &a, 0, NULL, &file);
    cr_assert_eq((file.n - 24) % 64, 0);
    accepted(&npy, file.bytes, file.n, "arr_0:f32[2,3,]24 ", &seen);
    cr_assert_arr_eq(seen.data, w, 24);
    not_written(&npy, 0, &a, 0, NULL,
                "npy holds one array and nothing else, but there are 0, and 0 texts; npz holds several");
    not_written(&npy, 1, &(NnArray){"w", NN_BF16, 0, NULL, w, 2}, 0, NULL,
                "array \"w\": npy has no type bf16 of 0 dimensions");
    not_written(&npy, 1, &(NnArray){"w", NN_F32, 0, NULL, w, 8}, 0, NULL,
                "array \"w\": its shape does not fit its 8 bytes");
}
