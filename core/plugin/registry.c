/* SPDX-License-Identifier: Apache-2.0 */
/* Built once from the manifests; only the hash of loaded tables grows later. */
#include "plugin/registry.h"

#include "plugin/load.h"
#include "status.h"
#include "suggest.h"

#include <string.h>

struct NnRegistry {
    NnSearch found;
    NnVerify verify;
    GPtrArray *entries;
    GHashTable *by_name;  /* "kind name" -> GPtrArray of NnRegistered *, in order of preference */
    GHashTable *by_table; /* loaded table -> NnObject * */
};

static void registered_free(gpointer data) {
    NnRegistered *r = data;
    g_free(r->problem);
    g_free(r);
}

static void set_problem(NnRegistered *r, char *problem) {
    g_free(r->problem);
    r->problem = problem;
    r->entry.problem = problem;
}

/* `first` is usable and of the same identity. */
static void settle(NnRegistered *first, NnRegistered *r) {
    const char *label = nn_kind_label(r->offer->kind);
    if (r->object->package->level > first->object->package->level) {
        set_problem(r,
                    g_strdup_printf("%s of plug-in %s comes first", first->entry.file, first->entry.package));
        return;
    }
    char *both = g_strdup_printf(
        "%s %s is provided twice, by plug-in %s (%s) and by plug-in %s (%s); deny one of them", label,
        r->entry.name, first->entry.package, first->entry.file, r->entry.package, r->entry.file);
    set_problem(first, g_strdup(both));
    set_problem(r, both);
}

static void add_entry(NnRegistry *registry, NnObject *o, uint32_t index, GHashTable *identities) {
    NnOffer *offer = g_ptr_array_index(o->offers, index);
    NnRegistered *r = g_new0(NnRegistered, 1);
    const bool is_operator = strcmp(offer->kind, NN_OPERATOR_KIND) == 0;
    r->object = o;
    r->offer = offer;
    r->index = index;
    r->entry = (NnEntry){.struct_size = sizeof r->entry,
                         .since = offer->since,
                         .kind = offer->kind,
                         .name = nn_offer_identity(offer),
                         .package = o->package->info.name,
                         .file = o->info.file,
                         .version = o->info.version,
                         .summary = offer->summary,
                         .role = offer->role,
                         .device = offer->device,
                         .priority = offer->priority,
                         .op = is_operator ? NULL : offer->op,
                         .problem = o->refused};
    g_ptr_array_add(registry->entries, r);

    g_autofree char *key = g_strconcat(offer->kind, " ", r->entry.name, NULL);
    GPtrArray *same = g_hash_table_lookup(registry->by_name, key);
    if (same == NULL) {
        same = g_ptr_array_new();
        g_hash_table_insert(registry->by_name, g_strdup(key), same);
    }
    g_ptr_array_add(same, r);
    if (o->refused == NULL && nn_offer_is_unique(offer)) {
        g_autofree char *identity = g_strdup_printf("%s %d", key, offer->since);
        NnRegistered *first = g_hash_table_lookup(identities, identity);
        if (first)
            settle(first, r);
        else
            g_hash_table_insert(identities, g_steal_pointer(&identity), r);
    }
}

NnRegistry *nn_registry_new(const NnSearch *found, NnVerify verify) {
    NnRegistry *registry = g_new0(NnRegistry, 1);
    registry->found = *found;
    registry->verify = verify;
    registry->entries = g_ptr_array_new_with_free_func(registered_free);
    registry->by_name =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    registry->by_table = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) identities = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < found->packages->len; i++) {
        const NnPackage *p = g_ptr_array_index(found->packages, i);
        for (guint j = 0; j < p->objects->len; j++) {
            NnObject *o = g_ptr_array_index(p->objects, j);
            for (guint k = 0; k < o->offers->len; k++)
                add_entry(registry, o, k, identities);
        }
    }
    return registry;
}

void nn_registry_free(NnRegistry *registry) {
    if (registry == NULL)
        return;
    for (guint i = registry->found.packages->len; i-- > 0;) {
        const NnPackage *p = g_ptr_array_index(registry->found.packages, i);
        for (guint j = p->objects->len; j-- > 0;)
            nn_object_stop(g_ptr_array_index(p->objects, j));
    }
    g_hash_table_unref(registry->by_table);
    g_hash_table_unref(registry->by_name);
    g_ptr_array_unref(registry->entries);
    g_ptr_array_unref(registry->found.packages);
    g_ptr_array_unref(registry->found.places);
    g_ptr_array_unref(registry->found.unopened);
    g_free(registry);
}

GPtrArray *nn_registry_packages(const NnRegistry *registry) { return registry->found.packages; }

GPtrArray *nn_registry_entries(const NnRegistry *registry) { return registry->entries; }

/* A package whose manifest cannot be used might have offered anything. */
static void say_refused(const NnRegistry *registry, GString *s) {
    for (guint i = 0; i < registry->found.packages->len; i++) {
        const NnPackage *p = g_ptr_array_index(registry->found.packages, i);
        bool offers = false;
        for (guint j = 0; j < p->objects->len && !offers; j++)
            offers = ((const NnObject *)g_ptr_array_index(p->objects, j))->offers->len > 0;
        if (p->refused && !offers) {
            g_string_append_printf(s, "; plug-in %s (%s) is not used: %s", p->info.name, p->info.folder,
                                   p->refused);
            return;
        }
    }
}

/* Says what is near, and when nothing was found at all, where it was looked for. */
static void fail_missing(NnRegistry *registry, const char *kind, const char *name, NnStatus *status) {
    NnSuggest search;
    nn_suggest_start(&search, name);
    for (guint i = 0; i < registry->entries->len; i++) {
        const NnRegistered *r = g_ptr_array_index(registry->entries, i);
        if (strcmp(r->offer->kind, kind) == 0 && r->problem == NULL && r->object->refused == NULL)
            nn_suggest_offer(&search, r->entry.name);
    }
    g_autoptr(GString) s = g_string_new(NULL);
    g_string_printf(s, "no plug-in provides %s '%s'", nn_kind_label(kind), name);
    if (search.best)
        g_string_append_printf(s, "; did you mean '%s'?", search.best);
    else if (registry->found.unopened->len)
        g_string_append_printf(s, "; %s was not opened, because no manifest states it",
                               (const char *)g_ptr_array_index(registry->found.unopened, 0));
    else
        say_refused(registry, s);
    if (registry->found.packages->len == 0) {
        g_string_append(s, "; no plug-ins were found in ");
        for (guint i = 0; i < registry->found.places->len; i++)
            g_string_append_printf(s, "%s%s", i ? ", " : "",
                                   (char *)g_ptr_array_index(registry->found.places, i));
        if (registry->found.places->len == 0)
            g_string_append(s, NN_PLUGIN_DIR);
    }
    nn_status_fail(status, NN_NOT_FOUND, "%s", s->str);
}

static void fail_unusable(const NnRegistered *r, NnStatus *status) {
    if (r->object->refused)
        nn_status_fail(status, NN_NOT_FOUND, "%s %s is provided by plug-in %s (%s), which was not loaded: %s",
                       nn_kind_label(r->offer->kind), r->entry.name, r->entry.package, r->entry.file,
                       r->object->refused);
    else
        nn_status_fail(status, NN_INVALID, "%s", r->problem);
}

NnRegistered *nn_registry_find(NnRegistry *registry, const char *kind, const char *name, int32_t version,
                               NnStatus *status) {
    g_autofree char *key = g_strconcat(kind, " ", name, NULL);
    const GPtrArray *same = g_hash_table_lookup(registry->by_name, key);
    NnRegistered *best = NULL, *unusable = NULL, *newer = NULL;
    for (guint i = 0; same && i < same->len; i++) {
        NnRegistered *r = g_ptr_array_index(same, i);
        if (version > 0 && r->offer->since > version)
            newer = newer && newer->offer->since < r->offer->since ? newer : r;
        else if (r->object->refused || r->problem)
            unusable = unusable ? unusable : r;
        else if (best == NULL || r->offer->since > best->offer->since)
            best = r;
    }
    if (best)
        return best;
    if (unusable)
        fail_unusable(unusable, status);
    else if (newer)
        nn_status_fail(status, NN_NOT_FOUND,
                       "%s %s is wanted in version %d, and the oldest that is provided is %d",
                       nn_kind_label(kind), name, version, newer->offer->since);
    else
        fail_missing(registry, kind, name, status);
    return NULL;
}

const void *nn_registry_load(NnRegistry *registry, NnRegistered *r, NnStatus *status) {
    if (nn_object_load(r->object, registry->found.context, registry->verify, NULL) != NN_OK) {
        r->entry.problem = r->object->refused;
        fail_unusable(r, status);
        return NULL;
    }
    const void *table = g_ptr_array_index(r->object->tables, r->index);
    g_hash_table_insert(registry->by_table, (gpointer)table, r->object);
    return table;
}

NnObject *nn_registry_object(NnRegistry *registry, const void *table) {
    return g_hash_table_lookup(registry->by_table, table);
}
