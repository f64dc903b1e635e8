/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays as text: every number of every type comes back to the bit; what is no table of numbers is refused.
 */
#include "../../../plugins/formats/csv.c"

#include "format-test.h"

static void good(const char *text, const char *expected, const double *values, size_t n) {
    Seen seen;
    accepted(&csv, text, strlen(text), expected, &seen);
    if (n)
        cr_assert_arr_eq(seen.data, values, n * sizeof *values);
}

static void wrong(const char *text, const char *sentence) { refused(&csv, text, strlen(text), sentence); }

Test(csv, takes_plain_tables) {
    good("1,2\n3,-4.5e1\n", "arr_0:f64[2,2,]32 ", (double[]){1, 2, 3, -45}, 4);
    good(" 1 , 2\r\n3,4", "arr_0:f64[2,2,]32 ", (double[]){1, 2, 3, 4}, 4);
    good("inf\n-inf\n.5\n", "arr_0:f64[3,1,]24 ", (double[]){INFINITY, -INFINITY, .5}, 3);
    good("0", "arr_0:f64[1,1,]8 ", (double[]){0}, 1);
}

Test(csv, takes_named_arrays) {
    good("# f64 [] a b\n1\n# f64 [2] c\n1,2\n", "a b:f64[]8 c:f64[2,]16 ", (double[]){1, 2}, 2);
    good("# u8 [0,3] a\n# i8 [3,0] b\n# i64 [2,1,2] c\n1,2\n3,-4\n",
         "a:u8[0,3,]0 b:i8[3,0,]0 c:i64[2,1,2,]32 ", NULL, 0);
    good("# bool [2] a\n0,1\n", "a:bool[2,]2 ", NULL, 0);
}

Test(csv, every_half_round_trips) {
    static uint16_t all[1 << 16];
    static Bytes file;
    for (size_t i = 0; i < NN_COUNT(all); i++)
        all[i] = (uint16_t)i;
    for (int k = 0; k < 2; k++)
        for (size_t from = 0; from < NN_COUNT(all); from += 2048) {
            Seen seen;
            const int32_t type = k ? NN_BF16 : NN_F16;
            const NnArray a = {"a", type, 1, (int64_t[]){2048}, all + from, 4096};
            written(&csv, 1, &a, 0, NULL, &file);
            char expected[64];
            snprintf(expected, sizeof expected, "a:%s[2048,]4096 ", nn_type_name(type));
            accepted(&csv, file.bytes, file.n, expected, &seen);
            for (size_t i = 0; i < 128; i++) {
                uint16_t back;
                memcpy(&back, seen.data + 2 * i, 2);
                const uint16_t bits = all[from + i];
                const bool is_nan = k ? (bits & 0x7fff) > 0x7f80 : (bits & 0x7fff) > 0x7c00;
                cr_assert(back == bits || is_nan, "%04x became %04x", bits, back);
            }
        }
    /* The first 128 of each block were looked at; this is every one. */
    for (uint32_t i = 0; i < 1 << 16; i++) {
        const uint16_t h = (uint16_t)i;
        cr_assert((h & 0x7fff) > 0x7c00 || nn_to_f16(nn_from_f16(h)) == h, "%04x", h);
        cr_assert((h & 0x7fff) > 0x7f80 || nn_to_bf16(nn_from_bf16(h)) == h, "%04x", h);
    }
}

Test(csv, writes_what_it_reads) {
    static Bytes file;
    static const double real[] = {0.1, -0.0, 1e-310, 1.7976931348623157e308, INFINITY, 123456789.125};
    static const float single[] = {0.1f, 16777217.0f, 1e-40f, -3.4e38f};
    static const int64_t wide[] = {INT64_MIN, -1, 0, INT64_MAX};
    static const int8_t narrow[] = {-128, -1, 0, 127};
    static const uint64_t large[] = {UINT64_MAX, 1};
    const NnArray arrays[] = {{"real", NN_F64, 2, (int64_t[]){2, 3}, real, sizeof real},
                              {"single", NN_F32, 3, (int64_t[]){2, 1, 2}, single, sizeof single},
                              {"wide", NN_I64, 1, (int64_t[]){4}, wide, sizeof wide},
                              {"narrow", NN_I8, 1, (int64_t[]){4}, narrow, sizeof narrow},
                              {"large", NN_U64, 0, NULL, large, 8},
                              {"empty", NN_F32, 2, (int64_t[]){0, 2}, NULL, 0}};
    for (size_t i = 0; i < NN_COUNT(arrays); i++) {
        Seen seen;
        char expected[100] = "";
        NnStatus *status = nn_status_new();
        written(&csv, 1, &arrays[i], 0, NULL, &file);
        cr_assert_eq(read_bytes(&csv, file.bytes, file.n, &seen, status), NN_OK);
        if (arrays[i].bytes)
            cr_assert_arr_eq(seen.data, arrays[i].data, arrays[i].bytes);
        snprintf(expected, sizeof expected, "%s:%s[", arrays[i].name, nn_type_name(arrays[i].type));
        cr_assert_eq(strncmp(seen.text, expected, strlen(expected)), 0);
        nn_status_free(status);
    }
    written(&csv, 1, &arrays[3], 0, NULL, &file);
    cr_assert_eq(file.n, 30);
    cr_assert_arr_eq(file.bytes, "# i8 [4] narrow\n-128,-1,0,127\n", 30);
    not_written(&csv, 0, NULL, 1, &(NnPair){"k", "v"}, "csv holds numbers only, and no record beside them");
    not_written(&csv, 1, &(NnArray){"a\nb", NN_U8, 0, NULL, "a", 1}, 0, NULL,
                "array \"a\nb\": a name of one line, 1 to 1000 bytes in UTF-8, is expected");
    not_written(&csv, 1, &(NnArray){"a", NN_I4, 0, NULL, "a", 1}, 0, NULL, "array \"a\": csv has no type i4");
}

Test(csv, refuses) {
    wrong("", "offset 0: no numbers, the file is empty");
    wrong("1,2\n3\n", "offset 4, line 2: 1 numbers, 2 are expected");
    wrong("1,2\n3,4,5\n", "offset 4, line 2: 3 numbers, 2 are expected");
    wrong("1\n\n2\n", "offset 2, line 2: expected a number of type f64, found \"\"");
    wrong("a,b\n1,2\n", "offset 0, line 1: expected a number of type f64, found \"a\"");
    wrong("1,0x10\n", "offset 2, line 1: expected a number of type f64, found \"0x10\"");
    wrong("1,infinity\n", "offset 2, line 1: expected a number of type f64, found \"infinity\"");
    wrong("1,2;3\n", "offset 2, line 1: expected a number of type f64, found \"2;3\"");
    wrong("# u8 [2] a\n1,256\n", "offset 13, line 2: expected a number of type u8, found \"256\"");
    wrong("# u8 [2] a\n1,-1\n", "offset 13, line 2: expected a number of type u8, found \"-1\"");
    wrong("# i8 [1] a\n-129\n", "offset 11, line 2: expected a number of type i8, found \"-129\"");
    wrong("# bool [1] a\n2\n", "offset 13, line 2: expected a number of type bool, found \"2\"");
    wrong("# i64 [1] a\n9223372036854775808\n",
          "offset 12, line 2: expected a number of type i64, found \"9223372036854775808\"");
    wrong("# i64 [1] a\n1.5\n", "offset 12, line 2: expected a number of type i64, found \"1.5\"");
    wrong("# f32 [2] a\n1\n", "offset 12, line 2: 1 numbers, 2 are expected");
    wrong("# f32 [2,1] a\n1\n", "offset 16, line 3: cut short: 1 rows, 2 are expected");
    wrong("# f32 [1] a\n1\n2\n", "offset 14, line 3: expected \"# TYPE [DIMS] NAME\", found \"2\"");
    wrong("# f32 [1] a\n1\n# f32 [1] a\n2\n", "offset 14, line 3: array \"a\" is there twice");
    wrong("# f31 [1] a\n1\n", "offset 0, line 1: unknown type \"f31\"");
    wrong("# f32 [1 a\n1\n", "offset 0, line 1: expected at most 16 dimensions, as [2,3], found \"1 a\"");
    wrong("# f32 [-1] a\n1\n", "offset 0, line 1: expected at most 16 dimensions, as [2,3], found \"-1] a\"");
    wrong("# f32 [1]\n1\n",
          "offset 0, line 1: expected a name of at most 1000 bytes in UTF-8 behind the dimensions");
    wrong("# f32 [1] \xff\n1\n",
          "offset 0, line 1: expected a name of at most 1000 bytes in UTF-8 behind the dimensions");
    wrong("# a comment\n1\n", "offset 0, line 1: expected \"# TYPE [DIMS] NAME\", found \"# a comment\"");
    wrong("# f32 [4294967296,4294967296,4294967296] a\n1\n",
          "offset 0, line 1: array \"a\" wants 18446744073709551615 rows of 4294967296 numbers, which do not "
          "follow");
    wrong("# f32 [99999999999999999999] a\n1\n", "offset 0, line 1: a dimension beyond 2^63 - 1");
}
