/* SPDX-License-Identifier: Apache-2.0 */
/* A settings table as a person reads it, in 80 columns, and as JSON. */
#include "config/settings.h"

#include "config/tree.h"

#include <string.h>

#define WIDTH 80
#define INDENT 4

/* Words of `text` from column INDENT on, never beyond WIDTH unless a word alone is longer. */
static void wrap(GString *out, const char *text) {
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    glong column = 0;

    for (char **word = words; *word; word++) {
        const glong length = g_utf8_strlen(*word, -1);
        if (length == 0)
            continue;
        if (column == 0 || column + 1 + length > WIDTH) {
            g_string_append_printf(out, "%s%*s", column ? "\n" : "", INDENT, "");
            column = INDENT;
        } else {
            g_string_append_c(out, ' ');
            column++;
        }
        g_string_append(out, *word);
        column += length;
    }
    if (column)
        g_string_append_c(out, '\n');
}

static char *limits(const NnSetting *s) {
    g_autofree char *range = nn_settings_range(s);
    g_autoptr(GString) text = g_string_new(range);

    if (s->choices)
        g_string_append(text, s->choices);
    if (s->unit && *s->unit)
        g_string_append_printf(text, "%s%s", text->len ? " " : "", s->unit);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static const char *default_text(const NnSetting *s) {
    if (s->flags & NN_SET_REQUIRED)
        return "required";
    return s->preset ? (*s->preset ? s->preset : "''") : "-";
}

static void print_setting(GString *out, const NnSetting *s, int name_width, int default_width) {
    g_autofree char *bounds = limits(s);
    g_autofree char *row =
        g_strdup_printf("%-*s  %-8s  %-*s  %s", name_width, s->name, nn_settings_kind_name(s->kind),
                        default_width, default_text(s), bounds);

    g_strchomp(row);
    if (g_utf8_strlen(row, -1) <= WIDTH) {
        g_string_append_printf(out, "%s\n", row);
    } else {
        g_string_append_printf(out, "%s  %s\n", s->name, nn_settings_kind_name(s->kind));
        g_autofree char *preset =
            g_strdup_printf("Default: %s. Values: %s.", default_text(s), *bounds ? bounds : "any");
        wrap(out, preset);
    }
    g_autofree char *doc =
        g_strconcat(s->flags & NN_SET_DEPRECATED ? "Deprecated. " : "", s->doc ? s->doc : "", NULL);
    wrap(out, doc);
}

char *nn_settings_help(const NnSetting *table, uint32_t count, uint32_t stride) {
    GString *out = g_string_new(NULL);
    int name_width = 4, default_width = 7;

    for (uint32_t i = 0; i < count; i++) {
        const NnSetting s = nn_settings_at(table, stride, i);
        const int name = (int)strlen(s.name), preset = (int)strlen(default_text(&s));
        name_width = name <= 24 ? MAX(name_width, name) : name_width;
        default_width = preset <= 16 ? MAX(default_width, preset) : default_width;
    }
    if (count == 0)
        g_string_append(out, "No settings.\n");
    else
        g_string_append_printf(out, "%-*s  %-8s  %-*s  %s\n", name_width, "NAME", "TYPE", default_width,
                               "DEFAULT", "VALUES");
    for (uint32_t i = 0; i < count; i++) {
        const NnSetting s = nn_settings_at(table, stride, i);
        print_setting(out, &s, name_width, default_width);
    }
    return g_string_free(out, FALSE);
}

/* ---- JSON ---- */

static void json_string(GString *out, const char *text) {
    if (text == NULL) {
        g_string_append(out, "null");
        return;
    }
    g_string_append_c(out, '"');
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            g_string_append_printf(out, "\\%c", *c);
        else if ((unsigned char)*c < 0x20)
            g_string_append_printf(out, "\\u%04x", (unsigned)*c);
        else
            g_string_append_c(out, *c);
    }
    g_string_append_c(out, '"');
}

static void json_member(GString *out, const char *key, const char *text) {
    g_string_append_printf(out, ",\"%s\":", key);
    json_string(out, text);
}

static void json_bound(GString *out, const char *key, double value, bool given) {
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    g_string_append_printf(out, ",\"%s\":%s", key,
                           given && value > -1e300 && value < 1e300 ? g_ascii_dtostr(text, sizeof text, value)
                                                                    : "null");
}

static void json_choices(GString *out, const char *choices) {
    g_auto(GStrv) list = g_strsplit(choices ? choices : "", "|", -1);

    g_string_append(out, ",\"choices\":[");
    for (guint i = 0; choices && list[i]; i++) {
        g_string_append(out, i ? "," : "");
        json_string(out, list[i]);
    }
    g_string_append_c(out, ']');
}

char *nn_settings_json(const NnSetting *table, uint32_t count, uint32_t stride) {
    GString *out = g_string_new("[");

    for (uint32_t i = 0; i < count; i++) {
        const NnSetting s = nn_settings_at(table, stride, i);
        g_string_append(out, i ? ",\n {\"name\":" : "\n {\"name\":");
        json_string(out, s.name);
        json_member(out, "type", nn_settings_kind_name(s.kind));
        json_member(out, "default", s.preset);
        json_bound(out, "min", s.min, s.flags & (NN_SET_RANGE | NN_SET_ABOVE));
        json_bound(out, "max", s.max, s.flags & NN_SET_RANGE);
        g_string_append_printf(out, ",\"min_excluded\":%s", s.flags & NN_SET_ABOVE ? "true" : "false");
        json_choices(out, s.choices);
        json_member(out, "unit", s.unit);
        json_member(out, "doc", s.doc);
        g_string_append_printf(out, ",\"required\":%s,\"deprecated\":%s}",
                               s.flags & NN_SET_REQUIRED ? "true" : "false",
                               s.flags & NN_SET_DEPRECATED ? "true" : "false");
    }
    g_string_append(out, count ? "\n]\n" : "]\n");
    return g_string_free(out, FALSE);
}
