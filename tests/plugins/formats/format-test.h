/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of formats share: bytes that were written, and what was told of a file, as text. */
#ifndef NN_TESTS_FORMAT_TEST_H
#define NN_TESTS_FORMAT_TEST_H

#include "../host.h"
#include "nn/plugin.h"

#include <criterion/criterion.h>

typedef struct Bytes {
    uint8_t bytes[1 << 16];
    size_t n;
    int fail_at; /* the write that fails; 0: none */
} Bytes;

static int32_t keep(void *self, const void *bytes, uint64_t n, NnStatus *status) {
    Bytes *b = self;
    if (b->fail_at && --b->fail_at == 0)
        return nn_status_fail(status, NN_ERROR, "no space left");
    cr_assert_leq(b->n + n, sizeof b->bytes);
    memcpy(b->bytes + b->n, bytes, n);
    b->n += n;
    return NN_OK;
}

typedef struct Seen {
    char text[4096];
    uint8_t data[256]; /* of the last array */
} Seen;

static int32_t see_array(void *self, const NnArray *a, NnStatus *status) {
    Seen *s = self;
    size_t n = strlen(s->text);
    (void)status;
    n += (size_t)snprintf(s->text + n, sizeof s->text - n, "%s:%s[", a->name, nn_type_name(a->type));
    for (int32_t i = 0; i < a->rank; i++)
        n += (size_t)snprintf(s->text + n, sizeof s->text - n, "%lld,", (long long)a->dims[i]);
    snprintf(s->text + n, sizeof s->text - n, "]%llu ", (unsigned long long)a->bytes);
    memset(s->data, 0, sizeof s->data);
    if (a->bytes)
        memcpy(s->data, a->data, a->bytes < sizeof s->data ? a->bytes : sizeof s->data);
    return NN_OK;
}

static int32_t see_pair(void *self, const NnPair *p, NnStatus *status) {
    Seen *s = self;
    size_t n = strlen(s->text);
    (void)status;
    snprintf(s->text + n, sizeof s->text - n, "%s=%s ", p->key, p->value);
    return NN_OK;
}

/* Reads a copy of just that size, so that ASan sees what is read behind it. */
static int32_t read_bytes(const NnFormat *format, const void *bytes, size_t n, Seen *seen, NnStatus *status) {
    const NnHost host = test_host();
    const NnSource source = {
        .struct_size = sizeof source, .self = seen, .array = see_array, .pair = see_pair};
    uint8_t *exact = malloc(n ? n : 1);
    if (n)
        memcpy(exact, bytes, n);
    *seen = (Seen){0};
    const int32_t code = format->read(&host, exact, n, &source, status);
    free(exact);
    return code;
}

static NN_MAYBE_UNUSED void accepted(const NnFormat *format, const void *bytes, size_t n,
                                     const char *expected, Seen *seen) {
    NnStatus *status = nn_status_new();
    read_bytes(format, bytes, n, seen, status);
    cr_assert_str_eq(nn_status_message(status), "");
    cr_assert_str_eq(seen->text, expected);
    nn_status_free(status);
}

/* Nothing may have been told of a file that is refused. */
static NN_MAYBE_UNUSED void refused(const NnFormat *format, const void *bytes, size_t n,
                                    const char *sentence) {
    Seen seen;
    NnStatus *status = nn_status_new();
    cr_assert_eq(read_bytes(format, bytes, n, &seen, status), NN_INVALID, "not refused: %s", sentence);
    cr_assert_str_eq(nn_status_message(status), sentence);
    cr_assert_str_eq(seen.text, "");
    nn_status_free(status);
}

static NN_MAYBE_UNUSED void written(const NnFormat *format, uint64_t n, const NnArray *arrays,
                                    uint64_t n_pairs, const NnPair *pairs, Bytes *file) {
    const NnHost host = test_host();
    const NnSink sink = {.struct_size = sizeof sink, .self = file, .write = keep};
    NnStatus *status = nn_status_new();
    file->n = 0;
    format->write(&host, n, arrays, n_pairs, pairs, &sink, status);
    cr_assert_str_eq(nn_status_message(status), "");
    nn_status_free(status);
}

static NN_MAYBE_UNUSED void not_written(const NnFormat *format, uint64_t n, const NnArray *arrays,
                                        uint64_t n_pairs, const NnPair *pairs, const char *sentence) {
    static Bytes file;
    const NnHost host = test_host();
    const NnSink sink = {.struct_size = sizeof sink, .self = &file, .write = keep};
    NnStatus *status = nn_status_new();
    cr_assert_neq(format->write(&host, n, arrays, n_pairs, pairs, &sink, status), NN_OK);
    cr_assert_str_eq(nn_status_message(status), sentence);
    nn_status_free(status);
}

/* The text of a header of npy, and the file that has it; a version above 1 has two more bytes of length. */
#define HEAD(descr, order, shape) "{'descr': '" descr "', 'fortran_order': " order ", 'shape': " shape ", }"

static NN_MAYBE_UNUSED size_t npy_of(uint8_t *to, uint8_t version, const char *text, const void *data,
                                     size_t bytes) {
    const size_t length = strlen(text) + 1;
    memcpy(to, "\x93NUMPY", 6);
    to[6] = version;
    to[7] = 0;
    size_t n = 8;
    to[n++] = (uint8_t)length;
    to[n++] = (uint8_t)(length >> 8);
    if (version > 1)
        to[n++] = 0, to[n++] = 0;
    memcpy(to + n, text, length - 1);
    n += length;
    to[n - 1] = '\n';
    if (bytes)
        memcpy(to + n, data, bytes);
    return n + bytes;
}

#endif
