/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: wrong-forward, of a device. It has memory of its own behind handles, and copies within it to the
 * offset that it copies from. */
#include "shelf.h"

#include <stdlib.h>

struct NnDevice {
    const NnDeviceKind *kind;
    const NnHost *host;
};

typedef struct Memory {
    char *bytes;
} Memory;

static const NnDeviceKind shelf;

static int32_t open_device(const NnHost *nn, uint32_t index, const NnConfig *config, NnDevice **device,
                           NnStatus *status) {
    (void)index;
    (void)config;
    NnDevice *d = nn->alloc(nn, sizeof *d);
    if (d == NULL)
        return nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory to open the device shelf");
    *d = (NnDevice){.kind = &shelf, .host = nn};
    *device = d;
    return NN_OK;
}

static void close_device(NnDevice *d) { d->host->free(d->host, d); }

static int32_t alloc(NnDevice *d, NnStream *stream, uint64_t bytes, NnBuffer *out, NnStatus *status) {
    (void)stream;
    Memory *m = malloc(sizeof *m);
    if (m)
        m->bytes = bytes < SIZE_MAX - 64 ? aligned_alloc(64, (bytes + 64) & ~(uint64_t)63) : NULL;
    if (m == NULL || m->bytes == NULL) {
        free(m);
        return nn_fail(d->host, status, NN_OUT_OF_MEMORY, "the device shelf has no %llu bytes left",
                       (unsigned long long)bytes);
    }
    *out = m;
    return NN_OK;
}

static void release(NnDevice *d, NnStream *stream, NnBuffer buffer) {
    (void)d;
    (void)stream;
    free(((Memory *)buffer)->bytes);
    free(buffer);
}

static int32_t copy_in(NnDevice *d, NnStream *stream, NnBuffer to, uint64_t offset, const void *from,
                       uint64_t bytes, NnStatus *status) {
    (void)d;
    (void)stream;
    (void)status;
    memcpy(((Memory *)to)->bytes + offset, from, bytes);
    return NN_OK;
}

static int32_t copy_out(NnDevice *d, NnStream *stream, void *to, NnBuffer from, uint64_t offset,
                        uint64_t bytes, NnStatus *status) {
    (void)d;
    (void)stream;
    (void)status;
    memcpy(to, ((Memory *)from)->bytes + offset, bytes);
    return NN_OK;
}

static int32_t copy(NnDevice *d, NnStream *stream, NnBuffer to, uint64_t to_offset, NnBuffer from,
                    uint64_t from_offset, uint64_t bytes, NnStatus *status) {
    (void)to_offset;
    return copy_in(d, stream, to, from_offset, ((Memory *)from)->bytes + from_offset, bytes, status);
}

static const NnDeviceKind shelf = {.struct_size = sizeof shelf,
                                   .name = "shelf",
                                   .memory = "shelf",
                                   .priority = -3000,
                                   .doc = "Memory behind handles.",
                                   .open = open_device,
                                   .close = close_device,
                                   .alloc = alloc,
                                   .free = release,
                                   .copy_in = copy_in,
                                   .copy_out = copy_out,
                                   .copy = copy};

static const NnExport exports[] = {{NN_DEVICE_KIND, "shelf", &shelf}};
NN_PLUGIN(wrong_forward_device, "The device shelf.", exports)
