/* SPDX-License-Identifier: Apache-2.0 */
/* From text to tree over libyaml's events. Aliases are copied in, so the bounds on nodes and text hold after
 * expansion. */
#include "config/tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

typedef struct Reader {
    yaml_parser_t yaml;
    NnConfigSource *source;
    NnStatus *status;
    GHashTable *anchors; /* name to finished node, or to NULL while it is being read */
    size_t nodes, text, copied;
} Reader;

static NnConfig *fail_at(Reader *r, size_t line, size_t column, const char *format, ...) G_GNUC_PRINTF(4, 5);

static NnConfig *fail_at(Reader *r, size_t line, size_t column, const char *format, ...) {
    va_list args;

    va_start(args, format);
    g_autofree char *sentence = g_strdup_vprintf(format, args);
    va_end(args);
    if (r->source->positions)
        nn_status_fail(r->status, NN_INVALID, "%s:%zu:%zu: %s", r->source->name, line, column, sentence);
    else
        nn_status_fail(r->status, NN_INVALID, "%s: %s", r->source->name, sentence);
    return NULL;
}

#define fail_mark(r, mark, ...) fail_at(r, (mark).line + 1, (mark).column + 1, __VA_ARGS__)

/* What libyaml says, as one sentence; its places count from 0. */
static void fail_syntax(Reader *r) {
    const yaml_parser_t *y = &r->yaml;

    if (y->error == YAML_MEMORY_ERROR)
        nn_status_fail(r->status, NN_OUT_OF_MEMORY, "%s: no memory to read it", r->source->name);
    else if (y->context && r->source->positions && y->context_mark.line != y->problem_mark.line)
        fail_mark(r, y->problem_mark, "not YAML: %s, %s that begins in line %zu", y->problem, y->context,
                  y->context_mark.line + 1);
    else if (y->context)
        fail_mark(r, y->problem_mark, "not YAML: %s, %s", y->problem, y->context);
    else
        fail_mark(r, y->problem_mark, "not YAML: %s", y->problem ? y->problem : "unreadable");
}

static bool next(Reader *r, yaml_event_t *event) {
    if (yaml_parser_parse(&r->yaml, event))
        return true;
    fail_syntax(r);
    return false;
}

static bool count(Reader *r, yaml_mark_t mark, size_t nodes, size_t text) {
    r->nodes += nodes;
    r->text += text;
    if (r->nodes > NN_CONFIG_MAX_NODES)
        fail_mark(r, mark, "more than %u values, aliases included", NN_CONFIG_MAX_NODES);
    else if (r->text > NN_CONFIG_MAX_BYTES)
        fail_mark(r, mark, "more than %u MiB of text, aliases included", NN_CONFIG_MAX_BYTES >> 20);
    else
        return true;
    return false;
}

static NnConfig *node_at(Reader *r, NnConfigKind kind, yaml_mark_t mark) {
    NnConfig *node = nn_config_node(r->source, kind);

    node->line = (uint32_t)mark.line + 1;
    node->column = (uint32_t)mark.column + 1;
    return node;
}

/* ---- scalars ---- */

static const char *const kind_tags[] = {
    [NN_CONFIG_NULL] = YAML_NULL_TAG,   [NN_CONFIG_BOOL] = YAML_BOOL_TAG,  [NN_CONFIG_INT] = YAML_INT_TAG,
    [NN_CONFIG_FLOAT] = YAML_FLOAT_TAG, [NN_CONFIG_STRING] = YAML_STR_TAG, [NN_CONFIG_LIST] = YAML_SEQ_TAG,
    [NN_CONFIG_MAP] = YAML_MAP_TAG,
};

static bool tag_fits(Reader *r, const yaml_event_t *event, const char *tag, NnConfigKind kind) {
    if (tag == NULL || strcmp(tag, "!") == 0 || strcmp(tag, kind_tags[kind]) == 0)
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(kind_tags); i++)
        if (strcmp(tag, kind_tags[i]) == 0) {
            fail_mark(r, event->start_mark, "the tag %s does not fit the value", strrchr(tag, ':') + 1);
            return false;
        }
    fail_mark(r, event->start_mark, "unknown tag %s; the tags of YAML's core schema can be used", tag);
    return false;
}

static NnConfig *read_scalar(Reader *r, const yaml_event_t *event) {
    const char *text = (const char *)event->data.scalar.value;
    const char *tag = (const char *)event->data.scalar.tag;
    const size_t length = event->data.scalar.length;
    const bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

    if (memchr(text, 0, length))
        return fail_mark(r, event->start_mark, "a string may not contain the character U+0000");
    if (!count(r, event->start_mark, 1, length))
        return NULL;
    if ((tag == NULL && !plain) || (tag && (strcmp(tag, "!") == 0 || strcmp(tag, YAML_STR_TAG) == 0))) {
        NnConfig *string = node_at(r, NN_CONFIG_STRING, event->start_mark);
        g_free(string->string);
        string->string = g_strdup(text);
        return string;
    }
    g_autoptr(NnConfig) node = node_at(r, NN_CONFIG_NULL, event->start_mark);
    if (!nn_config_resolve(node, text))
        return node->kind == NN_CONFIG_INT
                   ? fail_mark(r, event->start_mark,
                               "%.40s is beyond 64-bit integers; quote it if it is a name", text)
                   : fail_mark(r, event->start_mark, "%.40s is beyond 64-bit floats", text);
    if (node->kind == NN_CONFIG_INT && tag && strcmp(tag, YAML_FLOAT_TAG) == 0) {
        node->number = (double)node->integer;
        node->kind = NN_CONFIG_FLOAT;
    }
    return tag_fits(r, event, tag, (NnConfigKind)node->kind) ? g_steal_pointer(&node) : NULL;
}

/* ---- containers ---- */

static NnConfig *read_node(Reader *r, yaml_event_t *event, size_t depth);

static NnConfig *read_list(Reader *r, NnConfig *list, size_t depth) {
    for (;;) {
        yaml_event_t event;
        if (!next(r, &event))
            return NULL;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return list;
        }
        NnConfig *item = read_node(r, &event, depth);
        if (item == NULL)
            return NULL;
        nn_config_push(list, item);
    }
}

static bool read_key(Reader *r, const NnConfig *map, const yaml_event_t *event) {
    if (event->type == YAML_ALIAS_EVENT) {
        fail_mark(r, event->start_mark, "an alias cannot be a key");
    } else if (event->type != YAML_SCALAR_EVENT) {
        fail_mark(r, event->start_mark, "a key must be a name, found a %s",
                  event->type == YAML_SEQUENCE_START_EVENT ? "list" : "map");
    } else if (event->data.scalar.length == 0) {
        fail_mark(r, event->start_mark, "a key is missing before the colon");
    } else if (memchr(event->data.scalar.value, 0, event->data.scalar.length)) {
        fail_mark(r, event->start_mark, "a key may not contain the character U+0000");
    } else if (event->data.scalar.anchor) {
        fail_mark(r, event->start_mark, "a key cannot carry an anchor");
    } else {
        const char *key = (const char *)event->data.scalar.value;
        const NnConfig *first = nn_config_get(map, key);
        if (first == NULL)
            return count(r, event->start_mark, 0, event->data.scalar.length);
        fail_mark(r, event->start_mark, "the key %.80s is there twice; the first is in line %u", key,
                  first->key_line);
    }
    return false;
}

static NnConfig *read_map(Reader *r, NnConfig *map, size_t depth) {
    for (;;) {
        yaml_event_t event;
        if (!next(r, &event))
            return NULL;
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return map;
        }
        if (!read_key(r, map, &event)) {
            yaml_event_delete(&event);
            return NULL;
        }
        const yaml_mark_t mark = event.start_mark;
        g_autofree char *key = g_strdup((const char *)event.data.scalar.value);
        yaml_event_delete(&event);
        NnConfig *value = next(r, &event) ? read_node(r, &event, depth) : NULL;
        if (value == NULL)
            return NULL;
        value->key = g_steal_pointer(&key);
        value->key_line = (uint32_t)mark.line + 1;
        value->key_column = (uint32_t)mark.column + 1;
        nn_config_push(map, value);
    }
}

static NnConfig *read_container(Reader *r, const yaml_event_t *event, size_t depth) {
    const bool is_list = event->type == YAML_SEQUENCE_START_EVENT;
    const yaml_char_t *tag = is_list ? event->data.sequence_start.tag : event->data.mapping_start.tag;
    const NnConfigKind kind = is_list ? NN_CONFIG_LIST : NN_CONFIG_MAP;

    if (!tag_fits(r, event, (const char *)tag, kind) || !count(r, event->start_mark, 1, 0))
        return NULL;
    if (depth >= NN_CONFIG_MAX_DEPTH)
        return fail_mark(r, event->start_mark, "nested deeper than %u levels", NN_CONFIG_MAX_DEPTH);
    g_autoptr(NnConfig) node = node_at(r, kind, event->start_mark);
    if ((is_list ? read_list(r, node, depth + 1) : read_map(r, node, depth + 1)) == NULL)
        return NULL;
    return g_steal_pointer(&node);
}

/* ---- aliases ---- */

static void measure(const NnConfig *node, size_t *nodes, size_t *text, size_t *depth) {
    size_t deepest = 0;

    *nodes += 1;
    if (node->kind == NN_CONFIG_STRING)
        *text += strlen(node->string);
    for (size_t i = 0; i < nn_config_size(node); i++) {
        size_t below = 0;
        if (node->items[i]->key)
            *text += strlen(node->items[i]->key);
        measure(node->items[i], nodes, text, &below);
        deepest = MAX(deepest, below);
    }
    *depth = deepest + (node->kind == NN_CONFIG_LIST || node->kind == NN_CONFIG_MAP);
}

static NnConfig *read_alias(Reader *r, const yaml_event_t *event, size_t depth) {
    const char *name = (const char *)event->data.alias.anchor;
    size_t nodes = 0, text = 0, levels = 0;
    gpointer found;

    if (!g_hash_table_lookup_extended(r->anchors, name, NULL, &found))
        return fail_mark(r, event->start_mark, "the alias *%.80s has no anchor &%.80s before it", name, name);
    if (found == NULL)
        return fail_mark(r, event->start_mark, "the alias *%.80s stands inside of what it repeats", name);
    measure(found, &nodes, &text, &levels);
    r->copied += text;
    if (r->copied > NN_CONFIG_MAX_COPIED)
        return fail_mark(r, event->start_mark, "aliases repeat more than %u MiB of text",
                         NN_CONFIG_MAX_COPIED >> 20);
    if (!count(r, event->start_mark, nodes, text))
        return NULL;
    if (depth + levels > NN_CONFIG_MAX_DEPTH)
        return fail_mark(r, event->start_mark, "nested deeper than %u levels", NN_CONFIG_MAX_DEPTH);
    NnConfig *copy = nn_config_copy(found);
    g_clear_pointer(&copy->key, g_free);
    copy->line = (uint32_t)event->start_mark.line + 1;
    copy->column = (uint32_t)event->start_mark.column + 1;
    return copy;
}

static const char *anchor_of(const yaml_event_t *event) {
    switch (event->type) {
    case YAML_SCALAR_EVENT: return (const char *)event->data.scalar.anchor;
    case YAML_SEQUENCE_START_EVENT: return (const char *)event->data.sequence_start.anchor;
    case YAML_MAPPING_START_EVENT: return (const char *)event->data.mapping_start.anchor;
    default: return NULL;
    }
}

/* Consumes the event. */
static NnConfig *read_node(Reader *r, yaml_event_t *event, size_t depth) {
    g_autofree char *anchor = g_strdup(anchor_of(event));
    NnConfig *node;

    if (anchor)
        g_hash_table_insert(r->anchors, g_strdup(anchor), NULL);
    if (event->type == YAML_SCALAR_EVENT)
        node = read_scalar(r, event);
    else if (event->type == YAML_ALIAS_EVENT)
        node = read_alias(r, event, depth);
    else
        node = read_container(r, event, depth);
    yaml_event_delete(event);
    if (node && anchor)
        g_hash_table_insert(r->anchors, g_steal_pointer(&anchor), node);
    return node;
}

/* ---- documents ---- */

static NnConfig *read_stream(Reader *r) {
    g_autoptr(NnConfig) root = NULL;

    for (;;) {
        yaml_event_t event;
        if (!next(r, &event))
            return NULL;
        const yaml_event_type_t type = event.type;
        const yaml_mark_t mark = event.start_mark;
        if (type == YAML_DOCUMENT_START_EVENT && root == NULL) {
            yaml_event_delete(&event);
            if (!next(r, &event) || (root = read_node(r, &event, 0)) == NULL)
                return NULL;
            continue;
        }
        yaml_event_delete(&event);
        if (type == YAML_DOCUMENT_START_EVENT)
            return fail_mark(r, mark, "a second document begins here; one is expected");
        if (type == YAML_STREAM_END_EVENT)
            return root ? g_steal_pointer(&root) : node_at(r, NN_CONFIG_NULL, (yaml_mark_t){0});
    }
}

/* libyaml takes a NUL for the end and guesses other encodings, so both are settled before it looks. */
static bool check_bytes(Reader *r, const char *text, size_t length) {
    const char *end = text;
    const char *start = text;
    size_t line = 1;

    if (length > NN_CONFIG_MAX_BYTES) {
        nn_status_fail(r->status, NN_INVALID, "%s: longer than %u MiB", r->source->name,
                       NN_CONFIG_MAX_BYTES >> 20);
        return false;
    }
    if (g_utf8_validate_len(text, length, &end))
        return true;
    for (const char *c = text; c < end; c++)
        if (*c == '\n') {
            line++;
            start = c + 1;
        }
    const size_t column = (size_t)g_utf8_strlen(start, end - start) + 1;
    if (*end == '\0')
        fail_at(r, line, column, "a NUL byte; text in UTF-8 is expected");
    else
        fail_at(r, line, column, "the byte 0x%02x is not UTF-8", (unsigned)(unsigned char)*end);
    return false;
}

static NnConfig *parse(const char *text, size_t length, NnConfigSource *source, NnStatus *status) {
    Reader r = {.source = source, .status = status};
    NnConfig *root = NULL;

    if (!check_bytes(&r, text, length))
        return NULL;
    if (!yaml_parser_initialize(&r.yaml)) {
        nn_status_fail(status, NN_OUT_OF_MEMORY, "%s: no memory to read it", source->name);
        return NULL;
    }
    r.anchors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    yaml_parser_set_encoding(&r.yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.yaml, (const unsigned char *)text, length);
    root = read_stream(&r);
    yaml_parser_delete(&r.yaml);
    g_hash_table_unref(r.anchors);
    return root;
}

NnConfig *nn_config_parse(const char *text, uint64_t length, const char *name, NnStatus *status) {
    NnConfigSource *source = nn_config_source_new(name, NULL, true);
    NnConfig *root = parse(text, length, source, status);

    nn_config_source_unref(source);
    return root;
}

NnConfig *nn_config_parse_flow(const char *text, const char *place, NnStatus *status) {
    NnConfigSource *source = nn_config_source_new(place, NULL, false);
    /* The brackets force flow style; the line break ends a comment before it swallows the closing one. */
    g_autofree char *flow = g_strconcat("[", text, "\n]", NULL);
    NnConfig *root = parse(flow, strlen(flow), source, status);

    nn_config_source_unref(source);
    return root;
}

NnConfig *nn_config_read(const char *path, NnStatus *status) {
    NnConfig *root = NULL;
    FILE *file = fopen(path, "rbe");
    const int open_error = errno;

    if (file == NULL) {
        nn_status_fail(status, open_error == ENOENT ? NN_NOT_FOUND : NN_INVALID, "%s: %s", path,
                       g_strerror(open_error));
        return NULL;
    }
    /* Not by its size: pipes have none, and a file may grow. */
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    guint8 block[1 << 16];
    size_t n;
    while (bytes->len <= NN_CONFIG_MAX_BYTES && (n = fread(block, 1, sizeof block, file)) > 0)
        g_byte_array_append(bytes, block, (guint)n);
    if (ferror(file)) {
        nn_status_fail(status, NN_INVALID, "%s: cannot be read: %s", path, g_strerror(errno));
    } else {
        g_autofree char *real = g_canonicalize_filename(path, NULL);
        g_autofree char *folder = g_path_get_dirname(real);
        NnConfigSource *source = nn_config_source_new(path, folder, true);
        root = parse(bytes->len ? (const char *)bytes->data : "", bytes->len, source, status);
        nn_config_source_unref(source);
    }
    (void)fclose(file);
    return root;
}
