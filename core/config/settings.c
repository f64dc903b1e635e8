/* SPDX-License-Identifier: Apache-2.0 */
/* Checking a map against a table of settings. */
#include "config/settings.h"

#include "config/tree.h"
#include "suggest.h"

#include <math.h>
#include <string.h>

typedef struct Check {
    const NnSetting *table;
    uint32_t count, stride;
    const char *what;
    GPtrArray *warnings;
    NnStatus *status;
} Check;

static const char *const kind_names[] = {
    [NN_SET_BOOL] = "bool",     [NN_SET_INT] = "int",           [NN_SET_FLOAT] = "float",
    [NN_SET_STRING] = "string", [NN_SET_ENUM] = "enum",         [NN_SET_INTS] = "ints",
    [NN_SET_FLOATS] = "floats", [NN_SET_STRINGS] = "strings",   [NN_SET_PATH] = "path",
    [NN_SET_MAP] = "map",       [NN_SET_LIST] = "list",         [NN_SET_ANY] = "any",
    [NN_SET_TENSOR] = "tensor", [NN_SET_FUNCTION] = "function",
};

const char *nn_settings_kind_name(int32_t kind) {
    return kind > 0 && kind < (int32_t)G_N_ELEMENTS(kind_names) ? kind_names[kind] : "any";
}

NnSetting nn_settings_at(const NnSetting *table, uint32_t stride, uint32_t i) {
    NnSetting setting = {0};
    memcpy(&setting, (const char *)table + (size_t)i * stride, MIN(stride, sizeof setting));
    return setting;
}

static bool find(const NnSetting *table, uint32_t count, uint32_t stride, const char *name) {
    for (uint32_t i = 0; i < count; i++) {
        const NnSetting setting = nn_settings_at(table, stride, i);
        if (setting.name && strcmp(setting.name, name) == 0)
            return true;
    }
    return false;
}

bool nn_settings_has(const NnSetting *table, uint32_t count, uint32_t stride, const char *name) {
    return find(table, count, stride, name);
}

/* ---- one value ---- */

static int32_t fail_value(const NnConfig *value, const NnSetting *s, NnStatus *status, const char *expected) {
    g_autofree char *found = nn_config_describe(value);
    return nn_config_fail(value, status, "%s must be %s, found %s", s->name, expected, found);
}

char *nn_settings_range(const NnSetting *s) {
    char low[G_ASCII_DTOSTR_BUF_SIZE], high[G_ASCII_DTOSTR_BUF_SIZE];
    const bool above = s->flags & NN_SET_ABOVE;

    if (!(s->flags & NN_SET_RANGE))
        return above ? g_strdup_printf("above %s", g_ascii_formatd(low, sizeof low, "%g", s->min)) : NULL;
    g_ascii_formatd(low, sizeof low, "%.10g", s->min);
    g_ascii_formatd(high, sizeof high, "%.10g", s->max);
    /* Bounds at the ends of the type say nothing to a person. */
    const bool has_low = s->min > -9.2e18, has_high = s->max < 9.2e18;
    if (has_low && has_high)
        return g_strdup_printf(above ? "above %s, at most %s" : "%s to %s", low, high);
    if (has_low)
        return g_strdup_printf(above ? "above %s" : "at least %s", low);
    return has_high ? g_strdup_printf("at most %s", high) : NULL;
}

static int32_t check_range(const NnConfig *value, const NnSetting *s, double number, NnStatus *status) {
    const bool range = s->flags & NN_SET_RANGE;
    const bool low = s->flags & NN_SET_ABOVE ? number > s->min : !range || number >= s->min;

    if (low && (!range || number <= s->max))
        return NN_OK;
    g_autofree char *bounds = nn_settings_range(s);
    g_autofree char *expected = g_strdup_printf("%s%s%s", bounds ? bounds : "a finite number",
                                                s->unit ? " " : "", s->unit ? s->unit : "");
    return fail_value(value, s, status, expected);
}

static int32_t check_int(NnConfig *value, const NnSetting *s, NnStatus *status) {
    int64_t number;

    /* The kind is said by the name of the setting: items of a list have none of their own. */
    if (nn_config_as_int(value, &number, NULL) != NN_OK)
        return fail_value(value, s, status, s->kind == NN_SET_INTS ? "a list of integers" : "an integer");
    value->kind = NN_CONFIG_INT;
    value->integer = number;
    return check_range(value, s, (double)number, status);
}

static int32_t check_float(NnConfig *value, const NnSetting *s, NnStatus *status) {
    double number;

    if (nn_config_as_float(value, &number, NULL) != NN_OK)
        return fail_value(value, s, status, s->kind == NN_SET_FLOATS ? "a list of numbers" : "a number");
    value->kind = NN_CONFIG_FLOAT;
    value->number = number;
    return check_range(value, s, number, status);
}

static int32_t check_string(NnConfig *value, const NnSetting *s, NnStatus *status) {
    return value->kind == NN_CONFIG_STRING
               ? NN_OK
               : fail_value(value, s, status, s->kind == NN_SET_STRINGS ? "a list of strings" : "a string");
}

static int32_t check_enum(NnConfig *value, const NnSetting *s, NnStatus *status) {
    g_auto(GStrv) choices = g_strsplit(s->choices ? s->choices : "", "|", -1);
    g_autofree char *listed = g_strjoinv(", ", choices);
    g_autofree char *expected = g_strdup_printf("one of %s", listed);

    if (value->kind != NN_CONFIG_STRING)
        return fail_value(value, s, status, expected);
    if (g_strv_contains((const char *const *)choices, value->string))
        return NN_OK;
    const char *near =
        nn_suggest_nearest(value->string, (const char *const *)choices, g_strv_length(choices));
    if (near == NULL)
        return fail_value(value, s, status, expected);
    return nn_config_fail(value, status, "%s must be %s, found \"%s\"; did you mean \"%s\"?", s->name,
                          expected, value->string, near);
}

static int32_t check_path(NnConfig *value, const NnSetting *s, NnStatus *status) {
    if (value->kind != NN_CONFIG_STRING)
        return fail_value(value, s, status, "a path");
    if (*value->string != '\0') {
        char *whole = g_strdup(nn_config_path(value));
        g_free(value->string);
        value->string = whole;
    }
    return NN_OK;
}

typedef int32_t (*CheckItem)(NnConfig *, const NnSetting *, NnStatus *);

static int32_t check_items(NnConfig *value, const NnSetting *s, CheckItem check, const char *expected,
                           NnStatus *status) {
    if (value->kind != NN_CONFIG_LIST)
        return fail_value(value, s, status, expected);
    for (uint32_t i = 0; i < value->n; i++) {
        const int32_t code = check(value->items[i], s, status);
        if (code != NN_OK)
            return code;
    }
    return NN_OK;
}

static int32_t check_value(NnConfig *value, const NnSetting *s, NnStatus *status) {
    switch (s->kind) {
    case NN_SET_BOOL:
        return value->kind == NN_CONFIG_BOOL ? NN_OK : fail_value(value, s, status, "true or false");
    case NN_SET_INT: return check_int(value, s, status);
    case NN_SET_FLOAT: return check_float(value, s, status);
    case NN_SET_STRING: return check_string(value, s, status);
    case NN_SET_ENUM: return check_enum(value, s, status);
    case NN_SET_PATH: return check_path(value, s, status);
    case NN_SET_INTS: return check_items(value, s, check_int, "a list of integers", status);
    case NN_SET_FLOATS: return check_items(value, s, check_float, "a list of numbers", status);
    case NN_SET_STRINGS: return check_items(value, s, check_string, "a list of strings", status);
    case NN_SET_MAP: return value->kind == NN_CONFIG_MAP ? NN_OK : fail_value(value, s, status, "a map");
    case NN_SET_LIST: return value->kind == NN_CONFIG_LIST ? NN_OK : fail_value(value, s, status, "a list");
    default: return NN_OK;
    }
}

/* ---- the whole map ---- */

static int32_t fail_unknown(const Check *c, const NnConfig *item) {
    g_autoptr(GString) known = g_string_new(NULL);
    NnSuggest near;

    nn_suggest_start(&near, item->key);
    for (uint32_t i = 0; i < c->count; i++) {
        const NnSetting s = nn_settings_at(c->table, c->stride, i);
        nn_suggest_offer(&near, s.name);
        g_string_append_printf(known, "%s%s", i ? ", " : "", s.name);
    }
    const char *place = nn_config_key_place(item);
    if (near.best)
        nn_status_fail(c->status, NN_INVALID, "%s: %s has no setting \"%s\"; did you mean \"%s\"?", place,
                       c->what, item->key, near.best);
    else if (c->count == 0)
        nn_status_fail(c->status, NN_INVALID, "%s: %s has no settings, found \"%s\"", place, c->what,
                       item->key);
    else
        nn_status_fail(c->status, NN_INVALID, "%s: %s has no setting \"%s\"; it has %s", place, c->what,
                       item->key, known->str);
    return NN_INVALID;
}

static int32_t check_given(const Check *c, const NnSetting *s, const NnConfig *given, NnConfig *checked) {
    g_autoptr(NnConfig) value = nn_config_copy(given);
    const int32_t code = check_value(value, s, c->status);

    if (code != NN_OK)
        return code;
    if (s->flags & NN_SET_DEPRECATED && c->warnings)
        g_ptr_array_add(c->warnings, g_strdup_printf("%s: %s is deprecated: %s", nn_config_key_place(given),
                                                     s->name, s->doc ? s->doc : ""));
    nn_config_put(checked, s->name, g_steal_pointer(&value));
    return NN_OK;
}

static int32_t fill_default(const Check *c, const NnSetting *s, NnConfig *checked) {
    if (s->preset == NULL)
        return NN_OK;
    g_autofree char *place = g_strdup_printf("the default of %s of %s", s->name, c->what);
    g_autoptr(NnConfig) list = nn_config_parse_flow(*s->preset ? s->preset : "''", place, c->status);
    if (list == NULL)
        return NN_INVALID;
    if (list->n != 1) {
        nn_status_fail(c->status, NN_INVALID, "%s: expected one value, found %u", place, list->n);
        return NN_INVALID;
    }
    g_autoptr(NnConfig) value = nn_config_copy(list->items[0]);
    const int32_t code = check_value(value, s, c->status);
    if (code == NN_OK)
        nn_config_put(checked, s->name, g_steal_pointer(&value));
    return code;
}

static int32_t check_setting(const Check *c, const NnConfig *map, const NnSetting *s, NnConfig *checked) {
    const NnConfig *given = nn_config_get(map, s->name);
    /* `seed: null` says that there is none, which is only news where a default would say otherwise. */
    const bool none = given && given->kind == NN_CONFIG_NULL && s->kind != NN_SET_ANY;

    if (none && (s->preset || s->flags & NN_SET_REQUIRED)) {
        g_autofree char *expected = g_strdup_printf("given a value (%s)", nn_settings_kind_name(s->kind));
        return fail_value(given, s, c->status, expected);
    }
    if (given && !none)
        return check_given(c, s, given, checked);
    if (s->flags & NN_SET_REQUIRED) {
        nn_status_fail(c->status, NN_INVALID, "%s: %s needs the setting %s: %s", nn_config_place(map),
                       c->what, s->name, s->doc ? s->doc : nn_settings_kind_name(s->kind));
        return NN_INVALID;
    }
    return none ? NN_OK : fill_default(c, s, checked);
}

NnConfig *nn_settings_check(const NnConfig *map, const NnSetting *table, uint32_t count, uint32_t stride,
                            const char *what, GPtrArray *warnings, NnStatus *status) {
    const Check c = {table, count, stride, what, warnings, status};
    g_autoptr(NnConfig) checked = NULL;

    if (nn_config_kind(map) != NN_CONFIG_MAP && nn_config_kind(map) != NN_CONFIG_NULL) {
        g_autofree char *found = nn_config_describe(map);
        nn_config_fail(map, status, "the settings of %s must be a map, found %s", what, found);
        return NULL;
    }
    for (size_t i = 0; i < nn_config_size(map); i++)
        if (!find(table, count, stride, nn_config_key(map, i))) {
            fail_unknown(&c, nn_config_at(map, i));
            return NULL;
        }
    if (map) {
        checked = nn_config_node(map->source, NN_CONFIG_MAP);
        checked->line = map->line;
        checked->column = map->column;
        checked->key_line = map->key_line;
        checked->key_column = map->key_column;
    } else {
        checked = nn_config_new(NN_CONFIG_MAP, what);
    }
    for (uint32_t i = 0; i < count; i++) {
        const NnSetting s = nn_settings_at(table, stride, i);
        if (s.name && check_setting(&c, map, &s, checked) != NN_OK)
            return NULL;
    }
    return g_steal_pointer(&checked);
}
