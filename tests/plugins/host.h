/* SPDX-License-Identifier: Apache-2.0 */
/* A host table for unit tests of plug-ins' inside: errors, configuration, memory; nothing is found or loaded.
 */
#ifndef NN_TESTS_PLUGINS_HOST_H
#define NN_TESTS_PLUGINS_HOST_H

#include "nn/nn.h"

#include <stdlib.h>

static int32_t host_fail(NnStatus *status, int32_t code, const char *message) {
    return nn_status_fail(status, code, "%s", message);
}

static void host_where(NnStatus *status, const char *where) { nn_status_where(status, "%s", where); }

static void host_log(const NnHost *host, int32_t level, const char *message) {
    (void)host;
    (void)level;
    (void)message;
}

static void *host_alloc(const NnHost *host, uint64_t bytes) {
    (void)host;
    return calloc(1, bytes);
}

static void host_free(const NnHost *host, void *memory) {
    (void)host;
    free(memory);
}

static bool host_cancelled(const NnHost *host) {
    (void)host;
    return false;
}

static void host_progress(const NnHost *host, const char *what, uint64_t done, uint64_t total) {
    (void)host;
    (void)what;
    (void)done;
    (void)total;
}

static NnHost test_host(void) {
    return (NnHost){.struct_size = sizeof(NnHost),
                    .alloc = host_alloc,
                    .free = host_free,
                    .log = host_log,
                    .fail = host_fail,
                    .where = host_where,
                    .code = nn_status_code,
                    .message = nn_status_message,
                    .cancelled = host_cancelled,
                    .progress = host_progress,
                    .config = nn_config_api()};
}

#endif
