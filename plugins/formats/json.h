/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tokens of JSON (RFC 8259), read strictly: strings are UTF-8 without U+0000 and halves of surrogate
 * pairs, numbers are whole and not negative, and every refusal carries its offset in the file. Which tokens
 * may come is the caller's grammar, so nothing here recurses or allocates.
 */
#ifndef NN_FORMATS_JSON_H
#define NN_FORMATS_JSON_H

#include "nn/plugin.h"
#include "utf8.h"

typedef struct Reader {
    const uint8_t *bytes;
    size_t at, end;
    const NnHost *nn;
    NnStatus *status;
    struct Header *header; /* what the caller fills */
} Reader;

static bool bad(const Reader *r, size_t at, const char *format, ...) NN_PRINTF(3, 4);

static bool bad(const Reader *r, size_t at, const char *format, ...) {
    char text[512], sentence[600];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)snprintf(sentence, sizeof sentence, "offset %zu: %s", at, text);
    r->nn->fail(r->status, NN_INVALID, sentence);
    return false;
}

static void skip_space(Reader *r) {
    while (r->at < r->end && memchr(" \t\r\n", r->bytes[r->at], 4))
        r->at++;
}

static bool expected(const Reader *r, const char *what) {
    if (r->at >= r->end)
        return bad(r, r->at, "expected %s, found the end of the header", what);
    const uint8_t c = r->bytes[r->at];
    if (c > 0x20 && c < 0x7f)
        return bad(r, r->at, "expected %s, found '%c'", what, c);
    return bad(r, r->at, "expected %s, found the byte 0x%02x", what, c);
}

static bool at_char(Reader *r, char c) {
    skip_space(r);
    return r->at < r->end && r->bytes[r->at] == (uint8_t)c;
}

static bool take(Reader *r, char c) {
    const char what[] = {'\'', c, '\'', '\0'};

    if (!at_char(r, c))
        return expected(r, what);
    r->at++;
    return true;
}

/* The opening bracket; *more is false when the closing one follows at once. */
static bool take_open(Reader *r, char open, char close, bool *more) {
    *more = false;
    if (!take(r, open))
        return false;
    if (at_char(r, close))
        r->at++;
    else
        *more = true;
    return true;
}

/* After an item: at the end of the list (*more false) or behind the comma. */
static bool take_separator(Reader *r, char end, bool *more) {
    const char what[] = {'\'', ',', '\'', ' ', 'o', 'r', ' ', '\'', end, '\'', '\0'};

    *more = at_char(r, ',');
    if (!*more && !at_char(r, end))
        return expected(r, what);
    r->at++;
    return true;
}

static size_t utf8_write(uint32_t u, char *out) {
    if (u < 0x80) {
        out[0] = (char)u;
        return 1;
    }
    if (u < 0x800) {
        out[0] = (char)(0xc0 | u >> 6);
        out[1] = (char)(0x80 | (u & 0x3f));
        return 2;
    }
    if (u < 0x10000) {
        out[0] = (char)(0xe0 | u >> 12);
        out[1] = (char)(0x80 | (u >> 6 & 0x3f));
        out[2] = (char)(0x80 | (u & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | u >> 18);
    out[1] = (char)(0x80 | (u >> 12 & 0x3f));
    out[2] = (char)(0x80 | (u >> 6 & 0x3f));
    out[3] = (char)(0x80 | (u & 0x3f));
    return 4;
}

static bool hex4(Reader *r, uint32_t *value) {
    *value = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        const int c = r->at < r->end ? r->bytes[r->at] : 0;
        const int digit = c >= '0' && c <= '9'                     ? c - '0'
                          : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                                   : -1;
        if (digit < 0)
            return expected(r, "four hexadecimal digits");
        *value = *value << 4 | (uint32_t)digit;
    }
    return true;
}

/* Behind a backslash: the character's UTF-8. */
static bool take_escape(Reader *r, char out[4], size_t *n) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const size_t start = r->at - 1;
    const char *known = r->at < r->end && r->bytes[r->at] ? strchr(from, r->bytes[r->at]) : NULL;
    uint32_t u, low;

    if (known) {
        r->at++;
        out[0] = to[known - from];
        *n = 1;
        return true;
    }
    if (r->at >= r->end || r->bytes[r->at] != 'u')
        return bad(r, start, "an unknown escape in a string");
    r->at++;
    if (!hex4(r, &u))
        return false;
    if (u >= 0xd800 && u < 0xdc00) {
        if (r->end - r->at < 6 || r->bytes[r->at] != '\\' || r->bytes[r->at + 1] != 'u')
            return bad(r, start, "half of a surrogate pair in a string");
        r->at += 2;
        if (!hex4(r, &low))
            return false;
        if (low < 0xdc00 || low > 0xdfff)
            return bad(r, start, "half of a surrogate pair in a string");
        u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
    } else if (u >= 0xdc00 && u < 0xe000) {
        return bad(r, start, "half of a surrogate pair in a string");
    }
    if (u == 0)
        return bad(r, start, "the character U+0000 in a string");
    *n = utf8_write(u, out);
    return true;
}

/* Copies at most room - 1 bytes and a NUL where there is room; *length is the whole length. */
static bool take_string(Reader *r, char *out, size_t room, size_t *length) {
    const size_t start = r->at;

    *length = 0;
    if (!take(r, '"'))
        return false;
    for (;;) {
        char piece[4];
        size_t n = 0;
        if (r->at >= r->end)
            return bad(r, start, "a string without an end");
        const uint8_t c = r->bytes[r->at];
        if (c == '"')
            break;
        if (c < 0x20)
            return bad(r, r->at, "the control character 0x%02x in a string", c);
        if (c == '\\') {
            r->at++;
            if (!take_escape(r, piece, &n))
                return false;
        } else {
            n = utf8_length(r->bytes + r->at, r->end - r->at);
            if (n == 0)
                return bad(r, r->at, "the byte 0x%02x is not UTF-8", c);
            memcpy(piece, r->bytes + r->at, n);
            r->at += n;
        }
        if (out && *length + n < room)
            memcpy(out + *length, piece, n);
        *length += n;
    }
    r->at++;
    if (out && room)
        out[*length < room ? *length : room - 1] = '\0';
    return true;
}

static bool take_number(Reader *r, uint64_t *value) {
    skip_space(r);
    const size_t start = r->at;

    *value = 0;
    for (; r->at < r->end && r->bytes[r->at] >= '0' && r->bytes[r->at] <= '9'; r->at++)
        if (__builtin_mul_overflow(*value, 10u, value) ||
            __builtin_add_overflow(*value, r->bytes[r->at] - '0', value))
            return bad(r, start, "a number beyond 64 bits");
    if (r->at == start)
        return expected(r, "a whole number of at least 0");
    if (r->bytes[start] == '0' && r->at - start > 1)
        return bad(r, start, "a number with a leading zero");
    if (r->at < r->end && memchr(".eE", r->bytes[r->at], 3))
        return bad(r, start, "a number with a fraction or an exponent; a whole number is expected");
    return true;
}

#endif
