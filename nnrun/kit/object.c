/* SPDX-License-Identifier: Apache-2.0 */
/* The order is the contract's: nothing behind the head is read before the head was found right. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "object.h"

#include <dlfcn.h>
#include <stdlib.h>

#define EXPORTS_MAX 65536u

typedef struct Required {
    const char *kind;
    uint32_t least, most; /* what every version has had; today's size */
} Required;

#define THROUGH(type, field) (uint32_t)(offsetof(type, field) + sizeof(((type *)NULL)->field)), sizeof(type)
static const Required required[] = {
    {NN_OPERATOR_KIND, THROUGH(NnOperator, attrs)},
    {NN_KERNEL_KIND, THROUGH(NnKernel, run)},
    {NN_CLAIM_KIND, THROUGH(NnClaim, run)},
    {NN_DEVICE_KIND, THROUGH(NnDeviceKind, close)},
    {NN_MODEL_KIND, THROUGH(NnModel, build)},
    {NN_DATASET_KIND, THROUGH(NnDataset, close)},
    {NN_OPTIMIZER_KIND, THROUGH(NnOptimizer, update)},
    {NN_SCHEDULE_KIND, THROUGH(NnSchedule, factor)},
    {NN_FORMAT_KIND, THROUGH(NnFormat, read)},
};

/* Is a struct_size of what is at least `least` and at most some later version's? */
static bool plausible(uint32_t size, uint32_t least, uint32_t most) {
    return size >= least && size <= most + 4096;
}

static bool judge_head(Kit *k, const NnPluginHead *h) {
    const int order = NN_BYTE_ORDER;
    return kit_expect(k, WRONG_ABI, h->magic == NN_MAGIC, "the head starts with %016llx instead of %016llx",
                      (unsigned long long)h->magic, (unsigned long long)NN_MAGIC) &&
           kit_expect(k, WRONG_ABI, h->head_size == sizeof *h, "the head has %u bytes instead of %zu",
                      h->head_size, sizeof *h) &&
           kit_expect(k, WRONG_ABI,
                      h->abi_min <= h->abi_max && h->abi_min <= NN_ABI_MAX && h->abi_max >= NN_ABI_MIN,
                      "it speaks ABI %u to %u, and this host speaks %u to %u", h->abi_min, h->abi_max,
                      NN_ABI_MIN, NN_ABI_MAX) &&
           kit_expect(k, WRONG_ABI, h->pointer_bytes == sizeof(void *) && h->byte_order == order,
                      "pointers of %u bytes in byte order %u, here they have %zu in %d", h->pointer_bytes,
                      h->byte_order, sizeof(void *), order);
}

static const NnExport *export_at(const NnPlugin *p, uint32_t i) {
    return (const NnExport *)(const void *)((const char *)p->exports + (size_t)i * p->export_stride);
}

static const Required *required_of(const char *kind) {
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++)
        if (strcmp(required[i].kind, kind) == 0)
            return &required[i];
    return NULL;
}

static bool judge_export(Kit *k, const NnExport *e, uint32_t i) {
    uint32_t size;
    if (!kit_expect(k, WRONG_TABLE, e->kind && e->name && *e->name && e->table,
                    "export %u lacks its kind, its name or its table", i + 1))
        return false;
    const Required *r = required_of(e->kind);
    memcpy(&size, e->table, sizeof size);
    return r == NULL ||
           kit_expect(k, WRONG_STRUCT_SIZE, plausible(size, r->least, r->most),
                      "the table %s of kind %s says struct_size %u; every version has had %u, today's has %u",
                      e->name, e->kind, size, r->least, r->most);
}

static bool judge_descriptor(Kit *k, const NnPlugin *p) {
    const uint32_t least = offsetof(NnPlugin, start);
    if (!kit_expect(k, WRONG_STRUCT_SIZE, plausible(p->struct_size, least, sizeof *p),
                    "the descriptor says struct_size %u; every version has had %u, today's has %zu",
                    p->struct_size, least, sizeof *p) ||
        !kit_expect(k, WRONG_TABLE, p->name && *p->name && p->version && p->licence,
                    "the descriptor lacks name, version or licence") ||
        !kit_expect(k, WRONG_TABLE,
                    p->export_count <= EXPORTS_MAX &&
                        (p->export_count == 0 || (p->exports && p->export_stride >= sizeof(NnExport))),
                    "%u exports of %u bytes", p->export_count, p->export_stride))
        return false;
    bool good = true;
    for (uint32_t i = 0; good && i < p->export_count; i++)
        good = judge_export(k, export_at(p, i), i);
    return good;
}

const NnPlugin *object_load(Kit *k, const char *file) {
    union {
        void *symbol;
        NnPluginEntry call;
    } entry;
    k->findings->stage = STAGE_LOAD;
    kit_doing(k, "load");
    void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!kit_expect(k, CRASHES_IN_LOAD, handle != NULL, "the dynamic linker refuses it: %s",
                    handle ? "" : dlerror()))
        return NULL;
    entry.symbol = dlsym(handle, "nn_plugin_entry");
    if (!kit_expect(k, WRONG_ABI, entry.symbol != NULL, "it exports no function nn_plugin_entry"))
        return NULL;
    kit_doing(k, "nn_plugin_entry");
    const NnPlugin *p = entry.call();
    if (!kit_expect(k, WRONG_ABI, p != NULL, "its entry gives no descriptor"))
        return NULL;
    kit_doing(k, "reading the descriptor");
    return judge_head(k, &p->head) && judge_descriptor(k, p) ? p : NULL;
}

/* ---- for judges of exports ---- */

void object_host(Kit *k, const char *file, KitHost *host) {
    static char folder[1024];
    char *dir = g_path_get_dirname(file);
    (void)g_strlcpy(folder, dir, sizeof folder);
    g_free(dir);
    kit_host_init(host, nn_context_host(k->context));
    host->table.plugin_path = file;
    host->table.resource_dir = folder;
}

/* An operator goes by its identity, anything else by the name of its export. */
static bool is_it(const Subject *s, const NnExport *e) {
    const NnOperator *def = e->table;
    if (strcmp(e->kind, s->kind) != 0)
        return false;
    if (strcmp(e->kind, NN_OPERATOR_KIND) != 0)
        return strcmp(e->name, s->name) == 0;
    const size_t n = def->domain ? strlen(def->domain) : 0;
    return def->since == s->since && def->name && strncmp(s->name, def->domain ? def->domain : "", n) == 0 &&
           strcmp(s->name + n + (n > 0), def->name) == 0;
}

const void *object_export(Kit *k, uint32_t size) {
    const Subject *s = k->subject;
    static KitHost host;
    const NnPlugin *p = object_load(k, s->file);
    if (p == NULL)
        return NULL;
    /* Said once, of the object. */
    for (Check c = CRASHES_IN_LOAD; c <= WRONG_TABLE; c++)
        k->findings->verdicts[c].passed = 0;
    intercept_object(s->file);
    object_host(k, s->file, &host);
    kit_doing(k, "start");
    const bool starts = p->struct_size >= offsetof(NnPlugin, start) + sizeof p->start && p->start;
    if (starts && p->start(&host.table, k->status) != NN_OK) {
        kit_skip(k, CLAIMS_TOO_MUCH, "it does not start: %s", nn_status_message(k->status));
        return NULL;
    }
    for (uint32_t i = 0; i < p->export_count; i++) {
        const NnExport *e = export_at(p, i);
        uint32_t has;
        if (!is_it(s, e))
            continue;
        memcpy(&has, e->table, sizeof has);
        if (has >= size)
            return e->table;
        void *wide = calloc(1, size);
        if (wide)
            memcpy(wide, e->table, has);
        return wide;
    }
    kit_fail(k, LIES_IN_MANIFEST, "%s '%s' is in the manifest and not in the object", s->kind, s->name);
    return NULL;
}

/* ---- the object as a whole ---- */

static const NnObjectInfo *info_of(NnContext *c, const char *file) {
    for (uint32_t i = 0; i < nn_package_count(c); i++)
        for (uint32_t j = 0; j < nn_package_info(c, i)->n_objects; j++)
            if (strcmp(nn_package_object(c, i, j)->file, file) == 0)
                return nn_package_object(c, i, j);
    return NULL;
}

static void judge_digest(Kit *k, const NnObjectInfo *info) {
    gchar *bytes = NULL;
    gsize n = 0;
    if (info->sha256 == NULL || !g_file_get_contents(info->file, &bytes, &n, NULL))
        return;
    char *digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)bytes, n);
    (void)kit_expect(k, LIES_IN_MANIFEST, strcmp(digest, info->sha256) == 0,
                     "its SHA-256 is %s, the manifest has %s", digest, info->sha256);
    g_free(digest);
    g_free(bytes);
}

/* Is an entry what the table says? */
static bool states(const NnEntry *e, const NnExport *x) {
    const NnKernel *kernel = x->table;
    const NnClaim *claim = x->table;
    if (strcmp(e->kind, NN_KERNEL_KIND) == 0)
        return e->since == kernel->since_min && e->priority == kernel->priority &&
               g_strcmp0(e->device, kernel->device) == 0;
    if (strcmp(e->kind, NN_CLAIM_KIND) == 0)
        return e->priority == claim->priority && g_strcmp0(e->device, claim->device) == 0;
    return true;
}

/* Entry by entry, and the digest; then the host's own opinion. */
static void judge_manifest(Kit *k, const NnPlugin *p) {
    const NnObjectInfo *info = info_of(k->context, k->subject->file);
    uint32_t entries = 0;
    if (info == NULL)
        return;
    (void)kit_expect(k, LIES_IN_MANIFEST,
                     info->abi_min == p->head.abi_min && info->abi_max == p->head.abi_max,
                     "the manifest has ABI %u to %u, the object %u to %u", info->abi_min, info->abi_max,
                     p->head.abi_min, p->head.abi_max);
    judge_digest(k, info);
    for (uint32_t i = 0; i < nn_registry_count(k->context); i++) {
        const NnEntry *e = nn_registry_entry(k->context, i);
        if (strcmp(e->file, k->subject->file) != 0)
            continue;
        const Subject s = {.kind = e->kind, .name = e->name, .since = e->since};
        bool found = false;
        for (uint32_t x = 0; x < p->export_count && !found; x++)
            found = is_it(&s, export_at(p, x)) && states(e, export_at(p, x));
        (void)kit_expect(k, LIES_IN_MANIFEST, found,
                         "the manifest states %s '%s', and the object has none like that", e->kind, e->name);
        entries++;
    }
    (void)kit_expect(k, LIES_IN_MANIFEST, entries == p->export_count,
                     "the manifest has %u entries, the object %u", entries, p->export_count);
    (void)kit_expect(k, LIES_IN_MANIFEST, info->problem == NULL, "%s", info->problem ? info->problem : "");
}

void judge_object(Kit *k) {
    const NnPlugin *p = kit_case(k, "the object") ? object_load(k, k->subject->file) : NULL;
    if (p == NULL)
        return;
    kit_pass(k, CRASHES_IN_LOAD);
    if (k->context)
        judge_manifest(k, p);
}
