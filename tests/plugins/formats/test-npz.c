/* SPDX-License-Identifier: Apache-2.0 */
/* npz: arrays come back as they were; everything else is refused with its offset. Wide records are written
 * from 300 bytes on here, so that a small file has them. */
#define WIDE_FROM wide_from
#include <stdint.h>
static uint64_t wide_from = 300;
#include "../../../plugins/formats/npy-array.c"
#include "../../../plugins/formats/npz-write.c"
#include "../../../plugins/formats/npz.c"

#include "format-test.h"

static const float weights[6] = {1.5f, 2, 3, 4, 5, 6};
static const NnArray three[] = {{"z.weight", NN_F32, 2, (int64_t[]){2, 3}, weights, 24},
                                {"a/\xc3\xa9", NN_U8, 1, (int64_t[]){3}, "abc", 3},
                                {"empty", NN_F64, 2, (int64_t[]){0, 5}, NULL, 0}};
static const NnPair record[] = {{"nnrun.record", "a: 1\nb: \"\xc3\xa9\"\n"}};
#define THREE "nnrun.record=a: 1\nb: \"\xc3\xa9\"\n z.weight:f32[2,3,]24 a/\xc3\xa9:u8[3,]3 empty:f64[0,5,]0 "

Test(npz, round_trips_with_records_of_both_widths) {
    static Bytes file;
    Seen seen;
    for (uint64_t from = 300; from; from = from == 300 ? UINT64_C(0xffffffff) : 0) {
        wide_from = from;
        written(&npz, 3, three, 1, record, &file);
        accepted(&npz, file.bytes, file.n, THREE, &seen);
        NnStatus *status = nn_status_new();
        for (size_t n = 0; n < file.n; n++) {
            nn_status_clear(status);
            cr_assert_eq(read_bytes(&npz, file.bytes, n, &seen, status), NN_INVALID, "cut at %zu", n);
            cr_assert_str_eq(seen.text, "");
        }
        /* Each byte counts, those apart that nobody reads: versions, dates, who made it and file modes. */
        size_t silent = 0;
        for (size_t i = 0; i < file.n; i++) {
            nn_status_clear(status);
            file.bytes[i] ^= 0x10;
            silent += read_bytes(&npz, file.bytes, file.n, &seen, status) == NN_OK;
            file.bytes[i] ^= 0x10;
        }
        cr_assert_eq(silent, from == 300 ? 100 : 80, "%zu bytes may be anything", silent);
        nn_status_free(status);
    }
    wide_from = 300;
    written(&npz, 0, NULL, 0, NULL, &file);
    accepted(&npz, file.bytes, file.n, "", &seen);
}

Test(npz, refuses_to_write) {
    const NnHost host = test_host();
    static Bytes file;
    const NnSink sink = {.struct_size = sizeof sink, .self = &file, .write = keep};
    const NnArray twice[] = {three[0], three[0]};
    const NnArray nameless = {"", NN_U8, 0, NULL, "a", 1}, odd = {"\xff", NN_U8, 0, NULL, "a", 1};
    not_written(&npz, 2, twice, 0, NULL, "array \"z.weight\" is there twice");
    not_written(&npz, 1, &nameless, 0, NULL, "an array has no name, which npz asks for");
    not_written(&npz, 1, &odd, 0, NULL, "the name \"\xff.npy\" is not UTF-8 or too long");
    not_written(&npz, 0, NULL, 1, &(NnPair){"k", "\xff"},
                "the text \"k\" is not UTF-8, or of more than 16777216 bytes");
    for (int write = 1; write < 12; write++) {
        NnStatus *status = nn_status_new();
        file = (Bytes){.fail_at = write};
        cr_assert_eq(npz.write(&host, 3, three, 1, record, &sink, status), NN_ERROR);
        cr_assert_str_eq(nn_status_message(status), "no space left");
        nn_status_free(status);
    }
}

/* An archive put together by hand, each part of which can be made wrong. */
typedef struct Zip {
    uint8_t bytes[1 << 16];
    size_t n;
    uint8_t directory[4096];
    size_t n_directory;
    unsigned count;
} Zip;

static void zip_member(Zip *z, const char *name, unsigned method, const void *packed, size_t n_packed,
                       size_t size, uint32_t crc) {
    const size_t at = z->n, length = strlen(name);
    uint8_t *p = put32(z->bytes + z->n, LOCAL), *c = put32(z->directory + z->n_directory, CENTRAL);
    uint8_t *const from = put16(p, 20);
    p = put16(put32(put16(put16(from, 0), method), 0), crc & 0xffff);
    p = put32(put32(put16(p, crc >> 16), n_packed), size);
    p = put16(put16(p, length), 0);
    memcpy(p, name, length);
    if (n_packed)
        memcpy(p + length, packed, n_packed);
    z->n = (size_t)(p - z->bytes) + length + n_packed;
    c = put16(put16(c, 20), 20);
    memcpy(c, from, 22);
    c = put16(put16(c + 22, 0), 0);
    c = put32(put32(put16(put16(c, 0), 0), 0), at);
    memcpy(c, name, length);
    z->n_directory = (size_t)(c - z->directory) + length;
    z->count++;
}

static void zip_stored(Zip *z, const char *name, const void *bytes, size_t n) {
    zip_member(z, name, STORED, bytes, n, n, (uint32_t)crc32_z(0, bytes, n));
}

static size_t deflated(uint8_t *to, size_t room, const void *bytes, size_t n) {
    z_stream s = {
        .next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)n, .next_out = to, .avail_out = (uInt)room};
    cr_assert_eq(deflateInit2(&s, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    cr_assert_eq(deflate(&s, Z_FINISH), Z_STREAM_END);
    deflateEnd(&s);
    return room - s.avail_out;
}

static void zip_end(Zip *z) {
    const size_t at = z->n;
    memcpy(z->bytes + z->n, z->directory, z->n_directory);
    uint8_t *p = put16(put16(put32(z->bytes + z->n + z->n_directory, END), 0), 0);
    p = put16(put16(p, z->count), z->count);
    p = put16(put32(put32(p, z->n_directory), at), 0);
    z->n = (size_t)(p - z->bytes);
}

static size_t small_array(uint8_t *to, size_t elements) {
    char text[128];
    uint8_t data[256] = {0};
    snprintf(text, sizeof text, HEAD("|u1", "False", "(%zu,)"), elements);
    return npy_of(to, 1, text, data, elements);
}

Test(npz, takes_deflated_members) {
    static Zip z;
    static uint8_t plain[1 << 20], packed[1 << 16];
    Seen seen;
    const size_t n = npy_of(plain, 1, HEAD("<i4", "False", "(250000,)"), NULL, 0);
    for (int i = 0; i < 250000; i++)
        plain[n + 4 * (size_t)i] = (uint8_t)(i % 7);
    const size_t m = deflated(packed, sizeof packed, plain, n + 1000000);
    cr_assert_lt(m, 20000);
    zip_member(&z, "a.npy", DEFLATED, packed, m, n + 1000000, (uint32_t)crc32_z(0, plain, n + 1000000));
    zip_stored(&z, "b.npy", plain, small_array(plain, 3));
    const size_t t = deflated(packed, sizeof packed, "text", 4);
    zip_member(&z, "__metadata__/k.txt", DEFLATED, packed, t, 4,
               (uint32_t)crc32_z(0, (const Bytef *)"text", 4));
    zip_end(&z);
    accepted(&npz, z.bytes, z.n, "k=text a:i32[250000,]1000000 b:u8[3,]3 ", &seen);
}

Test(npz, refuses_other_members) {
    static const struct {
        const char *name, *sentence;
    } names[] = {{"a.txt", "offset 106: member \"a.txt\" is no array; NAME.npy is expected"},
                 {".npy", "offset 105: member \".npy\" is no array; NAME.npy is expected"},
                 {"\xff.npy", "offset 106: the name of a member is not UTF-8"}};
    uint8_t array[512];
    const size_t n = small_array(array, 3);
    for (size_t i = 0; i < NN_COUNT(names); i++) {
        static Zip z;
        z = (Zip){0};
        zip_stored(&z, names[i].name, array, n);
        zip_end(&z);
        const size_t at = 30 + strlen(names[i].name) + n + 46;
        char sentence[200];
        snprintf(sentence, sizeof sentence, "offset %zu%s", at, strchr(names[i].sentence, ':'));
        refused(&npz, z.bytes, z.n, sentence);
    }
    static Zip z;
    zip_stored(&z, "a.npy", array, n);
    zip_stored(&z, "a.npy", array, n);
    zip_end(&z);
    char sentence[200];
    snprintf(sentence, sizeof sentence, "offset %zu: member \"a.npy\" is there twice", 35 + n);
    refused(&npz, z.bytes, z.n, sentence);
}

Test(npz, refuses_damage_and_lies) {
    static Zip z;
    uint8_t array[512];
    static uint8_t packed[4096];
    const size_t n = small_array(array, 3), m = deflated(packed, sizeof packed, array, n);
    const uint32_t crc = (uint32_t)crc32_z(0, array, n);
    char sentence[300];

    zip_member(&z, "a.npy", STORED, array, n, n, 7);
    zip_end(&z);
    snprintf(sentence, sizeof sentence,
             "offset 0: member \"a.npy\" is damaged: its CRC-32 is %08x, 00000007 is written", crc);
    refused(&npz, z.bytes, z.n, sentence);

    z = (Zip){0};
    zip_member(&z, "a.npy", DEFLATED, packed, m, n - 1, crc);
    zip_end(&z);
    snprintf(sentence, sizeof sentence,
             "offset 0: member \"a.npy\" has more than the %zu bytes that it claims", n - 1);
    refused(&npz, z.bytes, z.n, sentence);

    z = (Zip){0};
    zip_member(&z, "a.npy", DEFLATED, packed, m, n + 1, crc);
    zip_end(&z);
    snprintf(sentence, sizeof sentence,
             "offset 0: member \"a.npy\", byte %zu of it: the shape wants 3 bytes, 4 follow", n - 3);
    refused(&npz, z.bytes, z.n, sentence);

    z = (Zip){0};
    zip_member(&z, "a.npy", DEFLATED, packed, m - 1, n, crc);
    zip_end(&z);
    snprintf(sentence, sizeof sentence,
             "offset %zu: member \"a.npy\": its deflated bytes are damaged: they end too early", 35 + m - 1);
    refused(&npz, z.bytes, z.n, sentence);

    z = (Zip){0};
    packed[m] = 0;
    zip_member(&z, "a.npy", DEFLATED, packed, m + 1, n, crc);
    zip_end(&z);
    snprintf(sentence, sizeof sentence, "offset 0: member \"a.npy\" claims %zu bytes, it has %zu", n, n);
    refused(&npz, z.bytes, z.n, sentence);

    z = (Zip){0};
    zip_member(&z, "a.npy", 12, array, n, n, crc);
    zip_end(&z);
    snprintf(sentence, sizeof sentence,
             "offset %zu: member \"a.npy\": flags 0x0 and method 12; stored and deflated are known", 35 + n);
    refused(&npz, z.bytes, z.n, sentence);

    z = (Zip){0};
    zip_stored(&z, "a.npy", "not an array", 12);
    zip_end(&z);
    refused(
        &npz, z.bytes, z.n,
        "offset 35: member \"a.npy\": not npy: it does not begin with \\x93NUMPY, a version and a length");
}

/* Holes, overlaps and a directory that says another thing: a good archive with one field changed. */
Test(npz, refuses_another_layout) {
    static Zip good, z;
    uint8_t array[512];
    const size_t n = small_array(array, 3);
    zip_stored(&good, "a.npy", array, n);
    zip_stored(&good, "b.npy", array, n);
    const size_t second = good.n / 2, directory = good.n;
    zip_end(&good);
    const struct {
        size_t at;
        uint32_t value;
        const char *sentence;
    } cases[] = {
        {directory + 42, 1, "offset 1: member \"a.npy\" has no header here"},
        {directory + 51 + 42, 0, "offset 0: member \"b.npy\": its header and the directory disagree"},
        {18, 9, "offset 0: member \"a.npy\": its header and the directory disagree"},
        {14, 9, "offset 0: member \"a.npy\": its header and the directory disagree"},
        {second, 9, "offset %second: member \"b.npy\" has no header here"},
        {good.n - 6, 9, "offset %end: the directory of 102 bytes from offset 9 on does not end here"},
        {good.n - 22, 9,
         "offset %end: not npz, or cut short: it does not end with the end record of a zip archive"},
        {directory, 9, "offset %directory: no entry of the directory, though it has 2"},
        {directory + 20, 0xffffffff,
         "offset %directory: member \"a.npy\" is stored, but %n bytes became 4294967295"},
    };
    Seen seen;
    accepted(&npz, good.bytes, good.n, "a:u8[3,]3 b:u8[3,]3 ", &seen);
    for (size_t i = 0; i < NN_COUNT(cases); i++) {
        char sentence[300], number[32];
        z = good;
        put32(z.bytes + cases[i].at, cases[i].value);
        const char *percent = strchr(cases[i].sentence, '%');
        snprintf(sentence, sizeof sentence, "%s", cases[i].sentence);
        while ((percent = strchr(sentence, '%'))) {
            const size_t before = (size_t)(percent - sentence),
                         word = strspn(percent + 1, "abcdefghijklmnopqrstuvwxyz");
            const size_t value = percent[1] == 's'   ? second
                                 : percent[1] == 'e' ? good.n - 22
                                 : percent[1] == 'd' ? directory
                                                     : n;
            char rest[300];
            snprintf(rest, sizeof rest, "%s", percent + 1 + word);
            snprintf(number, sizeof number, "%zu", value);
            snprintf(sentence + before, sizeof sentence - before, "%s%s", number, rest);
        }
        refused(&npz, z.bytes, z.n, sentence);
    }
    /* A byte that no member has. */
    z = (Zip){0};
    z.bytes[z.n++] = 'x';
    zip_stored(&z, "a.npy", array, n);
    zip_end(&z);
    refused(&npz, z.bytes, z.n, "offset 1: member \"a.npy\" begins after a hole from 0");
    z = (Zip){0};
    zip_stored(&z, "a.npy", array, n);
    z.bytes[z.n++] = 'x';
    zip_end(&z);
    char sentence[200];
    snprintf(sentence, sizeof sentence, "offset %zu: 1 bytes between the last member and the directory",
             35 + n);
    refused(&npz, z.bytes, z.n, sentence);
}

/* 4 GiB of zeros in 4 MB are refused before anything of them is made; a bomb that lies about its size at its
 * first bytes. */
Test(npz, bounds_bombs) {
    static uint8_t zeros[1 << 16], file[1 << 23];
    z_stream s = {.next_out = file + 35, .avail_out = sizeof file - 35};
    cr_assert_eq(deflateInit2(&s, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    for (int i = 0; i < 1 << 13; i++) {
        s.next_in = zeros;
        s.avail_in = sizeof zeros;
        cr_assert_eq(deflate(&s, i + 1 == 1 << 13 ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_ERROR, 0);
    }
    const size_t m = sizeof file - 35 - s.avail_out;
    deflateEnd(&s);
    for (int lie = 0; lie < 2; lie++) {
        const uint32_t size = lie ? 1000 : 1u << 29;
        uint8_t *p = put16(put16(put16(put32(file, LOCAL), 20), 0), DEFLATED);
        p = put16(put32(put32(put32(put32(p, 0), 0), m), size), 5);
        memcpy(put16(p, 0), "a.npy", 5);
        uint8_t *c = file + 35 + m;
        p = put16(put16(put16(put16(put32(c, CENTRAL), 20), 20), 0), DEFLATED);
        p = put16(put16(put32(put32(put32(put32(p, 0), 0), m), size), 5), 0);
        p = put32(put32(put16(put16(put16(p, 0), 0), 0), 0), 0);
        memcpy(p, "a.npy", 5);
        p = put16(put16(put16(put16(put32(p + 5, END), 0), 0), 1), 1);
        p = put16(put32(put32(p, 51), 35 + m), 0);
        const size_t n = (size_t)(p - file);
        char sentence[300];
        snprintf(sentence, sizeof sentence,
                 "offset 0: the members expand to more than %llu bytes, which a file of %zu may not",
                 (unsigned long long)(FREE_EXPANSION + n * MAX_RATIO), n);
        refused(&npz, file, n,
                lie ? "offset 0: member \"a.npy\" has more than the 1000 bytes that it claims" : sentence);
    }
}
