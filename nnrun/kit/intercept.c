/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A loaded object calls malloc through a slot that the dynamic linker has filled in. Those slots, of this
 * object alone, are filled in anew with functions that count, and that fail when it is their turn. What the
 * object's libraries allocate stays out of sight.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "guard.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* More than any machine has is refused here: a sanitizer's malloc would end the process. */
static bool refuse(size_t n) { return memory_refuse() || n > (size_t)1 << 46; }

static void *own_malloc(size_t n) { return refuse(n) ? NULL : memory_take(malloc(n), n); }
static void *own_calloc(size_t n, size_t size) {
    return memory_refuse() ? NULL : memory_take(calloc(n, size), n * size);
}
static void *own_aligned_alloc(size_t alignment, size_t n) {
    return refuse(n) ? NULL : memory_take(aligned_alloc(alignment, n), n);
}

static int own_posix_memalign(void **out, size_t alignment, size_t n) {
    const int code = refuse(n) ? ENOMEM : posix_memalign(out, alignment, n);
    if (code == 0)
        (void)memory_take(*out, n);
    return code;
}

static void *own_realloc(void *p, size_t n) {
    if (refuse(n))
        return NULL;
    const bool known = memory_forget(p);
    void *q = realloc(p, n);
    return known || p == NULL ? memory_take(q, n) : q;
}

static void own_free(void *p) {
    (void)memory_forget(p);
    free(p);
}

typedef struct Slot {
    const char *name;
    void (*real)(void), (*own)(void);
} Slot;

static const Slot slots[] = {
    {"malloc", (void (*)(void))malloc, (void (*)(void))own_malloc},
    {"calloc", (void (*)(void))calloc, (void (*)(void))own_calloc},
    {"realloc", (void (*)(void))realloc, (void (*)(void))own_realloc},
    {"free", (void (*)(void))free, (void (*)(void))own_free},
    {"aligned_alloc", (void (*)(void))aligned_alloc, (void (*)(void))own_aligned_alloc},
    {"posix_memalign", (void (*)(void))posix_memalign, (void (*)(void))own_posix_memalign},
};

/* The tables of an object in memory. */
typedef struct Dynamic {
    const ElfW(Sym) * symbols;
    const char *strings;
    const ElfW(Rela) * tables[2];
    size_t bytes[2];
} Dynamic;

/* glibc has relocated the addresses in it already. */
static Dynamic read_dynamic(const struct link_map *map) {
    Dynamic d = {0};
    for (const ElfW(Dyn) *e = map->l_ld; e->d_tag != DT_NULL; e++)
        switch (e->d_tag) {
        case DT_SYMTAB: d.symbols = (const void *)e->d_un.d_ptr; break;
        case DT_STRTAB: d.strings = (const void *)e->d_un.d_ptr; break;
        case DT_RELA: d.tables[0] = (const void *)e->d_un.d_ptr; break;
        case DT_RELASZ: d.bytes[0] = e->d_un.d_val; break;
        case DT_JMPREL: d.tables[1] = (const void *)e->d_un.d_ptr; break;
        case DT_PLTRELSZ: d.bytes[1] = e->d_un.d_val; break;
        default: break;
        }
    return d;
}

/* The page may have been made read-only after it was filled in, and stays writable now. */
static void refill(char *at, const char *name) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void (*now)(void);
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        memcpy(&now, at, sizeof now);
        if (strcmp(slots[i].name, name) != 0 || now != slots[i].real)
            continue;
        if (mprotect(at - (uintptr_t)at % page, page, PROT_READ | PROT_WRITE) == 0)
            memcpy(at, &slots[i].own, sizeof slots[i].own);
    }
}

void intercept_object(const char *path) {
    void *handle = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    struct link_map *map = NULL;
    if (handle == NULL || dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0)
        return;
    const Dynamic d = read_dynamic(map);
    for (uint32_t t = 0; t < 2 && d.symbols && d.strings; t++)
        for (size_t i = 0; d.tables[t] && i < d.bytes[t] / sizeof(ElfW(Rela)); i++) {
            const ElfW(Rela) *r = &d.tables[t][i];
            const uint32_t symbol =
                (uint32_t)(sizeof(void *) == 8 ? (uint64_t)r->r_info >> 32 : r->r_info >> 8);
            if (symbol)
                refill((char *)map->l_addr + r->r_offset, d.strings + d.symbols[symbol].st_name);
        }
}
