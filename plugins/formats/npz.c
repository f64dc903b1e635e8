/* SPDX-License-Identifier: Apache-2.0 */
/*
 * npz (NumPy): a zip archive (APPNOTE 6.3.9) whose members are arrays, NAME.npy. A text that belongs to them
 * is a member __metadata__/KEY.txt. Read strictly: the members cover the file from its first byte to the
 * central directory, which says the same as their own headers and ends where the archive's end record begins;
 * no name occurs twice; every sum and every head of an array is checked before the first array is handed on,
 * in a window of fixed size, so that a file which expands without end costs no memory. Stored and deflated
 * members are known; encryption, data descriptors, comments and several disks are refused.
 *
 * The general libraries for zip (libarchive, libzip) read archives as they come: neither refuses members that
 * overlap or occur twice. So the directory is read here, and zlib does the rest.
 */
#include "npz.h"
#include "utf8.h"

#include <stdlib.h>

#define KNOWN_FLAGS (UTF8_FLAG | 6u) /* and how hard deflate tried */
#define WINDOW NPY_MAX_HEAD
/* What all members together may expand to: enough for whatever compresses a little, and a bound for what does
 * not end. */
#define FREE_EXPANSION (UINT64_C(256) << 20)
#define MAX_RATIO 16u

typedef struct Member {
    const char *name;
    uint64_t at, data; /* offsets of its header and its bytes in the file */
    uint64_t packed, size;
    uint32_t crc;
    uint16_t method, flags;
    bool text;
    Npy array;
} Member;

typedef struct Archive {
    const NnHost *nn;
    NnStatus *status;
    const uint8_t *bytes;
    uint64_t n;
    uint64_t directory, directory_end; /* offsets of the central directory */
    uint64_t count;
    Member *members;
    Member **order;
    char *names;
} Archive;

static uint32_t get16(const uint8_t *p) { return p[0] | (uint32_t)p[1] << 8; }
static uint32_t get32(const uint8_t *p) { return get16(p) | get16(p + 2) << 16; }
static uint64_t get64(const uint8_t *p) { return get32(p) | (uint64_t)get32(p + 4) << 32; }

static bool bad(const Archive *z, uint64_t at, const char *format, ...) NN_PRINTF(3, 4);

static bool bad(const Archive *z, uint64_t at, const char *format, ...) {
    char text[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)nn_fail(z->nn, z->status, NN_INVALID, "offset %llu: %s", (unsigned long long)at, text);
    return false;
}

static bool no_memory(const Archive *z, uint64_t bytes, const char *what) {
    (void)nn_fail(z->nn, z->status, NN_OUT_OF_MEMORY, "no memory for %llu bytes of %s",
                  (unsigned long long)bytes, what);
    return false;
}

/* ---- the directory ---- */

/* The wide end record, where the short one has no room for what it says. */
static bool read_end64(Archive *z, uint64_t end) {
    if (end < LOCATOR64_SIZE + END64_SIZE || get32(z->bytes + end - LOCATOR64_SIZE) != LOCATOR64)
        return bad(z, end, "the end record needs a wide one before it, which is not there");
    const uint64_t locator = end - LOCATOR64_SIZE, at = locator - END64_SIZE;
    const uint8_t *l = z->bytes + locator, *e = z->bytes + at;
    if (get32(l + 4) != 0 || get32(l + 16) != 1 || get64(l + 8) != at)
        return bad(z, locator, "the wide end record is not where its locator says");
    if (get32(e) != END64 || get64(e + 4) != END64_SIZE - 12)
        return bad(z, at, "not the wide end record of an archive");
    if (get32(e + 16) != 0 || get32(e + 20) != 0 || get64(e + 24) != get64(e + 32))
        return bad(z, at, "an archive on several disks");
    z->count = get64(e + 32);
    z->directory = get64(e + 48);
    z->directory_end = at;
    if (z->directory > at || get64(e + 40) != at - z->directory)
        return bad(z, at, "the directory does not end where the wide end record begins");
    return true;
}

static bool read_end(Archive *z) {
    if (z->n < END_SIZE)
        return bad(z, 0, "not npz: %llu bytes, at least %u are expected", (unsigned long long)z->n, END_SIZE);
    const uint64_t at = z->n - END_SIZE;
    const uint8_t *e = z->bytes + at;
    if (get32(e) != END)
        return bad(z, at, "not npz, or cut short: it does not end with the end record of a zip archive");
    if (get16(e + 20) != 0)
        return bad(z, at + 20, "a comment of %u bytes, none is expected", get16(e + 20));
    if (get16(e + 8) == 0xffff || get16(e + 10) == 0xffff || get32(e + 12) == UINT32_MAX ||
        get32(e + 16) == UINT32_MAX)
        return read_end64(z, at);
    if (get16(e + 4) != 0 || get16(e + 6) != 0 || get16(e + 8) != get16(e + 10))
        return bad(z, at, "an archive on several disks");
    z->count = get16(e + 10);
    z->directory = get32(e + 16);
    z->directory_end = at;
    if (z->directory > at || get32(e + 12) != at - z->directory)
        return bad(z, at, "the directory of %u bytes from offset %u on does not end here", get32(e + 12),
                   get32(e + 16));
    return true;
}

/* Sizes and offset that did not fit in their fields stand in the extra field 1, in this order. */
static bool read_extra(const Archive *z, uint64_t at, uint64_t n, uint64_t *const *wide, uint32_t n_wide) {
    bool found = false;

    for (uint64_t end = at + n; at < end;) {
        if (end - at < 4 || get16(z->bytes + at + 2) > end - at - 4)
            return bad(z, at, "an extra field that is cut short");
        const uint64_t length = get16(z->bytes + at + 2);
        if (get16(z->bytes + at) == 1) {
            uint64_t from = at + 4;
            if (found)
                return bad(z, at, "wide sizes are there twice");
            found = true;
            for (uint32_t i = 0; i < n_wide; i++) {
                if (*wide[i] != UINT32_MAX)
                    continue;
                if (from + 8 > at + 4 + length)
                    return bad(z, at, "wide sizes that are cut short");
                *wide[i] = get64(z->bytes + from);
                from += 8;
            }
        }
        at += 4 + length;
    }
    return true;
}

/* The member's own header must say what the directory says. */
static bool read_local(const Archive *z, Member *m, size_t length) {
    const uint8_t *l = z->bytes + m->at;
    if (m->at > z->directory || z->directory - m->at < LOCAL_SIZE || get32(l) != LOCAL)
        return bad(z, m->at, "member \"%.80s\" has no header here", m->name);
    const uint64_t name = get16(l + 26), extra = get16(l + 28);
    if (z->directory - m->at - LOCAL_SIZE < name + extra)
        return bad(z, m->at, "member \"%.80s\": its header is cut short", m->name);
    uint64_t packed = get32(l + 18), size = get32(l + 22);
    if (!read_extra(z, m->at + LOCAL_SIZE + name, extra, (uint64_t *const[]){&size, &packed}, 2))
        return false;
    if (name != length || memcmp(l + LOCAL_SIZE, m->name, length) != 0 || get16(l + 6) != m->flags ||
        get16(l + 8) != m->method || get32(l + 14) != m->crc || packed != m->packed || size != m->size)
        return bad(z, m->at, "member \"%.80s\": its header and the directory disagree", m->name);
    m->data = m->at + LOCAL_SIZE + name + extra;
    return z->directory - m->data >= packed ||
           bad(z, m->at, "member \"%.80s\": its %llu bytes do not end before the directory", m->name,
               (unsigned long long)packed);
}

static bool read_name(const Archive *z, uint64_t at, Member *m, size_t length, char **pool) {
    static const char text[] = TEXT_PREFIX;
    const char *name = memcpy(*pool, z->bytes + at, length);

    (*pool)[length] = '\0';
    *pool += length + 1;
    m->name = name;
    if (utf8_valid(name, length) != length)
        return bad(z, at, "the name of a member is not UTF-8");
    m->text = length > sizeof text + 3 && strncmp(name, text, sizeof text - 1) == 0 &&
              strcmp(name + length - 4, ".txt") == 0;
    return m->text || (length > 4 && strcmp(name + length - 4, ".npy") == 0) ||
           bad(z, at, "member \"%.80s\" is no array; NAME.npy is expected", name);
}

/* One entry of the directory, and the header that it points to. */
static bool read_entry(const Archive *z, uint64_t *at, Member *m, char **pool) {
    const uint8_t *c = z->bytes + *at;
    if (z->directory_end - *at < CENTRAL_SIZE || get32(c) != CENTRAL)
        return bad(z, *at, "no entry of the directory, though it has %llu", (unsigned long long)z->count);
    const uint64_t length = get16(c + 28), extra = get16(c + 30);
    if (z->directory_end - *at - CENTRAL_SIZE < length + extra)
        return bad(z, *at, "an entry of the directory that is cut short");
    *m = (Member){.at = get32(c + 42),
                  .packed = get32(c + 20),
                  .size = get32(c + 24),
                  .crc = get32(c + 16),
                  .method = (uint16_t)get16(c + 10),
                  .flags = (uint16_t)get16(c + 8)};
    if (!read_name(z, *at + CENTRAL_SIZE, m, length, pool) ||
        !read_extra(z, *at + CENTRAL_SIZE + length, extra, (uint64_t *const[]){&m->size, &m->packed, &m->at},
                    3))
        return false;
    if (m->flags & 1u)
        return bad(z, *at, "member \"%.80s\" is encrypted", m->name);
    if (m->flags & 8u)
        return bad(z, *at,
                   "member \"%.80s\" has its sizes behind its bytes, as archives written to a pipe do",
                   m->name);
    if (m->flags & ~KNOWN_FLAGS || (m->method != STORED && m->method != DEFLATED))
        return bad(z, *at, "member \"%.80s\": flags 0x%x and method %u; stored and deflated are known",
                   m->name, m->flags, m->method);
    if (get16(c + 32) != 0 || get16(c + 34) != 0)
        return bad(z, *at, "member \"%.80s\" has a comment, or is on another disk", m->name);
    if (m->method == STORED && m->packed != m->size)
        return bad(z, *at, "member \"%.80s\" is stored, but %llu bytes became %llu", m->name,
                   (unsigned long long)m->size, (unsigned long long)m->packed);
    *at += CENTRAL_SIZE + length + extra;
    return read_local(z, m, length);
}

static int by_name(const void *a, const void *b) {
    return strcmp((*(const Member *const *)a)->name, (*(const Member *const *)b)->name);
}

static int by_place(const void *a, const void *b) {
    const Member *x = *(const Member *const *)a, *y = *(const Member *const *)b;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* Names once, bytes covered once, and not more in all than a file of this size may become. */
static bool check_members(const Archive *z) {
    const uint64_t most = FREE_EXPANSION + z->n * MAX_RATIO;
    uint64_t covered = 0, sum = 0;

    if (z->count)
        qsort(z->order, z->count, sizeof *z->order, by_name);
    for (uint64_t i = 1; i < z->count; i++)
        if (strcmp(z->order[i]->name, z->order[i - 1]->name) == 0) {
            const uint64_t a = z->order[i]->at, b = z->order[i - 1]->at;
            return bad(z, a > b ? a : b, "member \"%.80s\" is there twice", z->order[i]->name);
        }
    if (z->count)
        qsort(z->order, z->count, sizeof *z->order, by_place);
    for (uint64_t i = 0; i < z->count; i++) {
        const Member *m = z->order[i];
        if (m->at != covered)
            return bad(z, m->at, "member \"%.80s\" begins %s %llu", m->name,
                       m->at < covered ? "inside of another that ends at" : "after a hole from",
                       (unsigned long long)covered);
        covered = m->data + m->packed;
        if (__builtin_add_overflow(sum, m->size, &sum) || sum > most)
            return bad(z, m->at, "the members expand to more than %llu bytes, which a file of %llu may not",
                       (unsigned long long)most, (unsigned long long)z->n);
    }
    return covered == z->directory || bad(z, covered, "%llu bytes between the last member and the directory",
                                          (unsigned long long)(z->directory - covered));
}

static bool read_directory(Archive *z) {
    const uint64_t bytes = z->directory_end - z->directory;
    uint64_t at = z->directory;

    if (z->count > bytes / CENTRAL_SIZE)
        return bad(z, z->directory, "%llu members in a directory of %llu bytes", (unsigned long long)z->count,
                   (unsigned long long)bytes);
    z->members = malloc((z->count + 1) * sizeof *z->members);
    z->order = malloc((z->count + 1) * sizeof *z->order);
    z->names = malloc(bytes + 1);
    if (z->members == NULL || z->order == NULL || z->names == NULL)
        return no_memory(z, bytes, "the directory");
    char *pool = z->names;
    for (uint64_t i = 0; i < z->count; i++) {
        z->order[i] = &z->members[i];
        if (!read_entry(z, &at, &z->members[i], &pool))
            return false;
    }
    return (at == z->directory_end || bad(z, at, "more bytes in the directory than its entries")) &&
           check_members(z);
}

/* ---- contents ---- */

/* A member's bytes, a window at a time. */
typedef struct Flow {
    const Archive *z;
    const Member *m;
    z_stream stream;
    uint64_t left, done; /* packed bytes not yet given to the stream; bytes that came out */
    uint32_t crc;
    bool open, ended;
} Flow;

static bool flow_open(Flow *f, const Archive *z, const Member *m) {
    *f = (Flow){.z = z, .m = m, .left = m->packed, .crc = (uint32_t)crc32(0, NULL, 0)};
    f->open = m->method == DEFLATED && inflateInit2(&f->stream, -MAX_WBITS) == Z_OK;
    return m->method == STORED || f->open || no_memory(z, WINDOW, "the decoder");
}

/* Fills `to` with n bytes, fewer only at the member's end. */
static bool flow_inflate(Flow *f, uint8_t *to, uint64_t n, uint64_t *got) {
    const Member *m = f->m;
    uint64_t from = m->data + m->packed - f->left;

    *got = 0;
    while (*got < n && !f->ended) {
        const uint64_t in = f->left < (1u << 30) ? f->left : 1u << 30;
        const uint64_t room = n - *got < (1u << 30) ? n - *got : 1u << 30;
        f->stream.next_in = (Bytef *)(uintptr_t)(f->z->bytes + from);
        f->stream.avail_in = (uInt)in;
        f->stream.next_out = to + *got;
        f->stream.avail_out = (uInt)room;
        const int code = inflate(&f->stream, Z_NO_FLUSH);
        from += in - f->stream.avail_in;
        f->left -= in - f->stream.avail_in;
        *got += room - f->stream.avail_out;
        f->ended = code == Z_STREAM_END;
        if (code != Z_OK && code != Z_STREAM_END)
            return bad(f->z, from, "member \"%.80s\": its deflated bytes are damaged: %s", m->name,
                       f->stream.msg ? f->stream.msg : "they end too early");
    }
    return true;
}

static bool flow_read(Flow *f, uint8_t *window, uint64_t room, const uint8_t **bytes, uint64_t *n) {
    const Member *m = f->m;

    *bytes = window;
    if (m->method == STORED) {
        *n = m->size - f->done < room ? m->size - f->done : room;
        *bytes = f->z->bytes + m->data + f->done;
    } else if (!flow_inflate(f, window, room, n)) {
        return false;
    }
    f->crc = (uint32_t)crc32_z(f->crc, *bytes, *n);
    f->done += *n;
    return f->done <= m->size ||
           bad(f->z, m->at, "member \"%.80s\" has more than the %llu bytes that it claims", m->name,
               (unsigned long long)m->size);
}

static bool flow_end(Flow *f) {
    const Member *m = f->m;

    if (f->done != m->size || (m->method == DEFLATED && (f->left || !f->ended)))
        return bad(f->z, m->at, "member \"%.80s\" claims %llu bytes, it has %llu", m->name,
                   (unsigned long long)m->size, (unsigned long long)f->done);
    return f->crc == m->crc ||
           bad(f->z, m->at, "member \"%.80s\" is damaged: its CRC-32 is %08x, %08x is written", m->name,
               f->crc, m->crc);
}

static void flow_close(Flow *f) {
    if (f->open)
        (void)inflateEnd(&f->stream);
}

static NpyPlace place_of(const Archive *z, const Member *m) {
    return (NpyPlace){.nn = z->nn,
                      .status = z->status,
                      .at = m->method == STORED ? m->data : m->at,
                      .member = m->name,
                      .packed = m->method == DEFLATED};
}

/* A whole member; *owned is to be freed, where it is one's own. */
static bool load(const Archive *z, const Member *m, const uint8_t **bytes, uint8_t **owned) {
    Flow f;
    uint64_t n;

    *owned = NULL;
    *bytes = z->bytes + m->data;
    if (m->method == STORED)
        return true;
    *owned = malloc(m->size + 1);
    if (*owned == NULL)
        return no_memory(z, m->size, "a member");
    const bool good = flow_open(&f, z, m) && flow_read(&f, *owned, m->size + 1, bytes, &n) && flow_end(&f);
    flow_close(&f);
    return good;
}

static bool check_text(const Archive *z, const Member *m) {
    const uint8_t *bytes;
    uint8_t *owned;

    if (m->size > MAX_TEXT)
        return bad(z, m->at, "member \"%.80s\": a text of %llu bytes, at most %u are allowed", m->name,
                   (unsigned long long)m->size, MAX_TEXT);
    const bool good = load(z, m, &bytes, &owned) && (utf8_valid(bytes, m->size) == m->size ||
                                                     bad(z, m->at, "member \"%.80s\" is not UTF-8", m->name));
    free(owned);
    return good && (m->method == DEFLATED || (uint32_t)crc32_z(0, bytes, m->size) == m->crc ||
                    bad(z, m->at, "member \"%.80s\" is damaged: its CRC-32 is another", m->name));
}

/* Head, elements, size and sum, in the memory of one window. */
static bool check_array(const Archive *z, Member *m, uint8_t *window) {
    const NpyPlace place = place_of(z, m);
    const uint8_t *bytes;
    uint64_t n = 0;
    Flow f;

    bool good = flow_open(&f, z, m) && flow_read(&f, window, WINDOW, &bytes, &n) &&
                npy_head(&place, bytes, n, m->size, &m->array) &&
                npy_check(&place, &m->array, bytes + m->array.head, n - m->array.head, m->array.head);
    while (good && n) {
        const uint64_t from = f.done;
        good = flow_read(&f, window, WINDOW, &bytes, &n) && npy_check(&place, &m->array, bytes, n, from);
    }
    good = good && flow_end(&f);
    flow_close(&f);
    return good;
}

static bool check_contents(const Archive *z) {
    uint8_t *window = malloc(WINDOW);
    bool good = window != NULL || no_memory(z, WINDOW, "the decoder");

    for (uint64_t i = 0; i < z->count && good; i++) {
        if (z->nn->cancelled(z->nn)) {
            (void)nn_fail(z->nn, z->status, NN_CANCELLED, "stopped while reading an archive");
            good = false;
        } else {
            good =
                z->members[i].text ? check_text(z, &z->members[i]) : check_array(z, &z->members[i], window);
        }
    }
    free(window);
    return good;
}

static int32_t deliver(const Archive *z, const Member *m, const NnSource *source) {
    const size_t prefix = m->text ? sizeof TEXT_PREFIX - 1 : 0, length = strlen(m->name) - prefix - 4;
    const NpyPlace place = place_of(z, m);
    const uint8_t *bytes;
    uint8_t *owned = NULL;
    char *value = NULL, *name = malloc(length + 1);
    int32_t code = NN_OK;

    if (name == NULL || !load(z, m, &bytes, &owned)) {
        code = nn_fail(z->nn, z->status, NN_OUT_OF_MEMORY, "no memory for the name of a member");
    } else {
        memcpy(name, m->name + prefix, length);
        name[length] = '\0';
        if (!m->text)
            code = npy_deliver(&place, &m->array, name, bytes + m->array.head, source);
        else if (NN_HAS(source, pair) && (value = malloc(m->size + 1)) != NULL) {
            memcpy(value, bytes, m->size);
            value[m->size] = '\0';
            code = source->pair(source->self, &(NnPair){name, value}, z->status);
        }
    }
    free(value);
    free(name);
    free(owned);
    return code;
}

static int32_t read_file(const NnHost *nn, const void *bytes, uint64_t n, const NnSource *source,
                         NnStatus *status) {
    Archive z = {.nn = nn, .status = status, .bytes = bytes, .n = n};
    int32_t code = NN_OK;

    if (!read_end(&z) || !read_directory(&z) || !check_contents(&z))
        code = nn->code(status);
    for (int texts = 1; texts >= 0; texts--)
        for (uint64_t i = 0; i < z.count && code == NN_OK; i++)
            if (z.order[i]->text == (texts == 1))
                code = deliver(&z, z.order[i], source);
    free(z.members);
    free(z.order);
    free(z.names);
    return code;
}

static const NnFormat npz = {.struct_size = sizeof npz,
                             .name = "npz",
                             .extension = "npz",
                             .doc = "Named arrays as NumPy's savez writes them, read strictly.",
                             .write = npz_write,
                             .read = read_file};

static const NnExport exports[] = {{NN_FORMAT_KIND, "npz", &npz}};
NN_PLUGIN(npz, "Arrays as npz", exports)
