/* SPDX-License-Identifier: Apache-2.0 */
/* The order of comparison is the contract's: nothing behind the head is read before the head was found right.
 */
#include "plugin/load.h"

#include "plugin/host.h"
#include "status.h"

#include <dlfcn.h>
#include <string.h>

#define MOST_EXPORTS 65536u

static int32_t check_head(const NnPluginHead *h, NnStatus *status) {
    if (h->magic != NN_MAGIC)
        return nn_status_fail(status, NN_INVALID,
                              "its head starts with %016" G_GINT64_MODIFIER "x instead of the magic "
                              "number %016" G_GINT64_MODIFIER "x, so it is no plug-in of nnrun",
                              h->magic, NN_MAGIC);
    if (h->head_size != sizeof *h)
        return nn_status_fail(status, NN_INVALID, "its head has %u bytes, and every head has %zu",
                              h->head_size, sizeof *h);
    if (h->abi_min > NN_ABI_MAX || h->abi_max < NN_ABI_MIN)
        return nn_status_fail(status, NN_INVALID,
                              "it speaks ABI %u to %u, and this program speaks ABI %u to %u", h->abi_min,
                              h->abi_max, NN_ABI_MIN, NN_ABI_MAX);
    if (h->pointer_bytes != sizeof(void *))
        return nn_status_fail(status, NN_INVALID, "its pointers have %u bytes, and this program's have %zu",
                              h->pointer_bytes, sizeof(void *));
    if (h->byte_order != (G_BYTE_ORDER == G_LITTLE_ENDIAN ? 1 : 2))
        return nn_status_fail(status, NN_INVALID,
                              "its byte order is number %u, and this machine's is number %d", h->byte_order,
                              G_BYTE_ORDER == G_LITTLE_ENDIAN ? 1 : 2);
    return NN_OK;
}

const NnPlugin *nn_load_entry(void *handle, NnPlugin *copy, NnStatus *status) {
    union {
        void *symbol;
        NnPluginEntry call;
    } entry = {.symbol = dlsym(handle, "nn_plugin_entry")};
    if (entry.symbol == NULL) {
        nn_status_fail(status, NN_INVALID, "it exports no function nn_plugin_entry");
        return NULL;
    }
    const NnPlugin *p = entry.call();
    if (p == NULL) {
        nn_status_fail(status, NN_INVALID, "its entry gives no descriptor");
        return NULL;
    }
    if (check_head(&p->head, status) != NN_OK)
        return NULL;
    if (p->struct_size < G_STRUCT_OFFSET(NnPlugin, start)) {
        nn_status_fail(status, NN_INVALID, "its descriptor has struct_size %u, and at least %zu is needed",
                       p->struct_size, (size_t)G_STRUCT_OFFSET(NnPlugin, start));
        return NULL;
    }
    if (p->struct_size < sizeof *p) {
        memset(copy, 0, sizeof *copy);
        memcpy(copy, p, p->struct_size);
        p = copy;
    }
    if (p->name == NULL || p->export_count > MOST_EXPORTS ||
        (p->export_count && (p->exports == NULL || p->export_stride < sizeof(NnExport)))) {
        nn_status_fail(status, NN_INVALID, "its descriptor is incomplete: name '%s', %u exports of %u bytes",
                       p->name ? p->name : "", p->export_count, p->export_stride);
        return NULL;
    }
    return p;
}

const NnExport *nn_load_export(const NnPlugin *p, uint32_t i) {
    return (const NnExport *)(const void *)((const char *)p->exports + (gsize)i * p->export_stride);
}

int32_t nn_load_offers(const NnPlugin *p, GPtrArray *offers, NnStatus *status) {
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (uint32_t i = 0; i < p->export_count && !nn_status_failed(status); i++) {
        NnOffer *offer = nn_offer_of(nn_load_export(p, i), status);
        if (offer == NULL)
            break;
        g_ptr_array_add(offers, offer);
        if (!g_hash_table_add(seen, g_strconcat(offer->kind, " ", offer->name, NULL)))
            nn_status_fail(status, NN_INVALID, "it exports two tables of kind %s under the name '%s'",
                           offer->kind, offer->name);
    }
    return nn_status_code(status);
}

/* Does the binary offer what its manifest states? */
static int32_t compare(const NnObject *o, const NnPlugin *p, NnStatus *status) {
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)nn_offer_free);
    g_autofree char *lie = NULL;
    if (nn_load_offers(p, found, status) == NN_OK) {
        if (o->info.abi_min != p->head.abi_min || o->info.abi_max != p->head.abi_max)
            lie = g_strdup_printf("abi is [%u, %u] in the manifest and [%u, %u] in the object",
                                  o->info.abi_min, o->info.abi_max, p->head.abi_min, p->head.abi_max);
        else if (found->len != o->offers->len)
            lie = g_strdup_printf("%u exports are in the manifest and %u in the object", o->offers->len,
                                  found->len);
        for (guint i = 0; i < found->len && lie == NULL; i++) {
            const NnOffer *stated = g_ptr_array_index(o->offers, i);
            g_autofree char *difference = nn_offer_difference(stated, g_ptr_array_index(found, i));
            if (difference)
                lie = g_strdup_printf("of export %u ('%s') %s", i + 1, stated->name, difference);
        }
    }
    if (lie)
        nn_status_fail(status, NN_INVALID,
                       "its manifest does not tell the truth: %s; 'nnrun plugin manifest --refresh %s' "
                       "writes it anew",
                       lie, o->package->info.folder);
    return nn_status_code(status);
}

static int32_t start(NnObject *o, NnContext *context, const NnPlugin *p, NnStatus *status) {
    nn_host_fill(&o->host, context, o->info.file, o->package->info.folder);
    o->host.abi = MIN(p->head.abi_max, NN_ABI_MAX);
    int32_t code = p->start ? p->start(&o->host, status) : NN_OK;
    if (code != NN_OK && !nn_status_failed(status))
        nn_status_fail(status, code, "its start failed with code %d and gave no reason", code);
    return nn_status_code(status);
}

static int32_t load(NnObject *o, NnContext *context, NnVerify verify, NnStatus *status) {
    o->handle = verify(o, status);
    if (o->handle == NULL)
        return nn_status_code(status);
    NnPlugin *copy = g_new0(NnPlugin, 1);
    g_ptr_array_add(o->copies, copy);
    const NnPlugin *p = nn_load_entry(o->handle, copy, status);
    if (p == NULL || compare(o, p, status) != NN_OK || start(o, context, p, status) != NN_OK)
        return nn_status_code(status);
    for (uint32_t i = 0; i < p->export_count; i++) {
        const NnExport *e = nn_load_export(p, i);
        void *wide;
        g_ptr_array_add(o->tables, (gpointer)nn_kind_widen(e->kind, e->table, &wide));
        if (wide)
            g_ptr_array_add(o->copies, wide);
    }
    o->plugin = p;
    return NN_OK;
}

int32_t nn_object_load(NnObject *o, NnContext *context, NnVerify verify, NnStatus *status) {
    if (o->plugin)
        return NN_OK;
    if (o->refused == NULL) {
        g_autoptr(NnStatus) own = nn_status_new();
        if (load(o, context, verify, own) == NN_OK)
            nn_context_log(context, 0, "loaded %s", o->info.file);
        else
            nn_object_refuse(o, nn_status_message(own));
    }
    return o->plugin ? NN_OK : nn_status_fail(status, NN_INVALID, "%s: %s", o->info.file, o->refused);
}

void nn_object_stop(NnObject *o) {
    if (o->plugin == NULL)
        return;
    const bool unloadable = o->plugin->flags & NN_PLUGIN_UNLOADABLE;
    if (o->plugin->stop)
        o->plugin->stop(&o->host);
    o->plugin = NULL;
    if (unloadable)
        dlclose(o->handle);
}
