/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration tree itself: nodes, look-up, reading values, places, copying and merging. */
#include "config/tree.h"

#include <math.h>
#include <string.h>

#define INDEX_FROM 16 /* below, walking a map is faster than hashing a key */

static GMutex extra_lock;

NnConfigSource *nn_config_source_new(const char *name, const char *folder, bool positions) {
    NnConfigSource *source = g_new0(NnConfigSource, 1);

    g_atomic_ref_count_init(&source->refs);
    source->name = g_strdup(name);
    source->folder = g_strdup(folder);
    source->positions = positions;
    return source;
}

NnConfigSource *nn_config_source_ref(NnConfigSource *source) {
    g_atomic_ref_count_inc(&source->refs);
    return source;
}

void nn_config_source_unref(NnConfigSource *source) {
    if (source == NULL || !g_atomic_ref_count_dec(&source->refs))
        return;
    g_free(source->name);
    g_free(source->folder);
    g_free(source);
}

NnConfig *nn_config_node(NnConfigSource *source, NnConfigKind kind) {
    NnConfig *node = g_new0(NnConfig, 1);

    node->source = nn_config_source_ref(source);
    node->kind = kind;
    if (kind == NN_CONFIG_STRING)
        node->string = g_strdup("");
    return node;
}

static bool is_container(const NnConfig *node) {
    return node && (node->kind == NN_CONFIG_MAP || node->kind == NN_CONFIG_LIST);
}

static void clear_value(NnConfig *node) {
    if (node->kind == NN_CONFIG_STRING) {
        g_free(node->string);
    } else if (is_container(node)) {
        g_clear_pointer(&node->index, g_hash_table_unref);
        for (uint32_t i = 0; i < node->n; i++)
            nn_config_free(node->items[i]);
        g_free(node->items);
    }
    node->n = 0;
    node->kind = NN_CONFIG_NULL;
}

void nn_config_free(NnConfig *node) {
    if (node == NULL)
        return;
    clear_value(node);
    if (node->extra) {
        g_free(node->extra->place);
        g_free(node->extra->key_place);
        g_free(node->extra->path);
        g_clear_pointer(&node->extra->kept, g_ptr_array_unref);
        g_free(node->extra);
    }
    g_free(node->key);
    nn_config_source_unref(node->source);
    g_free(node);
}

/* ---- look-up ---- */

NnConfigKind nn_config_kind(const NnConfig *node) { return node ? (NnConfigKind)node->kind : NN_CONFIG_NULL; }

size_t nn_config_size(const NnConfig *node) { return is_container(node) ? node->n : 0; }

const NnConfig *nn_config_at(const NnConfig *node, size_t i) {
    return i < nn_config_size(node) ? node->items[i] : NULL;
}

const char *nn_config_key(const NnConfig *node, size_t i) {
    const NnConfig *item = nn_config_at(node, i);
    return item ? item->key : NULL;
}

static size_t position(const NnConfig *map, const char *key) {
    for (size_t i = 0; i < map->n; i++)
        if (strcmp(map->items[i]->key, key) == 0)
            return i;
    return SIZE_MAX;
}

const NnConfig *nn_config_get(const NnConfig *map, const char *key) {
    if (nn_config_kind(map) != NN_CONFIG_MAP || key == NULL)
        return NULL;
    if (map->index)
        return g_hash_table_lookup(map->index, key);
    const size_t i = position(map, key);
    return i == SIZE_MAX ? NULL : map->items[i];
}

/* ---- places and messages ---- */

static NnConfigExtra *extra_of(const NnConfig *node) {
    NnConfig *mutable = (NnConfig *)(uintptr_t)node; /* caches change nothing that a reader can see */
    if (mutable->extra == NULL)
        mutable->extra = g_new0(NnConfigExtra, 1);
    return mutable->extra;
}

static char *place_text(const NnConfig *node, uint32_t line, uint32_t column) {
    if (!node->source->positions || line == 0)
        return g_strdup(node->source->name);
    return g_strdup_printf("%s:%u:%u", node->source->name, line, column);
}

const char *nn_config_place(const NnConfig *node) {
    if (node == NULL)
        return "configuration";
    g_mutex_lock(&extra_lock);
    NnConfigExtra *extra = extra_of(node);
    if (extra->place == NULL)
        extra->place = place_text(node, node->line, node->column);
    g_mutex_unlock(&extra_lock);
    return extra->place;
}

const char *nn_config_key_place(const NnConfig *node) {
    if (node == NULL || node->key_line == 0)
        return nn_config_place(node);
    g_mutex_lock(&extra_lock);
    NnConfigExtra *extra = extra_of(node);
    if (extra->key_place == NULL)
        extra->key_place = place_text(node, node->key_line, node->key_column);
    g_mutex_unlock(&extra_lock);
    return extra->key_place;
}

const char *nn_config_path(const NnConfig *node) {
    if (node == NULL)
        return ".";
    g_mutex_lock(&extra_lock);
    NnConfigExtra *extra = extra_of(node);
    if (extra->path == NULL) {
        const char *name = node->kind == NN_CONFIG_STRING ? node->string : ".";
        extra->path = g_canonicalize_filename(name, node->source->folder);
    }
    g_mutex_unlock(&extra_lock);
    return extra->path;
}

void nn_config_keep(const NnConfig *node, NnConfig *tree) {
    g_mutex_lock(&extra_lock);
    NnConfigExtra *extra = extra_of(node);
    if (extra->kept == NULL)
        extra->kept = g_ptr_array_new_with_free_func((GDestroyNotify)nn_config_free);
    g_ptr_array_add(extra->kept, tree);
    g_mutex_unlock(&extra_lock);
}

static char *shown(const char *string) {
    const size_t most = 40;
    if (g_utf8_strlen(string, -1) <= (glong)most)
        return g_strdup(string);
    g_autofree char *head = g_utf8_substring(string, 0, (glong)most - 3);
    return g_strconcat(head, "...", NULL);
}

char *nn_config_describe(const NnConfig *node) {
    switch (nn_config_kind(node)) {
    case NN_CONFIG_BOOL: return g_strdup(node->boolean ? "true" : "false");
    case NN_CONFIG_INT: return g_strdup_printf("%" G_GINT64_FORMAT, node->integer);
    case NN_CONFIG_FLOAT: return nn_config_float_text(node->number);
    case NN_CONFIG_STRING: {
        g_autofree char *head = shown(node->string);
        return g_strdup_printf("the string \"%s\"", head);
    }
    case NN_CONFIG_LIST: return g_strdup_printf("a list of %u item%s", node->n, node->n == 1 ? "" : "s");
    case NN_CONFIG_MAP: return g_strdup_printf("a map of %u key%s", node->n, node->n == 1 ? "" : "s");
    default: return g_strdup("nothing");
    }
}

int32_t nn_config_fail(const NnConfig *node, NnStatus *status, const char *format, ...) {
    va_list args;

    va_start(args, format);
    g_autofree char *sentence = g_strdup_vprintf(format, args);
    va_end(args);
    nn_status_fail(status, NN_INVALID, "%s: %s", nn_config_place(node), sentence);
    return NN_INVALID;
}

static int32_t fail_kind(const NnConfig *node, NnStatus *status, const char *expected) {
    g_autofree char *found = nn_config_describe(node);

    if (node && node->key)
        return nn_config_fail(node, status, "%s must be %s, found %s", node->key, expected, found);
    return nn_config_fail(node, status, "expected %s, found %s", expected, found);
}

/* ---- values ---- */

int32_t nn_config_as_bool(const NnConfig *node, bool *value, NnStatus *status) {
    if (nn_config_kind(node) != NN_CONFIG_BOOL)
        return fail_kind(node, status, "true or false");
    *value = node->boolean;
    return NN_OK;
}

int32_t nn_config_as_int(const NnConfig *node, int64_t *value, NnStatus *status) {
    const double exact =
        9007199254740992.0; /* 2^53: below, a float without a fraction is the integer that was meant */

    if (nn_config_kind(node) == NN_CONFIG_INT)
        *value = node->integer;
    else if (nn_config_kind(node) == NN_CONFIG_FLOAT && fabs(node->number) <= exact &&
             node->number == trunc(node->number))
        *value = (int64_t)node->number;
    else
        return fail_kind(node, status, "an integer");
    return NN_OK;
}

int32_t nn_config_as_uint(const NnConfig *node, uint64_t *value, NnStatus *status) {
    int64_t found = 0;
    const int32_t code = nn_config_as_int(node, &found, status);

    if (code != NN_OK)
        return code;
    if (found < 0)
        return fail_kind(node, status, "an integer of at least 0");
    *value = (uint64_t)found;
    return NN_OK;
}

int32_t nn_config_as_float(const NnConfig *node, double *value, NnStatus *status) {
    if (nn_config_kind(node) == NN_CONFIG_FLOAT)
        *value = node->number;
    else if (nn_config_kind(node) == NN_CONFIG_INT)
        *value = (double)node->integer;
    else
        return fail_kind(node, status, "a number");
    return NN_OK;
}

int32_t nn_config_as_string(const NnConfig *node, const char **value, NnStatus *status) {
    if (nn_config_kind(node) != NN_CONFIG_STRING)
        return fail_kind(node, status, "a string");
    *value = node->string;
    return NN_OK;
}

/* ---- building ---- */

NnConfig *nn_config_new(NnConfigKind kind, const char *place) {
    NnConfigSource *source = nn_config_source_new(place ? place : "configuration", NULL, false);
    NnConfig *node = nn_config_node(source, kind);

    nn_config_source_unref(source);
    return node;
}

NnConfig *nn_config_new_bool(bool value, const char *place) {
    NnConfig *node = nn_config_new(NN_CONFIG_BOOL, place);
    node->boolean = value;
    return node;
}

NnConfig *nn_config_new_int(int64_t value, const char *place) {
    NnConfig *node = nn_config_new(NN_CONFIG_INT, place);
    node->integer = value;
    return node;
}

NnConfig *nn_config_new_float(double value, const char *place) {
    NnConfig *node = nn_config_new(NN_CONFIG_FLOAT, place);
    node->number = value;
    return node;
}

NnConfig *nn_config_new_string(const char *value, const char *place) {
    NnConfig *node = nn_config_new(NN_CONFIG_STRING, place);
    g_free(node->string);
    node->string = g_strdup(value);
    return node;
}

void nn_config_push(NnConfig *container, NnConfig *item) {
    if (container->n == container->room) {
        container->room = container->room ? container->room * 2 : 4;
        container->items = g_renew(NnConfig *, container->items, container->room);
    }
    container->items[container->n++] = item;
    if (container->kind != NN_CONFIG_MAP)
        return;
    if (container->index) {
        g_hash_table_insert(container->index, item->key, item);
    } else if (container->n > INDEX_FROM) {
        container->index = g_hash_table_new(g_str_hash, g_str_equal);
        for (uint32_t i = 0; i < container->n; i++)
            g_hash_table_insert(container->index, container->items[i]->key, container->items[i]);
    }
}

void nn_config_put(NnConfig *map, const char *key, NnConfig *value) {
    g_free(value->key);
    value->key = g_strdup(key);
    const size_t i = position(map, key);
    if (i == SIZE_MAX) {
        nn_config_push(map, value);
        return;
    }
    if (map->index)
        g_hash_table_replace(map->index, value->key, value);
    nn_config_free(map->items[i]);
    map->items[i] = value;
}

void nn_config_append(NnConfig *list, NnConfig *value) {
    g_clear_pointer(&value->key, g_free);
    nn_config_push(list, value);
}

void nn_config_remove_at(NnConfig *container, size_t i) {
    if (i >= nn_config_size(container))
        return;
    if (container->index)
        g_hash_table_remove(container->index, container->items[i]->key);
    nn_config_free(container->items[i]);
    container->n--;
    memmove(&container->items[i], &container->items[i + 1], (container->n - i) * sizeof *container->items);
}

bool nn_config_remove(NnConfig *map, const char *key) {
    const size_t i = nn_config_kind(map) == NN_CONFIG_MAP ? position(map, key) : SIZE_MAX;

    if (i == SIZE_MAX)
        return false;
    nn_config_remove_at(map, i);
    return true;
}

NnConfig *nn_config_copy(const NnConfig *node) {
    if (node == NULL)
        return NULL;
    NnConfig *copy = nn_config_node(node->source, (NnConfigKind)node->kind);
    copy->key = g_strdup(node->key);
    copy->line = node->line;
    copy->column = node->column;
    copy->key_line = node->key_line;
    copy->key_column = node->key_column;
    switch (node->kind) {
    case NN_CONFIG_BOOL: copy->boolean = node->boolean; break;
    case NN_CONFIG_INT: copy->integer = node->integer; break;
    case NN_CONFIG_FLOAT: copy->number = node->number; break;
    case NN_CONFIG_STRING:
        g_free(copy->string);
        copy->string = g_strdup(node->string);
        break;
    default:
        for (uint32_t i = 0; i < node->n; i++)
            nn_config_push(copy, nn_config_copy(node->items[i]));
    }
    return copy;
}

void nn_config_merge(NnConfig *base, const NnConfig *over) {
    for (size_t i = 0; i < nn_config_size(over); i++) {
        const NnConfig *item = over->items[i];
        NnConfig *there = (NnConfig *)(uintptr_t)nn_config_get(base, item->key);
        if (nn_config_kind(there) == NN_CONFIG_MAP && item->kind == NN_CONFIG_MAP)
            nn_config_merge(there, item);
        else
            nn_config_put(base, item->key, nn_config_copy(item));
    }
}

bool nn_config_equal(const NnConfig *a, const NnConfig *b) {
    if (nn_config_kind(a) != nn_config_kind(b) || nn_config_size(a) != nn_config_size(b))
        return false;
    switch (nn_config_kind(a)) {
    case NN_CONFIG_BOOL: return a->boolean == b->boolean;
    case NN_CONFIG_INT: return a->integer == b->integer;
    case NN_CONFIG_FLOAT: return a->number == b->number || (isnan(a->number) && isnan(b->number));
    case NN_CONFIG_STRING: return strcmp(a->string, b->string) == 0;
    case NN_CONFIG_LIST:
        for (size_t i = 0; i < a->n; i++)
            if (!nn_config_equal(a->items[i], b->items[i]))
                return false;
        return true;
    case NN_CONFIG_MAP:
        for (size_t i = 0; i < a->n; i++) {
            const NnConfig *other = nn_config_get(b, a->items[i]->key);
            if (other == NULL || !nn_config_equal(a->items[i], other))
                return false;
        }
        return true;
    default: return true;
    }
}
