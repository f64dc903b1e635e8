/* SPDX-License-Identifier: Apache-2.0 */
/* The context: options, registry, pool. Look-ups are answered from small caches, so that compiling asks as it
 * likes. */
#include "context.h"

#include "plugin/host.h"
#include "plugin/registry.h"
#include "run/pool.h"
#include "status.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

struct NnContext {
    NnHost host; /* made out to the program itself */
    NnOptions options;
    NnPool *pool;
    NnRegistry *registry;
    GHashTable *lists; /* key of a look-up -> GPtrArray */
    atomic_bool cancelled;
};

/* An older program's options are shorter than today's. */
static NnOptions read_options(const NnOptions *given) {
    NnOptions o = {.struct_size = sizeof o};
    if (given)
        memcpy(&o, given, MIN((gsize)given->struct_size, sizeof o));
    return o;
}

NnContext *nn_context_new(const NnOptions *given, NnStatus *status) {
    NnContext *c = g_new0(NnContext, 1);
    c->options = read_options(given);
    atomic_init(&c->cancelled, false);
    nn_host_fill(&c->host, c, "", "");
    c->lists = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    NnSearch search = {.packages = g_ptr_array_new_with_free_func((GDestroyNotify)nn_package_free),
                       .places = g_ptr_array_new_with_free_func(g_free),
                       .unopened = g_ptr_array_new_with_free_func(g_free),
                       .context = c,
                       .options = &c->options};
    const int32_t code = nn_discover(&search, status);
    c->registry = nn_registry_new(&search, nn_verify_digest);
    c->pool = nn_pool_new(c->options.threads);
    /* What the caller's options point to is not the context's to keep. */
    c->options.plugin_paths = c->options.allow = c->options.deny = NULL;
    if (code == NN_OK && c->pool)
        return c;
    if (code == NN_OK)
        nn_status_fail(status, NN_OUT_OF_MEMORY, "no memory for the threads");
    nn_context_free(c);
    return NULL;
}

void nn_context_free(NnContext *c) {
    if (c == NULL)
        return;
    nn_registry_free(c->registry);
    nn_pool_free(c->pool);
    g_hash_table_unref(c->lists);
    g_free(c);
}

void nn_context_cancel(NnContext *c, bool cancelled) { atomic_store(&c->cancelled, cancelled); }

bool nn_context_cancelled(NnContext *c) { return atomic_load_explicit(&c->cancelled, memory_order_relaxed); }

const NnHost *nn_context_host(NnContext *c) { return &c->host; }

NnContext *nn_context_of(const NnHost *host) { return host->self; }

NnPool *nn_context_pool(NnContext *c) { return c->pool; }

void nn_context_log(NnContext *c, int32_t level, const char *format, ...) {
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    if (c->options.log)
        c->options.log(c->options.log_arg, level, message);
    else if (level >= 2)
        fprintf(stderr, "%s: %s\n", level == 2 ? "warning" : "error", message);
}

void nn_context_progress(NnContext *c, const char *what, uint64_t done, uint64_t total) {
    if (c->options.progress)
        c->options.progress(c->options.progress_arg, what, done, total);
}

/* ---- the registry, as programs see it ---- */

uint32_t nn_registry_count(NnContext *c) { return nn_registry_entries(c->registry)->len; }

const NnEntry *nn_registry_entry(NnContext *c, uint32_t i) {
    const GPtrArray *entries = nn_registry_entries(c->registry);
    return i < entries->len ? &((const NnRegistered *)g_ptr_array_index(entries, i))->entry : NULL;
}

static const void *table_of(NnContext *c, const char *kind, const char *name, int32_t version,
                            NnStatus *status) {
    NnRegistered *r = nn_registry_find(c->registry, kind, name, version, status);
    return r ? nn_registry_load(c->registry, r, status) : NULL;
}

const void *nn_registry_table(NnContext *c, const char *kind, const char *name, NnStatus *status) {
    return table_of(c, kind, name, 0, status);
}

const NnHost *nn_registry_host(NnContext *c, const void *table) {
    NnObject *o = nn_registry_object(c->registry, table);
    return o ? &o->host : &c->host;
}

uint32_t nn_package_count(NnContext *c) { return nn_registry_packages(c->registry)->len; }

static NnPackage *package_at(NnContext *c, uint32_t i) {
    const GPtrArray *packages = nn_registry_packages(c->registry);
    return i < packages->len ? g_ptr_array_index(packages, i) : NULL;
}

const NnPackageInfo *nn_package_info(NnContext *c, uint32_t i) {
    const NnPackage *p = package_at(c, i);
    return p ? &p->info : NULL;
}

const NnObjectInfo *nn_package_object(NnContext *c, uint32_t i, uint32_t object) {
    const NnPackage *p = package_at(c, i);
    return p && object < p->objects->len ? &((const NnObject *)g_ptr_array_index(p->objects, object))->info
                                         : NULL;
}

/* ---- look-ups by name ---- */

const NnOperator *nn_context_operator(NnContext *c, const char *name, int32_t version, NnStatus *status) {
    return table_of(c, NN_OPERATOR_KIND, name, version, status);
}

const NnOperator *nn_context_role(NnContext *c, const char *role, NnStatus *status) {
    const GPtrArray *entries = nn_registry_entries(c->registry);
    for (guint i = 0; i < entries->len; i++) {
        NnRegistered *r = g_ptr_array_index(entries, i);
        if (g_strcmp0(r->entry.role, role) == 0 && r->entry.problem == NULL &&
            strcmp(r->entry.kind, NN_OPERATOR_KIND) == 0)
            return nn_registry_load(c->registry, r, status);
    }
    nn_status_fail(status, NN_NOT_FOUND, "no plug-in provides an operator for the role '%s'", role);
    return NULL;
}

const NnDeviceKind *nn_context_device(NnContext *c, const char *name, NnStatus *status) {
    return table_of(c, NN_DEVICE_KIND, name, 0, status);
}

/* ---- lists ---- */

/* "*" serves everything, so what names the operator goes first; then priority; the sort keeps the manifests'
 * order. */
static gint by_preference(gconstpointer a, gconstpointer b) {
    const NnRegistered *x = *(NnRegistered *const *)a, *y = *(NnRegistered *const *)b;
    const bool x_any = g_strcmp0(x->entry.op, "*") == 0, y_any = g_strcmp0(y->entry.op, "*") == 0;
    if (x_any != y_any)
        return x_any ? 1 : -1;
    if (x->entry.priority != y->entry.priority)
        return x->entry.priority > y->entry.priority ? -1 : 1;
    return 0;
}

typedef struct Wanted {
    const char *kind, *device, *op; /* device, op NULL: any */
    int32_t version;
} Wanted;

static bool is_wanted(const NnRegistered *r, const Wanted *w) {
    const NnEntry *e = &r->entry;
    if (e->problem || strcmp(e->kind, w->kind) != 0 || (w->device && g_strcmp0(e->device, w->device) != 0))
        return false;
    if (w->op == NULL)
        return true;
    if (g_strcmp0(e->op, "*") == 0)
        return true;
    return g_strcmp0(e->op, w->op) == 0 && w->version >= e->since &&
           (r->offer->until == 0 || w->version <= r->offer->until);
}

static GPtrArray *wanted_entries(NnContext *c, const Wanted *w) {
    const GPtrArray *entries = nn_registry_entries(c->registry);
    GPtrArray *found = g_ptr_array_new();
    for (guint i = 0; i < entries->len; i++)
        if (is_wanted(g_ptr_array_index(entries, i), w))
            g_ptr_array_add(found, g_ptr_array_index(entries, i));
    g_ptr_array_sort(found, by_preference); /* stable: GLib sorts by merging */
    return found;
}

/* Loads what can be loaded; what cannot is said once and left out. */
static const GPtrArray *wanted_tables(NnContext *c, const Wanted *w) {
    char *key = g_strdup_printf("%s %s %s %d", w->kind, w->device, w->op ? w->op : "", w->version);
    GPtrArray *tables = g_hash_table_lookup(c->lists, key);
    if (tables) {
        g_free(key);
        return tables;
    }
    g_autoptr(GPtrArray) found = wanted_entries(c, w);
    tables = g_ptr_array_new();
    for (guint i = 0; i < found->len; i++) {
        g_autoptr(NnStatus) status = nn_status_new();
        const void *table = nn_registry_load(c->registry, g_ptr_array_index(found, i), status);
        if (table)
            g_ptr_array_add(tables, (gpointer)table);
        else
            nn_context_log(c, 2, "%s", nn_status_message(status));
    }
    g_hash_table_insert(c->lists, key, tables);
    return tables;
}

const GPtrArray *nn_context_kernels(NnContext *c, const char *device, const char *op, int32_t version) {
    return wanted_tables(c, &(Wanted){NN_KERNEL_KIND, device, op, version});
}

const GPtrArray *nn_context_claims(NnContext *c, const char *device) {
    return wanted_tables(c, &(Wanted){NN_CLAIM_KIND, device, NULL, 0});
}

const GPtrArray *nn_context_devices(NnContext *c) {
    GPtrArray *devices = g_hash_table_lookup(c->lists, NN_DEVICE_KIND);
    if (devices)
        return devices;
    g_autoptr(GPtrArray) found = wanted_entries(c, &(Wanted){NN_DEVICE_KIND, NULL, NULL, 0});
    devices = g_ptr_array_new();
    for (guint i = 0; i < found->len; i++)
        g_ptr_array_add(devices, &((NnRegistered *)g_ptr_array_index(found, i))->entry);
    g_hash_table_insert(c->lists, g_strdup(NN_DEVICE_KIND), devices);
    return devices;
}
