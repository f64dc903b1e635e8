/* SPDX-License-Identifier: Apache-2.0 */
/* Is it UTF-8 (RFC 3629)? Overlong forms, surrogates and what lies beyond U+10FFFF are not. */
#ifndef NN_FORMATS_UTF8_H
#define NN_FORMATS_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length of the sequence at p, 0 when it is none; n > 0 bytes are there. */
static inline size_t utf8_length(const uint8_t *p, size_t n) {
    const uint8_t c = p[0];
    const size_t length = c < 0x80                ? 1
                          : c >= 0xc2 && c < 0xe0 ? 2
                          : (c & 0xf0) == 0xe0    ? 3
                          : c >= 0xf0 && c < 0xf5 ? 4
                                                  : 0;

    if (length == 0 || length > n)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f) || (c == 0xf0 && p[1] < 0x90) ||
        (c == 0xf4 && p[1] > 0x8f))
        return 0;
    return length;
}

/* The offset of the first byte that is not UTF-8, or is NUL; n when all is well. */
static inline size_t utf8_valid(const void *text, size_t n) {
    const uint8_t *p = text;
    size_t at = 0;

    while (at < n && p[at]) {
        const size_t length = utf8_length(p + at, n - at);
        if (length == 0)
            return at;
        at += length;
    }
    return at;
}

#endif
