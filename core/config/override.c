/* SPDX-License-Identifier: Apache-2.0 */
/* Changes by dotted path: Hydra's override grammar, and the product of comma lists for a series of runs. */
#include "config/tree.h"
#include "suggest.h"

#include <string.h>

#define MAX_RUNS 10000u

typedef enum Mode { SET, ADD, FORCE, REMOVE } Mode;

typedef struct Override {
    Mode mode;
    const char *text;  /* as the person wrote it */
    const char *value; /* behind the '='; NULL: there is none */
    GPtrArray *path;   /* of char */
    char *place;
    NnStatus *status;
} Override;

/* "a.b\.c.0" into "a", "b.c", "0"; NULL when a name is empty. */
static GPtrArray *split_path(const char *text, size_t length) {
    g_autoptr(GPtrArray) path = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) name = g_string_new(NULL);

    for (size_t i = 0; i <= length; i++) {
        if (i == length || text[i] == '.') {
            if (name->len == 0)
                return NULL;
            g_ptr_array_add(path, g_strdup(name->str));
            g_string_truncate(name, 0);
        } else {
            if (text[i] == '\\' && i + 1 < length)
                i++;
            g_string_append_c(name, text[i]);
        }
    }
    return g_steal_pointer(&path);
}

/* SIZE_MAX when the text is no index at all. */
static size_t index_of(const char *text) {
    guint64 value;
    return g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, &value, NULL) ? (size_t)value : SIZE_MAX;
}

static const NnConfig *child(const NnConfig *node, const char *name) {
    return nn_config_kind(node) == NN_CONFIG_LIST ? nn_config_at(node, index_of(name))
                                                  : nn_config_get(node, name);
}

const NnConfig *nn_config_find(const NnConfig *node, const char *dotted) {
    g_autoptr(GPtrArray) path = split_path(dotted, strlen(dotted));

    if (path == NULL)
        return NULL;
    for (guint i = 0; node && i < path->len; i++)
        node = child(node, path->pdata[i]);
    return node;
}

static int32_t fail(const Override *o, const char *format, ...) G_GNUC_PRINTF(2, 3);

static int32_t fail(const Override *o, const char *format, ...) {
    va_list args;

    va_start(args, format);
    g_autofree char *sentence = g_strdup_vprintf(format, args);
    va_end(args);
    nn_status_fail(o->status, NN_INVALID, "%s: %s", o->place, sentence);
    return NN_INVALID;
}

static char *path_text(const Override *o, guint n) {
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < n; i++)
        g_string_append_printf(text, "%s%s", i ? "." : "", (const char *)o->path->pdata[i]);
    return g_string_free(text, FALSE);
}

static int32_t fail_absent(const Override *o, const NnConfig *node, guint depth) {
    const char *name = o->path->pdata[depth];
    g_autofree char *above = depth ? path_text(o, depth) : g_strdup("the configuration");
    NnSuggest near;

    if (nn_config_kind(node) == NN_CONFIG_LIST)
        return fail(o, "%s has no item %s, it is a list of %zu, counted from 0", above, name,
                    nn_config_size(node));
    nn_suggest_start(&near, name);
    for (size_t i = 0; i < nn_config_size(node); i++)
        nn_suggest_offer(&near, nn_config_key(node, i));
    if (near.best)
        return fail(o, "%s has no key %s; did you mean \"%s\"?", above, name, near.best);
    return fail(o, "%s has no key %s%s", above, name, o->mode == SET ? "; +key=value adds a new one" : "");
}

static int32_t parse_value(const Override *o, NnConfig **value) {
    if (o->value == NULL || *o->value == '\0') {
        *value = nn_config_new_string("", o->place);
        return NN_OK;
    }
    g_autoptr(NnConfig) list = nn_config_parse_flow(o->value, o->place, o->status);
    if (list == NULL)
        return NN_INVALID;
    if (list->n > 1)
        return fail(o,
                    "%u values where one is expected; a list is written [a,b], several runs need --multirun",
                    list->n);
    if (list->n == 0)
        return fail(o, "a value is missing behind the equals sign");
    *value = nn_config_copy(list->items[0]);
    return NN_OK;
}

static void become_map(NnConfig *node) {
    if (node->kind == NN_CONFIG_NULL)
        node->kind = NN_CONFIG_MAP;
}

/* The container that the last name of the path stands in; on the way, missing maps are made where the mode
 * allows. */
static int32_t descend(const Override *o, NnConfig *root, bool create, NnConfig **found) {
    NnConfig *node = root;

    for (guint i = 0; i + 1 < o->path->len; i++) {
        const char *name = o->path->pdata[i];
        NnConfig *below = (NnConfig *)(uintptr_t)child(node, name);
        if (below == NULL && create && node->kind == NN_CONFIG_MAP)
            nn_config_put(node, name, below = nn_config_new(NN_CONFIG_MAP, o->place));
        if (below == NULL)
            return fail_absent(o, node, i);
        if (create)
            become_map(below);
        if (below->kind != NN_CONFIG_MAP && below->kind != NN_CONFIG_LIST) {
            g_autofree char *path = path_text(o, i + 1);
            g_autofree char *what = nn_config_describe(below);
            return fail(o, "%s has nothing below it, it is %s", path, what);
        }
        node = below;
    }
    *found = node;
    return NN_OK;
}

static int32_t store(const Override *o, NnConfig *node, const char *name, bool exists, NnConfig *value) {
    if (node->kind == NN_CONFIG_MAP) {
        nn_config_put(node, name, value);
    } else if (exists) {
        NnConfig **slot = &node->items[index_of(name)];
        nn_config_free(*slot);
        *slot = value;
    } else if (index_of(name) == node->n) {
        nn_config_append(node, value);
    } else {
        nn_config_free(value);
        return fail_absent(o, node, o->path->len - 1);
    }
    return NN_OK;
}

static int32_t apply(const Override *o, NnConfig *root, bool known) {
    const char *name = o->path->pdata[o->path->len - 1];
    NnConfig *node = NULL, *value = NULL;
    int32_t code = descend(o, root, o->mode == ADD || o->mode == FORCE || known, &node);

    if (code != NN_OK)
        return code;
    const NnConfig *there = child(node, name);
    if (there == NULL && (o->mode == REMOVE || (o->mode == SET && !known)))
        return fail_absent(o, node, o->path->len - 1);
    if (there && o->mode == ADD)
        return fail(o, "%s is there already (%s); without the + it is changed", name, nn_config_place(there));
    if (o->value || o->mode != REMOVE)
        code = parse_value(o, &value);
    if (code != NN_OK)
        return code;
    if (o->mode != REMOVE)
        return store(o, node, name, there != NULL, value);
    if (value && !nn_config_equal(value, there))
        code = fail(o, "%s has another value, so it stays", name);
    else if (node->kind == NN_CONFIG_LIST)
        nn_config_remove_at(node, index_of(name));
    else
        nn_config_remove(node, name);
    nn_config_free(value);
    return code;
}

/* The first equals sign that no backslash guards. */
static const char *equals_sign(const char *text) {
    for (; *text && *text != '='; text++)
        if (*text == '\\' && text[1])
            text++;
    return *text ? text : NULL;
}

static Mode mode_of(const char **text) {
    const Mode mode = g_str_has_prefix(*text, "++") ? FORCE
                      : **text == '+'               ? ADD
                      : **text == '~'               ? REMOVE
                                                    : SET;

    *text += mode == FORCE ? 2 : mode == SET ? 0 : 1;
    return mode;
}

int32_t nn_config_override_known(NnConfig *root, const char *text, NnConfigKnown known, void *data,
                                 NnStatus *status) {
    Override o = {.text = text, .status = status};
    const char *key = text;
    int32_t code;

    o.place = g_strdup_printf("command line, `%s`", text);
    o.mode = mode_of(&key);
    const char *equals = equals_sign(key);
    o.value = equals ? equals + 1 : NULL;
    o.path = split_path(key, equals ? (size_t)(equals - key) : strlen(key));
    become_map(root);
    if (!g_utf8_validate(text, -1, NULL)) {
        g_free(o.place);
        o.place = g_strdup("command line");
        code = fail(&o, "an override is not in UTF-8");
    } else if (o.value == NULL && o.mode != REMOVE) {
        code = fail(&o, "expected key=value, found no equals sign");
    } else if (o.path == NULL) {
        code = fail(&o, "expected a key such as optimizer.lr, found \"%.*s\"",
                    equals ? (int)(equals - key) : -1, key);
    } else if (root->kind != NN_CONFIG_MAP) {
        code = fail(&o, "%s is not a map of settings", nn_config_place(root));
    } else {
        g_autofree char *dotted = g_strndup(key, equals ? (size_t)(equals - key) : strlen(key));
        code = apply(&o, root, o.mode == SET && known && known(dotted, data));
    }
    g_clear_pointer(&o.path, g_ptr_array_unref);
    g_free(o.place);
    return code;
}

int32_t nn_config_override(NnConfig *root, const char *text, NnStatus *status) {
    return nn_config_override_known(root, text, NULL, NULL, status);
}

/* ---- several runs ---- */

/* The end of an alternative: a comma outside of brackets and quotes, or the end of the text. */
static const char *alternative_end(const char *text) {
    int depth = 0;
    char quote = '\0';
    bool fresh = true; /* a quote opens a string only where a value begins */

    for (; *text; text++) {
        if (quote) {
            if (quote == '"' && *text == '\\' && text[1])
                text++;
            else if (*text == quote)
                quote = '\0';
        } else if ((*text == '"' || *text == '\'') && fresh) {
            quote = *text;
        } else if (*text == '[' || *text == '{') {
            depth++;
        } else if (*text == ']' || *text == '}') {
            depth--;
        } else if (*text == ',' && depth == 0) {
            break;
        }
        fresh = *text == ' ' || *text == ',' || *text == '[' || *text == '{' || *text == ':';
    }
    return text;
}

static GStrv alternatives(const char *text) {
    g_autoptr(GStrvBuilder) list = g_strv_builder_new();
    const char *key = text;
    const Mode mode = mode_of(&key);
    const char *value = mode == REMOVE ? NULL : equals_sign(key);

    if (value == NULL) {
        g_strv_builder_add(list, text);
        return g_strv_builder_end(list);
    }
    for (const char *from = ++value;; from++) {
        const char *end = alternative_end(from);
        g_autofree char *one =
            g_strdup_printf("%.*s%.*s", (int)(value - text), text, (int)(end - from), from);
        g_strv_builder_add(list, one);
        if (*end == '\0')
            return g_strv_builder_end(list);
        from = end;
    }
}

/* The override that run number `run` takes from each list, the last list varying fastest. */
static void pick(const GPtrArray *lists, size_t run, const char **picked) {
    for (guint i = lists->len; i-- > 0;) {
        const GStrv list = lists->pdata[i];
        const guint n = g_strv_length(list);
        picked[i] = list[run % n];
        run /= n;
    }
}

char **nn_config_expand(const char *const *texts, uint32_t n, uint32_t *runs, NnStatus *status) {
    g_autoptr(GPtrArray) lists = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    g_autofree const char **picked = g_new(const char *, n + 1);
    size_t total = 1, bytes = 0;

    for (uint32_t i = 0; i < n; i++) {
        GStrv list = alternatives(texts[i]);
        g_ptr_array_add(lists, list);
        total *= g_strv_length(list);
        if (total > MAX_RUNS) {
            nn_status_fail(status, NN_INVALID, "command line, `%s`: more than %u runs", texts[i], MAX_RUNS);
            return NULL;
        }
    }
    for (size_t run = 0; run < total; run++) {
        pick(lists, run, picked);
        for (uint32_t i = 0; i < n; i++)
            bytes += sizeof(char *) + strlen(picked[i]) + 1;
    }
    char **block = g_malloc(bytes + 1);
    char *text = (char *)(block + total * n);
    for (size_t run = 0; run < total; run++) {
        pick(lists, run, picked);
        for (uint32_t i = 0; i < n; i++) {
            block[run * n + i] = text;
            text = g_stpcpy(text, picked[i]) + 1;
        }
    }
    *runs = (uint32_t)total;
    return block;
}
