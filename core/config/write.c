/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From tree to text. Maps and lists of containers stand in block style, lists of scalars in one line. What is
 * written reads back as an equal tree, floats to the last bit.
 */
#include "config/tree.h"

#include <math.h>
#include <string.h>

#define LONGEST_SIMPLE_KEY 200 /* YAML wants a key and its colon within 1024 characters, escapes included */

static void write_quoted(GString *out, const char *text) {
    g_string_append_c(out, '"');
    for (const char *c = text; *c; c = g_utf8_next_char(c)) {
        const gunichar u = g_utf8_get_char(c);
        if (u == '"' || u == '\\')
            g_string_append_printf(out, "\\%c", (char)u);
        else if (u == '\n')
            g_string_append(out, "\\n");
        else if (u == '\t')
            g_string_append(out, "\\t");
        else if (g_unichar_isprint(u) && u != 0xfeff && u != 0x2028 && u != 0x2029)
            g_string_append_unichar(out, u);
        else if (u <= 0xffff)
            g_string_append_printf(out, "\\u%04X", (unsigned)u);
        else
            g_string_append_printf(out, "\\U%08X", (unsigned)u);
    }
    g_string_append_c(out, '"');
}

static void write_string(GString *out, const char *text) {
    if (nn_config_is_plain_string(text))
        g_string_append(out, text);
    else
        write_quoted(out, text);
}

char *nn_config_float_text(double value) {
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    const char *const formats[] = {"%.15g", "%.16g", "%.17g"};

    if (isnan(value) || isinf(value))
        return g_strdup(isnan(value) ? ".nan" : value < 0 ? "-.inf" : ".inf");
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_ascii_formatd(text, sizeof text, formats[i], value);
        if (g_ascii_strtod(text, NULL) == value)
            break;
    }
    return g_strconcat(text, strpbrk(text, ".e") ? "" : ".0", NULL);
}

static void write_float(GString *out, double value) {
    g_autofree char *text = nn_config_float_text(value);
    g_string_append(out, text);
}

static void write_scalar(GString *out, const NnConfig *node) {
    switch (nn_config_kind(node)) {
    case NN_CONFIG_BOOL: g_string_append(out, node->boolean ? "true" : "false"); break;
    case NN_CONFIG_INT: g_string_append_printf(out, "%" G_GINT64_FORMAT, node->integer); break;
    case NN_CONFIG_FLOAT: write_float(out, node->number); break;
    case NN_CONFIG_STRING: write_string(out, node->string); break;
    case NN_CONFIG_LIST: g_string_append(out, "[]"); break; /* an empty one, as all that come here */
    case NN_CONFIG_MAP: g_string_append(out, "{}"); break;
    default: g_string_append(out, "null");
    }
}

static bool in_one_line(const NnConfig *node) {
    if (nn_config_size(node) == 0)
        return true;
    if (node->kind == NN_CONFIG_MAP)
        return false;
    for (uint32_t i = 0; i < node->n; i++)
        if (nn_config_size(node->items[i]) > 0)
            return false;
    return true;
}

static void write_line(GString *out, const NnConfig *node) {
    if (nn_config_size(node) == 0) {
        write_scalar(out, node);
    } else {
        for (uint32_t i = 0; i < node->n; i++) {
            g_string_append(out, i ? ", " : "[");
            write_scalar(out, node->items[i]);
        }
        g_string_append_c(out, ']');
    }
    g_string_append_c(out, '\n');
}

static void indent_by(GString *out, int indent) { g_string_append_printf(out, "%*s", indent, ""); }

/* The cursor already stands at the indent of the first line. */
static void write_block(GString *out, const NnConfig *node, int indent) {
    const bool is_map = node->kind == NN_CONFIG_MAP;

    for (uint32_t i = 0; i < node->n; i++) {
        const NnConfig *item = node->items[i];
        if (i)
            indent_by(out, indent);
        if (is_map && strlen(item->key) > LONGEST_SIMPLE_KEY) {
            g_string_append(out, "? ");
            write_string(out, item->key);
            g_string_append_c(out, '\n');
            indent_by(out, indent);
        } else if (is_map) {
            write_string(out, item->key);
        }
        g_string_append_c(out, is_map ? ':' : '-');
        if (in_one_line(item)) {
            g_string_append_c(out, ' ');
            write_line(out, item);
        } else if (!is_map && item->kind == NN_CONFIG_MAP) {
            g_string_append_c(out, ' ');
            write_block(out, item, indent + 2);
        } else {
            g_string_append_c(out, '\n');
            indent_by(out, indent + 2);
            write_block(out, item, indent + 2);
        }
    }
}

char *nn_config_text(const NnConfig *node) {
    GString *out = g_string_new(NULL);

    if (in_one_line(node))
        write_line(out, node);
    else
        write_block(out, node, 0);
    return g_string_free(out, FALSE);
}
