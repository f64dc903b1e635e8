/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Buffers. In host memory a forbidden page lies before and behind each, and what is inside ends as close to
 * the latter as its alignment lets it; the bytes in between, and those around a device's buffer, have a known
 * value.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "guard.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define AROUND 0xc3
#define MARGIN 256u /* on a device */
#define ALIGNMENT 64u

/* ---- devices ---- */

int32_t place_open(Place *p, const NnHost *host, const NnDeviceKind *kind, NnStatus *status) {
    uint32_t count = 1;
    *p = (Place){.kind = kind, .host = host};
    int32_t code = NN_HAS(kind, enumerate) ? kind->enumerate(host, &count, status) : NN_OK;
    if (code == NN_OK && count == 0)
        code = nn_status_fail(status, NN_UNAVAILABLE, "there is none");
    if (code == NN_OK)
        code = kind->open(host, 0, NULL, &p->device, status);
    if (code == NN_OK && NN_HAS(kind, stream_new))
        code = kind->stream_new(p->device, &p->stream, status);
    if (code == NN_OK && NN_HAS(kind, event_new))
        code = kind->event_new(p->device, &p->event, status);
    return code;
}

void place_close(Place *p) {
    if (p->event && NN_HAS(p->kind, event_free))
        p->kind->event_free(p->device, p->event);
    if (p->stream && NN_HAS(p->kind, stream_free))
        p->kind->stream_free(p->device, p->stream);
    if (p->device && NN_HAS(p->kind, close))
        p->kind->close(p->device);
    *p = (Place){.kind = NULL};
}

int32_t place_sync(Place *p, NnStatus *status) {
    uint64_t tag = 0;
    if (p == NULL || p->event == NULL || !NN_HAS(p->kind, record) || !NN_HAS(p->kind, wait))
        return NN_OK;
    int32_t code = p->kind->record(p->device, p->stream, p->event, status);
    code = code == NN_OK ? p->kind->wait(p->device, p->event, &tag, status) : code;
    if (code != NN_OK && NN_HAS(p->kind, reset)) {
        NnStatus *later = nn_status_new();
        (void)p->kind->reset(p->device, p->stream, later);
        nn_status_free(later);
    }
    return code;
}

static bool is_host(const Place *p) {
    return p == NULL || p->kind == NULL || strcmp(p->kind->memory, "host") == 0;
}

/* Copies with the host's memory kept until the stream has passed it. */
static bool copy(Buffer *b, bool in, uint64_t at, void *here, uint64_t bytes) {
    Place *p = b->place;
    NnStatus *status = nn_status_new();
    if (bytes)
        (void)(in ? p->kind->copy_in(p->device, p->stream, b->handle, at, here, bytes, status)
                  : p->kind->copy_out(p->device, p->stream, here, b->handle, at, bytes, status));
    const bool good = place_sync(p, status) == NN_OK && nn_status_code(status) == NN_OK;
    nn_status_free(status);
    return good;
}

/* ---- buffers ---- */

static size_t page(void) { return (size_t)sysconf(_SC_PAGESIZE); }

static bool new_here(Buffer *b, Check past) {
    const size_t inside = (b->bytes + 2 * ALIGNMENT + page() - 1) / page() * page();
    b->mapped = inside + 2 * page();
    b->map = mmap(NULL, b->mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (b->map == MAP_FAILED || mprotect(b->map + page(), inside, PROT_READ | PROT_WRITE) != 0)
        return false;
    char text[64];
    (void)snprintf(text, sizeof text, "memory before %s", b->what);
    guard_forbid(b->map, page(), READS_PAST_BUFFER, past, text);
    (void)snprintf(text, sizeof text, "memory behind %s", b->what);
    guard_forbid(b->map + page() + inside, page(), READS_PAST_BUFFER, past, text);
    b->handle = b->map + page();
    b->offset = (inside - b->bytes) / ALIGNMENT * ALIGNMENT;
    memset(b->handle, AROUND, inside);
    return true;
}

static bool new_there(Buffer *b) {
    Place *p = b->place;
    NnStatus *status = nn_status_new();
    const uint64_t total = b->bytes + 2 * MARGIN;
    bool good = p->kind->alloc(p->device, p->stream, total, &b->handle, status) == NN_OK;
    nn_status_free(status);
    char *bytes = good ? malloc(total) : NULL;
    b->offset = MARGIN;
    if (bytes) {
        memset(bytes, AROUND, total);
        good = copy(b, true, 0, bytes, total);
    }
    free(bytes);
    return good;
}

bool buffer_new(Buffer *b, Place *place, uint64_t bytes, Check past, const char *what) {
    *b = (Buffer){.place = is_host(place) ? NULL : place, .bytes = bytes};
    (void)g_strlcpy(b->what, what, sizeof b->what);
    return b->place ? new_there(b) : new_here(b, past);
}

static char *inside(const Buffer *b) { return (char *)b->handle + b->offset; }

void buffer_fill(Buffer *b, uint8_t byte) {
    if (b->place == NULL) {
        memset(inside(b), byte, b->bytes);
        return;
    }
    char *bytes = malloc(b->bytes + 1);
    if (bytes) {
        memset(bytes, byte, b->bytes);
        buffer_write(b, bytes);
    }
    free(bytes);
}

void buffer_write(Buffer *b, const void *from) {
    if (b->place)
        (void)copy(b, true, b->offset, (void *)(uintptr_t)from, b->bytes);
    else if (b->bytes)
        memcpy(inside(b), from, b->bytes);
}

void buffer_read(Buffer *b, void *to) {
    if (b->place)
        (void)copy(b, false, b->offset, to, b->bytes);
    else if (b->bytes)
        memcpy(to, inside(b), b->bytes);
}

static const char *find_damage(const Buffer *b, const char *all, uint64_t total, char *text, size_t size) {
    for (uint64_t i = 0; i < total; i++) {
        const bool within = i >= b->offset && i < b->offset + b->bytes;
        if (within || (uint8_t)all[i] == AROUND)
            continue;
        const bool behind = i >= b->offset;
        (void)snprintf(text, size, "byte %llu %s %s of %llu bytes was written",
                       (unsigned long long)(behind ? i - b->offset - b->bytes + 1 : b->offset - i),
                       behind ? "behind" : "before", b->what, (unsigned long long)b->bytes);
        return text;
    }
    return NULL;
}

const char *buffer_damage(Buffer *b, char *text, size_t size) {
    if (b->place == NULL)
        return find_damage(b, b->handle, b->mapped - 2 * page(), text, size);
    const uint64_t total = b->bytes + 2 * MARGIN;
    char *all = malloc(total);
    const char *damage = all && copy(b, false, 0, all, total) ? find_damage(b, all, total, text, size) : NULL;
    free(all);
    return damage;
}

void buffer_watch(Buffer *b) {
    if (b->map)
        torn_watch(b->map + page(), b->mapped - 2 * page());
}

void buffer_retire(Buffer *b) {
    if (b->place) {
        buffer_fill(b, 0xff);
        return;
    }
    char text[80];
    (void)snprintf(text, sizeof text, "%s of an earlier call", b->what);
    guard_allow(b->map);
    guard_allow(b->map + b->mapped - page());
    guard_forbid(b->map, b->mapped, KEEPS_POINTER, KEEPS_POINTER, text);
    (void)mprotect(b->map, b->mapped, PROT_NONE);
}

void buffer_free(Buffer *b) {
    if (b->place && b->handle && NN_HAS(b->place->kind, free))
        b->place->kind->free(b->place->device, b->place->stream, b->handle);
    if (b->map && b->map != MAP_FAILED) {
        guard_allow(b->map);
        guard_allow(b->map + b->mapped - page());
        (void)munmap(b->map, b->mapped);
    }
    *b = (Buffer){.place = NULL};
}
