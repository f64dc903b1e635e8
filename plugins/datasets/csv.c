/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables in comma-separated values (RFC 4180: quotes, doubled quotes, line breaks inside of quotes), plain or
 * gzip. One column is the target, numbers or the names of classes; the others are numbers and become one
 * vector. Rows for testing come from a second file, or are drawn by a seed. A row of another width, or a cell
 * that is no number, is told with its line and column.
 */
#include "file.h"

#include <locale.h>
#include <math.h>

#define MAX_BYTES (UINT64_C(1) << 31)
#define MAX_COLUMNS 65536u
#define MAX_CLASSES 65536u
#define MAX_NUMBER 64 /* characters of a number */

typedef struct Cell {
    char *text; /* unquoted in place, NUL-terminated */
    uint64_t line;
} Cell;

typedef struct Table {
    const NnHost *nn;
    NnStatus *status;
    const char *path;
    char *bytes;
    Cell *cells; /* rows * columns, then the header line's */
    uint64_t rows, columns, room;
    uint64_t header; /* 1: the first row names the columns */
    char separator;
    bool skip_missing;
} Table;

struct NnData {
    NnDataInfo info;
    NnField fields[2];
    NnSplit splits[2];
    int64_t width;
    float *x;  /* rows of all splits, in their order */
    double *y; /* class numbers or values */
    uint64_t start[2];
    char **labels;
    char digest[32];
};

static const NnSetting settings[] = {
    {.name = "path", .kind = NN_SET_PATH, .flags = NN_SET_REQUIRED, .doc = "The table, plain or gzip."},
    {.name = "test_path",
     .kind = NN_SET_PATH,
     .doc = "A table like it to test on; absent: rows of the first are held out."},
    {.name = "header", .kind = NN_SET_BOOL, .preset = "true", .doc = "Does the first line name the columns?"},
    {.name = "separator", .kind = NN_SET_STRING, .preset = "','", .doc = "The character between two cells."},
    {.name = "target",
     .kind = NN_SET_STRING,
     .preset = "''",
     .doc = "The column to predict, by its name or its number (in quotes, from 1, from the end as -1); "
            "empty: the last."},
    {.name = "kind",
     .kind = NN_SET_ENUM,
     .preset = "auto",
     .choices = "auto|class|number",
     .doc = "What the target is; auto: numbers where every cell is one, else names of classes."},
    {.name = "ignore",
     .kind = NN_SET_STRINGS,
     .preset = "[]",
     .doc = "Columns to leave out, by name or number in quotes."},
    {.name = "skip_missing",
     .kind = NN_SET_BOOL,
     .preset = "false",
     .doc = "Leave out rows that have an empty cell."},
    {.name = "standardize",
     .kind = NN_SET_BOOL,
     .preset = "true",
     .doc = "Shift and scale each column to mean 0 and deviation 1 over the rows to train on."},
    {.name = "test",
     .kind = NN_SET_FLOAT,
     .flags = NN_SET_RANGE,
     .preset = "0.2",
     .min = 0,
     .max = 0.9,
     .doc = "The share of rows to hold out, where there is no test_path."},
    {.name = "seed", .kind = NN_SET_INT, .preset = "0", .doc = "Another seed holds out other rows."},
};

/* ---- cells ---- */

static NN_PRINTF(3, 4) int32_t fail_line(const Table *t, uint64_t line, const char *format, ...) {
    char sentence[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    return nn_fail(t->nn, t->status, NN_INVALID, "%s:%llu: %s", t->path, (unsigned long long)line, sentence);
}

/* A separator that is a blank stands for any number of blanks. */
static bool is_separator(const Table *t, char c) {
    return c == t->separator || (t->separator == ' ' && c == '\t');
}

static bool is_row_end(char c) { return c == '\n' || c == '\r' || c == '\0'; }

static char *skip_blanks(const Table *t, char *p) {
    while (*p == ' ' || (t->separator == ' ' && *p == '\t'))
        p++;
    return p;
}

/* A cell from *p on, unquoted and trimmed in place; *p is moved behind what ended it. */
static int32_t take_cell(const Table *t, char **p, uint64_t *line, Cell *cell, bool *row_ends) {
    char *from = skip_blanks(t, *p), *to = from;

    *cell = (Cell){from, *line};
    if (*from == '"') {
        for (from++; *from && (*from != '"' || from[1] == '"'); from++) {
            from += *from == '"';
            *line += *from == '\n';
            *to++ = *from;
        }
        if (*from == '\0')
            return fail_line(t, cell->line, "a quote that nothing closes");
        from++;
    } else {
        while (!is_row_end(*from) && !is_separator(t, *from))
            from++;
        to = from;
        while (to > cell->text && to[-1] == ' ')
            to--;
    }
    from = skip_blanks(t, from);
    *row_ends = is_row_end(*from);
    if (!*row_ends && !is_separator(t, *from) && t->separator != ' ')
        return fail_line(t, *line, "'%c' behind a closing quote; a separator is expected", *from);
    if (*row_ends) {
        *line += *from != '\0';
        from += from[0] == '\r' && from[1] == '\n';
        from += *from != '\0';
    } else if (is_separator(t, *from)) {
        from++;
    }
    *p = from;
    *to = '\0'; /* last: it may stand where the separator was */
    return NN_OK;
}

static int32_t add_cell(Table *t, uint64_t n, Cell cell) {
    if (n == t->room) {
        const uint64_t room = t->room ? 2 * t->room : 1024;
        Cell *cells = realloc(t->cells, room * sizeof *cells);
        if (cells == NULL)
            return nn_fail(t->nn, t->status, NN_OUT_OF_MEMORY, "%s: no memory for %llu cells", t->path,
                           (unsigned long long)room);
        t->cells = cells;
        t->room = room;
    }
    t->cells[n] = cell;
    return NN_OK;
}

static bool lacks_a_cell(const Table *t, const Cell *row, uint64_t width) {
    if (!t->skip_missing || t->rows < t->header)
        return false;
    for (uint64_t i = 0; i < width; i++)
        if (row[i].text[0] == '\0')
            return true;
    return false;
}

static int32_t end_row(Table *t, uint64_t width) {
    const Cell *row = t->cells + t->rows * t->columns;

    if (t->columns == 0)
        t->columns = width;
    if (width != t->columns)
        return fail_line(t, row->line, "%llu cells, %llu are expected as in the first line",
                         (unsigned long long)width, (unsigned long long)t->columns);
    if (!lacks_a_cell(t, row, width))
        t->rows++;
    return NN_OK;
}

static int32_t take_cells(Table *t) {
    uint64_t line = 1, width = 0;
    char *p = t->bytes;
    int32_t code = NN_OK;

    if (strncmp(p, "\xef\xbb\xbf", 3) == 0) /* the mark that spreadsheets put in front */
        p += 3;
    while (code == NN_OK) {
        Cell cell;
        bool row_ends = false;
        for (; width == 0 && (*p == '\n' || *p == '\r'); p++)
            line += *p == '\n';
        if (width == 0 && *p == '\0')
            break;
        if (width == MAX_COLUMNS)
            return fail_line(t, line, "more than %u cells", MAX_COLUMNS);
        code = take_cell(t, &p, &line, &cell, &row_ends);
        if (code == NN_OK)
            code = add_cell(t, t->rows * t->columns + width++, cell);
        if (code == NN_OK && row_ends) {
            code = end_row(t, width);
            width = 0;
        }
    }
    return code;
}

static int32_t read_table(Table *t) {
    uint64_t n = 0;
    uint8_t *bytes = NULL;
    int32_t code = file_load(t->nn, t->path, MAX_BYTES, &bytes, &n, t->status);

    t->bytes = (char *)bytes;
    if (code == NN_OK)
        code = file_check_text(t->nn, t->path, bytes, n, t->status);
    if (code == NN_OK)
        code = take_cells(t);
    if (code == NN_OK && t->rows <= t->header)
        code = nn_fail(t->nn, t->status, NN_INVALID, "%s: no rows", t->path);
    return code;
}

static const Cell *cell_at(const Table *t, uint64_t row, uint64_t column) {
    return &t->cells[(t->header + row) * t->columns + column];
}

static uint64_t row_count(const Table *t) { return t->rows - t->header; }

/* ---- columns ---- */

/* By name where there are names, else by number from 1, or from the end. */
static int32_t find_column(const Table *t, const NnConfig *node, uint64_t *column) {
    const char *name = t->nn->config->string(node);
    char text[256], *end;

    for (*column = 0; t->header && *column < t->columns; (*column)++)
        if (strcmp(t->cells[*column].text, name) == 0)
            return NN_OK;
    errno = 0;
    const long number = strtol(name, &end, 10);
    if (errno == 0 && end != name && *end == '\0' && number != 0 && labs(number) <= (long)t->columns) {
        *column = (uint64_t)(number > 0 ? number - 1 : (long)t->columns + number);
        return NN_OK;
    }
    (void)snprintf(text, sizeof text, "%.80s has no column \"%.80s\"; it has %llu, the first is %.40s",
                   t->path, name, (unsigned long long)t->columns, t->header ? t->cells[0].text : "1");
    return t->nn->config->fail(node, t->status, text);
}

static int32_t take_columns(const Table *t, const NnConfig *config, uint64_t *target, uint32_t *features,
                            int64_t *width) {
    const NnConfigApi *c = t->nn->config;
    const NnConfig *ignored = c->get(config, "ignore"), *name = c->get(config, "target");
    uint8_t *used = calloc(t->columns, 1);
    uint64_t column;
    int32_t code = NN_OK;

    if (used == NULL)
        return nn_fail(t->nn, t->status, NN_OUT_OF_MEMORY, "%s: no memory for its columns", t->path);
    *target = t->columns - 1;
    if (*c->string(name))
        code = find_column(t, name, target);
    for (uint64_t i = 0; code == NN_OK && i < c->count(ignored); i++)
        if ((code = find_column(t, c->at(ignored, i), &column)) == NN_OK)
            used[column] = 1;
    if (code == NN_OK)
        used[*target] = 1;
    *width = 0;
    for (uint32_t i = 0; code == NN_OK && i < t->columns; i++)
        if (!used[i])
            features[(*width)++] = i;
    free(used);
    if (code == NN_OK && *width == 0)
        return nn_fail(t->nn, t->status, NN_INVALID, "%s: no column is left besides the target", t->path);
    return code;
}

/* ---- values ---- */

/* Decimal and finite; strtod would take hexadecimal and names as well. */
static bool parse_number(const char *text, double *value) {
    char *end;

    if (*text == '\0' || strlen(text) > MAX_NUMBER || text[strspn(text, "0123456789+-.eE")] != '\0')
        return false;
    *value = strtod(text, &end);
    return *end == '\0' && isfinite(*value);
}

static int32_t fail_number(const Table *t, const Cell *cell, uint64_t column) {
    char name[64];

    if (t->header)
        (void)snprintf(name, sizeof name, "%.60s", t->cells[column].text);
    else
        (void)snprintf(name, sizeof name, "%llu", (unsigned long long)column + 1);
    if (*cell->text == '\0')
        return fail_line(t, cell->line, "column %s is empty; skip_missing leaves such rows out", name);
    return fail_line(t, cell->line, "column %s: expected a number, found \"%.40s\"", name, cell->text);
}

static bool all_numbers(const Table *t, uint64_t column) {
    double value;

    for (uint64_t r = 0; r < row_count(t); r++)
        if (!parse_number(cell_at(t, r, column)->text, &value))
            return false;
    return true;
}

static int by_label(const void *a, const void *b) {
    const char *s = *(const char *const *)a, *t = *(const char *const *)b;
    double x, y;

    if (parse_number(s, &x) && parse_number(t, &y) && x != y)
        return x < y ? -1 : 1;
    return strcmp(s, t);
}

/* The distinct targets of the tables, in order; d owns copies of them. */
static int32_t take_labels(NnData *d, const Table *tables, int n, uint64_t target) {
    const Table *t = &tables[0];
    uint64_t total = 0, count = 0;
    const char **all;

    for (int i = 0; i < n; i++)
        total += row_count(&tables[i]);
    all = malloc(total * sizeof *all);
    if (all == NULL)
        return nn_fail(t->nn, t->status, NN_OUT_OF_MEMORY, "%s: no memory for the classes", t->path);
    total = 0;
    for (int i = 0; i < n; i++)
        for (uint64_t r = 0; r < row_count(&tables[i]); r++)
            all[total++] = cell_at(&tables[i], r, target)->text;
    qsort(all, total, sizeof *all, by_label);
    for (uint64_t i = 0; i < total; i++)
        if (i == 0 || strcmp(all[i], all[count - 1]) != 0)
            all[count++] = all[i];
    int32_t code = NN_OK;
    if (count > MAX_CLASSES)
        code = nn_fail(t->nn, t->status, NN_INVALID,
                       "%s: %llu different targets, at most %u classes are allowed; is it a number?", t->path,
                       (unsigned long long)count, MAX_CLASSES);
    d->labels = code == NN_OK ? calloc(count, sizeof *d->labels) : NULL;
    for (uint64_t i = 0; code == NN_OK && i < count; i++)
        if (d->labels == NULL || (d->labels[i] = strdup(all[i])) == NULL)
            code = nn_fail(t->nn, t->status, NN_OUT_OF_MEMORY, "%s: no memory for the classes", t->path);
        else
            d->fields[1].classes = i + 1;
    free(all);
    return code;
}

static int32_t take_row(const Table *t, NnData *d, uint64_t row, uint64_t to, uint64_t target,
                        const uint32_t *features) {
    const Cell *cell = cell_at(t, row, target);
    double value;

    for (int64_t i = 0; i < d->width; i++) {
        const Cell *feature = cell_at(t, row, features[i]);
        if (!parse_number(feature->text, &value))
            return fail_number(t, feature, features[i]);
        d->x[to * (uint64_t)d->width + (uint64_t)i] = (float)value;
    }
    if (d->labels) {
        const char *const key = cell->text;
        const char **found = bsearch(&key, d->labels, d->fields[1].classes, sizeof *d->labels, by_label);
        d->y[to] = found ? (double)(found - (const char **)d->labels) : 0;
    } else if (!parse_number(cell->text, &d->y[to])) {
        return fail_number(t, cell, target);
    }
    return NN_OK;
}

/* ---- splits ---- */

static uint64_t mix(uint64_t z) { /* SplitMix64 (Steele, Lea, Flood 2014) */
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Marks `held_out` of n rows, each choice equally likely (Knuth's algorithm S). */
static void hold_out(uint8_t *marks, uint64_t n, uint64_t held_out, uint64_t seed) {
    for (uint64_t i = 0; i < n; i++) {
        marks[i] = mix(mix(seed) + i) % (n - i) < held_out;
        held_out -= marks[i];
    }
}

static int32_t take_rows(const Table *tables, int n, NnData *d, const uint8_t *marks, uint64_t target,
                         const uint32_t *features) {
    uint64_t next[2] = {0, d->start[1]};
    int32_t code = NN_OK;

    for (int i = 0; i < n; i++)
        for (uint64_t r = 0; code == NN_OK && r < row_count(&tables[i]); r++) {
            const int split = n == 2 ? i : marks[r];
            code = take_row(&tables[i], d, r, next[split]++, target, features);
        }
    return code;
}

static void standardize(NnData *d) {
    const uint64_t train = d->splits[0].count, all = train + d->splits[1].count, width = (uint64_t)d->width;

    for (uint64_t c = 0; c < width; c++) {
        double mean = 0, square = 0;
        for (uint64_t r = 0; r < train; r++)
            mean += (double)d->x[r * width + c];
        mean /= (double)train;
        for (uint64_t r = 0; r < train; r++) {
            const double away = (double)d->x[r * width + c] - mean;
            square += away * away;
        }
        const double deviation = sqrt(square / (double)train);
        for (uint64_t r = 0; r < all; r++)
            d->x[r * width + c] =
                (float)(((double)d->x[r * width + c] - mean) / (deviation > 0 ? deviation : 1));
    }
}

static int32_t fill(const NnHost *nn, const NnConfig *config, const Table *tables, int n, NnData *d,
                    uint64_t target, const uint32_t *features, NnStatus *status) {
    const NnConfigApi *c = nn->config;
    const uint64_t rows = row_count(&tables[0]);
    const uint64_t test =
        n == 2 ? row_count(&tables[1]) : (uint64_t)((double)rows * c->number(c->get(config, "test")) + 0.5);
    const uint64_t train = n == 2 ? rows : rows - test;
    uint8_t *marks = calloc(rows, 1);
    int32_t code;

    d->splits[0] = (NnSplit){"train", train};
    d->splits[1] = (NnSplit){"test", test};
    d->start[1] = train;
    d->x = malloc((train + test) * (uint64_t)d->width * sizeof *d->x);
    d->y = malloc((train + test) * sizeof *d->y);
    if (marks == NULL || d->x == NULL || d->y == NULL) {
        free(marks);
        return nn_fail(nn, status, NN_OUT_OF_MEMORY, "%s: no memory for %llu rows", tables[0].path,
                       (unsigned long long)rows);
    }
    if (n == 1)
        hold_out(marks, rows, test, (uint64_t)c->integer(c->get(config, "seed")));
    code = train ? take_rows(tables, n, d, marks, target, features)
                 : nn_fail(nn, status, NN_INVALID, "%s: no row is left to train on", tables[0].path);
    if (code == NN_OK && c->boolean(c->get(config, "standardize")))
        standardize(d);
    free(marks);
    return code;
}

/* ---- the loader ---- */

static void close_csv(NnData *d) {
    for (uint64_t i = 0; d->labels && i < d->fields[1].classes; i++)
        free(d->labels[i]);
    free(d->labels);
    free(d->x);
    free(d->y);
    free(d);
}

static void fill_info(NnData *d) {
    static const int64_t one = 1;
    const uint64_t rows = d->splits[0].count + d->splits[1].count;
    uLong crc = crc32_z(crc32(0, NULL, 0), (const uint8_t *)d->x, rows * (uint64_t)d->width * sizeof *d->x);

    crc = crc32_z(crc, (const uint8_t *)d->y, rows * sizeof *d->y);
    (void)snprintf(d->digest, sizeof d->digest, "crc32 %08lx", (unsigned long)crc);
    d->fields[0] = (NnField){.name = "x", .type = NN_F32, .rank = 1, .dims = &d->width};
    if (d->labels)
        d->fields[1] = (NnField){.name = "y",
                                 .type = NN_I64,
                                 .classes = d->fields[1].classes,
                                 .labels = (const char *const *)d->labels};
    else
        d->fields[1] = (NnField){.name = "y", .type = NN_F32, .rank = 1, .dims = &one};
    d->info = (NnDataInfo){.struct_size = sizeof d->info,
                           .n_fields = NN_COUNT(d->fields),
                           .field_stride = NN_STRIDE(d->fields),
                           .n_splits = d->splits[1].count ? 2 : 1,
                           .split_stride = NN_STRIDE(d->splits),
                           .fields = d->fields,
                           .splits = d->splits,
                           .digest = d->digest};
}

static int32_t build(const NnHost *nn, const NnConfig *config, Table *tables, int n, NnData *d,
                     NnStatus *status) {
    const char *kind = nn->config->string(nn->config->get(config, "kind"));
    uint32_t *features = NULL;
    uint64_t target = 0;
    bool numbers = strcmp(kind, "number") == 0;
    int32_t code = NN_OK;

    for (int i = 0; code == NN_OK && i < n; i++)
        code = read_table(&tables[i]);
    if (code == NN_OK && n == 2 && tables[0].columns != tables[1].columns)
        code = fail_line(&tables[1], 1, "%llu cells, %llu are expected as in %s",
                         (unsigned long long)tables[1].columns, (unsigned long long)tables[0].columns,
                         tables[0].path);
    if (code == NN_OK && (features = malloc(tables[0].columns * sizeof *features)) == NULL)
        code = nn_fail(nn, status, NN_OUT_OF_MEMORY, "%s: no memory for its columns", tables[0].path);
    if (code == NN_OK)
        code = take_columns(&tables[0], config, &target, features, &d->width);
    if (code == NN_OK && strcmp(kind, "auto") == 0)
        numbers = all_numbers(&tables[0], target) && (n == 1 || all_numbers(&tables[1], target));
    if (code == NN_OK && !numbers)
        code = take_labels(d, tables, n, target);
    if (code == NN_OK)
        code = fill(nn, config, tables, n, d, target, features, status);
    free(features);
    return code;
}

static int32_t open_csv(const NnHost *nn, const NnConfig *config, NnData **data, NnStatus *status) {
    const NnConfigApi *c = nn->config;
    const NnConfig *paths[2] = {c->get(config, "path"), c->get(config, "test_path")},
                   *separator = c->get(config, "separator");
    const int n = paths[1] ? 2 : 1;
    Table tables[2] = {{0}, {0}};
    NnData *d;
    int32_t code;

    if (strlen(c->string(separator)) != 1 || strchr("\"\r\n", *c->string(separator)))
        return c->fail(separator, status, "a separator is one character, no quote and no line break");
    d = calloc(1, sizeof *d);
    if (d == NULL)
        return nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory to open a table");
    for (int i = 0; i < n; i++)
        tables[i] = (Table){.nn = nn,
                            .status = status,
                            .path = c->path(paths[i]),
                            .header = c->boolean(c->get(config, "header")),
                            .separator = *c->string(separator),
                            .skip_missing = c->boolean(c->get(config, "skip_missing"))};
    /* Numbers in files have a point, whatever the program's locale says. */
    const locale_t classic = newlocale(LC_ALL_MASK, "C", (locale_t)0), before = uselocale(classic);
    code = build(nn, config, tables, n, d, status);
    (void)uselocale(before);
    freelocale(classic);
    if (code == NN_NOT_FOUND)
        nn->where(status, c->place(paths[n == 2 && tables[0].bytes ? 1 : 0]));
    for (int i = 0; i < n; i++) {
        free(tables[i].bytes);
        free(tables[i].cells);
    }
    if (code != NN_OK) {
        close_csv(d);
        return code;
    }
    fill_info(d);
    *data = d;
    return NN_OK;
}

static const NnDataInfo *describe(NnData *d) { return &d->info; }

static int32_t read_csv(NnData *d, uint32_t split, uint64_t n, const uint64_t *indices, void *const *buffers,
                        NnStatus *status) {
    const uint64_t width = (uint64_t)d->width;
    float *x = buffers[0], *value = d->labels ? NULL : buffers[1];
    int64_t *class = d->labels ? buffers[1] : NULL;

    (void)status;
    for (uint64_t i = 0; i < n; i++) {
        const uint64_t row = d->start[split] + indices[i];
        if (x)
            memcpy(x + i * width, d->x + row * width, width * sizeof *x);
        if (class)
            class[i] = (int64_t)d->y[row];
        if (value)
            value[i] = (float)d->y[row];
    }
    return NN_OK;
}

static const NnDataset csv = {.struct_size = sizeof csv,
                              .n_settings = NN_COUNT(settings),
                              .setting_stride = NN_STRIDE(settings),
                              .name = "csv",
                              .doc = "A table of numbers with a target column: classes by name, or numbers.",
                              .settings = settings,
                              .open = open_csv,
                              .describe = describe,
                              .read = read_csv,
                              .close = close_csv};

static const NnExport exports[] = {{NN_DATASET_KIND, "csv", &csv}};
NN_PLUGIN(csv, "Tables in comma-separated values", exports)
