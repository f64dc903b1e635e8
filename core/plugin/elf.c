/* SPDX-License-Identifier: Apache-2.0 */
/* Reads with bounds what it needs of an ELF file, which may hold anything. Only this machine's own form is
 * understood further than its first bytes. */
#include "plugin/elf.h"

#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MOST_HEADERS 4096u
#define MOST_DYNAMIC 65536u
#define MOST_STRINGS (64u << 20)

typedef ElfW(Ehdr) Ehdr;
typedef ElfW(Phdr) Phdr;
typedef ElfW(Dyn) Dyn;

static bool get(int fd, void *to, gsize bytes, guint64 offset) {
    for (gsize done = 0; done < bytes;) {
        const ssize_t n = pread(fd, (char *)to + done, bytes - done, (off_t)(offset + done));
        if (n <= 0)
            return false;
        done += (gsize)n;
    }
    return true;
}

/* This program's own header stands for what this machine takes. */
static void own_header(Ehdr *header) {
    memset(header, 0, sizeof *header);
    header->e_ident[EI_CLASS] = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
    header->e_ident[EI_DATA] = G_BYTE_ORDER == G_LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB;
    FILE *self = fopen("/proc/self/exe", "rbe");
    Ehdr found;
    if (self && fread(&found, sizeof found, 1, self) == 1)
        header->e_machine = found.e_machine;
    if (self)
        (void)fclose(self);
}

static int32_t check_header(const Ehdr *h, NnStatus *status) {
    Ehdr own;
    own_header(&own);
    if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
        return nn_status_fail(status, NN_INVALID, "it is not a shared object (ELF)");
    if (h->e_ident[EI_CLASS] != own.e_ident[EI_CLASS])
        return nn_status_fail(status, NN_INVALID, "it is a %d-bit object, and this program is a %d-bit one",
                              h->e_ident[EI_CLASS] == ELFCLASS32 ? 32 : 64, (int)sizeof(void *) * 8);
    if (h->e_ident[EI_DATA] != own.e_ident[EI_DATA])
        return nn_status_fail(status, NN_INVALID, "its byte order is %s endian, and this machine's is not",
                              h->e_ident[EI_DATA] == ELFDATA2LSB ? "little" : "big");
    if (own.e_machine && h->e_machine != own.e_machine)
        return nn_status_fail(status, NN_INVALID,
                              "it is made for another processor (ELF machine %u, here it is %u)",
                              h->e_machine, own.e_machine);
    if (h->e_type != ET_DYN || h->e_phentsize != sizeof(Phdr) || h->e_phnum > MOST_HEADERS)
        return nn_status_fail(status, NN_INVALID, "it is not a shared object (ELF type %u)", h->e_type);
    return NN_OK;
}

static int32_t damaged(NnStatus *status, const char *what) {
    return nn_status_fail(status, NN_INVALID, "it is damaged: its %s cannot be read", what);
}

/* Where an address of the loaded object is in the file. */
static bool file_offset(const Phdr *p, guint n, guint64 address, guint64 *offset) {
    for (guint i = 0; i < n; i++)
        if (p[i].p_type == PT_LOAD && address >= p[i].p_vaddr && address - p[i].p_vaddr < p[i].p_filesz) {
            *offset = p[i].p_offset + (address - p[i].p_vaddr);
            return true;
        }
    return false;
}

static int32_t check_entry(const Dyn *d, const char *strings, guint64 size, GPtrArray *needs,
                           NnStatus *status) {
    if (d->d_tag != DT_NEEDED && d->d_tag != DT_RPATH && d->d_tag != DT_RUNPATH)
        return NN_OK;
    if (d->d_un.d_val >= size || memchr(strings + d->d_un.d_val, 0, size - d->d_un.d_val) == NULL)
        return damaged(status, "table of strings");
    const char *text = strings + d->d_un.d_val;
    if (d->d_tag != DT_NEEDED)
        return nn_status_fail(
            status, NN_INVALID,
            "it has %s '%s', and plug-ins take their libraries from the system's places only",
            d->d_tag == DT_RPATH ? "an RPATH" : "a RUNPATH", text);
    if (strchr(text, '/'))
        return nn_status_fail(status, NN_INVALID,
                              "it needs the library '%s', and a need may not name a folder", text);
    if (needs)
        g_ptr_array_add(needs, g_strdup(text));
    return NN_OK;
}

static int32_t check_dynamic(int fd, const Phdr *p, guint n, GPtrArray *needs, NnStatus *status) {
    const Phdr *dynamic = NULL;
    for (guint i = 0; i < n; i++)
        if (p[i].p_type == PT_DYNAMIC)
            dynamic = &p[i];
    if (dynamic == NULL || dynamic->p_filesz > MOST_DYNAMIC * sizeof(Dyn))
        return damaged(status, "dynamic section");
    const gsize count = dynamic->p_filesz / sizeof(Dyn);
    Dyn *d = g_malloc0((count + 1) * sizeof *d);
    char *strings = NULL;
    guint64 address = 0, size = 0, offset = 0;
    int32_t code = NN_OK;
    if (!get(fd, d, count * sizeof *d, dynamic->p_offset)) {
        code = damaged(status, "dynamic section");
        goto out;
    }
    for (gsize i = 0; i < count && d[i].d_tag != DT_NULL; i++) {
        if (d[i].d_tag == DT_STRTAB)
            address = d[i].d_un.d_ptr;
        if (d[i].d_tag == DT_STRSZ)
            size = d[i].d_un.d_val;
    }
    strings = size && size <= MOST_STRINGS ? g_try_malloc(size) : NULL;
    if (strings == NULL || !file_offset(p, n, address, &offset) || !get(fd, strings, size, offset)) {
        code = damaged(status, "table of strings");
        goto out;
    }
    for (gsize i = 0; i < count && d[i].d_tag != DT_NULL && code == NN_OK; i++)
        code = check_entry(&d[i], strings, size, needs, status);
out:
    g_free(strings);
    g_free(d);
    return code;
}

int32_t nn_elf_check(int fd, GPtrArray *needs, NnStatus *status) {
    Ehdr header;
    memset(&header, 0, sizeof header);
    /* A file shorter than a header still says by its first bytes what it is not. */
    if (!get(fd, &header, sizeof header, 0) && memcmp(header.e_ident, ELFMAG, SELFMAG) == 0)
        return damaged(status, "header");
    int32_t code = check_header(&header, status);
    if (code != NN_OK)
        return code;
    Phdr *p = g_new0(Phdr, header.e_phnum + 1u);
    if (!get(fd, p, header.e_phnum * sizeof *p, header.e_phoff))
        code = damaged(status, "program header");
    else
        code = check_dynamic(fd, p, header.e_phnum, needs, status);
    g_free(p);
    return code;
}
