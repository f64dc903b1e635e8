/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what it needs of an ELF file, which may hold anything: libelf keeps within the file's bounds. */
#include "plugin/elf.h"

#include <gelf.h>
#include <stdio.h>
#include <string.h>

#define MOST_DYNAMIC 65536u
#define MOST_STRINGS (64u << 20)

/* This program's own header stands for what this machine takes. */
static uint16_t own_machine(void) {
    FILE *self = fopen("/proc/self/exe", "rbe");
    Elf64_Ehdr found = {.e_machine = EM_NONE}; /* e_machine stands at one place for both word sizes */
    if (self && fread(&found, offsetof(Elf64_Ehdr, e_version), 1, self) != 1)
        found.e_machine = EM_NONE;
    if (self)
        (void)fclose(self);
    return found.e_machine;
}

static int32_t check_header(const GElf_Ehdr *h, NnStatus *status) {
    const uint16_t own = own_machine();
    if (h->e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32))
        return nn_status_fail(status, NN_INVALID, "it is a %d-bit object, and this program is a %d-bit one",
                              h->e_ident[EI_CLASS] == ELFCLASS32 ? 32 : 64, (int)sizeof(void *) * 8);
    if (h->e_ident[EI_DATA] != (G_BYTE_ORDER == G_LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB))
        return nn_status_fail(status, NN_INVALID, "its byte order is %s endian, and this machine's is not",
                              h->e_ident[EI_DATA] == ELFDATA2LSB ? "little" : "big");
    if (own != EM_NONE && h->e_machine != own)
        return nn_status_fail(status, NN_INVALID,
                              "it is made for another processor (ELF machine %u, here it is %u)",
                              h->e_machine, own);
    if (h->e_type != ET_DYN)
        return nn_status_fail(status, NN_INVALID, "it is not a shared object (ELF type %u)", h->e_type);
    return NN_OK;
}

static int32_t damaged(NnStatus *status, const char *what) {
    return nn_status_fail(status, NN_INVALID, "it is damaged: its %s cannot be read", what);
}

static int32_t check_entry(const GElf_Dyn *d, const Elf_Data *strings, GPtrArray *needs, NnStatus *status) {
    if (d->d_tag != DT_NEEDED && d->d_tag != DT_RPATH && d->d_tag != DT_RUNPATH)
        return NN_OK;
    const size_t at = MIN(d->d_un.d_val, strings->d_size);
    const char *text = (const char *)strings->d_buf + at;
    if (memchr(text, 0, strings->d_size - at) == NULL)
        return damaged(status, "table of strings");
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

/* The table of strings, where the segment that holds its address is in the file. */
static Elf_Data *string_table(Elf *elf, size_t segments, guint64 address, guint64 size) {
    GElf_Phdr p;
    for (size_t i = 0; size > 0 && size <= MOST_STRINGS && i < segments; i++)
        if (gelf_getphdr(elf, (int)i, &p) && p.p_type == PT_LOAD && address >= p.p_vaddr &&
            address - p.p_vaddr < p.p_filesz)
            return elf_getdata_rawchunk(elf, (int64_t)(p.p_offset + (address - p.p_vaddr)), size, ELF_T_BYTE);
    return NULL;
}

static int32_t check_dynamic(Elf *elf, GPtrArray *needs, NnStatus *status) {
    size_t segments = 0;
    GElf_Phdr p = {.p_type = PT_NULL};
    Elf_Data *dynamic = NULL;
    if (elf_getphdrnum(elf, &segments) != 0)
        return damaged(status, "program header");
    for (size_t i = 0; i < segments && dynamic == NULL; i++)
        if (gelf_getphdr(elf, (int)i, &p) && p.p_type == PT_DYNAMIC &&
            p.p_filesz <= MOST_DYNAMIC * sizeof(Elf64_Dyn))
            dynamic = elf_getdata_rawchunk(elf, (int64_t)p.p_offset, p.p_filesz, ELF_T_DYN);
    if (dynamic == NULL)
        return damaged(status, "dynamic section");
    GElf_Dyn d;
    guint64 address = 0, size = 0;
    for (int i = 0; gelf_getdyn(dynamic, i, &d) && d.d_tag != DT_NULL; i++) {
        address = d.d_tag == DT_STRTAB ? d.d_un.d_ptr : address;
        size = d.d_tag == DT_STRSZ ? d.d_un.d_val : size;
    }
    const Elf_Data *strings = string_table(elf, segments, address, size);
    if (strings == NULL)
        return damaged(status, "table of strings");
    int32_t code = NN_OK;
    for (int i = 0; code == NN_OK && gelf_getdyn(dynamic, i, &d) && d.d_tag != DT_NULL; i++)
        code = check_entry(&d, strings, needs, status);
    return code;
}

int32_t nn_elf_check(int fd, GPtrArray *needs, NnStatus *status) {
    GElf_Ehdr header;
    (void)elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    if (elf == NULL || elf_kind(elf) != ELF_K_ELF)
        nn_status_fail(status, NN_INVALID, "it is not a shared object (ELF)");
    else if (gelf_getehdr(elf, &header) == NULL)
        damaged(status, "header");
    else if (check_header(&header, status) == NN_OK)
        check_dynamic(elf, needs, status);
    (void)elf_end(elf);
    return nn_status_code(status);
}
