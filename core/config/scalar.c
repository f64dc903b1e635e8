/* SPDX-License-Identifier: Apache-2.0 */
/* Scalars by the core schema of YAML 1.2.2 (10.3.2), by hand: none of C's number readers has just these
 * rules. */
#include "config/tree.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static bool one_of(const char *text, const char *const *names) {
    for (; *names; names++)
        if (strcmp(text, *names) == 0)
            return true;
    return false;
}

static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
static const char *const trues[] = {"true", "True", "TRUE", NULL};
static const char *const falses[] = {"false", "False", "FALSE", NULL};
static const char *const infinities[] = {".inf", ".Inf", ".INF", NULL};
static const char *const nans[] = {".nan", ".NaN", ".NAN", NULL};

static size_t digits(const char *text) { return strspn(text, "0123456789"); }

/* 0: none of these; 10, 8 or 16: an integer to that base; 1: a float. */
static int number_form(const char *text) {
    if (text[0] == '0' && text[1] == 'o')
        return text[2] && text[2 + strspn(text + 2, "01234567")] == '\0' ? 8 : 0;
    if (text[0] == '0' && text[1] == 'x')
        return text[2] && text[2 + strspn(text + 2, "0123456789abcdefABCDEF")] == '\0' ? 16 : 0;
    if (*text == '-' || *text == '+')
        text++;
    const size_t whole = digits(text);
    text += whole;
    if (*text == '\0')
        return whole ? 10 : 0;
    size_t fraction = 0;
    if (*text == '.') {
        fraction = digits(++text);
        text += fraction;
    }
    if (whole + fraction == 0)
        return 0;
    if (*text == 'e' || *text == 'E') {
        text++;
        if (*text == '-' || *text == '+')
            text++;
        const size_t power = digits(text);
        if (power == 0)
            return 0;
        text += power;
    }
    return *text == '\0' ? 1 : 0;
}

static bool resolve_integer(NnConfig *node, const char *text, int base) {
    node->kind = NN_CONFIG_INT;
    errno = 0;
    node->integer = g_ascii_strtoll(base == 10 ? text : text + 2, NULL, (guint)base);
    return errno == 0;
}

bool nn_config_resolve(NnConfig *node, const char *text) {
    const char *unsigned_text = text + (*text == '-' || *text == '+');
    const int form = number_form(text);

    if (one_of(text, nulls)) {
        node->kind = NN_CONFIG_NULL;
    } else if (one_of(text, trues) || one_of(text, falses)) {
        node->kind = NN_CONFIG_BOOL;
        node->boolean = g_ascii_tolower(*text) == 't';
    } else if (form > 1) {
        return resolve_integer(node, text, form);
    } else if (form == 1) {
        node->kind = NN_CONFIG_FLOAT;
        node->number = g_ascii_strtod(text, NULL);
        return isfinite(node->number);
    } else if (one_of(unsigned_text, infinities)) {
        node->kind = NN_CONFIG_FLOAT;
        node->number = *text == '-' ? -INFINITY : INFINITY;
    } else if (one_of(text, nans)) {
        node->kind = NN_CONFIG_FLOAT;
        node->number = NAN;
    } else {
        node->kind = NN_CONFIG_STRING;
        node->string = g_strdup(text);
    }
    return true;
}

bool nn_config_is_plain_string(const char *text) {
    static const char *const not_here[] = {"y",  "Y",  "n",  "N",  "yes", "Yes", "YES", "no", "No",
                                           "NO", "on", "On", "ON", "off", "Off", "OFF", NULL};
    const char *unsigned_text = text + (*text == '-' || *text == '+');

    /* Words that readers of YAML 1.1 take for something else are quoted for their sake. */
    if (one_of(text, nulls) || one_of(text, trues) || one_of(text, falses) || one_of(text, not_here))
        return false;
    if (number_form(text) || one_of(unsigned_text, infinities) || one_of(text, nans))
        return false;
    if (!g_ascii_isalpha(*text) && strchr("_./", *text) == NULL)
        return false;
    if (strcmp(text, "...") == 0 || strncmp(text, "... ", 4) == 0)
        return false;
    for (const char *c = text; *c; c++)
        if (!g_ascii_isalnum(*c) && strchr("_./+-()@%", *c) == NULL &&
            !(*c == ' ' && c[1] != '\0' && c[1] != ' '))
            return false;
    return true;
}
