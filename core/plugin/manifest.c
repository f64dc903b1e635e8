/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.yaml, written and read back. Written deterministically; read with the place of whatever is wrong.
 */
#include "plugin/package.h"

#include "status.h"

#include <string.h>
#include <yaml.h>

/* ---- reading ---- */

#define MOST_ITEMS 200000u

typedef struct Reader {
    yaml_document_t document;
    const char *name;
    NnStatus *status;
    guint left; /* items of lists that may still be read: an alias in YAML makes much of little */
} Reader;

static void complain(Reader *r, const yaml_node_t *at, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void complain(Reader *r, const yaml_node_t *at, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *what = g_strdup_vprintf(format, args);
    va_end(args);
    nn_status_fail(r->status, NN_INVALID, "%s:%zu:%zu: %s", r->name, at ? at->start_mark.line + 1 : 1,
                   at ? at->start_mark.column + 1 : 1, what);
    g_free(what);
}

static const yaml_node_t *node_of(Reader *r, int index) {
    return yaml_document_get_node(&r->document, index);
}

static const char *text_of(const yaml_node_t *n) { return (const char *)n->data.scalar.value; }

static const yaml_node_t *find(Reader *r, const yaml_node_t *map, const char *key) {
    for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++) {
        const yaml_node_t *k = node_of(r, p->key);
        if (k->type == YAML_SCALAR_NODE && strcmp(text_of(k), key) == 0)
            return node_of(r, p->value);
    }
    return NULL;
}

/* A string of a map, to be freed; absent: NULL, and an error if it is required. */
static char *string_of(Reader *r, const yaml_node_t *map, const char *key, bool required) {
    const yaml_node_t *n = find(r, map, key);
    if (n == NULL) {
        if (required)
            complain(r, map, "'%s' is missing", key);
        return NULL;
    }
    if (n->type != YAML_SCALAR_NODE || n->data.scalar.length == 0 ||
        strlen(text_of(n)) != n->data.scalar.length) {
        complain(r, n, "'%s' has to be a text", key);
        return NULL;
    }
    return g_strdup(text_of(n));
}

static int32_t integer_of(Reader *r, const yaml_node_t *map, const char *key, bool required) {
    char *text = string_of(r, map, key, required);
    gint64 value = 0;
    if (text && !g_ascii_string_to_signed(text, 10, G_MININT32, G_MAXINT32, &value, NULL))
        complain(r, find(r, map, key), "'%s' has to be a whole number, found '%s'", key, text);
    g_free(text);
    return (int32_t)value;
}

static const yaml_node_t *list_of(Reader *r, const yaml_node_t *map, const char *key, bool required) {
    const yaml_node_t *n = find(r, map, key);
    if (n && n->type != YAML_SEQUENCE_NODE) {
        complain(r, n, "'%s' has to be a list", key);
        return NULL;
    }
    if (n == NULL && required)
        complain(r, map, "'%s' is missing", key);
    return n;
}

static guint items(Reader *r, const yaml_node_t *list) {
    const gsize n = list ? (gsize)(list->data.sequence.items.top - list->data.sequence.items.start) : 0;
    if (n <= r->left) {
        r->left -= (guint)n;
        return (guint)n;
    }
    complain(r, list, "more than %u items are too many for a manifest", MOST_ITEMS);
    return 0;
}

static const yaml_node_t *item(Reader *r, const yaml_node_t *list, guint i) {
    return node_of(r, list->data.sequence.items.start[i]);
}

static void read_offer(Reader *r, const yaml_node_t *n, NnObject *object) {
    if (n->type != YAML_MAPPING_NODE) {
        complain(r, n, "an export has to be a map");
        return;
    }
    NnOffer *o = g_new0(NnOffer, 1);
    g_ptr_array_add(object->offers, o);
    o->kind = string_of(r, n, "kind", true);
    o->name = string_of(r, n, "name", true);
    o->op = string_of(r, n, "op", false);
    o->since = integer_of(r, n, "since", false);
    o->until = integer_of(r, n, "until", false);
    o->role = string_of(r, n, "role", false);
    o->device = string_of(r, n, "device", false);
    o->priority = integer_of(r, n, "priority", false);
    o->summary = string_of(r, n, "summary", false);
}

/* A manifest speaks of its own folder only. */
static bool inside(const char *file) {
    return *file != '/' && strcmp(file, "..") != 0 && !g_str_has_prefix(file, "../") &&
           !strstr(file, "/../") && !g_str_has_suffix(file, "/..") && !g_str_has_suffix(file, "/");
}

static void read_object(Reader *r, const yaml_node_t *n, NnPackage *package) {
    if (n->type != YAML_MAPPING_NODE) {
        complain(r, n, "an object has to be a map");
        return;
    }
    NnObject *o = nn_object_new(package);
    g_ptr_array_add(package->objects, o);
    char *file = string_of(r, n, "file", true);
    if (file && !inside(file))
        complain(r, find(r, n, "file"), "'file' has to be inside the package, found '%s'", file);
    else if (file)
        o->info.file = g_build_filename(package->info.folder, file, NULL);
    g_free(file);
    o->info.sha256 = string_of(r, n, "sha256", true);
    if (o->info.sha256 && strlen(o->info.sha256) != 64)
        complain(r, find(r, n, "sha256"), "'sha256' has to have 64 hexadecimal digits, found %zu",
                 strlen(o->info.sha256));
    o->info.version = string_of(r, n, "version", false);
    o->info.licence = string_of(r, n, "licence", false);
    o->info.summary = string_of(r, n, "summary", false);
    o->info.threads = string_of(r, n, "threads", false);
    const yaml_node_t *abi = list_of(r, n, "abi", true);
    gint64 range[2] = {0, 0};
    const bool pair = abi && items(r, abi) == 2;
    for (guint i = 0; abi && i < 2; i++) {
        const yaml_node_t *bound = pair ? item(r, abi, i) : NULL;
        if (bound == NULL || bound->type != YAML_SCALAR_NODE ||
            !g_ascii_string_to_signed(text_of(bound), 10, 0, G_MAXINT32, &range[i], NULL)) {
            complain(r, abi, "'abi' has to be a list of the first and the last version");
            break;
        }
    }
    o->info.abi_min = (uint32_t)range[0];
    o->info.abi_max = (uint32_t)range[1];
    const yaml_node_t *needs = list_of(r, n, "needs", false);
    for (guint i = 0, n_needs = items(r, needs); i < n_needs; i++) {
        const yaml_node_t *need = item(r, needs, i);
        if (need->type == YAML_SCALAR_NODE)
            g_ptr_array_add(o->needs, g_strdup(text_of(need)));
        else
            complain(r, need, "'needs' has to be a list of texts");
    }
    o->info.n_needs = o->needs->len;
    g_ptr_array_add(o->needs, NULL);
    o->info.needs = (const char *const *)o->needs->pdata;
    const yaml_node_t *exports = list_of(r, n, "exports", true);
    for (guint i = 0, n_exports = items(r, exports); i < n_exports && !nn_status_failed(r->status); i++)
        read_offer(r, item(r, exports, i), o);
}

static void read_package(Reader *r, NnPackage *package) {
    const yaml_node_t *root = yaml_document_get_root_node(&r->document);
    if (root == NULL || root->type != YAML_MAPPING_NODE) {
        complain(r, root, root ? "a manifest has to be a map" : "the manifest is empty");
        return;
    }
    const int32_t version = integer_of(r, root, "manifest", true);
    if (!nn_status_failed(r->status) && version != NN_MANIFEST_VERSION)
        complain(r, find(r, root, "manifest"),
                 "this is a manifest of version %d, and this program reads version %d", version,
                 NN_MANIFEST_VERSION);
    package->info.name = string_of(r, root, "name", true);
    package->info.version = string_of(r, root, "version", false);
    const yaml_node_t *objects = list_of(r, root, "objects", true);
    for (guint i = 0, n_objects = items(r, objects); i < n_objects && !nn_status_failed(r->status); i++)
        read_object(r, item(r, objects, i), package);
    package->info.n_objects = package->objects->len;
}

int32_t nn_manifest_parse(NnPackage *package, const char *name, const char *text, gsize length,
                          NnStatus *status) {
    Reader r = {.name = name, .status = status, .left = MOST_ITEMS};
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return nn_status_fail(status, NN_OUT_OF_MEMORY, "%s: no memory to read it", name);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    if (yaml_parser_load(&parser, &r.document)) {
        read_package(&r, package);
        yaml_document_delete(&r.document);
    } else {
        nn_status_fail(status, NN_INVALID, "%s:%zu:%zu: this is not YAML: %s", name,
                       parser.problem_mark.line + 1, parser.problem_mark.column + 1,
                       parser.problem ? parser.problem : "unreadable");
    }
    yaml_parser_delete(&parser);
    return nn_status_code(status);
}

/* ---- writing ---- */

/* Plain where every YAML reader sees a text in it, else in double quotes. */
static void print_text(GString *s, const char *text) {
    static const char *const words[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
    bool plain = g_ascii_isalpha(*text);
    for (const char *c = text; *c; c++)
        plain = plain && (g_ascii_isalnum(*c) || strchr("_./+-", *c));
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        plain = plain && g_ascii_strcasecmp(text, words[i]) != 0;
    if (plain) {
        g_string_append(s, text);
        return;
    }
    g_string_append_c(s, '"');
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            g_string_append_c(s, '\\');
        if (g_ascii_iscntrl(*c))
            g_string_append_printf(s, "\\x%02x", (unsigned char)*c);
        else
            g_string_append_c(s, *c);
    }
    g_string_append_c(s, '"');
}

static void print_key(GString *s, const char *lead, const char *key, const char *text) {
    if (text == NULL || *text == '\0')
        return;
    g_string_append_printf(s, "%s%s: ", lead, key);
    print_text(s, text);
    g_string_append_c(s, '\n');
}

static void print_number(GString *s, const char *key, int32_t value) {
    if (value != 0)
        g_string_append_printf(s, "    %s: %d\n", key, value);
}

void nn_manifest_print_object(GString *s, const NnObject *o) {
    const size_t folder = strlen(o->package->info.folder) + 1;
    print_key(s, "- ", "file", o->info.file + folder);
    print_key(s, "  ", "sha256", o->info.sha256);
    print_key(s, "  ", "version", o->info.version);
    g_string_append_printf(s, "  abi: [%u, %u]\n", o->info.abi_min, o->info.abi_max);
    print_key(s, "  ", "licence", o->info.licence);
    print_key(s, "  ", "summary", o->info.summary);
    print_key(s, "  ", "threads", o->info.threads);
    g_string_append(s, "  needs: [");
    for (guint i = 0; i < o->info.n_needs; i++) {
        g_string_append(s, i ? ", " : "");
        print_text(s, o->info.needs[i]);
    }
    g_string_append(s, o->offers->len ? "]\n  exports:\n" : "]\n  exports: []\n");
    for (guint i = 0; i < o->offers->len; i++) {
        const NnOffer *offer = g_ptr_array_index(o->offers, i);
        print_key(s, "  - ", "kind", offer->kind);
        print_key(s, "    ", "name", offer->name);
        print_key(s, "    ", "op", offer->op);
        print_number(s, "since", offer->since);
        print_number(s, "until", offer->until);
        print_key(s, "    ", "role", offer->role);
        print_key(s, "    ", "device", offer->device);
        print_number(s, "priority", offer->priority);
        print_key(s, "    ", "summary", offer->summary);
    }
}

char *nn_manifest_text(const NnPackage *p, const char *objects) {
    GString *s = g_string_new(
        "# Written from the objects by `nnrun plugin manifest`; what is changed here by hand is refused.\n");
    g_string_append_printf(s, "manifest: %d\n", NN_MANIFEST_VERSION);
    print_key(s, "", "name", p->info.name);
    print_key(s, "", "version", p->info.version);
    g_string_append_printf(s, "objects:%s\n%s", *objects ? "" : " []", objects);
    return g_string_free(s, FALSE);
}
