/* SPDX-License-Identifier: Apache-2.0 */
/* Finding, opening and closing the devices of a session; allocating in and copying between what they see. */
#include "run/session.h"

#include "nn/plugin.h"

#include <stdlib.h>
#include <sys/mman.h>

#define HUGE_PAGE (UINT64_C(2) << 20)

/* ---- which devices ---- */

/* "1" or words that the kind itself understands: "pocl". */
static int32_t find_ordinal(NnSession *s, NnRunDevice *d, const char *words, NnStatus *status) {
    char *end = NULL;
    const uint64_t ordinal = g_ascii_strtoull(words, &end, 10);
    d->ordinal = (uint32_t)MIN(ordinal, UINT32_MAX);
    if (g_ascii_isdigit(*words) && *end == '\0')
        return NN_OK;
    const int32_t code =
        NN_HAS(d->kind, find)
            ? d->kind->find(nn_registry_host(s->context, d->kind), words, &d->ordinal, status)
            : nn_status_fail(status, NN_INVALID, "expected a name or name:number");
    nn_status_where(status, "device \"%s\"", d->name);
    return code;
}

static int32_t add_device(NnSession *s, const char *name, bool fallback, NnStatus *status) {
    g_autofree char *kind = g_strdup(name);
    char *colon = strchr(kind, ':');
    if (colon)
        *colon = '\0';
    const NnRunDevice d = {.name = g_strdup(name), .fallback = fallback};
    g_array_append_val(s->devices, d);
    NnRunDevice *own = nn_session_device(s, s->devices->len - 1);
    if (fallback)
        return NN_OK; /* loaded when something needs it */
    own->kind = nn_context_device(s->context, kind, status);
    if (own->kind == NULL)
        return nn_status_code(status);
    return colon ? find_ordinal(s, own, colon + 1, status) : NN_OK;
}

static bool has_device(const NnSession *s, const char *name) {
    for (guint i = 0; i < s->devices->len; i++)
        if (strcmp(g_array_index(s->devices, NnRunDevice, i).name, name) == 0)
            return true;
    return false;
}

static bool available(NnSession *s, const char *name) {
    NnStatus *reason = nn_status_new();
    uint32_t count = 0;
    const NnDeviceKind *kind = nn_context_device(s->context, name, reason);
    bool ok = kind != NULL;
    if (ok && NN_HAS(kind, enumerate))
        ok = kind->enumerate(nn_registry_host(s->context, kind), &count, reason) == NN_OK && count > 0;
    if (!ok)
        nn_context_log(s->context, 0, "device %s is not available: %s", name, nn_status_message(reason));
    nn_status_free(reason);
    return ok;
}

static int32_t add_best(NnSession *s, NnStatus *status) {
    const GPtrArray *all = nn_context_devices(s->context);
    for (guint i = 0; i < all->len; i++) {
        const NnEntry *entry = all->pdata[i];
        if (available(s, entry->name))
            return add_device(s, entry->name, false, status);
    }
    return nn_status_fail(status, NN_UNAVAILABLE,
                          "no device is available: none of the %u that plug-ins provide can be used here",
                          all->len);
}

static int32_t set_space(NnSession *s, uint32_t device, NnStatus *status) {
    NnRunDevice *d = nn_session_device(s, device);
    for (uint32_t i = 0; i < s->n_spaces; i++)
        if (strcmp(s->spaces[i].memory, d->kind->memory) == 0) {
            d->space = i;
            return NN_OK;
        }
    if (s->n_spaces == NN_SPACES_MAX)
        return nn_status_fail(status, NN_UNSUPPORTED,
                              "device %s: more than %u kinds of memory in one session", d->name,
                              NN_SPACES_MAX);
    s->spaces[s->n_spaces] = (NnSpace){.memory = d->kind->memory, .device = device};
    d->space = s->n_spaces++;
    return NN_OK;
}

int32_t nn_devices_resolve(NnSession *s, const char *const *names, NnStatus *status) {
    static const char *const best[] = {"auto", NULL};
    s->spaces[NN_HOST_SPACE] = (NnSpace){.memory = "host", .host = true};
    s->n_spaces = 1;
    for (names = names && *names ? names : best; *names; names++) {
        const int32_t code =
            strcmp(*names, "auto") == 0 ? add_best(s, status) : add_device(s, *names, false, status);
        if (code != NN_OK)
            return code;
    }
    for (guint i = 0; i < s->devices->len; i++)
        if (set_space(s, i, status) != NN_OK)
            return nn_status_code(status);
    s->main_space = nn_session_device(s, 0)->space;
    if (s->flags & NN_SESSION_NO_FALLBACK)
        return NN_OK;
    const GPtrArray *all = nn_context_devices(s->context);
    for (guint i = 0; i < all->len; i++) {
        const NnEntry *entry = all->pdata[i];
        if (!has_device(s, entry->name) && add_device(s, entry->name, true, status) != NN_OK)
            return nn_status_code(status);
    }
    return NN_OK;
}

static const NnConfig *device_settings(NnSession *s, const NnRunDevice *d, NnStatus *status) {
    const NnConfigApi *api = nn_config_api();
    const NnDeviceKind *kind = d->kind;
    const NnConfig *given = api->get(s->device_config, d->name), *checked = NULL;
    if (given == NULL || kind->n_settings == 0)
        return given;
    (void)api->check(given, kind->settings, kind->n_settings, kind->setting_stride, kind->name, &checked,
                     status);
    return checked;
}

static int32_t open_now(NnSession *s, NnRunDevice *d, NnStatus *status) {
    if (d->kind == NULL)
        d->kind = nn_context_device(s->context, d->name, status);
    if (d->kind == NULL)
        return nn_status_code(status);
    if (d->fallback && (strcmp(d->kind->memory, "host") != 0 || d->kind->flags & NN_DEVICE_ASYNC))
        return nn_status_fail(status, NN_UNSUPPORTED,
                              "device %s is no fallback: it does not work in host memory as it is called",
                              d->name);
    d->host = nn_registry_host(s->context, d->kind);
    uint32_t count = 1;
    if (NN_HAS(d->kind, enumerate) && d->kind->enumerate(d->host, &count, status) != NN_OK)
        return nn_status_fail(status, NN_UNAVAILABLE, "it is not available");
    if (d->ordinal >= count)
        return nn_status_fail(status, NN_UNAVAILABLE, "expected a number below %u, found %u", count,
                              d->ordinal);
    const NnConfig *config = device_settings(s, d, status);
    if (nn_status_failed(status))
        return nn_status_code(status);
    int32_t code = d->kind->open(d->host, d->ordinal, config, &d->device, status);
    if (code == NN_OK && (d->kind->flags & NN_DEVICE_ASYNC) && NN_HAS(d->kind, stream_new)) {
        code = d->kind->stream_new(d->device, &d->stream, status);
        if (code == NN_OK)
            code = d->kind->event_new(d->device, &d->event, status);
    }
    return code == NN_OK ? NN_OK : nn_status_fail(status, code, "it could not be opened");
}

NnRunDevice *nn_device_open(NnSession *s, uint32_t device, NnStatus *status) {
    NnRunDevice *d = nn_session_device(s, device);
    if (d->device)
        return d;
    if (d->refused && status == NULL)
        return NULL;
    NnStatus *reason = nn_status_new();
    if (open_now(s, d, reason) != NN_OK) {
        d->refused = true;
        nn_status_where(reason, "device %s", d->name);
        nn_context_log(s->context, d->fallback ? 0 : 2, "%s", nn_status_message(reason));
        nn_status_copy(status, reason);
        if (d->device && NN_HAS(d->kind, close))
            d->kind->close(d->device);
        d->device = NULL;
        d = NULL;
    }
    nn_status_free(reason);
    return d;
}

void nn_devices_close(NnSession *s) {
    for (guint i = 0; i < s->devices->len; i++) {
        NnRunDevice *d = nn_session_device(s, i);
        if (d->event && NN_HAS(d->kind, event_free))
            d->kind->event_free(d->device, d->event);
        if (d->stream && NN_HAS(d->kind, stream_free))
            d->kind->stream_free(d->device, d->stream);
        if (d->device && NN_HAS(d->kind, close))
            d->kind->close(d->device);
        g_free(d->name);
    }
}

/* ---- memory ---- */

int32_t nn_space_alloc(NnSession *s, uint32_t space, uint64_t bytes, const char *what, NnBuffer *out,
                       NnStatus *status) {
    *out = NULL;
    int32_t code = NN_OUT_OF_MEMORY;
    if (bytes < UINT64_MAX - HUGE_PAGE) {
        bytes = (bytes + 63 + (bytes == 0)) & ~UINT64_C(63);
        if (s->spaces[space].host) {
            /* Large buffers on huge pages: a step that streams through its arena then misses the TLB far
             * less. */
            const bool large = bytes >= 2 * HUGE_PAGE;
            *out = aligned_alloc(large ? HUGE_PAGE : 64,
                                 large ? (bytes + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1) : bytes);
            if (*out && large)
                (void)madvise(*out, bytes, MADV_HUGEPAGE);
            code = *out ? NN_OK : NN_OUT_OF_MEMORY;
        } else {
            NnRunDevice *d = nn_device_open(s, s->spaces[space].device, status);
            code = d ? d->kind->alloc(d->device, d->stream, bytes, out, status) : nn_status_code(status);
        }
    }
    if (code == NN_OK)
        return NN_OK;
    nn_status_where(status, "%s", what); /* where the device has said why */
    return nn_status_fail(status, code, "no memory of kind %s: %" PRIu64 " bytes for %s",
                          s->spaces[space].memory, bytes, what);
}

void nn_space_free(NnSession *s, uint32_t space, NnBuffer buffer) {
    if (buffer == NULL)
        return;
    if (s->spaces[space].host) {
        free(buffer);
        return;
    }
    NnRunDevice *d = nn_device_open(s, s->spaces[space].device, NULL);
    if (d)
        d->kind->free(d->device, d->stream, buffer);
}

int32_t nn_store_reserve(NnSession *s, NnStore *store, uint64_t bytes, uint64_t keep, const char *what,
                         NnStatus *status) {
    if (store->buffer && bytes <= store->bytes)
        return NN_OK;
    NnBuffer fresh;
    store->generation++;
    if (keep == 0) /* the two need not fit together */
        nn_store_free(s, store);
    if (nn_space_alloc(s, store->space, bytes, what, &fresh, status) != NN_OK)
        return nn_status_code(status);
    if (keep > 0 && store->buffer &&
        nn_space_copy(s, store->space, (NnPlace){fresh, 0}, store->space, (NnPlace){store->buffer, 0}, keep,
                      status) != NN_OK) {
        nn_space_free(s, store->space, fresh);
        return nn_status_code(status);
    }
    nn_store_free(s, store);
    store->buffer = fresh;
    store->bytes = bytes;
    return NN_OK;
}

void nn_store_free(NnSession *s, NnStore *store) {
    nn_space_free(s, store->space, store->buffer);
    store->buffer = NULL;
    store->bytes = 0;
}

/* ---- waiting and copying ---- */

int32_t nn_device_wait(NnSession *s, uint32_t device, NnStatus *status) {
    NnRunDevice *d = nn_session_device(s, device);
    if (!d->enqueued || d->stream == NULL)
        return NN_OK;
    d->enqueued = false;
    NnStatus *reason = nn_status_new();
    uint64_t tag = 0;
    int32_t code = d->kind->record(d->device, d->stream, d->event, reason);
    if (code == NN_OK)
        code = d->kind->wait(d->device, d->event, &tag, reason);
    if (code != NN_OK) {
        nn_status_fail(reason, code, "the device reported an error of completion");
        const char *label = g_hash_table_lookup(s->labels, &tag);
        nn_status_where(reason, "%s", label ? label : d->name);
        nn_status_copy(status, reason);
        if (NN_HAS(d->kind, reset))
            (void)d->kind->reset(d->device, d->stream, NULL);
    }
    nn_status_free(reason);
    return code;
}

int32_t nn_devices_wait(NnSession *s, NnStatus *status) {
    int32_t code = NN_OK;
    for (guint i = 0; i < s->devices->len; i++) {
        const int32_t one = nn_device_wait(s, i, status);
        code = code == NN_OK ? one : code;
    }
    return code;
}

static int32_t copy_through_host(NnSession *s, uint32_t to_space, NnPlace to, uint32_t from_space,
                                 NnPlace from, uint64_t bytes, NnStatus *status) {
    void *stage = malloc(bytes ? bytes : 1);
    if (stage == NULL)
        return nn_status_fail(status, NN_OUT_OF_MEMORY,
                              "no memory: %" PRIu64 " bytes to copy between devices", bytes);
    int32_t code = nn_space_copy(s, NN_HOST_SPACE, (NnPlace){stage, 0}, from_space, from, bytes, status);
    if (code == NN_OK)
        code = nn_space_copy(s, to_space, to, NN_HOST_SPACE, (NnPlace){stage, 0}, bytes, status);
    if (code == NN_OK)
        code = nn_device_wait(s, s->spaces[to_space].device, status);
    free(stage);
    return code;
}

int32_t nn_space_copy(NnSession *s, uint32_t to_space, NnPlace to, uint32_t from_space, NnPlace from,
                      uint64_t bytes, NnStatus *status) {
    if (bytes == 0)
        return NN_OK;
    const bool to_host = s->spaces[to_space].host, from_host = s->spaces[from_space].host;
    if (to_host && from_host) {
        memmove((char *)to.buffer + to.offset, (const char *)from.buffer + from.offset, bytes);
        return NN_OK;
    }
    if (to_space != from_space && !to_host && !from_host)
        return copy_through_host(s, to_space, to, from_space, from, bytes, status);
    NnRunDevice *d = nn_device_open(s, s->spaces[from_host ? to_space : from_space].device, status);
    if (d == NULL)
        return nn_status_code(status);
    int32_t code;
    if (from_host)
        code = d->kind->copy_in(d->device, d->stream, to.buffer, to.offset,
                                (const char *)from.buffer + from.offset, bytes, status);
    else if (to_host)
        code = d->kind->copy_out(d->device, d->stream, (char *)to.buffer + to.offset, from.buffer,
                                 from.offset, bytes, status);
    else
        code = d->kind->copy(d->device, d->stream, to.buffer, to.offset, from.buffer, from.offset, bytes,
                             status);
    d->enqueued = true;
    if (code == NN_OK && to_host)
        code = nn_device_wait(s, (uint32_t)(d - nn_session_device(s, 0)), status);
    return code == NN_OK
               ? NN_OK
               : nn_status_fail(status, code, "device %s could not copy %" PRIu64 " bytes", d->name, bytes);
}
