/* SPDX-License-Identifier: Apache-2.0 */
/* Heads and elements of arrays in npy, for files of one array and for archives of them. See npy.h. */
#include "npy.h"

#include <stdlib.h>

typedef struct NpyType {
    const char *descr;
    int32_t type;
} NpyType;

static const NpyType npy_types[] = {
    {"f4", NN_F32}, {"f8", NN_F64},  {"f2", NN_F16},       {"i8", NN_I64},         {"i4", NN_I32},
    {"i2", NN_I16}, {"i1", NN_I8},   {"u8", NN_U64},       {"u4", NN_U32},         {"u2", NN_U16},
    {"u1", NN_U8},  {"b1", NN_BOOL}, {"c8", NN_COMPLEX64}, {"c16", NN_COMPLEX128},
};

bool npy_bad(const NpyPlace *p, uint64_t at, const char *format, ...) {
    char text[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (p->member == NULL)
        (void)nn_fail(p->nn, p->status, NN_INVALID, "offset %llu: %s", (unsigned long long)at, text);
    else if (p->packed)
        (void)nn_fail(p->nn, p->status, NN_INVALID, "offset %llu: member \"%.80s\", byte %llu of it: %s",
                      (unsigned long long)p->at, p->member, (unsigned long long)at, text);
    else
        (void)nn_fail(p->nn, p->status, NN_INVALID, "offset %llu: member \"%.80s\": %s",
                      (unsigned long long)(p->at + at), p->member, text);
    return false;
}

/* Elements times bytes of one; false when that is beyond 63 bits. */
static bool npy_byte_count(int32_t type, int32_t rank, const int64_t *dims, uint64_t *bytes) {
    bool fits = true;

    *bytes = nn_type_size(type);
    for (int32_t i = 0; i < rank; i++)
        if (dims[i] == 0) {
            *bytes = 0;
            return true;
        }
    for (int32_t i = 0; i < rank; i++)
        fits = fits && !__builtin_mul_overflow(*bytes, (uint64_t)dims[i], bytes);
    return fits && *bytes <= INT64_MAX;
}

/* ---- the header's text ---- */

typedef struct NpyText {
    const NpyPlace *place;
    const uint8_t *bytes;
    size_t at, end;
} NpyText;

static bool npy_expected(const NpyText *t, const char *what) {
    if (t->at >= t->end)
        return npy_bad(t->place, t->at, "expected %s, found the end of the header", what);
    const uint8_t c = t->bytes[t->at];
    if (c > 0x20 && c < 0x7f)
        return npy_bad(t->place, t->at, "expected %s, found '%c'", what, c);
    return npy_bad(t->place, t->at, "expected %s, found the byte 0x%02x", what, c);
}

static bool npy_at(NpyText *t, char c) {
    while (t->at < t->end && t->bytes[t->at] == ' ')
        t->at++;
    return t->at < t->end && t->bytes[t->at] == (uint8_t)c;
}

static bool npy_take(NpyText *t, char c) {
    const char what[] = {'\'', c, '\'', '\0'};

    if (!npy_at(t, c))
        return npy_expected(t, what);
    t->at++;
    return true;
}

/* Plain characters between quotes of either kind. */
static bool npy_take_string(NpyText *t, char *out, size_t room, const char *what) {
    const char quote = npy_at(t, '"') ? '"' : '\'';
    size_t n = 0;

    if (!npy_at(t, quote))
        return npy_expected(t, what);
    for (t->at++; t->at < t->end && t->bytes[t->at] != (uint8_t)quote; t->at++) {
        const uint8_t c = t->bytes[t->at];
        if (c < 0x20 || c > 0x7e || c == '\\' || n + 1 >= room)
            return npy_expected(t, "the end of a short string");
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return npy_take(t, quote);
}

static bool npy_take_dim(NpyText *t, int64_t *dim) {
    const size_t start = t->at;

    *dim = 0;
    for (; t->at < t->end && t->bytes[t->at] >= '0' && t->bytes[t->at] <= '9'; t->at++)
        if (__builtin_mul_overflow(*dim, 10, dim) ||
            __builtin_add_overflow(*dim, (int64_t)(t->bytes[t->at] - '0'), dim))
            return npy_bad(t->place, start, "a dimension beyond 2^63 - 1");
    if (t->at == start)
        return npy_expected(t, "a whole number of at least 0");
    return t->bytes[start] != '0' || t->at - start == 1 ||
           npy_bad(t->place, start, "a number with a leading zero");
}

static bool npy_take_shape(NpyText *t, Npy *a) {
    bool comma = false;

    if (!npy_take(t, '('))
        return false;
    while (!npy_at(t, ')')) {
        if (a->rank && !comma)
            return npy_expected(t, "',' or ')'");
        if (a->rank == NN_MAX_RANK)
            return npy_bad(t->place, t->at, "more than %d dimensions", NN_MAX_RANK);
        if (!npy_take_dim(t, &a->dims[a->rank]))
            return false;
        a->rank++;
        comma = npy_at(t, ',');
        t->at += comma;
    }
    if (a->rank == 1 && !comma) /* (3) is a number in Python, (3,) a shape */
        return npy_expected(t, "','");
    t->at++;
    return true;
}

static bool npy_take_order(NpyText *t, Npy *a) {
    static const char *const words[] = {"False", "True"};

    (void)npy_at(t, ' ');
    for (int i = 0; i < 2; i++) {
        const size_t n = strlen(words[i]);
        if (t->end - t->at < n || memcmp(t->bytes + t->at, words[i], n) != 0)
            continue;
        a->columns = i == 1;
        t->at += n;
        return true;
    }
    return npy_expected(t, "True or False");
}

static bool npy_take_descr(NpyText *t, Npy *a) {
    char text[32];

    if (npy_at(t, '['))
        return npy_bad(t->place, t->at, "an array of records; plain numbers are expected");
    const size_t start = t->at;
    if (!npy_take_string(t, text, sizeof text, "a type as a string"))
        return false;
    for (size_t i = 0; i < NN_COUNT(npy_types); i++) {
        if (strchr("<>|=", text[0]) == NULL || strcmp(text + 1, npy_types[i].descr) != 0)
            continue;
        a->type = npy_types[i].type;
        a->swapped = text[0] == '>' && nn_type_size(a->type) > 1;
        return true;
    }
    return npy_bad(t->place, start, "the type '%s' is none of numbers", text);
}

static bool npy_take_items(NpyText *t, Npy *a) {
    static const char *const names[] = {"descr", "fortran_order", "shape"};
    static bool (*const takers[])(NpyText *, Npy *) = {npy_take_descr, npy_take_order, npy_take_shape};
    bool seen[3] = {false};

    if (!npy_take(t, '{'))
        return false;
    for (bool comma = true; !npy_at(t, '}');) {
        char key[32];
        size_t i;
        if (!comma)
            return npy_expected(t, "',' or '}'");
        const size_t start = t->at;
        if (!npy_take_string(t, key, sizeof key, "a key"))
            return false;
        for (i = 0; i < 3 && strcmp(key, names[i]) != 0; i++) {
        }
        if (i == 3)
            return npy_bad(t->place, start, "unknown key \"%s\"; descr, fortran_order and shape are expected",
                           key);
        if (seen[i])
            return npy_bad(t->place, start, "the key %s is there twice", key);
        seen[i] = true;
        if (!npy_take(t, ':') || !takers[i](t, a))
            return false;
        comma = npy_at(t, ',');
        t->at += comma;
    }
    t->at++;
    for (int i = 0; i < 3; i++)
        if (!seen[i])
            return npy_bad(t->place, t->at, "the key %s is missing", names[i]);
    return true;
}

bool npy_head(const NpyPlace *p, const uint8_t *bytes, uint64_t n, uint64_t total, Npy *a) {
    *a = (Npy){0};
    if (n < 10 || memcmp(bytes, "\x93NUMPY", 6) != 0)
        return npy_bad(p, 0, "not npy: it does not begin with \\x93NUMPY, a version and a length");
    if (bytes[6] < 1 || bytes[6] > 3 || bytes[7] != 0)
        return npy_bad(p, 6, "npy version %u.%u; 1.0, 2.0 and 3.0 are known", bytes[6], bytes[7]);
    const uint32_t prefix = bytes[6] == 1 ? 10 : 12;
    uint64_t length = bytes[8] | (uint64_t)bytes[9] << 8;
    if (prefix == 12 && n >= 12)
        length |= (uint64_t)bytes[10] << 16 | (uint64_t)bytes[11] << 24;
    if (length > NPY_MAX_HEAD - prefix)
        return npy_bad(p, 8, "a header of %llu bytes, at most %u are allowed", (unsigned long long)length,
                       NPY_MAX_HEAD - prefix);
    if (n < prefix || length > total - prefix)
        return npy_bad(p, 8, "cut short: the header would end at byte %llu, there are %llu",
                       (unsigned long long)(prefix + length), (unsigned long long)total);
    a->head = prefix + (uint32_t)length;
    NpyText t = {.place = p, .bytes = bytes, .at = prefix, .end = a->head};
    if (!npy_take_items(&t, a) || (!npy_at(&t, '\n') && !npy_expected(&t, "the end of the line")))
        return false;
    if (t.at + 1 != t.end)
        return npy_bad(p, t.at + 1, "more than one line in the header");
    if (!npy_byte_count(a->type, a->rank, a->dims, &a->bytes))
        return npy_bad(p, prefix, "the shape is beyond 63 bits");
    if (a->bytes != total - a->head)
        return npy_bad(p, a->head, "the shape wants %llu bytes, %llu follow", (unsigned long long)a->bytes,
                       (unsigned long long)(total - a->head));
    return true;
}

bool npy_check(const NpyPlace *p, const Npy *a, const uint8_t *bytes, uint64_t n, uint64_t from) {
    for (uint64_t i = 0; a->type == NN_BOOL && i < n; i++)
        if (bytes[i] > 1)
            return npy_bad(p, from + i, "the byte 0x%02x in an array of bool", bytes[i]);
    return true;
}

/* ---- elements ---- */

static void npy_swap(uint8_t *bytes, uint64_t n, uint64_t size) {
    for (uint64_t i = 0; i + size <= n; i += size)
        for (uint64_t k = 0; k < size / 2; k++) {
            const uint8_t b = bytes[i + k];
            bytes[i + k] = bytes[i + size - 1 - k];
            bytes[i + size - 1 - k] = b;
        }
}

/* Row-major elements out of column-major ones. */
static void npy_to_rows(const Npy *a, const uint8_t *from, uint8_t *to) {
    const uint64_t size = nn_type_size(a->type);
    int64_t index[NN_MAX_RANK] = {0}, step[NN_MAX_RANK] = {1};

    for (int32_t d = 1; d < a->rank; d++)
        step[d] = step[d - 1] * a->dims[d - 1];
    for (uint64_t i = 0; i < a->bytes; i += size) {
        int64_t at = 0;
        for (int32_t d = 0; d < a->rank; d++)
            at += index[d] * step[d];
        memcpy(to + i, from + (uint64_t)at * size, size);
        for (int32_t d = a->rank - 1; d >= 0 && ++index[d] == a->dims[d]; d--)
            index[d] = 0;
    }
}

int32_t npy_deliver(const NpyPlace *p, const Npy *a, const char *name, const uint8_t *elements,
                    const NnSource *source) {
    const bool columns = a->columns && a->rank > 1,
               complex = a->type == NN_COMPLEX64 || a->type == NN_COMPLEX128;
    uint8_t *copy = NULL;

    if (!NN_HAS(source, array))
        return NN_OK;
    if ((columns || a->swapped) && a->bytes) {
        copy = malloc(a->bytes);
        if (copy == NULL)
            return nn_fail(p->nn, p->status, NN_OUT_OF_MEMORY, "no memory for the %llu bytes of an array",
                           (unsigned long long)a->bytes);
        if (columns)
            npy_to_rows(a, elements, copy);
        else
            memcpy(copy, elements, a->bytes);
        if (a->swapped)
            npy_swap(copy, a->bytes, nn_type_size(a->type) / (complex ? 2 : 1));
    }
    const NnArray array = {.name = name,
                           .type = a->type,
                           .rank = a->rank,
                           .dims = a->dims,
                           .data = copy ? copy : elements,
                           .bytes = a->bytes};
    const int32_t code = source->array(source->self, &array, p->status);
    free(copy);
    return code;
}

/* ---- writing ---- */

uint32_t npy_write_head(const NnHost *nn, const NnArray *a, char head[NPY_HEAD_ROOM], NnStatus *status) {
    const char *descr = NULL;
    uint64_t bytes;
    size_t n = 10;

    for (size_t i = 0; i < NN_COUNT(npy_types); i++)
        if (npy_types[i].type == a->type)
            descr = npy_types[i].descr;
    if (descr == NULL || a->rank < 0 || a->rank > NN_MAX_RANK) {
        (void)nn_fail(nn, status, NN_UNSUPPORTED, "array \"%.80s\": npy has no type %s of %d dimensions",
                      a->name, nn_type_name(a->type), a->rank);
        return 0;
    }
    if (!npy_byte_count(a->type, a->rank, a->dims, &bytes) || bytes != a->bytes) {
        (void)nn_fail(nn, status, NN_INVALID, "array \"%.80s\": its shape does not fit its %llu bytes",
                      a->name, (unsigned long long)a->bytes);
        return 0;
    }
    n += (size_t)snprintf(head + n, NPY_HEAD_ROOM - n, "{'descr': '%c%s', 'fortran_order': False, 'shape': (",
                          nn_type_size(a->type) == 1 ? '|' : '<', descr);
    for (int32_t i = 0; i < a->rank; i++)
        n += (size_t)snprintf(head + n, NPY_HEAD_ROOM - n,
                              a->rank == 1 ? "%lld,"
                              : i          ? ", %lld"
                                           : "%lld",
                              (long long)a->dims[i]);
    n += (size_t)snprintf(head + n, NPY_HEAD_ROOM - n, "), }");
    while (n % 64 != 63)
        head[n++] = ' ';
    head[n++] = '\n';
    memcpy(head, "\x93NUMPY\x01", 8); /* with the terminating 0: version 1.0 */
    head[8] = (char)((n - 10) & 0xff);
    head[9] = (char)((n - 10) >> 8);
    return (uint32_t)n;
}
