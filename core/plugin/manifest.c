/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.yaml, written and read back through the configuration tree. Written deterministically; read with
 * the place of whatever is wrong. */
#include "config/config.h"
#include "plugin/package.h"
#include "status.h"

#include <string.h>

/* ---- reading ---- */

/* A string of a map, to be freed; absent or empty: NULL, and an error if it is required. */
static char *string_of(const NnConfig *map, const char *key, bool required, NnStatus *status) {
    const NnConfig *n = nn_config_get(map, key);
    const char *text = NULL;
    if (n && nn_config_as_string(n, &text, status) != NN_OK)
        return NULL;
    if (text && *text)
        return g_strdup(text);
    if (required)
        nn_config_fail(n ? n : map, status, "'%s' is %s", key, n ? "empty" : "missing");
    return NULL;
}

static int32_t integer_of(const NnConfig *map, const char *key, NnStatus *status) {
    const NnConfig *n = nn_config_get(map, key);
    int64_t value = 0;
    if (n && nn_config_as_int(n, &value, status) == NN_OK && value != (int32_t)value)
        nn_config_fail(n, status, "'%s' has to fit in 32 bits", key);
    return (int32_t)value;
}

static const NnConfig *list_of(const NnConfig *map, const char *key, bool required, NnStatus *status) {
    const NnConfig *n = nn_config_get(map, key);
    if (n ? nn_config_kind(n) != NN_CONFIG_LIST : required)
        nn_config_fail(n ? n : map, status, n ? "'%s' has to be a list" : "'%s' is missing", key);
    return n && nn_config_kind(n) == NN_CONFIG_LIST ? n : NULL;
}

static void read_offer(const NnConfig *n, NnObject *object, NnStatus *status) {
    if (nn_config_kind(n) != NN_CONFIG_MAP) {
        nn_config_fail(n, status, "an export has to be a map");
        return;
    }
    NnOffer *o = g_new0(NnOffer, 1);
    g_ptr_array_add(object->offers, o);
    o->kind = string_of(n, "kind", true, status);
    o->name = string_of(n, "name", true, status);
    o->op = string_of(n, "op", false, status);
    o->since = integer_of(n, "since", status);
    o->until = integer_of(n, "until", status);
    o->role = string_of(n, "role", false, status);
    o->device = string_of(n, "device", false, status);
    o->priority = integer_of(n, "priority", status);
    o->summary = string_of(n, "summary", false, status);
}

/* A manifest speaks of its own folder only. */
static bool inside(const char *file) {
    return *file != '/' && strcmp(file, "..") != 0 && !g_str_has_prefix(file, "../") &&
           !strstr(file, "/../") && !g_str_has_suffix(file, "/..") && !g_str_has_suffix(file, "/");
}

static void read_range(const NnConfig *object, NnObjectInfo *info, NnStatus *status) {
    const NnConfig *abi = list_of(object, "abi", true, status);
    uint64_t first = 0, last = 0;
    if (abi == NULL)
        return;
    if (nn_config_size(abi) != 2 || nn_config_as_uint(nn_config_at(abi, 0), &first, status) != NN_OK ||
        nn_config_as_uint(nn_config_at(abi, 1), &last, status) != NN_OK || MAX(first, last) > G_MAXINT32)
        nn_config_fail(abi, status, "'abi' has to be a list of the first and the last version");
    info->abi_min = (uint32_t)first;
    info->abi_max = (uint32_t)last;
}

static void read_object(const NnConfig *n, NnPackage *package, NnStatus *status) {
    if (nn_config_kind(n) != NN_CONFIG_MAP) {
        nn_config_fail(n, status, "an object has to be a map");
        return;
    }
    NnObject *o = nn_object_new(package);
    g_ptr_array_add(package->objects, o);
    g_autofree char *file = string_of(n, "file", true, status);
    if (file && !inside(file))
        nn_config_fail(nn_config_get(n, "file"), status, "'file' has to be inside the package, found '%s'",
                       file);
    else if (file)
        o->info.file = g_build_filename(package->info.folder, file, NULL);
    o->info.sha256 = string_of(n, "sha256", true, status);
    if (o->info.sha256 && strlen(o->info.sha256) != 64)
        nn_config_fail(nn_config_get(n, "sha256"), status,
                       "'sha256' has to have 64 hexadecimal digits, found %zu", strlen(o->info.sha256));
    o->info.version = string_of(n, "version", false, status);
    o->info.licence = string_of(n, "licence", false, status);
    o->info.summary = string_of(n, "summary", false, status);
    o->info.threads = string_of(n, "threads", false, status);
    read_range(n, &o->info, status);
    const NnConfig *needs = list_of(n, "needs", false, status);
    for (size_t i = 0; i < nn_config_size(needs); i++) {
        const char *need = NULL;
        if (nn_config_as_string(nn_config_at(needs, i), &need, status) == NN_OK)
            g_ptr_array_add(o->needs, g_strdup(need));
    }
    o->info.n_needs = o->needs->len;
    g_ptr_array_add(o->needs, NULL);
    o->info.needs = (const char *const *)o->needs->pdata;
    const NnConfig *exports = list_of(n, "exports", true, status);
    for (size_t i = 0; i < nn_config_size(exports) && !nn_status_failed(status); i++)
        read_offer(nn_config_at(exports, i), o, status);
}

static void read_package(const NnConfig *root, NnPackage *package, NnStatus *status) {
    if (nn_config_kind(root) != NN_CONFIG_MAP) {
        nn_config_fail(root, status,
                       nn_config_kind(root) == NN_CONFIG_NULL ? "the manifest is empty"
                                                              : "a manifest has to be a map");
        return;
    }
    const int32_t version = integer_of(root, "manifest", status);
    if (!nn_status_failed(status) && version != NN_MANIFEST_VERSION)
        nn_config_fail(nn_config_get(root, "manifest"), status,
                       "this is a manifest of version %d, and this program reads version %d", version,
                       NN_MANIFEST_VERSION);
    package->info.name = string_of(root, "name", true, status);
    package->info.version = string_of(root, "version", false, status);
    const NnConfig *objects = list_of(root, "objects", true, status);
    for (size_t i = 0; i < nn_config_size(objects) && !nn_status_failed(status); i++)
        read_object(nn_config_at(objects, i), package, status);
    package->info.n_objects = package->objects->len;
}

int32_t nn_manifest_parse(NnPackage *package, const char *name, const char *text, gsize length,
                          NnStatus *status) {
    g_autoptr(NnConfig) root = nn_config_parse(text, length, name, status);
    if (root)
        read_package(root, package, status);
    return nn_status_code(status);
}

/* ---- writing ---- */

static void put_text(NnConfig *map, const char *key, const char *text) {
    if (text && *text) {
        g_autofree char *valid = g_utf8_make_valid(text, -1);
        nn_config_put(map, key, nn_config_new_string(valid, NULL));
    }
}

static void put_number(NnConfig *map, const char *key, int32_t value) {
    if (value != 0)
        nn_config_put(map, key, nn_config_new_int(value, NULL));
}

static NnConfig *put_list(NnConfig *map, const char *key) {
    NnConfig *list = nn_config_new(NN_CONFIG_LIST, NULL);
    nn_config_put(map, key, list);
    return list;
}

static NnConfig *append_map(NnConfig *list) {
    NnConfig *map = nn_config_new(NN_CONFIG_MAP, NULL);
    nn_config_append(list, map);
    return map;
}

void nn_manifest_print_object(GString *s, const NnObject *o) {
    g_autoptr(NnConfig) list = nn_config_new(NN_CONFIG_LIST, NULL);
    NnConfig *map = append_map(list);
    put_text(map, "file", o->info.file + strlen(o->package->info.folder) + 1);
    put_text(map, "sha256", o->info.sha256);
    put_text(map, "version", o->info.version);
    NnConfig *abi = put_list(map, "abi");
    nn_config_append(abi, nn_config_new_int(o->info.abi_min, NULL));
    nn_config_append(abi, nn_config_new_int(o->info.abi_max, NULL));
    put_text(map, "licence", o->info.licence);
    put_text(map, "summary", o->info.summary);
    put_text(map, "threads", o->info.threads);
    NnConfig *needs = put_list(map, "needs"), *exports = put_list(map, "exports");
    for (guint i = 0; i < o->info.n_needs; i++)
        nn_config_append(needs, nn_config_new_string(o->info.needs[i], NULL));
    for (guint i = 0; i < o->offers->len; i++) {
        const NnOffer *offer = g_ptr_array_index(o->offers, i);
        NnConfig *e = append_map(exports);
        put_text(e, "kind", offer->kind);
        put_text(e, "name", offer->name);
        put_text(e, "op", offer->op);
        put_number(e, "since", offer->since);
        put_number(e, "until", offer->until);
        put_text(e, "role", offer->role);
        put_text(e, "device", offer->device);
        put_number(e, "priority", offer->priority);
        put_text(e, "summary", offer->summary);
    }
    g_autofree char *text = nn_config_text(list);
    g_string_append(s, text);
}

char *nn_manifest_text(const NnPackage *p, const char *objects) {
    g_autoptr(NnConfig) map = nn_config_new(NN_CONFIG_MAP, NULL);
    put_number(map, "manifest", NN_MANIFEST_VERSION);
    put_text(map, "name", p->info.name);
    put_text(map, "version", p->info.version);
    g_autofree char *head = nn_config_text(map);
    return g_strdup_printf(
        "# Written from the objects by `nnrun plugin manifest`; what is changed here by hand is refused.\n"
        "%sobjects:%s\n%s",
        head, *objects ? "" : " []", objects);
}
