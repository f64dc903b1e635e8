/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays as text, for eyes, spreadsheets and numpy.loadtxt: rows of numbers with commas between them. The
 * last dimension is along a row, all others are down the rows. What is written here has a line in front of
 * each array,
 * "# TYPE [DIMS] NAME", so that it reads back as it was, to the bit; a file without such lines is one f64
 * matrix "arr_0". Every row has as many numbers as the first; a cell that is no number of its array's type is
 * told with its offset.
 */
#include "utf8.h"

#include "nn/element.h"

#include <locale.h>
#include <stdlib.h>

#define MAX_NUMBER 63u /* characters */
#define MAX_NAME 1000u

typedef struct Array {
    char name[MAX_NAME + 1];
    int32_t type, rank;
    int64_t dims[NN_MAX_RANK];
    uint64_t rows, columns;
} Array;

typedef struct Reader {
    const NnHost *nn;
    NnStatus *status;
    const uint8_t *bytes;
    uint64_t at, end;
    uint8_t *data; /* of the array that is being read; NULL while the file is only checked */
} Reader;

static bool bad(const Reader *r, uint64_t at, const char *format, ...) NN_PRINTF(3, 4);

static bool bad(const Reader *r, uint64_t at, const char *format, ...) {
    char text[512];
    uint64_t line = 1;
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (uint64_t i = 0; i < at; i++)
        line += r->bytes[i] == '\n';
    (void)nn_fail(r->nn, r->status, NN_INVALID, "offset %llu, line %llu: %s", (unsigned long long)at,
                  (unsigned long long)line, text);
    return false;
}

/* ---- numbers ---- */

static bool is_float(int32_t type) { return (NN_MASK(type) & NN_FLOATS) != 0; }
static bool is_signed(int32_t type) { return (NN_MASK(type) & NN_SIGNED) != 0; }

/* A decimal number, or nan and inf as C prints them; strtod would take hexadecimal ones and more names. */
static bool parse_float(const char *text, double *value) {
    static const struct {
        const char *text;
        double value;
    } names[] = {{"nan", NAN}, {"-nan", -NAN}, {"inf", INFINITY}, {"-inf", -INFINITY}};
    char *end;

    for (size_t i = 0; i < NN_COUNT(names); i++)
        if (strcmp(text, names[i].text) == 0) {
            *value = names[i].value;
            return true;
        }
    if (*text == '\0' || strspn(text, "+-.0123456789eE") != strlen(text))
        return false;
    *value = strtod(text, &end);
    return *end == '\0';
}

/* A whole number of that type: its bits, in 64. */
static bool parse_whole(const char *text, int32_t type, uint64_t *value) {
    const bool minus = *text == '-';
    const uint32_t bits = type == NN_BOOL ? 1 : (uint32_t)nn_type_size(type) * 8;
    const uint64_t most = is_signed(type) ? (UINT64_C(1) << (bits - 1)) - !minus
                          : bits == 64    ? UINT64_MAX
                                          : (UINT64_C(1) << bits) - 1;
    uint64_t n = 0;

    text += minus;
    if (*text == '\0' || (minus && !is_signed(type)))
        return false;
    for (; *text; text++)
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(n, 10u, &n) ||
            __builtin_add_overflow(n, (uint64_t)(*text - '0'), &n))
            return false;
    *value = minus ? -n : n;
    return n <= most;
}

/* The number of one cell, into element i. */
static bool take_cell(const Reader *r, uint64_t from, uint64_t n, const Array *a, uint64_t i) {
    char text[MAX_NUMBER + 1];
    double real = 0;
    uint64_t whole = 0;

    for (; n && r->bytes[from] == ' '; from++)
        n--;
    while (n && r->bytes[from + n - 1] == ' ')
        n--;
    const uint64_t kept = n < MAX_NUMBER ? n : MAX_NUMBER;
    memcpy(text, r->bytes + from, kept);
    text[kept] = '\0';
    const bool good = n <= MAX_NUMBER && memchr(text, '\0', kept) == NULL &&
                      (is_float(a->type) ? parse_float(text, &real) : parse_whole(text, a->type, &whole));
    if (!good) {
        for (char *c = text; *c; c++)
            *c = *c >= 0x20 && *c < 0x7f ? *c : '?';
        return bad(r, from, "expected a number of type %s, found \"%.30s\"", nn_type_name(a->type), text);
    }
    if (r->data && is_float(a->type))
        nn_store(r->data, a->type, (int64_t)i, real);
    else if (r->data)
        nn_store_int(r->data, a->type, (int64_t)i, (int64_t)whole);
    return true;
}

/* ---- lines ---- */

/* The end of the line at `at`, without what breaks it; *next is where the next one begins. */
static uint64_t line_end(const Reader *r, uint64_t at, uint64_t *next) {
    const uint8_t *newline = at < r->end ? memchr(r->bytes + at, '\n', r->end - at) : NULL;
    const uint64_t end = newline ? (uint64_t)(newline - r->bytes) : r->end;

    *next = newline ? end + 1 : r->end;
    return end > at && r->bytes[end - 1] == '\r' ? end - 1 : end;
}

static uint64_t count_cells(const Reader *r, uint64_t from, uint64_t end) {
    uint64_t n = 1;

    for (uint64_t i = from; i < end; i++)
        n += r->bytes[i] == ',';
    return n;
}

static bool take_row(Reader *r, const Array *a, uint64_t row) {
    uint64_t next, from = r->at, column = 0;
    const uint64_t end = line_end(r, r->at, &next), found = count_cells(r, from, end);

    if (r->at == r->end)
        return bad(r, r->at, "cut short: %llu rows, %llu are expected", (unsigned long long)row,
                   (unsigned long long)a->rows);
    if (found != a->columns)
        return bad(r, r->at, "%llu numbers, %llu are expected", (unsigned long long)found,
                   (unsigned long long)a->columns);
    for (uint64_t i = from; i <= end; i++) {
        if (i < end && r->bytes[i] != ',')
            continue;
        if (!take_cell(r, from, i - from, a, row * a->columns + column))
            return false;
        column++;
        from = i + 1;
    }
    r->at = next;
    return true;
}

/* "# f32 [2,3] weight" */
static bool take_head(Reader *r, Array *a) {
    uint64_t next;
    const uint64_t start = r->at, end = line_end(r, r->at, &next);
    char line[MAX_NAME + 400], type[16];
    int at = 0;

    *a = (Array){.rows = 1, .columns = 1};
    if (end - start >= sizeof line || memchr(r->bytes + start, '\0', end - start))
        return bad(r, start, "a line \"# TYPE [DIMS] NAME\" that is too long, or holds a NUL");
    memcpy(line, r->bytes + start, end - start);
    line[end - start] = '\0';
    if (sscanf(line, "# %15[a-z0-9] [%n", type, &at) != 1 || at == 0)
        return bad(r, start, "expected \"# TYPE [DIMS] NAME\", found \"%.40s\"", line);
    for (int32_t t = 1; t < NN_TYPE_COUNT; t++)
        if (NN_MASK(t) & NN_ANY && strcmp(nn_type_name(t), type) == 0)
            a->type = t;
    if (a->type == NN_NONE)
        return bad(r, start, "unknown type \"%s\"", type);
    for (const char *p = line + at;; p++) {
        int64_t dim = 0;
        const char *first = p;
        if (*p == ']' && a->rank == 0) {
            at = (int)(p - line);
            break;
        }
        for (; *p >= '0' && *p <= '9'; p++)
            if (__builtin_mul_overflow(dim, 10, &dim) ||
                __builtin_add_overflow(dim, (int64_t)(*p - '0'), &dim))
                return bad(r, start, "a dimension beyond 2^63 - 1");
        if (p == first || (*p != ',' && *p != ']') || a->rank == NN_MAX_RANK)
            return bad(r, start, "expected at most %d dimensions, as [2,3], found \"%.40s\"", NN_MAX_RANK,
                       line + at);
        a->dims[a->rank++] = dim;
        if (*p == ']') {
            at = (int)(p - line);
            break;
        }
    }
    if (line[at + 1] != ' ' || line[at + 2] == '\0' || strlen(line + at + 2) > MAX_NAME ||
        utf8_valid(line + at + 2, strlen(line + at + 2)) != strlen(line + at + 2))
        return bad(r, start, "expected a name of at most %u bytes in UTF-8 behind the dimensions", MAX_NAME);
    (void)strcpy(a->name, line + at + 2);
    for (int32_t i = 0; i + 1 < a->rank; i++)
        if (__builtin_mul_overflow(a->rows, (uint64_t)a->dims[i], &a->rows))
            a->rows = UINT64_MAX;
    a->columns = a->rank ? (uint64_t)a->dims[a->rank - 1] : 1;
    if (a->columns == 0)
        a->rows = 0;
    for (int32_t i = 0; i < a->rank; i++) /* though another is beyond all bounds */
        if (a->dims[i] == 0)
            a->rows = 0;
    r->at = next;
    /* Each number takes a digit and what ends it, so a claim beyond that is refused before anything is taken.
     */
    const uint64_t left = r->end - r->at + 1;
    if (a->rows && (a->columns > left || a->rows > left / a->columns))
        return bad(r, start, "array \"%.80s\" wants %llu rows of %llu numbers, which do not follow", a->name,
                   (unsigned long long)a->rows, (unsigned long long)a->columns);
    return true;
}

/* A table without a word about itself. */
static void bare_table(const Reader *r, Array *a) {
    uint64_t next = 0, at = 0;

    *a = (Array){.name = "arr_0", .type = NN_F64, .rank = 2};
    a->columns = count_cells(r, 0, line_end(r, 0, &next));
    for (; at < r->end; a->rows++)
        (void)line_end(r, at, &at);
    a->dims[0] = (int64_t)a->rows;
    a->dims[1] = (int64_t)a->columns;
}

static int32_t take_array(Reader *r, const Array *a, const NnSource *source) {
    const uint64_t bytes = a->rows * a->columns * nn_type_size(a->type);

    if (source) {
        r->data = malloc(bytes + 1);
        if (r->data == NULL)
            return nn_fail(r->nn, r->status, NN_OUT_OF_MEMORY, "no memory for the %llu bytes of an array",
                           (unsigned long long)bytes);
    }
    bool good = true;
    for (uint64_t row = 0; row < a->rows && good; row++)
        good = take_row(r, a, row);
    int32_t code = good ? NN_OK : r->nn->code(r->status);
    if (good && NN_HAS(source, array)) {
        const NnArray array = {a->name, a->type, a->rank, a->dims, r->data, bytes};
        code = source->array(source->self, &array, r->status);
    }
    free(r->data);
    r->data = NULL;
    return code;
}

typedef struct Name {
    uint64_t at, length;
    const uint8_t *text;
} Name;

static int by_name(const void *a, const void *b) {
    const Name *x = a, *y = b;
    const int order = memcmp(x->text, y->text, x->length < y->length ? x->length : y->length);

    return order ? order : x->length != y->length ? (x->length < y->length ? -1 : 1) : 0;
}

/* The names are the ends of the lines that begin with #, checked before. */
static int32_t check_names(Reader *r, uint64_t n) {
    Name *names = malloc((n + 1) * sizeof *names);
    uint64_t next, count = 0;

    if (names == NULL)
        return nn_fail(r->nn, r->status, NN_OUT_OF_MEMORY, "no memory to check the names");
    for (uint64_t at = 0; at < r->end && count < n; at = next) {
        const uint64_t end = line_end(r, at, &next);
        if (r->bytes[at] != '#')
            continue;
        const uint8_t *text = (const uint8_t *)memchr(r->bytes + at, ']', end - at) + 2;
        names[count++] = (Name){at, (uint64_t)(r->bytes + end - text), text};
    }
    qsort(names, count, sizeof *names, by_name);
    for (uint64_t i = 1; i < count; i++)
        if (by_name(&names[i], &names[i - 1]) == 0) {
            (void)bad(r, names[i].at > names[i - 1].at ? names[i].at : names[i - 1].at,
                      "array \"%.*s\" is there twice", (int)(names[i].length < 80 ? names[i].length : 80),
                      (const char *)names[i].text);
            break;
        }
    free(names);
    return r->nn->code(r->status);
}

/* All arrays: checked only where there is no source, so that nothing is handed on from a file that is
 * refused. */
static int32_t walk(Reader *r, Array *a, const NnSource *source) {
    int32_t code = NN_OK;
    uint64_t n = 0;

    r->at = 0;
    if (r->bytes[0] != '#') {
        bare_table(r, a);
        return take_array(r, a, source);
    }
    for (; r->at < r->end && code == NN_OK; n++)
        code = take_head(r, a) ? take_array(r, a, source) : r->nn->code(r->status);
    return code == NN_OK && source == NULL ? check_names(r, n) : code;
}

static int32_t read_file(const NnHost *nn, const void *bytes, uint64_t n, const NnSource *source,
                         NnStatus *status) {
    Reader r = {.nn = nn, .status = status, .bytes = bytes, .end = n};
    Array *a = malloc(sizeof *a);
    int32_t code;

    if (n == 0 || a == NULL) {
        free(a);
        return nn_fail(nn, status, n ? NN_OUT_OF_MEMORY : NN_INVALID,
                       "offset 0: no numbers, the file is empty");
    }
    /* Numbers in files have a point, whatever the program's locale says. */
    const locale_t classic = newlocale(LC_ALL_MASK, "C", (locale_t)0), before = uselocale(classic);
    code = walk(&r, a, NULL);
    if (code == NN_OK)
        code = walk(&r, a, source);
    (void)uselocale(before);
    freelocale(classic);
    free(a);
    return code;
}

/* ---- writing ---- */

static int print_number(char *to, size_t room, int32_t type, const uint8_t *at) {
    uint64_t element; /* the array may lie at any address */

    memcpy(&element, at, nn_type_size(type));
    if (is_float(type))
        return snprintf(to, room, type == NN_F64 ? "%.17g" : "%.9g", nn_load(&element, type, 0));
    return snprintf(to, room, type == NN_U64 ? "%llu" : "%lld", (long long)nn_load_int(&element, type, 0));
}

static int32_t write_elements(const NnArray *a, const NnSink *sink, NnStatus *status) {
    const uint64_t size = nn_type_size(a->type), n = a->bytes / size;
    const uint64_t columns = a->rank ? (uint64_t)a->dims[a->rank - 1] : 1;
    const uint8_t *data = a->data;
    char text[4096];
    size_t used = 0;
    int32_t code = NN_OK;

    for (uint64_t i = 0; i < n && code == NN_OK; i++) {
        used += (size_t)print_number(text + used, 40, a->type, data + i * size);
        text[used++] = (i + 1) % columns ? ',' : '\n';
        if (used > sizeof text - 64 || i + 1 == n) {
            code = sink->write(sink->self, text, used, status);
            used = 0;
        }
    }
    return code;
}

static int32_t write_array(const NnHost *nn, const NnArray *a, const NnSink *sink, NnStatus *status) {
    char head[MAX_NAME + 500];
    const size_t name = strlen(a->name);

    if (!(NN_MASK(a->type) & NN_ANY))
        return nn_fail(nn, status, NN_UNSUPPORTED, "array \"%.80s\": csv has no type %s", a->name,
                       nn_type_name(a->type));
    if (name == 0 || name > MAX_NAME || utf8_valid(a->name, name) != name || strpbrk(a->name, "\r\n"))
        return nn_fail(nn, status, NN_INVALID,
                       "array \"%.80s\": a name of one line, 1 to %u bytes in UTF-8, is expected", a->name,
                       MAX_NAME);
    size_t n = (size_t)snprintf(head, sizeof head, "# %s [", nn_type_name(a->type));
    for (int32_t i = 0; i < a->rank; i++)
        n += (size_t)snprintf(head + n, sizeof head - n, i ? ",%lld" : "%lld", (long long)a->dims[i]);
    n += (size_t)snprintf(head + n, sizeof head - n, "] %s\n", a->name);
    const int32_t code = sink->write(sink->self, head, n, status);
    return code == NN_OK ? write_elements(a, sink, status) : code;
}

static int32_t write_file(const NnHost *nn, uint64_t n, const NnArray *arrays, uint64_t n_pairs,
                          const NnPair *pairs, const NnSink *sink, NnStatus *status) {
    int32_t code = NN_OK;

    (void)pairs;
    if (n_pairs)
        return nn_fail(nn, status, NN_UNSUPPORTED, "csv holds numbers only, and no record beside them");
    const locale_t classic = newlocale(LC_ALL_MASK, "C", (locale_t)0), before = uselocale(classic);
    for (uint64_t i = 0; i < n && code == NN_OK; i++)
        code = write_array(nn, &arrays[i], sink, status);
    (void)uselocale(before);
    freelocale(classic);
    return code;
}

static const NnFormat csv = {.struct_size = sizeof csv,
                             .flags = NN_FORMAT_BARE,
                             .name = "csv",
                             .extension = "csv",
                             .doc = "Arrays as rows of numbers, for people and spreadsheets.",
                             .write = write_file,
                             .read = read_file};

static const NnExport exports[] = {{NN_FORMAT_KIND, "csv", &csv}};
NN_PLUGIN(csv, "Arrays as text", exports)
