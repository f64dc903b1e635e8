/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that loaders read: plain or gzip, told apart by their first bytes, front to back, and never more of
 * them than was asked for. Memory grows with what was really read, not with what a header claims. Offsets are
 * of the plain bytes.
 */
#ifndef NN_DATASETS_FILE_H
#define NN_DATASETS_FILE_H

#include "nn/plugin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define FIRST_BLOCK (UINT64_C(1) << 20)

typedef struct File {
    const NnHost *nn;
    NnStatus *status;
    const char *path;
    gzFile gz;
    uint64_t at;
} File;

/* "PATH: offset N: sentence"; returns NN_INVALID. */
static NN_MAYBE_UNUSED NN_PRINTF(3, 4) int32_t
    file_fail(const File *f, uint64_t at, const char *format, ...) {
    char text[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return nn_fail(f->nn, f->status, NN_INVALID, "%s: offset %llu: %s", f->path, (unsigned long long)at,
                   text);
}

static NN_MAYBE_UNUSED int32_t file_open(File *f, const NnHost *nn, const char *path, NnStatus *status) {
    *f = (File){.nn = nn, .status = status, .path = path};
    errno = 0;
    f->gz = gzopen(path, "rbe");
    if (f->gz == NULL)
        return nn_fail(nn, status, errno == ENOENT ? NN_NOT_FOUND : NN_INVALID, "%s: %s", path,
                       errno ? strerror(errno) : "no memory to open it");
    (void)gzbuffer(f->gz, 1 << 17);
    return NN_OK;
}

static NN_MAYBE_UNUSED void file_close(File *f) {
    if (f->gz)
        (void)gzclose_r(f->gz);
    f->gz = NULL;
}

/* Reads n bytes, or fewer where the file ends. */
static NN_MAYBE_UNUSED int32_t file_read(File *f, void *to, uint64_t n, uint64_t *got) {
    for (*got = 0; *got < n;) {
        const uint64_t rest = n - *got;
        const int read = gzread(f->gz, (uint8_t *)to + *got, rest > 1u << 26 ? 1u << 26 : (unsigned)rest);
        int error = Z_OK;
        const char *message = gzerror(f->gz, &error);
        /* zlib puts the path in front, and so does file_fail. */
        if (strncmp(message, f->path, strlen(f->path)) == 0 &&
            strncmp(message + strlen(f->path), ": ", 2) == 0)
            message += strlen(f->path) + 2;
        if (error == Z_BUF_ERROR)
            return file_fail(f, f->at + (read > 0 ? (uint64_t)read : 0),
                             "cut short: the gzip stream has no end");
        if (read < 0)
            return file_fail(f, f->at, "cannot be read: %s", error == Z_ERRNO ? strerror(errno) : message);
        *got += (uint64_t)read;
        f->at += (uint64_t)read;
        if (read == 0)
            break;
    }
    return NN_OK;
}

/* Reads up to n bytes into memory of its own, with a NUL behind them; free() it. */
static NN_MAYBE_UNUSED int32_t file_take(File *f, uint64_t n, uint8_t **bytes, uint64_t *got) {
    uint64_t room = 0, more;
    int32_t code = NN_OK;

    *bytes = NULL;
    *got = 0;
    do {
        const uint64_t next = room == 0 ? FIRST_BLOCK : 2 * room;
        room = next < n ? next : n;
        uint8_t *grown = realloc(*bytes, room + 1);
        if (grown == NULL) {
            code = nn_fail(f->nn, f->status, NN_OUT_OF_MEMORY, "%s: no memory for %llu bytes", f->path,
                           (unsigned long long)room);
            break;
        }
        *bytes = grown;
        code = file_read(f, grown + *got, room - *got, &more);
        *got += more;
        grown[*got] = 0;
    } while (code == NN_OK && *got == room && room < n);
    if (code != NN_OK) {
        free(*bytes);
        *bytes = NULL;
    }
    return code;
}

/* The whole of a file of at most `most` bytes. */
static NN_MAYBE_UNUSED int32_t file_load(const NnHost *nn, const char *path, uint64_t most, uint8_t **bytes,
                                         uint64_t *n, NnStatus *status) {
    File f;
    uint8_t beyond;
    uint64_t extra = 0;
    int32_t code = file_open(&f, nn, path, status);

    *bytes = NULL;
    if (code == NN_OK)
        code = file_take(&f, most, bytes, n);
    if (code == NN_OK)
        code = file_read(&f, &beyond, 1, &extra);
    if (code == NN_OK && extra)
        code = file_fail(&f, most, "longer than the %llu bytes that are allowed", (unsigned long long)most);
    if (code != NN_OK) {
        free(*bytes);
        *bytes = NULL;
    }
    file_close(&f);
    return code;
}

/* Decodes one code point (RFC 3629); 0 bytes when there is none. */
static NN_MAYBE_UNUSED uint32_t utf8_decode(const uint8_t *p, uint64_t n, uint32_t *u) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const uint32_t length = p[0] < 0x80             ? 1
                            : (p[0] & 0xe0) == 0xc0 ? 2
                            : (p[0] & 0xf0) == 0xe0 ? 3
                            : (p[0] & 0xf8) == 0xf0 ? 4
                                                    : 0;

    if (length == 0 || length > n)
        return 0;
    *u = length == 1 ? p[0] : p[0] & (0x7fu >> length);
    for (uint32_t i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        *u = *u << 6 | (p[i] & 0x3f);
    }
    return *u < least[length] || *u >= 0x110000 || (*u >= 0xd800 && *u < 0xe000) ? 0 : length;
}

/* Text in UTF-8 without a NUL. */
static NN_MAYBE_UNUSED int32_t file_check_text(const NnHost *nn, const char *path, const uint8_t *bytes,
                                               uint64_t n, NnStatus *status) {
    uint64_t line = 1;
    uint32_t u = 0, length;

    for (uint64_t at = 0; at < n; at += length) {
        length = utf8_decode(bytes + at, n - at, &u);
        if (length == 0 || u == 0)
            return nn_fail(nn, status, NN_INVALID,
                           "%s:%llu: offset %llu: found the byte 0x%02x, text in UTF-8 is expected", path,
                           (unsigned long long)line, (unsigned long long)at, bytes[at]);
        line += u == '\n';
    }
    return NN_OK;
}

#endif
