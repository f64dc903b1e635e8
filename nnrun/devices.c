/* SPDX-License-Identifier: Apache-2.0 */
/* nnrun devices: what this machine can compute on, in the order in which `auto` tries, and why a kind is not
 * available. */
#include "print.h"

#include "nn/device.h"

#include <string.h>

typedef struct Kinds {
    NnContext *context;
    Table *table;
    Program *program;
} Kinds;

static void add_device(Kinds *k, const NnDeviceKind *kind, const NnHost *host, uint32_t index) {
    NnStatus *status = nn_status_new();
    NnDeviceInfo info = {.struct_size = sizeof info};
    char *name = g_strdup_printf("%s:%u", kind->name, index);
    if (kind->describe == NULL) {
        table_row(k->table, ROW(name, "", "", "", NULL));
    } else if (kind->describe(host, index, &info, status) != NN_OK) {
        table_row(k->table, ROW(name, "", "", "", nn_status_message(status)));
    } else {
        char *memory =
            info.memory_bytes ? g_format_size_full(info.memory_bytes, G_FORMAT_SIZE_IEC_UNITS) : NULL;
        table_row(k->table, ROW(name, info.name, info.driver, memory, NULL));
        g_free(memory);
    }
    g_free(name);
    nn_status_free(status);
}

static void add_kind(Kinds *k, const NnEntry *e) {
    NnStatus *status = nn_status_new();
    uint32_t count = 0;
    const NnDeviceKind *kind = nn_registry_table(k->context, NN_DEVICE_KIND, e->name, status);
    const NnHost *host = kind ? nn_registry_host(k->context, kind) : NULL;
    if (kind == NULL || kind->enumerate(host, &count, status) != NN_OK)
        table_row(k->table, ROW(e->name, "", "", "", nn_status_message(status)));
    for (uint32_t i = 0; i < count; i++)
        add_device(k, kind, host, i);
    nn_status_free(status);
}

static gint by_priority(gconstpointer a, gconstpointer b) {
    const NnEntry *x = *(NnEntry *const *)a, *y = *(NnEntry *const *)b;
    return (x->priority < y->priority) - (x->priority > y->priority);
}

static int run(Program *p) {
    static const char *const titles[] = {"NAME", "DEVICE", "DRIVER", "MEMORY", "PROBLEM"};
    NnContext *c = nnrun_context(p);
    if (c == NULL)
        return nnrun_end(p);
    GPtrArray *entries = g_ptr_array_new();
    for (uint32_t i = 0; i < nn_registry_count(c); i++) {
        const NnEntry *e = nn_registry_entry(c, i);
        if (strcmp(e->kind, NN_DEVICE_KIND) == 0 && e->problem == NULL)
            g_ptr_array_add(entries, (gpointer)e);
    }
    g_ptr_array_sort(entries, by_priority);
    Kinds k = {c, table_new(titles, G_N_ELEMENTS(titles)), p};
    for (guint i = 0; i < entries->len; i++)
        add_kind(&k, g_ptr_array_index(entries, i));
    g_ptr_array_unref(entries);
    table_print(k.table, p->json);
    return 0;
}

const Command nnrun_devices = {.name = "devices",
                               .usage = "",
                               .summary = "List the devices of this machine",
                               .help = "Examples:\n"
                                       "  nnrun devices          in the order in which 'auto' tries them\n"
                                       "  nnrun devices --json   the same for programs\n"
                                       "  nnrun help NAME        what one kind is, and its settings\n",
                               .run = run};
