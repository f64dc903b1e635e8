/* SPDX-License-Identifier: Apache-2.0 */
/* Columns are as wide as their widest text; the last one is cut to the terminal's width when there is a
 * terminal. */
#include "print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MOST_COLUMNS 12u

struct Table {
    const char *const *titles;
    uint32_t n;
    GPtrArray *cells; /* char *, row by row */
};

Table *table_new(const char *const *titles, uint32_t n) {
    Table *t = g_new0(Table, 1);
    t->titles = titles;
    t->n = MIN(n, MOST_COLUMNS);
    t->cells = g_ptr_array_new_with_free_func(g_free);
    return t;
}

void table_row(Table *t, const char *const *texts) {
    for (uint32_t i = 0; i < t->n; i++)
        g_ptr_array_add(t->cells, g_strdup(texts[i]));
}

static const char *cell(const Table *t, guint row, uint32_t column) {
    return g_ptr_array_index(t->cells, row * t->n + column);
}

void print_json_string(const char *text) {
    if (text == NULL) {
        fputs("null", stdout);
        return;
    }
    putchar('"');
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            printf("\\%c", *c);
        else if ((unsigned char)*c < 0x20)
            printf("\\u%04x", (unsigned)*c);
        else
            putchar(*c);
    }
    putchar('"');
}

static void print_rows_json(const Table *t, guint rows) {
    fputs("[", stdout);
    for (guint row = 0; row < rows; row++) {
        fputs(row ? ",\n {" : "\n {", stdout);
        for (uint32_t i = 0; i < t->n; i++) {
            char *key = g_ascii_strdown(t->titles[i], -1);
            fputs(i ? ", " : "", stdout);
            print_json_string(key);
            fputs(": ", stdout);
            print_json_string(cell(t, row, i));
            g_free(key);
        }
        fputs("}", stdout);
    }
    fputs("\n]\n", stdout);
}

/* 0: no limit, because nobody looks or nobody knows. */
static int terminal_width(void) {
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    if (!isatty(STDOUT_FILENO))
        return 0;
    if (columns && atoi(columns) > 0)
        return atoi(columns);
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static void print_line(const Table *t, guint row, bool title, const int *widths, int limit) {
    int at = 0;
    for (uint32_t i = 0; i < t->n; i++) {
        const char *text = title ? t->titles[i] : cell(t, row, i);
        text = text ? text : "";
        if (i + 1 == t->n && limit > at + 8 && g_utf8_validate(text, -1, NULL) &&
            g_utf8_strlen(text, -1) > limit - at) {
            char *cut = g_utf8_substring(text, 0, limit - at - 3);
            printf("%s...", cut);
            g_free(cut);
        } else if (i + 1 == t->n) {
            fputs(text, stdout);
        } else {
            printf("%-*s  ", widths[i], text);
        }
        at += widths[i] + 2;
    }
    putchar('\n');
}

static void print_rows(const Table *t, guint rows) {
    int widths[MOST_COLUMNS] = {0};
    for (uint32_t i = 0; i < t->n; i++) {
        widths[i] = (int)strlen(t->titles[i]);
        for (guint row = 0; row < rows; row++)
            if (cell(t, row, i))
                widths[i] = MAX(widths[i], (int)strlen(cell(t, row, i)));
    }
    const int limit = terminal_width();
    print_line(t, 0, true, widths, limit);
    for (guint row = 0; row < rows; row++)
        print_line(t, row, false, widths, limit);
}

void table_print(Table *t, bool json) {
    const guint rows = t->cells->len / t->n;
    if (json)
        print_rows_json(t, rows);
    else
        print_rows(t, rows);
    g_ptr_array_unref(t->cells);
    g_free(t);
}

int print_kind(Program *p, const char *kind) {
    static const char *const titles[] = {"NAME", "PACKAGE", "VERSION", "SUMMARY"};
    NnContext *c = nnrun_context(p);
    if (c == NULL)
        return nnrun_end(p);
    Table *t = table_new(titles, G_N_ELEMENTS(titles));
    for (uint32_t i = 0; i < nn_registry_count(c); i++) {
        const NnEntry *e = nn_registry_entry(c, i);
        if (strcmp(e->kind, kind) == 0 && e->problem == NULL)
            table_row(t, ROW(e->name, e->package, e->version, e->summary));
    }
    table_print(t, p->json);
    return 0;
}
