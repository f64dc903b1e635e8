/* SPDX-License-Identifier: Apache-2.0 */
/* Thin: each function hands on to the room that does it. Anything here may be called by code that is wrong,
 * so NULL is taken. */
#include "plugin/host.h"

#include "graph/graph.h"
#include "run/pool.h"
#include "status.h"

#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64u

static void *host_alloc(const NnHost *host, uint64_t bytes) {
    (void)host;
    if (bytes > G_MAXSIZE - ALIGNMENT)
        return NULL;
    const size_t size = ((size_t)MAX(bytes, 1u) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *p = aligned_alloc(ALIGNMENT, size);
    return p ? memset(p, 0, size) : NULL;
}

static void host_free(const NnHost *host, void *p) {
    (void)host;
    free(p);
}

static void host_log(const NnHost *host, int32_t level, const char *message) {
    if (message == NULL)
        return;
    if (*host->plugin_path == '\0') {
        nn_context_log(nn_context_of(host), level, "%s", message);
        return;
    }
    g_autofree char *name = g_path_get_basename(host->plugin_path);
    nn_context_log(nn_context_of(host), level, "%s: %s", name, message);
}

static int32_t host_fail(NnStatus *status, int32_t code, const char *message) {
    return nn_status_fail(status, code, "%s", message ? message : "no reason was given");
}

static void host_where(NnStatus *status, const char *where) {
    if (where)
        nn_status_where(status, "%s", where);
}

static void host_detail(NnStatus *status, const char *key, const char *value) {
    if (key && value)
        nn_status_set_detail(status, key, value);
}

static bool host_cancelled(const NnHost *host) { return nn_context_cancelled(nn_context_of(host)); }

static void host_progress(const NnHost *host, const char *what, uint64_t done, uint64_t total) {
    nn_context_progress(nn_context_of(host), what, done, total);
}

static void host_parallel(const NnHost *host, uint32_t tasks, void (*fn)(void *arg, uint32_t task),
                          void *arg) {
    nn_pool_parallel(nn_context_pool(nn_context_of(host)), tasks, fn, arg);
}

static uint32_t host_threads(const NnHost *host) {
    return nn_pool_threads(nn_context_pool(nn_context_of(host)));
}

static const void *host_find(const NnHost *self, const char *kind, const char *name, const NnHost **host,
                             NnStatus *status) {
    NnContext *c = nn_context_of(self);
    const void *table = kind && name ? nn_registry_table(c, kind, name, status) : NULL;
    *host = table ? nn_registry_host(c, table) : NULL;
    return table;
}

void nn_host_fill(NnHost *host, NnContext *context, const char *plugin_path, const char *resource_dir) {
    *host = (NnHost){.struct_size = sizeof *host,
                     .abi = NN_ABI_MAX,
                     .self = context,
                     .plugin_path = plugin_path,
                     .resource_dir = resource_dir,
                     .alloc = host_alloc,
                     .free = host_free,
                     .log = host_log,
                     .fail = host_fail,
                     .where = host_where,
                     .detail = host_detail,
                     .code = nn_status_code,
                     .message = nn_status_message,
                     .cancelled = host_cancelled,
                     .progress = host_progress,
                     .parallel = host_parallel,
                     .threads = host_threads,
                     .config = nn_config_api(),
                     .graph = &nn_graph_functions,
                     .find = host_find};
}
