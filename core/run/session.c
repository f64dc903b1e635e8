/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: which devices, where the variables are, and the arenas that programs of one depth take turns in.
 */
#include "run/session.h"

#include "nn/plugin.h"

#include <stdlib.h>

NnSession *nn_session_new(NnContext *context, NnNetwork *network, const NnSessionOptions *options,
                          NnStatus *status) {
    NnSession *s = g_new0(NnSession, 1);
    s->context = context;
    s->network = network;
    s->flags = options ? options->flags : 0;
    s->seed = options ? options->seed : 0;
    s->device_config = options ? options->device_config : NULL;
    s->devices = g_array_new(FALSE, TRUE, sizeof(NnRunDevice));
    s->variables = g_array_new(FALSE, TRUE, sizeof(NnVariableStore));
    s->arenas = g_array_new(FALSE, TRUE, sizeof(NnStore));
    s->labels = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    s->status = nn_status_new();
    if (nn_devices_resolve(s, options ? options->devices : NULL, status) != NN_OK ||
        nn_device_open(s, 0, status) == NULL) {
        nn_session_free(s);
        return NULL;
    }
    return s;
}

void nn_session_free(NnSession *s) {
    if (s == NULL)
        return;
    (void)nn_devices_wait(s, NULL);
    for (guint i = 0; i < s->variables->len; i++)
        nn_space_free(s, s->main_space, g_array_index(s->variables, NnVariableStore, i).buffer);
    for (guint i = 0; i < s->arenas->len; i++)
        nn_store_free(s, &g_array_index(s->arenas, NnStore, i));
    nn_devices_close(s);
    g_array_unref(s->devices);
    g_array_unref(s->variables);
    g_array_unref(s->arenas);
    g_hash_table_unref(s->labels);
    nn_status_free(s->status);
    g_free(s);
}

void nn_session_set_step(NnSession *s, uint64_t step) { s->step = step; }

NnStore *nn_session_arena(NnSession *s, uint32_t depth, uint32_t space) {
    while (s->arenas->len < (depth + 1) * NN_SPACES_MAX) {
        const NnStore none = {.space = s->arenas->len % NN_SPACES_MAX};
        g_array_append_val(s->arenas, none);
    }
    return &g_array_index(s->arenas, NnStore, depth * NN_SPACES_MAX + space);
}

/* ---- variables ---- */

static int32_t upload(NnSession *s, NnBuffer to, const void *from, uint64_t bytes, NnStatus *status) {
    NnPlace source = {.buffer = (void *)(uintptr_t)from};
    if (nn_space_copy(s, s->main_space, (NnPlace){to, 0}, NN_HOST_SPACE, source, bytes, status) != NN_OK)
        return nn_status_code(status);
    return nn_devices_wait(s, status);
}

static int32_t initialise(NnSession *s, const NnVariableSpec *spec, NnBuffer buffer, uint64_t bytes,
                          NnStatus *status) {
    if (s->spaces[s->main_space].host)
        return nn_variable_fill(spec, s->seed, buffer, status);
    void *stage = malloc(bytes ? bytes : 1);
    if (stage == NULL)
        return nn_status_fail(status, NN_OUT_OF_MEMORY, "no memory: %" PRIu64 " bytes for variable %s", bytes,
                              spec->name);
    int32_t code = nn_variable_fill(spec, s->seed, stage, status);
    if (code == NN_OK)
        code = upload(s, buffer, stage, bytes, status);
    free(stage);
    return code;
}

int32_t nn_session_variable(NnSession *s, NnVariable *v, NnBuffer *out, NnStatus *status) {
    if (v->network != s->network)
        return nn_status_fail(status, NN_INVALID, "variable %s belongs to another network than the session's",
                              v->spec.name);
    if (s->variables->len <= v->index)
        g_array_set_size(s->variables, v->index + 1);
    NnVariableStore *store = &g_array_index(s->variables, NnVariableStore, v->index);
    if (store->buffer == NULL) {
        const uint64_t bytes = nn_variable_bytes(&v->spec);
        NnBuffer fresh;
        if (nn_space_alloc(s, s->main_space, bytes, v->spec.name, &fresh, status) != NN_OK)
            return nn_status_code(status);
        if (initialise(s, &v->spec, fresh, bytes, status) != NN_OK) {
            nn_space_free(s, s->main_space, fresh);
            return nn_status_code(status);
        }
        store->buffer = fresh;
        store->bytes = bytes;
    }
    *out = store->buffer;
    return NN_OK;
}

static int32_t open_variable(NnSession *s, NnVariable *v, uint64_t bytes, NnBuffer *buffer,
                             NnStatus *status) {
    const uint64_t own = nn_variable_bytes(&v->spec);
    if (bytes != own)
        return nn_status_fail(status, NN_INVALID, "variable %s has %" PRIu64 " bytes, found %" PRIu64,
                              v->spec.name, own, bytes);
    if (nn_devices_wait(s, status) != NN_OK)
        return nn_status_code(status);
    return nn_session_variable(s, v, buffer, status);
}

int32_t nn_session_read(NnSession *s, NnVariable *v, void *to, uint64_t bytes, NnStatus *status) {
    NnBuffer buffer;
    if (open_variable(s, v, bytes, &buffer, status) != NN_OK)
        return nn_status_code(status);
    return nn_space_copy(s, NN_HOST_SPACE, (NnPlace){to, 0}, s->main_space, (NnPlace){buffer, 0}, bytes,
                         status);
}

int32_t nn_session_write(NnSession *s, NnVariable *v, const void *from, uint64_t bytes, NnStatus *status) {
    NnBuffer buffer;
    if (open_variable(s, v, bytes, &buffer, status) != NN_OK)
        return nn_status_code(status);
    return upload(s, buffer, from, bytes, status);
}
