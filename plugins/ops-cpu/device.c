/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device `cpu`: host memory, synchronous, on the host's threads. It carries the kernels of simd/ for all
 * objects of the package and hands them out by query.
 */
#include "cpu.h"

#include <stdlib.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

struct NnDevice {
    const NnDeviceKind *kind;
    const NnHost *host;
};

static const NnDeviceKind cpu;

static int32_t enumerate(const NnHost *nn, uint32_t *count, NnStatus *status) {
    (void)nn;
    (void)status;
    *count = 1;
    return NN_OK;
}

/* The processor's own words, from its identification instruction. */
static void brand(char *text, size_t size) {
    (void)snprintf(text, size, "processor");
#if defined(__x86_64__)
    union {
        unsigned int word[12];
        char text[49];
    } u = {.text = ""};
    if (__get_cpuid_max(0x80000000u, NULL) < 0x80000004u)
        return;
    for (unsigned int i = 0; i < 3; i++)
        __get_cpuid(0x80000002u + i, &u.word[4 * i], &u.word[4 * i + 1], &u.word[4 * i + 2],
                    &u.word[4 * i + 3]);
    const char *at = u.text;
    while (*at == ' ')
        at++;
    (void)snprintf(text, size, "%s", at);
#endif
}

static int32_t describe(const NnHost *nn, uint32_t index, NnDeviceInfo *info, NnStatus *status) {
    if (index != 0)
        return nn_fail(nn, status, NN_NOT_FOUND, "there is one cpu, number 0; asked for number %u", index);
    char name[64];
    brand(name, sizeof name);
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    info->alignment = 64;
    info->memory_bytes = pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 0;
    info->types = NN_ANY;
    (void)snprintf(info->name, sizeof info->name, "%s, %u threads", name, nn->threads(nn));
    (void)snprintf(info->driver, sizeof info->driver, "%s kernels", cpu_simd()->name);
    return NN_OK;
}

static int32_t open_cpu(const NnHost *nn, uint32_t index, const NnConfig *config, NnDevice **device,
                        NnStatus *status) {
    (void)config;
    if (index != 0)
        return nn_fail(nn, status, NN_NOT_FOUND, "there is one cpu, number 0; asked for number %u", index);
    NnDevice *d = nn->alloc(nn, sizeof *d);
    if (d == NULL)
        return nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory to open the device cpu");
    *d = (NnDevice){.kind = &cpu, .host = nn};
    *device = d;
    return NN_OK;
}

static void close_cpu(NnDevice *d) { d->host->free(d->host, d); }

static int32_t allocate(NnDevice *d, NnStream *stream, uint64_t bytes, NnBuffer *buffer, NnStatus *status) {
    (void)stream;
    *buffer = bytes < SIZE_MAX - 64 ? aligned_alloc(64, (bytes + 64) & ~(uint64_t)63) : NULL;
    if (*buffer)
        return NN_OK;
    return nn_fail(d->host, status, NN_OUT_OF_MEMORY, "the device cpu has no %llu bytes left",
                   (unsigned long long)bytes);
}

static void release(NnDevice *d, NnStream *stream, NnBuffer buffer) {
    (void)d;
    (void)stream;
    free(buffer);
}

static int32_t copy_in(NnDevice *d, NnStream *stream, NnBuffer to, uint64_t offset, const void *from,
                       uint64_t bytes, NnStatus *status) {
    (void)d;
    (void)stream;
    (void)status;
    if (bytes)
        memcpy((char *)to + offset, from, bytes);
    return NN_OK;
}

static int32_t copy_out(NnDevice *d, NnStream *stream, void *to, NnBuffer from, uint64_t offset,
                        uint64_t bytes, NnStatus *status) {
    return copy_in(d, stream, to, 0, (const char *)from + offset, bytes, status);
}

static int32_t copy(NnDevice *d, NnStream *stream, NnBuffer to, uint64_t to_offset, NnBuffer from,
                    uint64_t from_offset, uint64_t bytes, NnStatus *status) {
    return copy_in(d, stream, to, to_offset, (const char *)from + from_offset, bytes, status);
}

static const void *query(NnDevice *d, const char *name, uint32_t version) {
    (void)d;
    return strcmp(name, CPU_SIMD_SERVICE) == 0 && version == CPU_SIMD_VERSION ? cpu_simd() : NULL;
}

static const NnDeviceKind cpu = {
    .struct_size = sizeof cpu,
    .name = "cpu",
    .memory = "host",
    .priority = 100,
    .doc = "The processor, with vector kernels chosen for it at run time, on the host's threads.",
    .enumerate = enumerate,
    .describe = describe,
    .open = open_cpu,
    .close = close_cpu,
    .alloc = allocate,
    .free = release,
    .copy_in = copy_in,
    .copy_out = copy_out,
    .copy = copy,
    .query = query};

static const NnExport exports[] = {{NN_DEVICE_KIND, "cpu", &cpu}};
NN_PLUGIN(cpu, "The device cpu and the kernels that its operators share.", exports)
