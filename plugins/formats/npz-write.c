/* SPDX-License-Identifier: Apache-2.0 */
/* Writing npz: stored members, one after the other, so that nothing is held but the directory. The sum of a
 * member stands before it, so its bytes are walked twice. Archives beyond 4 GiB get wide records (zip64). */
#include "npz.h"
#include "utf8.h"

#include <stdlib.h>

#ifndef WIDE_FROM
#define WIDE_FROM UINT64_C(0xffffffff) /* sizes and offsets from here on do not fit in their fields */
#endif
#define DATE_1980 0x0021u /* the first day that the format knows: the same arrays make the same bytes */

typedef struct Writer {
    const NnHost *nn;
    NnStatus *status;
    const NnSink *sink;
    uint64_t at, count;
    uint8_t *directory;
    uint64_t n, room;
} Writer;

static uint8_t *put16(uint8_t *p, uint64_t v) {
    *p++ = (uint8_t)v;
    *p++ = (uint8_t)(v >> 8);
    return p;
}
static uint8_t *put32(uint8_t *p, uint64_t v) { return put16(put16(p, v), v >> 16); }
static uint8_t *put64(uint8_t *p, uint64_t v) { return put32(put32(p, v), v >> 32); }

static int32_t emit(Writer *w, const void *bytes, uint64_t n) {
    w->at += n;
    return n ? w->sink->write(w->sink->self, bytes, n, w->status) : NN_OK;
}

static uint8_t *reserve(Writer *w, uint64_t n) {
    if (w->room - w->n < n) {
        const uint64_t room = (w->room + n) * 2;
        uint8_t *more = realloc(w->directory, room);
        if (more == NULL)
            return NULL;
        w->directory = more;
        w->room = room;
    }
    return w->directory + w->n;
}

/* What a header in front of a member and its entry in the directory have in common: from the version to the
 * length of the name. */
static uint8_t *put_common(uint8_t *p, bool wide, bool utf8, uint32_t crc, uint64_t size, size_t name) {
    p = put16(p, wide ? 45 : 20);
    p = put16(p, utf8 ? UTF8_FLAG : 0);
    p = put16(p, STORED);
    p = put32(p, (uint64_t)DATE_1980 << 16);
    p = put32(p, crc);
    p = put32(p, wide ? UINT32_MAX : size);
    p = put32(p, wide ? UINT32_MAX : size);
    return put16(p, name);
}

/* Header and directory entry of a member of `size` bytes that follow. */
static int32_t begin_member(Writer *w, const char *name, uint32_t crc, uint64_t size) {
    const size_t length = strlen(name);
    const bool wide = size >= WIDE_FROM || w->at >= WIDE_FROM;
    uint8_t head[LOCAL_SIZE + 20], *p = head;
    bool utf8 = false;

    if (length > UINT16_MAX - 1 || utf8_valid(name, length) != length)
        return nn_fail(w->nn, w->status, NN_INVALID, "the name \"%.80s\" is not UTF-8 or too long", name);
    for (size_t i = 0; i < length; i++)
        utf8 |= (uint8_t)name[i] > 0x7f;
    uint8_t *c = reserve(w, CENTRAL_SIZE + length + 28);
    if (c == NULL)
        return nn_fail(w->nn, w->status, NN_OUT_OF_MEMORY, "no memory for the directory of an archive");
    c = put_common(put16(put32(c, CENTRAL), 0x0314), wide, utf8, crc, size, length);
    c = put32(put16(c, wide ? 28 : 0), 0);        /* no comment, disk 0 */
    c = put32(put16(c, 0), UINT32_C(0644) << 16); /* a plain file */
    c = put32(c, wide ? UINT32_MAX : w->at);
    memcpy(c, name, length);
    c += length;
    if (wide)
        c = put64(put64(put64(put16(put16(c, 1), 24), size), size), w->at);
    w->n = (uint64_t)(c - w->directory);
    w->count++;
    p = put_common(put32(p, LOCAL), wide, utf8, crc, size, length);
    p = put16(p, wide ? 20 : 0);
    int32_t code = emit(w, head, LOCAL_SIZE);
    if (code == NN_OK)
        code = emit(w, name, length);
    if (code == NN_OK && wide) {
        p = put64(put64(put16(put16(head, 1), 16), size), size);
        code = emit(w, head, (uint64_t)(p - head));
    }
    return code;
}

static int32_t end_archive(Writer *w) {
    const uint64_t start = w->at;
    const bool wide = start >= WIDE_FROM || w->n >= WIDE_FROM || w->count >= 0xffff;
    uint8_t end[END64_SIZE + LOCATOR64_SIZE + END_SIZE], *p = end;
    int32_t code = emit(w, w->directory, w->n);

    if (wide) {
        const uint64_t at = w->at;
        p = put16(put16(put64(put32(p, END64), END64_SIZE - 12), 45), 45);
        p = put64(put64(put32(put32(p, 0), 0), w->count), w->count);
        p = put64(put64(p, w->n), start);
        p = put32(put64(put32(put32(p, LOCATOR64), 0), at), 1);
    }
    p = put16(put16(put32(p, END), 0), 0);
    p = put16(put16(p, wide ? 0xffff : w->count), wide ? 0xffff : w->count);
    p = put16(put32(put32(p, wide ? UINT32_MAX : w->n), wide ? UINT32_MAX : start), 0);
    return code == NN_OK ? emit(w, end, (uint64_t)(p - end)) : code;
}

static int32_t write_array(Writer *w, const NnArray *a) {
    char head[NPY_HEAD_ROOM], *name = malloc(strlen(a->name) + 5);
    const uint32_t length = name ? npy_write_head(w->nn, a, head, w->status) : 0;
    int32_t code = NN_OK;

    if (name == NULL)
        code = nn_fail(w->nn, w->status, NN_OUT_OF_MEMORY, "no memory for the name of an array");
    else if (length == 0)
        code = w->nn->code(w->status);
    if (code == NN_OK) {
        (void)sprintf(name, "%s.npy", a->name);
        uint32_t crc = (uint32_t)crc32_z(0, (const Bytef *)head, length);
        if (a->bytes)
            crc = (uint32_t)crc32_z(crc, a->data, a->bytes);
        code = begin_member(w, name, crc, length + a->bytes);
    }
    if (code == NN_OK)
        code = emit(w, head, length);
    if (code == NN_OK)
        code = emit(w, a->data, a->bytes);
    free(name);
    return code;
}

static int32_t write_text(Writer *w, const NnPair *pair) {
    const size_t size = strlen(pair->value);
    char *name = malloc(sizeof TEXT_PREFIX + strlen(pair->key) + 4);

    if (name == NULL)
        return nn_fail(w->nn, w->status, NN_OUT_OF_MEMORY, "no memory for the name of a text");
    (void)sprintf(name, TEXT_PREFIX "%s.txt", pair->key);
    int32_t code = NN_OK;
    if (size > MAX_TEXT || utf8_valid(pair->value, size) != size)
        code = nn_fail(w->nn, w->status, NN_INVALID,
                       "the text \"%.80s\" is not UTF-8, or of more than %u bytes", pair->key, MAX_TEXT);
    if (code == NN_OK)
        code = begin_member(w, name, (uint32_t)crc32_z(0, (const Bytef *)pair->value, size), size);
    if (code == NN_OK)
        code = emit(w, pair->value, size);
    free(name);
    return code;
}

static int string_order(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int32_t check_names(const NnHost *nn, uint64_t n, const NnArray *arrays, NnStatus *status) {
    const char **names = malloc((n + 1) * sizeof *names);
    int32_t code = NN_OK;

    if (names == NULL)
        return nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory to check the names");
    for (uint64_t i = 0; i < n; i++) {
        names[i] = arrays[i].name;
        if (*names[i] == '\0')
            code = nn_fail(nn, status, NN_INVALID, "an array has no name, which npz asks for");
    }
    if (n)
        qsort(names, n, sizeof *names, string_order);
    for (uint64_t i = 1; i < n && code == NN_OK; i++)
        if (strcmp(names[i], names[i - 1]) == 0)
            code = nn_fail(nn, status, NN_INVALID, "array \"%.80s\" is there twice", names[i]);
    free(names);
    return code;
}

int32_t npz_write(const NnHost *nn, uint64_t n, const NnArray *arrays, uint64_t n_pairs, const NnPair *pairs,
                  const NnSink *sink, NnStatus *status) {
    Writer w = {.nn = nn, .status = status, .sink = sink};
    int32_t code = check_names(nn, n, arrays, status);

    for (uint64_t i = 0; i < n_pairs && code == NN_OK; i++)
        code = write_text(&w, &pairs[i]);
    for (uint64_t i = 0; i < n && code == NN_OK; i++)
        code = write_array(&w, &arrays[i]);
    if (code == NN_OK)
        code = end_archive(&w);
    free(w.directory);
    return code;
}
