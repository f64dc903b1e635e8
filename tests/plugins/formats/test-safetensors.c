/* SPDX-License-Identifier: Apache-2.0 */
/* safetensors: what is written reads back in order; everything that is not quite a file is refused with its
 * offset. */
#include "../../../plugins/formats/safetensors.c"

#include "format-test.h"

/* A file of that header and so many bytes of data; -1 for the true length. Exactly sized, so that ASan sees
 * overreads. */
static uint8_t *file_of(const char *header, int64_t length, size_t data, size_t *n) {
    const size_t text = strlen(header);
    uint8_t *bytes = calloc(1, 8 + text + data);
    const uint64_t claimed = length < 0 ? text : (uint64_t)length;
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(claimed >> (8 * i));
    memcpy(bytes + 8, header, text);
    *n = 8 + text + data;
    return bytes;
}

static void header_accepted(const char *header, size_t data, const char *expected) {
    size_t n;
    uint8_t *bytes = file_of(header, -1, data, &n);
    Seen seen;
    accepted(&safetensors, bytes, n, expected, &seen);
    free(bytes);
}

static void header_refused(const char *header, size_t data, const char *sentence) {
    size_t n;
    uint8_t *bytes = file_of(header, -1, data, &n);
    refused(&safetensors, bytes, n, sentence);
    free(bytes);
}

Test(safetensors, round_trips_in_the_given_order) {
    static Bytes file;
    const NnHost host = test_host();
    const float w[6] = {1.5f, 2, 3, 4, 5, 6};
    const uint8_t u[3] = {7, 8, 9};
    const NnArray arrays[] = {{"z.weight", NN_F32, 2, (int64_t[]){2, 3}, w, 24},
                              {"a \"b\"\n\xc3\xa9", NN_U8, 1, (int64_t[]){3}, u, 3},
                              {"empty", NN_F64, 2, (int64_t[]){0, 5}, NULL, 0},
                              {"scalar", NN_BF16, 0, NULL, u, 2}};
    const NnPair pairs[] = {{"format", "nn"}, {"record", "a: 1\nb: \"x\"\n"}};
    const NnSink sink = {.struct_size = sizeof sink, .self = &file, .write = keep};
    NnStatus *status = nn_status_new();
    cr_assert_eq(safetensors.write(&host, 4, arrays, 2, pairs, &sink, status), NN_OK);
    cr_assert_eq((8 + (size_t)file.bytes[0] + ((size_t)file.bytes[1] << 8)) % 8, 0);
    Seen seen = {0};
    cr_assert_eq(read_bytes(&safetensors, file.bytes, file.n, &seen, status), NN_OK);
    cr_assert_str_eq(seen.text,
                     "format=nn record=a: 1\nb: \"x\"\n z.weight:f32[2,3,]24 a \"b\"\n\xc3\xa9:u8[3,]3 "
                     "empty:f64[0,5,]0 scalar:bf16[]2 ");
    cr_assert_arr_eq(seen.data, u, 2);
    for (size_t n = 0; n < file.n; n++) {
        nn_status_clear(status);
        cr_assert_eq(read_bytes(&safetensors, file.bytes, n, &seen, status), NN_INVALID, "cut at %zu", n);
    }
    for (int write = 1; write <= 4; write++) {
        file.n = 0;
        file.fail_at = write;
        nn_status_clear(status);
        cr_assert_eq(safetensors.write(&host, 4, arrays, 2, pairs, &sink, status), NN_ERROR);
        cr_assert_str_eq(nn_status_message(status), "no space left");
    }
    nn_status_free(status);
}

Test(safetensors, refuses_to_write) {
    static Bytes file;
    const NnHost host = test_host();
    const NnSink sink = {.struct_size = sizeof sink, .self = &file, .write = keep};
    const int64_t two = 2;
    const uint8_t data[8] = {0};
    const struct {
        NnArray arrays[2];
        uint64_t n;
        const char *sentence;
    } cases[] = {
        {{{"a", NN_U8, 1, &two, data, 3}}, 1, "tensor \"a\": its shape does not fit its 3 bytes"},
        {{{"a", NN_U8, 1, &two, data, 2}, {"a", NN_U8, 1, &two, data, 2}}, 2, "tensor \"a\" is there twice"},
        {{{"__metadata__", NN_U8, 1, &two, data, 2}}, 1, "a tensor cannot have the name __metadata__"},
        {{{"a", NN_I4, 1, &two, data, 1}}, 1, "tensor \"a\": safetensors has no type i4"},
        {{{"\xff", NN_U8, 1, &two, data, 2}}, 1, "the name of a tensor is not UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NnStatus *status = nn_status_new();
        cr_assert_neq(safetensors.write(&host, cases[i].n, cases[i].arrays, 0, NULL, &sink, status), NN_OK);
        cr_assert_str_eq(nn_status_message(status), cases[i].sentence);
        cr_assert_eq(file.n, 0);
        nn_status_free(status);
    }
}

#define U8(name, from, to, dim)                                                                              \
    "\"" name "\":{\"dtype\":\"U8\",\"shape\":[" #dim "],\"data_offsets\":[" #from "," #to "]}"

Test(safetensors, accepts) {
    header_accepted("{}", 0, "");
    header_accepted("{ }  ", 0, "");
    header_accepted("{\"__metadata__\":{}}", 0, "");
    header_accepted("{" U8("b", 2, 3, 1) "," U8("a", 0, 2, 2) "}   ", 3, "b:u8[1,]1 a:u8[2,]2 ");
    header_accepted("{" U8("a", 0, 2, 2) "," U8("e", 2, 2, 0) "}", 2, "a:u8[2,]2 e:u8[0,]0 ");
    header_accepted(
        "{\"\\u00e9\\ud83d\\ude00\\/\" : { \"shape\" : [ ] , \"data_offsets\" : [ 0 , 4 ] , \"dtype\" : "
        "\"F32\" } }",
        4, "\xc3\xa9\xf0\x9f\x98\x80/:f32[]4 ");
    header_accepted("{" U8("a", 0, 1, 1) ",\"__metadata__\":{\"k\":\"v\"}}", 1, "k=v a:u8[1,]1 ");
}

Test(safetensors, refuses_what_does_not_fit_the_data) {
    header_refused("{" U8("a", 0, 2, 2) "}", 1,
                   "offset 9: tensor \"a\" ends at byte 2 of the data, which has 1");
    header_refused("{" U8("a", 0, 2, 2) "}", 3, "offset 63: 1 bytes behind the last tensor");
    header_refused("{}", 1, "offset 10: 1 bytes behind the last tensor");
    header_refused("{" U8("a", 0, 2, 3) "}", 2,
                   "offset 9: tensor \"a\": its shape wants 3 bytes, its data_offsets hold 2");
    header_refused("{" U8("a", 0, 2, 2) "," U8("b", 3, 4, 1) "}", 4,
                   "offset 61: tensor \"b\" begins at byte 3 of the data, after a hole from 2");
    header_refused("{" U8("a", 0, 2, 2) "," U8("b", 1, 4, 3) "}", 4,
                   "offset 61: tensor \"b\" begins at byte 1 of the data, inside of another that ends at 2");
    header_refused("{" U8("a", 0, 1, 1) "," U8("a", 1, 2, 1) "}", 2,
                   "offset 61: tensor \"a\" is there twice");
    header_refused("{\"a\":{\"dtype\":\"F64\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0,
                   "offset 9: tensor \"a\": its shape is beyond 64 bits");
    header_refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,0]}}", 2,
                   "offset 54: data_offsets end before they begin");
}

Test(safetensors, refuses_another_grammar) {
    header_refused("", 0, "offset 8: expected '{', found the end of the header");
    header_refused(" {}", 0, "offset 8: expected '{', found the byte 0x20");
    header_refused("[]", 0, "offset 8: expected '{', found '['");
    header_refused("{} x", 0, "offset 11: expected spaces up to the end of the header, found 'x'");
    header_refused("{\"a\":1}", 0, "offset 13: expected '{', found '1'");
    header_refused("{\"a\":{}}", 0, "offset 9: dtype is missing");
    header_refused("{" U8("a", 0, 1, 1) ",}", 1, "offset 61: expected '\"', found '}'");
    header_refused("{\"a\":{\"dtype\":\"Q8\"}}", 0, "offset 22: unknown dtype \"Q8\"");
    header_refused("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}}", 0,
                   "offset 27: the key dtype is there twice");
    header_refused("{\"a\":{\"x\":[[[[[[]]]]]]}}", 0,
                   "offset 14: unknown key \"x\"; dtype, shape and data_offsets are expected");
    header_refused("{\"a\":{\"shape\":[-1]}}", 0,
                   "offset 23: expected a whole number of at least 0, found '-'");
    header_refused("{\"a\":{\"shape\":[01]}}", 0, "offset 23: a number with a leading zero");
    header_refused("{\"a\":{\"shape\":[1.0]}}", 0,
                   "offset 23: a number with a fraction or an exponent; a whole number is expected");
    header_refused("{\"a\":{\"shape\":[18446744073709551616]}}", 0, "offset 23: a number beyond 64 bits");
    header_refused("{\"a\":{\"shape\":[9223372036854775808]}}", 0, "offset 23: a dimension beyond 2^63 - 1");
    header_refused("{\"a\":{\"shape\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}}", 0,
                   "offset 55: more than 16 dimensions");
    header_refused("{\"__metadata__\":{\"a\":1}}", 0, "offset 29: expected '\"', found '1'");
    header_refused("{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0,
                   "offset 8: __metadata__ has the key \"a\" twice");
    header_refused("{\"__metadata__\":{},\"__metadata__\":{}}", 0,
                   "offset 27: the key __metadata__ is there twice");
}

Test(safetensors, refuses_bad_strings) {
    header_refused("{\"a", 0, "offset 9: a string without an end");
    header_refused("{\"\xff\"", 0, "offset 10: the byte 0xff is not UTF-8");
    header_refused("{\"\xc0\x80\"", 0, "offset 10: the byte 0xc0 is not UTF-8");
    header_refused("{\"\xed\xa0\x80\"", 0, "offset 10: the byte 0xed is not UTF-8");
    header_refused("{\"\xf0\x9f", 0, "offset 10: the byte 0xf0 is not UTF-8");
    header_refused("{\"\n\"", 0, "offset 10: the control character 0x0a in a string");
    header_refused("{\"\\x\"", 0, "offset 10: an unknown escape in a string");
    header_refused("{\"\\", 0, "offset 10: an unknown escape in a string");
    header_refused("{\"\\u12", 0, "offset 14: expected four hexadecimal digits, found the end of the header");
    header_refused("{\"\\ud800\"", 0, "offset 10: half of a surrogate pair in a string");
    header_refused("{\"\\ud800\\u0041\"", 0, "offset 10: half of a surrogate pair in a string");
    header_refused("{\"\\udc00\"", 0, "offset 10: half of a surrogate pair in a string");
    header_refused("{\"\\u0000\"", 0, "offset 10: the character U+0000 in a string");
}

Test(safetensors, refuses_lengths) {
    const struct {
        int64_t length;
        const char *sentence;
    } cases[] = {
        {3, "offset 0: cut short: the header would end at byte 11, the file has 10"},
        {100000001, "offset 0: not safetensors: a header of 100000001 bytes, at most 100000000 are allowed"},
        {INT64_MAX,
         "offset 0: not safetensors: a header of 9223372036854775807 bytes, at most 100000000 are allowed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n;
        uint8_t *bytes = file_of("{}", cases[i].length, 0, &n);
        Seen seen = {0};
        NnStatus *status = nn_status_new();
        cr_assert_eq(read_bytes(&safetensors, bytes, n, &seen, status), NN_INVALID);
        cr_assert_str_eq(nn_status_message(status), cases[i].sentence);
        nn_status_clear(status);
        cr_assert_eq(read_bytes(&safetensors, bytes, 7, &seen, status), NN_INVALID);
        cr_assert_str_eq(nn_status_message(status),
                         "offset 0: not safetensors: 7 bytes, at least 8 are expected");
        nn_status_free(status);
        free(bytes);
    }
}
